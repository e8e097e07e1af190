package api_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"

	"cubby/api"
	"cubby/models"
	"cubby/models/store"
)

// engine keeps room at another locker as the worker's activity does, and moves nothing at cabinets.
type engine struct {
	*ports
	stage *stage
}

func (e *engine) Reroute(ctx context.Context, id models.ShipmentID, in models.RerouteInput) (models.ActionResult, error) {
	err := e.stage.KeepRoom(ctx, id, in.To)
	if err == nil {
		e.stage.acts++
	}
	return models.ActionResult{}, err
}

func (e *engine) moved() error { e.stage.acts++; return nil }

func (e *engine) Deposit(context.Context, models.LockerID, []string) error { return e.moved() }
func (e *engine) Pickup(context.Context, models.LockerID, string) error    { return e.moved() }
func (e *engine) Jam(context.Context, models.LockerID, int, bool) error    { return e.moved() }
func (e *engine) Offline(context.Context, models.LockerID, bool) error     { return e.moved() }

// stage is the interface over the store of whichever copy of the world is being tried. The engine does as told, and counts.
type stage struct {
	*store.Store
	http.Handler
	acts int
}

func newStage() *stage {
	s := &stage{}
	did := func() { s.acts++ }
	p := &ports{act: func(string, models.ActionInput) error { did(); return nil }, carrier: func(models.CarrierEventInput) (models.ActionResult, error) {
		did()
		return models.ActionResult{}, nil
	}}
	e := &engine{ports: p, stage: s}
	s.Handler = handler(p, nil, func(cfg *api.Config) {
		cfg.Keys, cfg.Shipments, cfg.Lockers, cfg.Enrolment, cfg.Network, cfg.Incidents, cfg.Events = s, s, s, s, s, s, s
		cfg.Messages, cfg.Routes, cfg.Access, cfg.Clocks, cfg.Remotes, cfg.Engine, cfg.Sandbox = s, s, s, s, s, e, e
	})
	return s
}

var dataKey = models.DataKey(bytes.Repeat([]byte{7}, models.DataKeyBytes))

func call(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
