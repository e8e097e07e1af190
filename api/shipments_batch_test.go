package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

// batch is a call with the items.
func batch(role string, items ...string) scenario {
	return scenario{role: role, method: http.MethodPost, url: "/api/v1/shipments/batch", status: 200,
		body: `{"items":[` + strings.Join(items, ",") + `]}`}
}

// answers runs a batch and reads its answer's items.
func answers(t *testing.T, h http.Handler, s scenario) []struct {
	Status   int
	Shipment *struct{ ID string }
	Problem  map[string]any
} {
	t.Helper()
	w := s.run(t, h)
	requireSchema(t, specification(t).Components.Schemas["BatchAnswer"].Value, w.Body.Bytes())
	var answer struct {
		Items []struct {
			Status   int
			Shipment *struct{ ID string }
			Problem  map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer.Items
}

// TestBatchItemsStandForThemselves: whatever is wrong with an item, the others are announced.
func TestBatchItemsStandForThemselves(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := &ports{create: func(_ context.Context, n models.NewShipment) (models.ShipmentView, bool, error) {
		switch n.Number {
		case "full":
			return models.ShipmentView{}, false, &models.Error{Code: models.CodeNoCapacity, Message: "no room", Details: map[string]any{"nearby": []models.NearbyLocker{}}}
		case "broken":
			return models.ShipmentView{}, false, errors.New("disk on fire")
		}
		return view(), false, nil
	}}
	got := answers(t, handler(p, &log, nil), batch("carrier", announcement(""), `7`, `{"number":"A"}`, announcement(`{"number":"full"}`),
		announcement(`{"parcels":[{"weight_g":"heavy"}]}`), announcement(`{"contact":{}}`), announcement(`{"number":"broken"}`),
		announcement(`{"payment_due":{"amount":1,"currency":"EUR"}}`), announcement(`{"number":"last"}`)))
	statuses := []int{}
	for _, item := range got {
		statuses = append(statuses, item.Status)
		require.Equal(t, item.Status == 201, item.Shipment != nil)
		require.Equal(t, item.Status != 201, item.Problem != nil)
	}
	require.Equal(t, []int{201, 400, 400, 409, 400, 400, 500, 422, 201}, statuses)
	require.Contains(t, got[3].Problem, "nearby")
	require.Equal(t, "/parcels/0/weight_g", got[4].Problem["errors"].([]any)[0].(map[string]any)["pointer"])
	require.Equal(t, "internal", got[6].Problem["code"])
	require.NotContains(t, got[6].Problem["detail"], "fire")
	require.Contains(t, log.String(), "disk on fire")
	require.Len(t, p.created, 4)
}

// TestBatchKeys: each item has a key of its own, which no caller can send and another batch
// has not; the batch's key belongs to its body.
func TestBatchKeys(t *testing.T) {
	t.Parallel()
	p := &ports{}
	h := handler(p, nil, nil)
	once := batch("carrier", announcement(""), announcement(`{"number":"B"}`))
	once.run(t, h)
	once.run(t, h)
	other := once
	other.headers = map[string]string{"Idempotency-Key": "k2"}
	other.run(t, h)
	require.Len(t, p.created, 6)
	seen := map[string]bool{}
	for _, n := range p.created {
		require.Contains(t, n.IdempotencyKey, "\n")
		require.Len(t, n.Fingerprint, 64)
		seen[n.IdempotencyKey] = true
	}
	require.Len(t, seen, 4)
	require.Equal(t, p.created[0].IdempotencyKey, p.created[2].IdempotencyKey)

	changed := batch("carrier", announcement(""), announcement(`{"number":"C"}`))
	changed.status, changed.contains = 422, []string{"idempotency_key_reused"}
	changed.run(t, h)
	require.Len(t, p.created, 6)
}

func TestBatchRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s      scenario
		status int
	}{
		"no items":     {batch("carrier"), 400},
		"501 items":    {batch("carrier", strings.Split(strings.Repeat("{} ", 501), " ")[:501]...), 400},
		"more":         {scenario{role: "carrier", method: "POST", url: "/api/v1/shipments/batch", body: `{"items":[{}],"mode":"fast"}`}, 400},
		"no list":      {scenario{role: "carrier", method: "POST", url: "/api/v1/shipments/batch", body: `{"items":{}}`}, 400},
		"no scope":     {batch("none", announcement("")), 403},
		"without keys": {scenario{role: "carrier", method: "POST", url: "/api/v1/shipments/batch", body: `{"items":[{}]}`, headers: map[string]string{"Idempotency-Key": ""}}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &ports{}
			c.s.status = c.status
			c.s.run(t, handler(p, nil, nil))
			require.Empty(t, p.created)
		})
	}
	w := httptest.NewRecorder()
	handler(&ports{}, nil, nil).ServeHTTP(w, batch("host", announcement("")).request())
	require.Equal(t, http.StatusForbidden, w.Code, "a host announces nothing")
}

// TestBatchOutOfTime: what there was no time for is told, and nothing of it is begun.
func TestBatchOutOfTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := &ports{create: func(context.Context, models.NewShipment) (models.ShipmentView, bool, error) {
		cancel()
		return view(), false, nil
	}}
	h := handler(p, nil, func(c *api.Config) { c.MaxWait = time.Minute })
	s := batch("carrier", announcement(""), announcement(""), announcement(""))
	got := answers(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.WithContext(ctx)) }), s)
	require.Equal(t, []int{201, 503, 503}, []int{got[0].Status, got[1].Status, got[2].Status})
	require.Equal(t, "temporarily_unavailable", got[1].Problem["code"])
	require.Len(t, p.created, 1)
}
