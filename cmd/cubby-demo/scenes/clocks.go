package scenes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cubby/cmd/cubby-demo/people"
)

// brief has all that time brings happen within seconds. The reminder comes after the second heartbeat of a cabinet that was
// put up a moment before: the first cannot say yet that its journal is here.
func brief() people.Policy {
	return people.Policy{
		Storage: 24, NeverDeposited: 6, PartialEnough: 3, Reminders: []int{6}, WithdrawalOverdue: 2, ReturnedAfter: 2,
		ReadyDelay: 1, Objection: 1, Reopen: 1, Proof: "closed",
	}
}

// under announces a fresh shipment under a policy of its own name.
func (w *world) under(ctx context.Context, at people.Cabinet, name string, p people.Policy, parcels int) (people.Shipment, people.Client, error) {
	if err := w.operator.Policy(ctx, name, p); err != nil {
		return people.Shipment{}, people.Client{}, err
	}
	a := w.announcement(at, parcels)
	a.Policy = name
	s, err := w.carrier.Announce(ctx, "key of "+a.Number, a)
	return s, people.Client{Mail: w.stage.Mailbox(a.Contact.Email), At: at}, err
}

// awaitEvent waits until a shipment's history tells of something.
func (w *world) awaitEvent(ctx context.Context, id, event string) error {
	return people.Await(ctx, fmt.Sprintf("%s of %s", event, id), hearEvery, func() (bool, string, error) {
		events, err := w.carrier.Events(ctx, id)
		types := people.EventTypes(events)
		return slices.Contains(types, event), strings.Join(types, ", "), err
	})
}

// expired: two clients are reminded, and their storage ends. One comes late and gets the parcel; the other's is taken out
// by a courier, late, and is taken to be back at the carrier.
func expired(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	p := brief()
	if w.broken {
		p.Storage = 3600
	}
	late, client, err := w.under(ctx, at, "scene-expired", p, 1)
	if err != nil {
		return err
	}
	left, other, err := w.under(ctx, at, "scene-expired", p, 1)
	if err != nil {
		return err
	}
	if err := w.courier(at).Deposit(ctx, append(labels(late), labels(left)...)...); err != nil {
		return err
	}
	for _, s := range []people.Shipment{late, left} {
		if _, err := w.carrier.AwaitState(ctx, s.ID, "expired"); err != nil {
			return err
		}
	}
	mail, err := client.Mail.Await(ctx, 2)
	if err != nil {
		return err
	}
	code, err := people.Code(mail)
	if err != nil {
		return fmt.Errorf("the reminder: %w", err)
	}
	if err := client.Pickup(ctx, code, labels(late)...); err != nil {
		return fmt.Errorf("a pickup after the end of storage: %w", err)
	}
	began := []string{"shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup", "shipment.reminder_sent", "shipment.expired"}
	if _, err := w.carrier.AwaitState(ctx, late.ID, "picked_up"); err != nil {
		return err
	}
	if err := w.awaitEvent(ctx, left.ID, "shipment.withdrawal_overdue"); err != nil {
		return err
	}
	if err := w.takesOut(ctx, at, "", labels(left)...); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, left.ID, "returned"); err != nil {
		return err
	}
	if _, err := other.Mail.Await(ctx, 4); err != nil {
		return fmt.Errorf("that it is ready, a reminder, the end of storage, and that it goes back: %w", err)
	}
	if mails, err := other.Mail.Mails(ctx); err != nil || len(mails) != 4 {
		return fmt.Errorf("%d messages came to a client who was told of four things: %w", len(mails), err)
	}
	return w.history(ctx, left, append(began, "shipment.withdrawal_overdue", "parcel.withdrawn", "shipment.returning", "shipment.returned")...)
}

// neverCame: of two parcels one does not come, and the client is told of the other; a shipment of which nothing comes is
// cancelled; one that the carrier lost is lost.
func neverCame(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	p := brief()
	if w.broken {
		p.NeverDeposited, p.PartialEnough = 3600, 3600
	}
	half, client, err := w.under(ctx, at, "scene-never", p, 2)
	if err != nil {
		return err
	}
	none, _, err := w.under(ctx, at, "scene-never", p, 1)
	if err != nil {
		return err
	}
	lost, _, err := w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	for _, event := range []string{"in_transit", "delayed", "lost"} {
		if _, err := w.carrier.Tell(ctx, lost.ID, event, time.Now()); err != nil {
			return err
		}
	}
	if err := w.courier(at).Deposit(ctx, labels(half)[0]); err != nil {
		return err
	}
	code, err := client.Code(ctx)
	if err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(half)[0]); err != nil {
		return err
	}
	if err := w.history(ctx, lost, "shipment.created", "shipment.in_transit", "shipment.carrier_delayed", "shipment.lost"); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, none.ID, "cancelled"); err != nil {
		return err
	}
	if err := w.history(ctx, none, "shipment.created", "shipment.never_deposited", "shipment.cancelled"); err != nil {
		return err
	}
	return w.ends(ctx, half, client, 1, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"parcel.picked_up", "shipment.partly_picked_up", "shipment.picked_up")
}

// outage is a little longer than what does not count.
const outage = 33 * time.Second

// clockPaused: a cabinet's line is cut for most of the time that its parcel may wait. When it is back, what was lost is
// added, and the client is not reminded yet.
func clockPaused(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	p := brief()
	p.Storage, p.Reminders = 45, []int{5}
	s, client, err := w.under(ctx, at, "scene-paused", p, 1)
	if err != nil {
		return err
	}
	if err := w.courier(at).Deposit(ctx, labels(s)...); err != nil {
		return err
	}
	code, err := client.Code(ctx)
	if err != nil {
		return err
	}
	if !w.broken {
		if err := at.Line(ctx, true); err != nil {
			return err
		}
	}
	until := time.Now().Add(outage)
	before, err := w.carrier.AwaitState(ctx, s.ID, "ready_for_pickup")
	if err != nil {
		return err
	}
	if err := people.Await(ctx, "the outage to last", hearEvery, func() (bool, string, error) {
		now, err := w.carrier.Shipment(ctx, s.ID)
		if err == nil && now.State != "ready_for_pickup" {
			err = fmt.Errorf("while its cabinet is away a shipment is %s", now.State)
		}
		return w.broken || time.Now().After(until), "it lasts", err
	}); err != nil {
		return err
	}
	if err := at.Line(ctx, false); err != nil {
		return err
	}
	if err := w.awaitEvent(ctx, s.ID, "shipment.clock_resumed"); err != nil {
		return err
	}
	now, err := w.carrier.Shipment(ctx, s.ID)
	if err != nil {
		return err
	}
	if longer := now.ExpiresAt.Sub(before.ExpiresAt); longer < outage {
		return fmt.Errorf("storage is lengthened by %s after an outage of %s", longer, outage)
	}
	if mails, err := client.Mail.Mails(ctx); err != nil || len(mails) != 1 {
		return fmt.Errorf("%d messages came to a client whose cabinet was away: %w", len(mails), err)
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"shipment.clock_paused", "shipment.clock_resumed", "parcel.picked_up", "shipment.picked_up")
}

// quietHours: it is night at the place, and the client is told nothing but what someone asked for.
func quietHours(ctx context.Context, w *world) error {
	location, err := w.location(ctx)
	if err != nil {
		return err
	}
	at, err := w.lockerAt(ctx, location, 2)
	if err != nil {
		return err
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return err
	}
	now := time.Now().In(berlin)
	quiet := map[string]any{"from": now.Add(-time.Hour).Format("15:04"), "to": now.Add(time.Hour).Format("15:04")}
	if w.broken {
		quiet = nil
	}
	if err := w.operator.Hours(ctx, location, nil, quiet); err != nil {
		return err
	}
	s, client, err := w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	if err := w.courier(at).Deposit(ctx, labels(s)...); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "ready_for_pickup"); err != nil {
		return err
	}
	if _, err := w.carrier.Act(ctx, s.ID, "reissue-code", "new code of "+s.Number); err != nil {
		return err
	}
	code, err := client.Code(ctx)
	if err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"shipment.code_reissued", "parcel.picked_up", "shipment.picked_up")
}
