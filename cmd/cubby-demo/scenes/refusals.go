package scenes

import (
	"context"
	"fmt"
	"slices"

	"cubby/cmd/cubby-demo/people"
)

// refused: a client takes one of two parcels and gives the other one back. It stays in its cell until a courier takes it
// out, and the shipment goes back to its carrier.
func refused(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 3)
	if err != nil {
		return err
	}
	s, client, code, err := w.deposited(ctx, at, 2)
	if err != nil {
		return err
	}
	if _, err := client.Type(ctx, code); err != nil {
		return err
	}
	screen, err := at.AwaitScreen(ctx, "both doors to be open", func(s people.Screen) bool { return len(s.OpenDoors) == 2 })
	if err != nil {
		return err
	}
	cells := screen.OpenDoors
	taken, err := client.TakeFrom(ctx, cells[0])
	if err != nil {
		return err
	}
	var back string
	if w.broken {
		if _, err := client.TakeFrom(ctx, cells[1]); err != nil {
			return err
		}
	} else if back, err = client.Refuse(ctx, cells[1], "damaged"); err != nil {
		return err
	}
	if _, err := at.Press(ctx, "yes_taken"); err != nil {
		return err
	}
	now, err := w.carrier.AwaitState(ctx, s.ID, "withdrawing")
	if err != nil {
		return err
	}
	for _, p := range now.Parcels {
		want := map[bool]string{true: "refused", false: "picked_up"}[p.Barcode == back]
		if p.State != want || !slices.Contains(append(taken, back), p.Barcode) {
			return fmt.Errorf("parcel %s is %s, want %s", p.Barcode, p.State, want)
		}
	}
	if err := w.takesOut(ctx, at, "", back); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "returning"); err != nil {
		return err
	}
	return w.history(ctx, s, "shipment.created", "parcel.deposited", "shipment.loading", "parcel.deposited", "shipment.ready_for_pickup",
		"parcel.damaged", "parcel.picked_up", "shipment.partly_picked_up", "shipment.withdrawing", "parcel.withdrawn", "shipment.returning")
}

// loadFailed: a parcel fits no cell of its locker. Its carrier reads why, and the shipment is under way again.
func loadFailed(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	s, _, err := w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	courier := w.courier(at)
	if w.broken {
		if err := courier.Deposit(ctx, labels(s)...); err != nil {
			return err
		}
	} else if err := doesNotFit(ctx, courier, labels(s)[0]); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "in_transit"); err != nil {
		return err
	}
	if err := w.history(ctx, s, "shipment.created", "parcel.load_failed", "shipment.in_transit"); err != nil {
		return err
	}
	events, err := w.carrier.Events(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, e := range events[1:] {
		if e.Reason != "too_big" {
			return fmt.Errorf("the reason of %s is %q", e.Type, e.Reason)
		}
	}
	// Another day it comes in a smaller box.
	if err := courier.Deposit(ctx, labels(s)...); err != nil {
		return err
	}
	_, err = w.carrier.AwaitState(ctx, s.ID, "ready_for_pickup")
	return err
}

func doesNotFit(ctx context.Context, courier people.Courier, label string) error {
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	if _, err := courier.Scan(ctx, label); err != nil {
		return err
	}
	cell, err := courier.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	screen, err := courier.DoesNotFit(ctx, cell)
	if err != nil {
		return err
	}
	if screen.Text != "too_big" {
		return fmt.Errorf("a parcel that fits no cell is answered with %s", screen)
	}
	if screen, err = courier.At.Press(ctx, "take_back"); err != nil || screen.Text != "courier" {
		return fmt.Errorf("the courier is not back at the start: %s: %w", screen, err)
	}
	return courier.Leave(ctx)
}
