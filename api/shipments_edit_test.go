package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestEditShipment(t *testing.T) {
	t.Parallel()
	const parcelID = "par_01hv0000000000000000000001"
	url := "/api/v1/shipments/" + string(shipID)
	p := &ports{}
	h := handler(p, nil, nil)
	scenario{role: "shop", method: http.MethodPatch, url: url, status: 200, contains: []string{`"id":"` + string(shipID)},
		body: `{"contact":{"name":"N","phone":"+4930123456"},"notify_by":"contact","language":"ru","expected_at":"2026-03-02T10:00:00Z","easy_reach":false,` +
			`"parcels":[{"id":"` + parcelID + `","size":"L","width_mm":1,"height_mm":2,"depth_mm":3,"weight_g":4}]}`,
		lacks: []string{"+4930123456"}}.run(t, h)
	at, never := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), false
	e := p.edits[0]
	require.Equal(t, shopS, e.Actor.Organization)
	require.NotEmpty(t, e.ID)
	e.Request = models.Request{}
	require.Equal(t, models.ShipmentEdit{
		Shipment: shipID, Contact: &models.Contact{Name: "N", Phone: "+4930123456"}, NotifyBy: models.NotifyContact, Language: "ru", ExpectedAt: &at, EasyReach: &never,
		Parcels: []models.ParcelEdit{{ID: parcelID, Size: models.SizeL, WeightG: 4, Dimensions: models.Dimensions{WidthMM: 1, HeightMM: 2, DepthMM: 3}}},
	}, e)
	require.Len(t, e.Fields(), len(models.EditFields()))

	for body, pointer := range map[string]string{
		`{}`: `""`, `{"number":"B"}`: `"/number"`, `{"language":"xx"}`: `"/language"`, `{"contact":{"phone":"1"}}`: `"/contact/phone"`,
		`{"expected_at":"2020-01-01T00:00:00Z"}`: `"/expected_at"`, `{"parcels":[]}`: `"/parcels"`, `{"parcels":[{"size":"L"}]}`: `"/parcels/0/id"`,
		`{"parcels":[{"id":"` + parcelID + `","width_mm":1}]}`: `"/parcels/0"`,
	} {
		scenario{role: "carrier", method: http.MethodPatch, url: url, body: body, status: 400, contains: []string{`"pointer":` + pointer}}.run(t, h)
	}
	scenario{role: "carrierB", method: http.MethodPatch, url: url, body: `{"language":"ru"}`, status: 404}.run(t, h)
	require.Len(t, p.edits, 1)

	late := &ports{edit: func() error { return models.Errorf(models.CodeInvalidState, "too late") }}
	scenario{role: "carrier", method: http.MethodPatch, url: url, body: `{"language":"ru"}`, status: 409,
		contains: []string{`"state":"created"`, `"allowed_actions":[`}}.run(t, handler(late, nil, nil))
}

func TestEraseContact(t *testing.T) {
	t.Parallel()
	url := "/api/v1/shipments/" + string(shipID) + "/erase-contact"
	for role, status := range map[string]int{"carrier": 200, "shop": 200, "operator": 200, "carrierB": 404, "none": 403} {
		p := &ports{}
		scenario{role: role, method: http.MethodPost, url: url, status: status}.run(t, handler(p, nil, nil))
		require.Equal(t, status == 200, len(p.erased) == 1)
	}
}
