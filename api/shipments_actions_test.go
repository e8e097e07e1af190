package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestActionsOnAShipment(t *testing.T) {
	t.Parallel()
	base := "/api/v1/shipments/" + string(shipID)
	for _, s := range []scenario{
		{name: "the carrier cancels", role: "carrier", url: base + "/cancel", status: 200, contains: []string{string(shipID)}},
		{name: "the shop cancels", role: "shop", url: base + "/cancel", status: 200},
		{name: "the operator asks for a new code", role: "operator", url: base + "/reissue-code", status: 200},
		{name: "the carrier extends", role: "carrier", url: base + "/extend", status: 200},
		{name: "the carrier freezes", role: "carrier", url: base + "/freeze", body: `{"reason":"a dispute"}`, status: 200},
		{name: "freezing without a reason", role: "carrier", url: base + "/freeze", body: `{"reason":""}`, status: 400, contains: []string{"/reason"}},
		{name: "the carrier unfreezes", role: "carrier", url: base + "/unfreeze", body: `{"reason":"settled"}`, status: 200},
		{name: "the shop re-routes", role: "shop", url: base + "/reroute", body: `{"locker":"lkr_01hv0000000000000000000001"}`, status: 200},
		{name: "re-routing by the carrier's own alias", role: "carrier", url: base + "/reroute", body: `{"locker":"A-77"}`, status: 200},
		{name: "an operator re-routes by the carrier's alias", role: "operator", url: base + "/reroute", body: `{"locker":"A-77"}`, status: 200},
		{name: "re-routing by the number", role: "shop", url: base + "/reroute", body: `{"locker":"L-001"}`, status: 200},
		{name: "re-routing by another's alias", role: "shop", url: base + "/reroute", body: `{"locker":"A-77"}`, status: 422, contains: []string{"unknown_locker"}},
		{name: "re-routing to nowhere", role: "carrier", url: base + "/reroute", body: `{}`, status: 400, contains: []string{"/locker"}},
		{name: "another carrier re-routes", role: "carrierB", url: base + "/reroute", body: `{"locker":"lkr_01hv0000000000000000000001"}`, status: 404},
		{name: "another carrier", role: "carrierB", url: base + "/cancel", status: 404},
		{name: "no permission", role: "none", url: base + "/cancel", status: 403},
		{name: "no key for repeats", role: "carrier", url: base + "/reissue-code", status: 400,
			headers: map[string]string{"Idempotency-Key": ""}, contains: []string{"idempotency_key_required"}},
		{name: "no such shipment", role: "operator", url: "/api/v1/shipments/shp_01hv0000000000000000000009/cancel", status: 404},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.method = http.MethodPost
			p := &ports{}
			s.run(t, handler(p, nil, nil))
			require.Equal(t, s.status == 200, len(p.audited) == 1, "an act is on record")
			if s.status == 200 && strings.HasSuffix(s.url, "/reroute") {
				require.Contains(t, p.audited[0], lockerID, "by its id, whatever it was called")
			}
		})
	}
}

// TestRepeatedActionIsOne: the engine tells a repeat by its request, which is the caller's
// key and nobody else's.
func TestRepeatedActionIsOne(t *testing.T) {
	t.Parallel()
	url := "/api/v1/shipments/" + string(shipID) + "/cancel"
	var requests []string
	p := &ports{act: func(name string, in models.ActionInput) error {
		require.Equal(t, "cancel", name)
		requests = append(requests, in.Request)
		return nil
	}}
	h := handler(p, nil, nil)
	for _, call := range []struct{ role, key string }{{"carrier", "k1"}, {"carrier", `"k1"`}, {"carrier", "k2"}, {"shop", "k1"}} {
		scenario{role: call.role, method: "POST", url: url, headers: map[string]string{"Idempotency-Key": call.key}, status: 200}.run(t, h)
	}
	require.Equal(t, requests[0], requests[1])
	require.NotEqual(t, requests[0], requests[2])
	require.NotEqual(t, requests[0], requests[3])
	require.NotContains(t, requests[0], "k1")
}

// TestAKeyIsOfOneAction: with another body, shipment or action it is refused, and nothing is done or audited.
func TestAKeyIsOfOneAction(t *testing.T) {
	t.Parallel()
	base := "/api/v1/shipments/" + string(shipID)
	acts := 0
	p := &ports{act: func(string, models.ActionInput) error { acts++; return nil }}
	h := handler(p, nil, nil)
	for _, c := range []struct {
		url, body string
		status    int
	}{
		{base + "/freeze", `{"reason":"a dispute"}`, 200},
		{base + "/freeze", `{"reason":"a dispute"}`, 200},
		{base + "/freeze", `{"reason":"another"}`, 422},
		{base + "/unfreeze", `{"reason":"a dispute"}`, 422},
		{base + "/cancel", ``, 422},
	} {
		s := scenario{name: c.url + c.body, role: "carrier", method: http.MethodPost, url: c.url, body: c.body, status: c.status}
		if c.status == 422 {
			s.contains = []string{`"idempotency_key_reused"`}
		}
		s.run(t, h)
	}
	require.Equal(t, 2, acts)
	require.Len(t, p.audited, 2)
}

func TestActionThatTheStateForbids(t *testing.T) {
	t.Parallel()
	url := "/api/v1/shipments/" + string(shipID) + "/cancel"
	p := &ports{act: func(string, models.ActionInput) error {
		return models.Errorf(models.CodeInvalidState, "The shipment is picked_up and cannot be cancelled.")
	}}
	scenario{role: "carrier", method: "POST", url: url, status: 409, contains: []string{
		`"invalid_state"`, `"state":"created"`, `"allowed_actions":["cancel","reissue-code","reroute"]`}}.run(t, handler(p, nil, nil))
	young := &ports{act: func(string, models.ActionInput) error {
		return models.Errorf(models.CodeNotFound, "this life is not running")
	}}
	scenario{role: "carrier", method: "POST", url: url, status: 503}.run(t, handler(young, nil, nil))
}

func TestSuspendingACourier(t *testing.T) {
	t.Parallel()
	const id = "cou_01hv0000000000000000000001"
	for _, s := range []scenario{
		{name: "suspend", role: "carrier", url: "/api/v1/couriers/" + id + "/suspend", status: 200, contains: []string{`"suspended":true`}, lacks: []string{"pin"}},
		{name: "resume", role: "operator", url: "/api/v1/couriers/" + id + "/resume", status: 200, contains: []string{`"suspended":false`}},
		{name: "no permission", role: "carrierB", url: "/api/v1/couriers/" + id + "/suspend", status: 403},
		{name: "no id", role: "carrier", url: "/api/v1/couriers/everybody/suspend", status: 404},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.method = http.MethodPost
			s.run(t, handler(&ports{}, nil, nil))
		})
	}
	others := &ports{suspend: func(models.CourierID, bool) error {
		return models.Errorf(models.CodeNotFound, "There is no such courier.")
	}}
	scenario{role: "carrier", method: "POST", url: "/api/v1/couriers/" + id + "/suspend", status: 404}.run(t, handler(others, nil, nil))
}
