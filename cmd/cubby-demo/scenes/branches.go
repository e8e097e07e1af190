package scenes

import (
	"context"
	"fmt"
	"time"

	"cubby/cmd/cubby-demo/people"
)

const hearEvery = 200 * time.Millisecond

// listed waits until a courier who is logged in finds something to take out: the cabinet hears of it about a second
// later.
func listed(ctx context.Context, at people.Cabinet) error {
	return people.Await(ctx, "the parcel to be in the courier's list", hearEvery, func() (bool, string, error) {
		screen, err := at.Press(ctx, "collect")
		return screen.Text == "collect_list", screen.String(), err
	})
}

// takesOut has a courier take just these things out of a cabinet. A code, if one is given, opens nothing meanwhile.
func (w *world) takesOut(ctx context.Context, at people.Cabinet, code string, things ...string) error {
	courier := w.courier(at)
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	if err := listed(ctx, at); err != nil {
		return err
	}
	if code != "" {
		if _, err := at.Press(ctx, "cancel"); err != nil {
			return err
		}
		screen, err := at.Keys(ctx, code)
		if err != nil {
			return err
		}
		if screen.Text != "withdrawn" {
			return fmt.Errorf("the code of what is to be taken out is answered with %s", screen)
		}
	}
	taken, err := courier.Withdraw(ctx)
	if err != nil {
		return err
	}
	if err := people.SameThings(taken, things); err != nil {
		return err
	}
	return courier.Leave(ctx)
}

// frozen: a shipment is held back while its parcel waits. Neither the client's code nor a courier opens its cell until
// it is let go.
func frozen(ctx context.Context, w *world) error {
	at, s, client, code, err := w.stored(ctx, 2)
	if err != nil {
		return err
	}
	reason := map[string]string{"reason": "a dispute"}
	if !w.broken {
		now, err := w.carrier.ActWith(ctx, s.ID, "freeze", "freeze "+s.Number, reason)
		if err != nil {
			return err
		}
		if !now.Frozen || now.State != "ready_for_pickup" {
			return fmt.Errorf("a shipment that was frozen is %s, frozen: %t", now.State, now.Frozen)
		}
	}
	// The cabinet hears of it about a second later; the server refuses at once.
	if err := people.Await(ctx, "the screen to say that the parcel is held back", hearEvery, func() (bool, string, error) {
		screen, err := at.Keys(ctx, code)
		if err == nil && screen.Text == "take" {
			err = fmt.Errorf("the door of a frozen shipment opened")
		}
		return screen.Text == "held_back", screen.String(), err
	}); err != nil {
		return err
	}
	if err := shut(ctx, at); err != nil {
		return err
	}
	if _, err := w.carrier.ActWith(ctx, s.ID, "unfreeze", "unfreeze "+s.Number, reason); err != nil {
		return err
	}
	if err := people.Await(ctx, "the code to open the cell again", hearEvery, func() (bool, string, error) {
		screen, err := at.Keys(ctx, code)
		return screen.Text == "wait" || screen.Text == "opening" || screen.Text == "take", screen.String(), err
	}); err != nil {
		return err
	}
	cell, _, err := client.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	things, err := client.TakeFrom(ctx, cell)
	if err != nil {
		return err
	}
	if err := people.SameThings(things, labels(s)); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"shipment.frozen", "shipment.unfrozen", "parcel.picked_up", "shipment.picked_up")
}

// extended: storage is lengthened as often as the policy allows, and the client is told of each new end.
func extended(ctx context.Context, w *world) error {
	_, s, client, code, err := w.stored(ctx, 2)
	if err != nil {
		return err
	}
	before, err := w.carrier.Shipment(ctx, s.ID)
	if err != nil {
		return err
	}
	times := 2
	if w.broken {
		times = 1
	}
	for i := range times {
		now, err := w.carrier.Act(ctx, s.ID, "extend", fmt.Sprintf("extend %s %d", s.Number, i))
		if err != nil {
			return err
		}
		if !now.ExpiresAt.Equal(before.ExpiresAt.Add(time.Minute)) {
			return fmt.Errorf("storage ended at %s and was lengthened to %s", before.ExpiresAt, now.ExpiresAt)
		}
		before = now
		if _, err := client.Mail.Await(ctx, 2+i); err != nil {
			return err
		}
	}
	if _, err := w.carrier.Act(ctx, s.ID, "extend", "extend "+s.Number+" once more"); !people.RefusedWith(err, 409, "invalid_state") {
		return fmt.Errorf("a third extension is answered with %v", err)
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 3, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"shipment.storage_extended", "shipment.storage_extended", "parcel.picked_up", "shipment.picked_up")
}

// rerouted: a shipment that waits in one cabinet goes to another one. A courier takes it out there and brings it here,
// and its client gets a new code; the old one opens nothing at either.
func rerouted(ctx context.Context, w *world) error {
	from, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	to, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	s, client, old, err := w.deposited(ctx, from, 1)
	if err != nil {
		return err
	}
	where := to.Locker
	if w.broken {
		where = from.Locker
	}
	if _, err := w.carrier.ActWith(ctx, s.ID, "reroute", "reroute "+s.Number, map[string]string{"locker": where}); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "withdrawing"); err != nil {
		return err
	}
	if err := w.takesOut(ctx, from, "", labels(s)...); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "in_transit"); err != nil {
		return err
	}
	if err := w.courier(to).Deposit(ctx, labels(s)...); err != nil {
		return err
	}
	mail, err := client.Mail.Await(ctx, 3) // the second says that it goes elsewhere
	if err != nil {
		return err
	}
	code, err := people.Code(mail)
	if err != nil {
		return err
	}
	for answer, at := range map[string]people.Cabinet{"moved": from, "wrong_code": to} {
		if screen, err := at.Keys(ctx, old); err != nil || screen.Text != answer {
			return fmt.Errorf("the old code is answered with %s: %w", screen, err)
		}
	}
	client.At = to
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 3, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"shipment.withdrawing", "parcel.withdrawn", "shipment.in_transit", "shipment.rerouted", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}

// paused: nothing more comes into a paused locker, and what lies there can be collected.
func paused(ctx context.Context, w *world) error {
	at, waiting, client, code, err := w.stored(ctx, 3)
	if err != nil {
		return err
	}
	coming, other, err := w.expected(ctx, at)
	if err != nil {
		return err
	}
	action := "pause"
	if w.broken {
		action = "resume"
	}
	if err := w.operator.Change(ctx, at.Locker, action, "the paint is wet"); err != nil {
		return err
	}
	if _, err := w.carrier.Announce(ctx, "too late", w.announcement(at, 1)); !people.RefusedWith(err, 409, "locker_not_accepting") {
		return fmt.Errorf("a shipment announced to a paused locker is answered with %v", err)
	}
	courier, err := w.newcomer(ctx, at, "CUB-SCENE-3")
	if err != nil {
		return err
	}
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	screen, err := at.Scan(ctx, labels(coming)[0])
	if err != nil {
		return err
	}
	if screen.Text != "no_deposits" {
		return fmt.Errorf("a label at a paused locker is answered with %s", screen)
	}
	if err := courier.Leave(ctx); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(waiting)...); err != nil {
		return fmt.Errorf("a pickup at a paused locker: %w", err)
	}
	if err := w.operator.Change(ctx, at.Locker, "resume", "it is dry"); err != nil {
		return err
	}
	if courier, err = w.newcomer(ctx, at, "CUB-SCENE-4"); err != nil {
		return err
	}
	if err := courier.Deposit(ctx, labels(coming)...); err != nil {
		return err
	}
	if code, err = other.Code(ctx); err != nil {
		return err
	}
	return other.Pickup(ctx, code, labels(coming)...)
}

// newcomer is a courier who is made now: a cabinet that knows him has heard of all that was done before.
func (w *world) newcomer(ctx context.Context, at people.Cabinet, badge string) (people.Courier, error) {
	courier := people.Courier{Badge: badge, PIN: "2468", At: at}
	_, err := w.carrier.NewCourier(ctx, courier.Badge, courier.PIN)
	return courier, err
}
