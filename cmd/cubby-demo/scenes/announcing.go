package scenes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cubby/cmd/cubby-demo/people"
)

// idempotentAnnounce: the same announcement under the same key is one shipment.
func idempotentAnnounce(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	a := w.announcement(at, 1)
	key, again := "key of "+a.Number, "key of "+a.Number
	if err := w.sabotage(func() error { again = "another key"; return nil }); err != nil {
		return err
	}
	first, err := w.carrier.Announce(ctx, key, a)
	if err != nil {
		return err
	}
	second, err := w.carrier.Announce(ctx, again, a)
	if err != nil {
		return err
	}
	if first.ID != second.ID {
		return fmt.Errorf("one announcement made two shipments, %s and %s", first.ID, second.ID)
	}
	rooms, err := w.operator.Rooms(ctx, at.Locker)
	if err != nil {
		return err
	}
	if len(rooms) != 1 || rooms[0].Room != 1 {
		return fmt.Errorf("of 2 cells 1 is promised, yet the room is %+v", rooms)
	}
	other := a
	other.Contact.Email = "someone-else@example.org"
	if _, err := w.carrier.Announce(ctx, key, other); !people.RefusedWith(err, http.StatusUnprocessableEntity, "idempotency_key_reused") {
		return fmt.Errorf("the key with another body: %w", wanted(err, "422 idempotency_key_reused"))
	}
	if _, err := w.carrier.Announce(ctx, "a third key", a); !people.RefusedWith(err, http.StatusConflict, "number_used") {
		return fmt.Errorf("the number under another key: %w", wanted(err, "409 number_used"))
	}
	return w.history(ctx, first, "shipment.created")
}

func wanted(err error, what string) error {
	if err == nil {
		return errors.New("it was taken, want " + what)
	}
	return fmt.Errorf("%w, want %s", err, what)
}

// noCapacity: a full locker says so and names others that have room; nothing is half made.
func noCapacity(ctx context.Context, w *world) error {
	cells := 1
	if err := w.sabotage(func() error { cells++; return nil }); err != nil {
		return err
	}
	place, err := w.operator.Location(ctx, 0)
	if err != nil {
		return err
	}
	at, err := w.lockerAt(ctx, place, cells)
	if err != nil {
		return err
	}
	free, err := w.lockerAt(ctx, place, 3)
	if err != nil {
		return err
	}
	if _, _, err := w.shipment(ctx, at, 1); err != nil {
		return err
	}
	a := w.announcement(at, 1)
	_, err = w.carrier.Announce(ctx, "key of "+a.Number, a)
	if !people.RefusedWith(err, http.StatusConflict, "no_capacity") {
		return wanted(err, "409 no_capacity")
	}
	var refusal *people.Refusal
	var answer struct{ Nearby []struct{ Locker string } }
	if !errors.As(err, &refusal) || json.Unmarshal(refusal.Body, &answer) != nil || len(answer.Nearby) == 0 {
		return fmt.Errorf("no nearby lockers in %w", err)
	}
	if nearest := answer.Nearby[0].Locker; nearest != free.Locker {
		return fmt.Errorf("the nearest locker with room is %s, the answer begins with %s", free.Locker, nearest)
	}
	// The refused number and key made nothing: they serve for another try.
	a.Locker = free.Locker
	s, err := w.carrier.Announce(ctx, "key of "+a.Number, a)
	if err != nil {
		return err
	}
	return w.history(ctx, s, "shipment.created")
}

// foreignShipment: what another organization owns does not exist for it.
func foreignShipment(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	s, _, err := w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	_, secret, err := w.operator.Organization(ctx, "Another carrier", "carrier", "shipments")
	if err != nil {
		return err
	}
	if err := w.sabotage(func() error { secret = w.stage.OperatorKey; return nil }); err != nil {
		return err
	}
	stranger := people.Carrier{Service: w.stage.REST(secret)}
	calls := map[string]func() error{
		"read it":       func() error { _, err := stranger.Shipment(ctx, s.ID); return err },
		"read events":   func() error { _, err := stranger.Events(ctx, s.ID); return err },
		"tell an event": func() error { _, err := stranger.Tell(ctx, s.ID, "in_transit", time.Now()); return err },
	}
	for what, call := range calls {
		if err := call(); !people.RefusedWith(err, http.StatusNotFound, "not_found") {
			return fmt.Errorf("a stranger can %s: %w", what, wanted(err, "404 not_found"))
		}
	}
	return w.history(ctx, s, "shipment.created")
}
