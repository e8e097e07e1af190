package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

// people are before the cabinets of a sandbox: they note what they were to do.
type people struct {
	*ports
	test  bool // the locker is a test locker
	moved []string
}

func (p *people) Locker(ctx context.Context, id models.LockerID) (models.LockerView, error) {
	v, err := p.ports.Locker(ctx, id)
	v.Locker.Test = p.test
	return v, err
}

func (p *people) move(what string) error {
	p.moved = append(p.moved, what)
	return nil
}

func (p *people) Deposit(_ context.Context, _ models.LockerID, barcodes []string) error {
	return p.move("deposit " + barcodes[0])
}

func (p *people) Pickup(_ context.Context, _ models.LockerID, code string) error {
	return p.move("pickup " + code)
}

func (p *people) Jam(context.Context, models.LockerID, int, bool) error { return p.move("jam") }

func (p *people) Offline(context.Context, models.LockerID, bool) error { return p.move("offline") }

func (p *people) AdvanceClock(context.Context, models.Request, models.LockerID, models.Seconds) (models.Seconds, error) {
	return 60, p.move("advance")
}

// TestSandbox: test lockers alone are moved, by test keys and operators, and each act is on record
// without the code.
func TestSandbox(t *testing.T) {
	t.Parallel()
	box := "/api/v1/sandbox/lockers/" + string(lockerID)
	acts := []struct{ act, body, moved string }{
		{"deposit", `{"shipment":"` + string(shipID) + `"}`, "deposit 1234"},
		{"pickup", `{"code":"12345670"}`, "pickup 12345670"},
		{"jam", `{"cell":1}`, "jam"},
		{"offline", `{"offline":true}`, "offline"},
		{"advance-clock", `{"seconds":60}`, "advance"},
	}
	for _, c := range []struct {
		name        string
		role        string // whose key
		testKey     bool
		test, moves bool
		without     bool // the network has no sandbox
	}{
		{name: "a test key, a test locker", role: "carrier", testKey: true, test: true, moves: true},
		{name: "an operator, a test locker", role: "operator", test: true, moves: true},
		{name: "a test key, a live locker", role: "carrier", testKey: true},
		{name: "a live key, a test locker", role: "carrier", test: true},
		{name: "a live key, a live locker", role: "carrier"},
		{name: "an operator, a live locker", role: "operator"},
		{name: "no sandbox", role: "operator", test: true, without: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, a := range acts {
				p := &people{ports: &ports{keyOwner: func(string) (models.Actor, error) {
					actor := actors()[c.role]
					actor.Test = c.testKey
					return actor, nil
				}}, test: c.test}
				h := handler(p.ports, nil, func(cfg *api.Config) {
					cfg.Lockers, cfg.Clocks = p, p
					if !c.without {
						cfg.Sandbox = p
					}
				})
				s := scenario{role: c.role, method: http.MethodPost, url: box + "/" + a.act, body: a.body, status: http.StatusNotFound}
				if c.moves {
					s.status = http.StatusNoContent
					if a.act == "advance-clock" {
						s.status = http.StatusOK
					}
				}
				s.run(t, h)
				if !c.moves {
					require.Empty(t, p.moved)
					require.Empty(t, p.audited)
					continue
				}
				require.Equal(t, []string{a.moved}, p.moved)
				if a.act != "advance-clock" { // which the store records
					require.Len(t, p.audited, 1)
					require.NotContains(t, p.audited[0], "12345670")
				}
			}
		})
	}
	t.Run("a shipment for another locker", func(t *testing.T) {
		t.Parallel()
		p := &people{ports: &ports{shipment: func(v *models.ShipmentView) { v.Shipment.Locker = "lkr_other" }}, test: true}
		h := handler(p.ports, nil, func(cfg *api.Config) { cfg.Lockers, cfg.Clocks, cfg.Sandbox = p, p, p })
		scenario{role: "operator", method: http.MethodPost, url: box + "/deposit", body: acts[0].body, status: http.StatusConflict}.run(t, h)
		require.Empty(t, p.moved)
	})
}
