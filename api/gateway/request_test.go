package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/api/gateway"
)

// TestRequests: a code is sent again three times an hour, and the answer never says what came of
// it.
func TestRequests(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	w := newWorld(t, func(c *gateway.Config) {
		c.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}
	})
	ask := func(r protocol.Request) (int, string) {
		t.Helper()
		raw, err := json.Marshal(r)
		require.NoError(t, err)
		status, _, body := w.call(t, http.MethodPost, protocol.PathRequests, "application/json", raw)
		return status, strings.TrimSpace(string(body))
	}
	resent := func() int {
		w.cabinets.mu.Lock()
		defer w.cabinets.mu.Unlock()
		return len(w.cabinets.resent)
	}
	for i := range 5 {
		status, body := ask(protocol.Request{Kind: protocol.ResendCode, Label: "LP1"})
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "{}", body)
		require.Equal(t, min(i+1, 3), resent())
	}
	require.Equal(t, string(w.locker)+" LP1", w.cabinets.resent[0])
	mu.Lock()
	now = now.Add(20 * time.Minute)
	mu.Unlock()
	ask(protocol.Request{Kind: protocol.ResendCode, Label: "LP2"})
	require.Equal(t, 4, resent())

	for _, bad := range []protocol.Request{
		{Kind: "make_coffee", Label: "x"}, {Kind: protocol.ResendCode}, {Kind: protocol.ResendCode, Label: strings.Repeat("x", 301)},
	} {
		status, _ := ask(bad)
		require.Equal(t, http.StatusBadRequest, status)
	}
	require.Equal(t, 4, resent())
}

// TestCouriersAsk: what they ask is answered, also that it may not be; what could not be done now is
// an error, and no answer.
func TestCouriersAsk(t *testing.T) {
	t.Parallel()
	lookup := protocol.Request{Kind: protocol.Lookup, Label: "LP1", Courier: "cou_1"}
	nearby := protocol.Request{Kind: protocol.Nearby, Shipment: "shp_1", Courier: "cou_1"}
	send := protocol.Request{ID: "op_1", Kind: protocol.SendThere, Shipment: "shp_1", Courier: "cou_1", To: "lkr_2"}
	call := protocol.Request{Kind: protocol.CallBack, Shipment: "shp_1", Session: "1-45"}
	none := models.Errorf(models.CodeNotFound, "none")
	away := models.Errorf(models.CodeUnavailable, "away")
	for name, c := range map[string]struct {
		ask     protocol.Request
		change  func(w *world)
		status  int
		reply   string
		did     string
		reroute bool
	}{
		"here": {ask: lookup, change: func(w *world) { w.cabinets.lookedUp.Here = true }, status: 200,
			reply: `{"verdict":"here"}`, did: "look up LOCKER cou_1 LP1"},
		"elsewhere": {ask: lookup, change: func(w *world) { w.cabinets.lookedUp.Place = "L-002" }, status: 200,
			reply: `{"verdict":"elsewhere","place":"L-002"}`, did: "look up LOCKER cou_1 LP1"},
		"unknown":           {ask: lookup, status: 200, reply: `{"verdict":"unknown"}`, did: "look up LOCKER cou_1 LP1"},
		"nearby":            {ask: nearby, change: func(w *world) { w.cabinets.nearby = []models.NearbyLocker{{Locker: "lkr_2", Room: 3}} }, status: 200, reply: `{"lockers":[{"locker":"lkr_2","number":"","address":"","distance_m":0,"room":3}]}`, did: "nearby LOCKER cou_1 shp_1"},
		"foreign":           {ask: nearby, change: func(w *world) { w.cabinets.refused = none }, status: 200, reply: `{"verdict":"refused"}`, did: "nearby LOCKER cou_1 shp_1"},
		"sent":              {ask: send, status: 200, reply: `{"verdict":"done"}`, did: "send LOCKER cou_1 shp_1 lkr_2", reroute: true},
		"not the courier's": {ask: send, change: func(w *world) { w.cabinets.refused = none }, status: 200, reply: `{"verdict":"refused"}`, did: "send LOCKER cou_1 shp_1 lkr_2"},
		"full there": {ask: send, change: func(w *world) {
			w.engine.reroute = func(models.ShipmentID, models.RerouteInput) error {
				return models.Errorf(models.CodeNoCapacity, "full")
			}
		}, status: 200, reply: `{"verdict":"refused"}`, did: "send LOCKER cou_1 shp_1 lkr_2"},
		"nobody to send it": {ask: send, change: func(w *world) { w.engine.down = true }, status: 503},
		"called":            {ask: call, status: 200, reply: `{"verdict":"done"}`, did: "call LOCKER shp_1 1-45"},
		"no phone":          {ask: call, change: func(w *world) { w.cabinets.refused = none }, status: 200, reply: `{"verdict":"refused"}`, did: "call LOCKER shp_1 1-45"},
		"the database":      {ask: call, change: func(w *world) { w.cabinets.refused = away }, status: 503, did: "call LOCKER shp_1 1-45"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			var rerouted []string
			w.engine.reroute = func(s models.ShipmentID, in models.RerouteInput) error {
				rerouted = append(rerouted, string(s)+" "+string(in.To)+" "+in.Request)
				return nil
			}
			if c.change != nil {
				c.change(w)
			}
			raw, err := json.Marshal(c.ask)
			require.NoError(t, err)
			status, _, body := w.call(t, http.MethodPost, protocol.PathRequests, "application/json", raw)
			require.Equal(t, c.status, status, "%s", body)
			if c.reply != "" {
				require.JSONEq(t, c.reply, string(body))
			}
			w.cabinets.mu.Lock()
			defer w.cabinets.mu.Unlock()
			require.Equal(t, strings.ReplaceAll(c.did, "LOCKER", string(w.locker)), strings.Join(w.cabinets.asked, "; "))
			if c.reroute {
				require.Equal(t, []string{"shp_1 lkr_2 " + string(w.locker) + "-op_1"}, rerouted)
			} else {
				require.Empty(t, rerouted)
			}
		})
	}
}
