package scenes

import (
	"context"
	"fmt"
	"time"

	"cubby/cmd/cubby-demo/people"
)

// suspendedWithin is how soon a cabinet that is connected turns a suspended courier away, after the API's answer.
const suspendedWithin = time.Second

// cancelledInside: a shipment is cancelled while its parcel waits. The client's code opens nothing any more, a courier
// takes the parcel out, and only then it is cancelled.
func cancelledInside(ctx context.Context, w *world) error {
	at, s, _, code, err := w.stored(ctx, 4)
	if err != nil {
		return err
	}
	if !w.broken {
		for range 2 { // a repeat under the same key is the same action
			now, err := w.carrier.Act(ctx, s.ID, "cancel", "cancel "+s.Number)
			if err != nil {
				return err
			}
			if now.State != "withdrawing" {
				return fmt.Errorf("a shipment that was cancelled with its parcel in a cell is %s", now.State)
			}
		}
	}
	if err := w.takesOut(ctx, at, code, labels(s)...); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "cancelled"); err != nil {
		return err
	}
	if err := w.history(ctx, s, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"shipment.withdrawing", "parcel.withdrawn", "shipment.cancelled"); err != nil {
		return err
	}
	return emptied(ctx, at)
}

// newCode: a new pickup code comes by mail, and the one before opens nothing any more.
func newCode(ctx context.Context, w *world) error {
	_, s, client, old, err := w.stored(ctx, 4)
	if err != nil {
		return err
	}
	if !w.broken {
		if _, err := w.carrier.Act(ctx, s.ID, "reissue-code", "reissue "+s.Number); err != nil {
			return err
		}
	}
	mail, err := client.Mail.Await(ctx, 2)
	if err != nil {
		return err
	}
	code, err := people.Code(mail)
	if err != nil {
		return err
	}
	if code == old {
		return fmt.Errorf("the new code is the old one")
	}
	if err := codeRetires(ctx, client, code, old, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 2, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"shipment.code_reissued", "parcel.picked_up", "shipment.picked_up")
}

// codeRetires takes the parcels by a new code, after the one before was refused.
func codeRetires(ctx context.Context, client people.Client, code, old string, parcels ...string) error {
	// A newer code retires the older ones at once, whether the cabinet has heard of it or not.
	if _, err := client.Type(ctx, code); err != nil {
		return err
	}
	cell, _, err := client.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	if err := client.At.Close(ctx, cell); err != nil {
		return err
	}
	if _, err := client.At.AwaitScreen(ctx, "the question whether everything is taken", func(s people.Screen) bool { return s.Text == "everything" }); err != nil {
		return err
	}
	if _, err := client.At.Press(ctx, "problem"); err != nil { // it was not: the parcel is still inside
		return err
	}
	screen, err := client.At.Keys(ctx, old)
	if err != nil {
		return err
	}
	if screen.Text != "wrong_code" {
		return fmt.Errorf("the old code is answered with %s", screen)
	}
	return client.Pickup(ctx, code, parcels...)
}

// courierSuspended: a suspended courier is let in nowhere, within a second, and again once the suspension is over.
func courierSuspended(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	courier := people.Courier{Badge: "CUB-SCENE-1", PIN: "2468", At: at}
	id, err := w.carrier.NewCourier(ctx, courier.Badge, courier.PIN)
	if err != nil {
		return err
	}
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	if err := courier.Leave(ctx); err != nil {
		return err
	}
	whom := id
	if err := w.sabotage(func() (err error) { whom, err = w.carrier.NewCourier(ctx, "CUB-SCENE-2", "2468"); return err }); err != nil {
		return err
	}
	colleague := w.courier(at)
	if err := glance(ctx, colleague); err != nil {
		return err
	}
	if err := w.carrier.Suspend(ctx, whom, true); err != nil {
		return err
	}
	if err := turnedAway(ctx, courier, colleague, time.Now()); err != nil {
		return err
	}
	if err := w.carrier.Suspend(ctx, id, false); err != nil {
		return err
	}
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	return courier.Leave(ctx)
}

// turnedAway shows a badge again and again until it is refused, which has to be within a second of the answer to the
// suspension. A scanner takes a badge that is shown again at once for the same reading: a colleague's is shown in between.
func turnedAway(ctx context.Context, courier, colleague people.Courier, answered time.Time) error {
	for {
		shown := time.Now()
		screen, err := courier.At.Scan(ctx, courier.Badge)
		switch {
		case err != nil:
			return err
		case shown.Sub(answered) > suspendedWithin:
			return fmt.Errorf("a badge that was shown %s after its suspension was answered with %s", shown.Sub(answered), screen)
		case screen.Text == "dismissed":
			return nil
		}
		if _, err := courier.At.Press(ctx, "cancel"); err != nil {
			return err
		}
		if err := glance(ctx, colleague); err != nil {
			return err
		}
	}
}

// glance shows a badge, which is taken, and goes no further.
func glance(ctx context.Context, courier people.Courier) error {
	screen, err := courier.At.Scan(ctx, courier.Badge)
	if err == nil && screen.Text != "pin" {
		err = fmt.Errorf("the badge was not taken: %s", screen)
	}
	if err != nil {
		return err
	}
	screen, err = courier.At.Press(ctx, "cancel")
	if err == nil && screen.Text != "home" {
		err = fmt.Errorf("the screen is not left: %s", screen)
	}
	return err
}
