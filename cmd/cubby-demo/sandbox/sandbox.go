// Package sandbox moves the cabinets of test lockers for integrators: where it is told to, a courier brings parcels, a
// client collects, a lock sticks, a cable is pulled. It does it by the hands, before the real program of a cabinet. Whoever
// reaches it can do all of that, so it listens where the server alone can call it.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"cubby/cmd/cubby-demo/people"
	"cubby/models"
)

const maxBody = 16 << 10

// Courier is who loads test lockers.
type Courier struct{ Badge, PIN string }

// sandbox is the handler's state.
type sandbox struct {
	hands   people.Service
	courier Courier
	busy    sync.Map // locker -> chan struct{} of length 1: one person at a time stands before a cabinet
}

// New makes the handler of everything below /sandbox/. Hands is where the cabinets are moved.
func New(hands people.Service, courier Courier) http.Handler {
	s := &sandbox{hands: hands, courier: courier}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sandbox/lockers/{l}/deposit", on(s, func(ctx context.Context, at people.Cabinet, in struct{ Barcodes []string }) error {
		return people.Courier{Badge: s.courier.Badge, PIN: s.courier.PIN, At: at}.Deposit(ctx, in.Barcodes...)
	}))
	mux.HandleFunc("POST /sandbox/lockers/{l}/pickup", on(s, func(ctx context.Context, at people.Cabinet, in struct{ Code string }) error {
		_, err := people.Client{At: at}.TakeAll(ctx, in.Code)
		return err
	}))
	mux.HandleFunc("POST /sandbox/lockers/{l}/jam", on(s, func(ctx context.Context, at people.Cabinet, in struct {
		Cell   int
		Jammed bool
	}) error {
		if in.Jammed {
			return at.Jam(ctx, in.Cell)
		}
		return at.Unjam(ctx, in.Cell)
	}))
	mux.HandleFunc("POST /sandbox/lockers/{l}/offline", on(s, func(ctx context.Context, at people.Cabinet, in struct{ Offline bool }) error {
		return at.Line(ctx, in.Offline)
	}))
	return mux
}

// on reads what is asked, and does it when nobody else stands before the cabinet.
func on[T any](s *sandbox, act func(ctx context.Context, at people.Cabinet, in T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in)
		if err != nil {
			fail(w, http.StatusBadRequest, "invalid_request", err)
			return
		}
		ctx, locker := r.Context(), r.PathValue("l")
		place, _ := s.busy.LoadOrStore(locker, make(chan struct{}, 1))
		turn := place.(chan struct{})
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return // nobody waits for the answer
		}
		if err := act(ctx, people.Cabinet{Service: s.hands, Locker: locker}, in); err != nil {
			refuse(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// refuse tells what a cabinet did not do: with the answer of the hands, or as a conflict.
func refuse(w http.ResponseWriter, err error) {
	var r *people.Refusal
	if errors.As(err, &r) {
		fail(w, r.Status, r.Code, err)
		return
	}
	fail(w, http.StatusConflict, string(models.CodeConflict), err)
}

func fail(w http.ResponseWriter, status int, code string, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// To one who may have gone: nothing to do about an error.
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "detail": err.Error()})
}
