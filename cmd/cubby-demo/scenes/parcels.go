package scenes

import (
	"context"
	"fmt"
	"time"
)

// oneParcel: a parcel from its announcement to its pickup.
func oneParcel(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	s, client, err := w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	if s.State != "created" {
		return fmt.Errorf("a shipment just announced is %s", s.State)
	}
	state, err := w.carrier.Tell(ctx, s.ID, "in_transit", time.Now())
	if err != nil {
		return err
	}
	if state != "in_transit" {
		return fmt.Errorf("after in_transit the state is %s", state)
	}
	if err := w.sabotage(func() error { return client.Mail.Misbehave(ctx, "reject_5xx", 0, 0) }); err != nil {
		return err
	}
	if err := w.courier(at).Deposit(ctx, labels(s)...); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "ready_for_pickup"); err != nil {
		return err
	}
	code, err := client.Code(ctx)
	if err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "shipment.in_transit", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}

// twoParcels: one shipment of two parcels gets one message, and one code opens both doors.
func twoParcels(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	s, client, code, err := w.deposited(ctx, at, 2)
	if err != nil {
		return err
	}
	now, err := w.carrier.AwaitState(ctx, s.ID, "ready_for_pickup")
	if err != nil {
		return err
	}
	if now.Parcels[0].Cell == now.Parcels[1].Cell {
		return fmt.Errorf("both parcels are in cell %d", now.Parcels[0].Cell)
	}
	if err := w.sabotage(func() error { return at.Jam(ctx, now.Parcels[1].Cell) }); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading", "parcel.deposited",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.partly_picked_up", "parcel.picked_up", "shipment.picked_up")
}

// lateAndTwice: a label is scanned again, while the parcel is in and after it was collected, and the code is typed once
// more after the end. Nothing opens and nothing happens twice.
func lateAndTwice(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	other, _, err := w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	s, client, code, err := w.deposited(ctx, at, 1)
	if err != nil {
		return err
	}
	again := labels(s)[0]
	if err := w.sabotage(func() error { again = labels(other)[0]; return nil }); err != nil {
		return err
	}
	if err := scanRefused(ctx, w, at, again, "already_in"); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	if err := emptied(ctx, at); err != nil {
		return err
	}
	if err := scanRefused(ctx, w, at, again, "gone", "unknown_label"); err != nil {
		return err
	}
	screen, err := at.Keys(ctx, code)
	if err != nil {
		return err
	}
	if screen.Text != "collected_on" {
		return fmt.Errorf("a code that was used is answered with %s", screen)
	}
	if err := shut(ctx, at); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}
