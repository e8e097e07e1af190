package scenes

import (
	"context"
	"fmt"

	"cubby/cmd/cubby-demo/people"
)

// roomKept: room that is kept for one carrier is given to no other, and is there for its own.
func roomKept(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	first, err := w.carrier.Announce(ctx, "first", w.announcement(at, 1))
	if err != nil {
		return err
	}
	kept := 2 // of which one is in use
	if w.broken {
		kept = 0
	}
	if err := w.operator.Keep(ctx, at.Locker, first.Carrier, kept); err != nil {
		return err
	}
	_, key, err := w.operator.Organization(ctx, "Rival", "carrier", "shipments")
	if err != nil {
		return err
	}
	rival := people.Carrier{Service: w.stage.REST(key)}
	if _, err := rival.Announce(ctx, "rival", w.announcement(at, 2)); err != nil {
		return err
	}
	if _, err := rival.Announce(ctx, "rival again", w.announcement(at, 1)); !people.RefusedWith(err, 409, "no_capacity") {
		return fmt.Errorf("room that is kept for another carrier is asked for, and the answer is %v", err)
	}
	s, client, code, err := w.deposited(ctx, at, 1)
	if err != nil {
		return fmt.Errorf("the room that is kept: %w", err)
	}
	return client.Pickup(ctx, code, labels(s)...)
}

// roomLost: a board dies under promises. The carrier whose promise is broken is told, once, and so is the operator;
// with the board the room comes back.
func roomLost(ctx context.Context, w *world) error {
	// The first board of a cabinet has 16 locks.
	at, err := w.locker(ctx, 18)
	if err != nil {
		return err
	}
	early, _, err := w.shipment(ctx, at, 2)
	if err != nil {
		return err
	}
	s, client, err := w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	dead := 0
	if err := w.sabotage(func() error { dead = 1; return nil }); err != nil {
		return err
	}
	if err := at.Board(ctx, dead, true); err != nil {
		return err
	}
	if err := w.operator.AwaitIncident(ctx, at.Locker, "capacity_lost", false); err != nil {
		return err
	}
	if err := w.awaitEvent(ctx, s.ID, "locker.capacity_lost"); err != nil {
		return err
	}
	if err := w.history(ctx, early, "shipment.created"); err != nil {
		return fmt.Errorf("the older promise is kept: %w", err)
	}
	if err := at.Board(ctx, dead, false); err != nil {
		return err
	}
	if err := w.operator.AwaitIncident(ctx, at.Locker, "capacity_lost", true); err != nil {
		return err
	}
	if err := w.courier(at).Deposit(ctx, labels(s)...); err != nil {
		return err
	}
	code, err := client.Code(ctx)
	if err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "locker.capacity_lost", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}

// closed: a locker is closed for good. Its worklist names what is inside and what is to come; a courier takes out the
// one, the carrier gives up the other, and the locker is decommissioned by itself.
func closed(ctx context.Context, w *world) error {
	at, s, _, code, err := w.stored(ctx, 4)
	if err != nil {
		return err
	}
	coming, _, err := w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	if err := w.operator.Close(ctx, at.Locker, "the shop moves", !w.broken); err != nil {
		return err
	}
	if _, err := w.carrier.Announce(ctx, "too late for "+at.Locker, w.announcement(at, 1)); !people.RefusedWith(err, 409, "locker_not_accepting") {
		return fmt.Errorf("a shipment announced to a closed locker is answered with %v", err)
	}
	if err := people.Await(ctx, "the worklist to say what is to be taken out", hearEvery, func() (bool, string, error) {
		list, err := w.operator.Worklist(ctx, at.Locker)
		inside := len(list.Inside) == 1 && list.Inside[0].Shipment == s.ID && list.Inside[0].Reason == "closed"
		return inside && len(list.Expected) == 1 && list.Expected[0].Shipment == coming.ID, fmt.Sprintf("%+v", list), err
	}); err != nil {
		return err
	}
	if err := w.awaitEvent(ctx, coming.ID, "locker.capacity_lost"); err != nil {
		return err
	}
	if err := w.takesOut(ctx, at, code, labels(s)...); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "returning"); err != nil {
		return err
	}
	if err := w.history(ctx, s, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"shipment.withdrawing", "parcel.withdrawn", "shipment.returning"); err != nil {
		return err
	}
	if err := emptied(ctx, at); err != nil {
		return err
	}
	if _, err := w.carrier.Act(ctx, coming.ID, "cancel", "cancel "+coming.Number); err != nil {
		return err
	}
	return w.operator.AwaitLocker(ctx, at.Locker, "decommissioned")
}
