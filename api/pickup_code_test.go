package api_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

var clientCode = models.ClientCode{Code: "12345670", QR: models.QRPrefix + "4MJGXEACBYESDR9STV53EF303N", Page: "4mjgxeacbyesdr9stv53ef303n"}

// SealCode does as the worker does.
func (p *ports) SealCode(_ context.Context, in models.SealCodeInput) error {
	if p.seal != nil {
		return p.seal
	}
	sealed, err := models.SealClientCode(clientCode, in.ID, in.Public)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed == nil {
		p.sealed = map[models.SealedID][]byte{}
	}
	p.sealed[in.ID] = sealed
	return err
}

func (p *ports) TakeSealed(_ context.Context, id models.SealedID) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sealed, ok := p.sealed[id]
	if !ok {
		return nil, models.Errorf(models.CodeNotFound, "There is no such sealed code.")
	}
	delete(p.sealed, id)
	return sealed, nil
}

func (p *ports) ClientReports(_ context.Context, _ models.Request, id models.IncidentID) ([]models.ClientReport, error) {
	return []models.ClientReport{{ID: "rep_1", Incident: id, Shipment: shipID, Problem: models.ProblemCellEmpty, Text: "Nothing in it", CreatedAt: testNow}}, nil
}

// ClientPage knows one page.
func (p *ports) ClientPage(_ context.Context, hash string) (models.ClientPage, error) {
	if hash != models.PageHash(clientCode.Page) {
		return models.ClientPage{}, models.Errorf(models.CodeNotFound, "There is no such page.")
	}
	v := ready(view())
	c := models.ClientPage{Shipment: v.Shipment, Parcels: v.Parcels, Locker: lockerView().Locker, Location: lockerView().Location}
	if p.client != nil {
		p.client(&c)
	}
	return c, nil
}

func (p *ports) ReportProblem(_ context.Context, r models.ClientReport) error {
	p.told = append(p.told, r)
	return nil
}

// ready is a shipment as it waits for its client.
func ready(v models.ShipmentView) models.ShipmentView {
	v.Shipment.State, v.Shipment.Issue = models.StateReady, 1
	v.Parcels[0].State, v.Parcels[0].Cell = models.ParcelInCell, 3
	return v
}

func TestPickupCode(t *testing.T) {
	t.Parallel()
	url := "/api/v1/shipments/" + string(shipID) + "/pickup-code"
	frozen := func(v *models.ShipmentView) { *v = ready(*v); v.Shipment.Frozen = true }
	in := func(s models.ShipmentState) func(*models.ShipmentView) {
		return func(v *models.ShipmentView) { *v = ready(*v); v.Shipment.State = s }
	}
	away := models.Errorf(models.CodeUnavailable, "The engine does not answer.")
	for name, c := range map[string]struct {
		role     string
		shipment func(*models.ShipmentView)
		seal     error
		status   int
		contains string
		audited  bool
	}{
		"helper":           {"helper", in(models.StateReady), nil, 200, `"code":"12345670"`, true},
		"after expiry":     {"helper", in(models.StateExpired), nil, 200, `"qr":"CUBBY:`, true},
		"operator":         {"operator", in(models.StateReady), nil, 200, `"page":"https://parcels.example/t/4mjg`, true},
		"no scope":         {"carrier", in(models.StateReady), nil, 403, `codes:read`, false},
		"foreign":          {"helperB", in(models.StateReady), nil, 404, `"code":"not_found"`, false},
		"nothing in it":    {"helper", nil, nil, 409, `"state":"created"`, false},
		"withdrawing":      {"helper", in(models.StateWithdrawing), nil, 409, `"code":"invalid_state"`, false},
		"picked up":        {"helper", in(models.StatePickedUp), nil, 409, `"code":"invalid_state"`, false},
		"held back":        {"helper", frozen, nil, 409, `"code":"invalid_state"`, false},
		"engine away":      {"helper", in(models.StateReady), away, 503, `"code":"temporarily_unavailable"`, true},
		"taken meanwhile":  {"helper", in(models.StateReady), models.Errorf(models.CodeInvalidState, "It is picked_up."), 409, `"allowed_actions"`, true},
		"no such shipment": {"helper", nil, nil, 404, `"code":"not_found"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &ports{shipment: c.shipment, seal: c.seal}
			var log bytes.Buffer
			at := url
			if name == "no such shipment" {
				at = strings.Replace(url, string(shipID), "shp_01hv0000000000000000000009", 1)
			}
			s := get(c.role, at, c.status)
			s.contains = []string{c.contains}
			w := s.run(t, handler(p, &log, nil))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			if c.audited {
				require.Equal(t, []string{"shipment.read_code " + string(shipID) + " "}, p.audited)
			} else {
				require.Empty(t, p.audited)
			}
			require.Empty(t, p.sealed, "it is read once")
			for _, secret := range []string{clientCode.Code, clientCode.QR, clientCode.Page} {
				require.NotContains(t, log.String(), secret)
			}
		})
	}
}

// TestPageTokenIsNotLogged: whatever is asked for below it, and whatever comes of it.
func TestPageTokenIsNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := handler(&ports{}, &log, nil)
	for url, status := range map[string]int{
		"/t/" + clientCode.Page: 200, "/t/" + clientCode.Page + "?lang=ru": 200, "/t/" + clientCode.Page + "/nothing": 404,
		"/t/" + clientCode.Page + "/extend": 404, "/%74/" + clientCode.Page: 404, "//t/" + clientCode.Page: 404,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
		require.Equal(t, status, w.Code, url)
	}
	require.Equal(t, 6, strings.Count(log.String(), `"path":"/t/…"`), log.String())
	require.NotContains(t, log.String(), clientCode.Page)
	require.NotContains(t, log.String(), clientCode.Code)
}
