package restores

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cubby/cmd/cubby-demo/people"
)

// many makes shipments with the same story.
func many(n int, story func() (*shipment, error)) (found []*shipment, err error) {
	for range n {
		s, err := story()
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, nil
}

// hour is what happens before and after the snapshot of the server's database.
type hour struct {
	here, there people.Cabinet
	suspended   people.Courier
	courier     string

	collected, offline, reissued, cancelled, frozen, extended *shipment // ready before it
	deposited, rerouted, dropped, coming                      *shipment // expected before it
	inside, gone, announced                                   *shipment // announced after it
}

// serverDatabase: the server's database is put back to a copy of an hour ago. What was announced since is lost with it,
// and everything else is known to Temporal or to a cabinet.
func serverDatabase(ctx context.Context, w *world) error {
	h, err := w.beforeTheCopy(ctx)
	if err != nil {
		return fmt.Errorf("before the copy: %w", err)
	}
	copied := w.in("database.dump")
	if err := errors.Join(w.settled(ctx), w.stage.Database.Dump(ctx, copied)); err != nil {
		return err
	}
	if err := w.afterTheCopy(ctx, h); err != nil {
		return fmt.Errorf("after the copy: %w", err)
	}
	if err := errors.Join(w.settled(ctx), w.servers(ctx, false)); err != nil {
		return err
	}
	if err := w.collect(ctx, h.offline); err != nil {
		return fmt.Errorf("while the database is away: %w", err)
	}
	if err := w.bring(ctx, h.coming, h.there, h.coming.labels()...); err != nil {
		return fmt.Errorf("while the database is away: %w", err)
	}
	if err := w.stage.Database.Restore(ctx, copied); err != nil {
		return err
	}
	if err := w.reconcile(ctx); err != nil {
		return err
	}
	if err := w.servers(ctx, true); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	w.say("%d parcels inside, %d cells in doubt, %d named", w.figure.inside, w.figure.doubtful, w.figure.named)
	return w.afterTheRestore(ctx, h)
}

func (w *world) beforeTheCopy(ctx context.Context) (h *hour, err error) {
	h = &hour{}
	if h.here, err = w.locker(ctx); err != nil {
		return h, err
	}
	if h.there, err = w.locker(ctx); err != nil {
		return h, err
	}
	for _, s := range []struct {
		at  people.Cabinet
		who **shipment
	}{{h.here, &h.collected}, {h.here, &h.offline}, {h.here, &h.reissued}, {h.there, &h.cancelled}, {h.there, &h.frozen}, {h.here, &h.extended}} {
		if *s.who, err = w.ready(ctx, s.at); err != nil {
			return h, err
		}
	}
	for _, s := range []struct {
		at  people.Cabinet
		who **shipment
	}{{h.here, &h.deposited}, {h.here, &h.rerouted}, {h.here, &h.dropped}, {h.there, &h.coming}} {
		if *s.who, err = w.expected(ctx, s.at); err != nil {
			return h, err
		}
	}
	h.suspended = people.Courier{Badge: fmt.Sprintf("RST-BADGE-%d", w.count), PIN: "2468", At: h.here}
	h.courier, err = w.carrier.NewCourier(ctx, h.suspended.Badge, h.suspended.PIN)
	return h, err
}

// afterTheCopy is the hour that the database loses.
func (w *world) afterTheCopy(ctx context.Context, h *hour) (err error) {
	if err := w.collect(ctx, h.collected); err != nil {
		return err
	}
	for _, act := range []func() error{
		func() error { return w.act(ctx, h.cancelled, "cancel", nil) },
		func() error { return w.act(ctx, h.dropped, "cancel", nil) },
		func() error { return w.act(ctx, h.frozen, "freeze", aDispute) },
		func() error { return w.act(ctx, h.extended, "extend", nil) },
		func() error { return w.act(ctx, h.reissued, "reissue-code", nil) },
		func() error { return w.told(ctx, h.reissued, 2) },
		func() error { return w.act(ctx, h.rerouted, "reroute", map[string]string{"locker": h.there.Locker}) },
		func() error { return w.carrier.Suspend(ctx, h.courier, true) },
		func() error { return w.carrier.Suspend(ctx, h.courier, false) },
		func() error { return w.bring(ctx, h.deposited, h.here, h.deposited.labels()...) },
		func() error { return w.told(ctx, h.deposited, 1) },
		func() error { return w.bring(ctx, h.rerouted, h.there, h.rerouted.labels()...) },
		func() error { h.rerouted.client.At = h.there; return w.told(ctx, h.rerouted, 1) },
		func() error { h.inside, err = w.ready(ctx, h.here); return err },
		func() error { h.gone, err = w.ready(ctx, h.there); return err },
		func() error { h.announced, err = w.expected(ctx, h.here); return err },
		func() error { return h.suspended.LogIn(ctx) },
		func() error { return h.suspended.Leave(ctx) },
	} {
		if err := act(); err != nil {
			return err
		}
	}
	now, err := w.carrier.Shipment(ctx, h.extended.ID)
	h.extended.ExpiresAt = now.ExpiresAt
	return err
}

// afterTheRestore: what was told in the lost hour holds, and life goes on to its end.
func (w *world) afterTheRestore(ctx context.Context, h *hour) error {
	for state, all := range map[string][]*shipment{
		"picked_up": {h.collected, h.offline}, "cancelled": {h.dropped}, "withdrawing": {h.cancelled},
		"ready_for_pickup": {h.reissued, h.frozen, h.extended, h.deposited, h.rerouted, h.coming},
	} {
		if err := w.state(ctx, state, all...); err != nil {
			return err
		}
	}
	if err := w.toldHolds(ctx, h); err != nil {
		return err
	}
	// What the carrier announced in the lost hour is not there any more, and it announces it again.
	for _, s := range []*shipment{h.inside, h.gone, h.announced} {
		if _, err := w.carrier.Shipment(ctx, s.ID); !people.RefusedWith(err, 404, "not_found") {
			return fmt.Errorf("a shipment that was announced after the copy is answered with %v", err)
		}
	}
	if err := w.collect(ctx, h.gone); err != nil {
		return fmt.Errorf("a code told in the lost hour: %w", err)
	}
	for _, s := range []*shipment{h.inside, h.announced} {
		before, err := h.here.Status(ctx)
		if err != nil {
			return err
		}
		if err := w.again(ctx, s); err != nil {
			return err
		}
		if s == h.announced {
			if err := w.heard(ctx, h.here, before.Directory); err != nil {
				return err
			}
		}
	}
	if err := w.state(ctx, "ready_for_pickup", h.inside); err != nil {
		return fmt.Errorf("announced again while its parcel lies in a cell: %w", err)
	}
	if err := w.collect(ctx, h.inside); err != nil {
		return fmt.Errorf("the code that was told before its shipment was lost: %w", err)
	}
	if err := w.bring(ctx, h.announced, h.here, h.announced.labels()...); err != nil {
		return err
	}
	if err := w.told(ctx, h.announced, 1); err != nil {
		return err
	}
	if err := w.told(ctx, h.coming, 1); err != nil {
		return err
	}
	for _, s := range []*shipment{h.reissued, h.extended, h.deposited, h.rerouted, h.coming, h.announced} {
		if err := w.collect(ctx, s); err != nil {
			return err
		}
	}
	if err := w.act(ctx, h.frozen, "unfreeze", aDispute); err != nil {
		return err
	}
	if err := w.opens(ctx, h.frozen); err != nil {
		return err
	}
	if err := w.withdraw(ctx, h.there, h.cancelled.labels()...); err != nil {
		return err
	}
	if err := w.state(ctx, "cancelled", h.cancelled); err != nil {
		return err
	}
	if err := w.turnedAway(ctx, h); err != nil {
		return err
	}
	if err := w.state(ctx, "picked_up", h.reissued, h.extended, h.deposited, h.rerouted, h.coming, h.inside, h.announced, h.frozen); err != nil {
		return err
	}
	return w.over(ctx, 0)
}

// toldHolds checks what people were told of in the lost hour beside states.
func (w *world) toldHolds(ctx context.Context, h *hour) error {
	now, err := w.carrier.Shipment(ctx, h.extended.ID)
	if err != nil {
		return err
	}
	if !now.ExpiresAt.Equal(h.extended.ExpiresAt) {
		return fmt.Errorf("storage was lengthened to %s, and now ends at %s", h.extended.ExpiresAt, now.ExpiresAt)
	}
	if now, err = w.carrier.Shipment(ctx, h.rerouted.ID); err != nil || now.Locker != h.there.Locker {
		return fmt.Errorf("what went to %s is at %s now: %w", h.there.Locker, now.Locker, err)
	}
	if now, err = w.carrier.Shipment(ctx, h.frozen.ID); err != nil || !now.Frozen {
		return fmt.Errorf("what was frozen is not any more: %w", err)
	}
	// The cabinet hears of it about a second later; the server refuses at once.
	if err := people.Await(ctx, "the screen to say that the parcel is held back", lookEvery, func() (bool, string, error) {
		screen, err := h.there.Keys(ctx, h.frozen.code)
		if err == nil && screen.Text == "take" {
			err = errors.New("the door of a frozen shipment opened")
		}
		return screen.Text == "held_back", screen.String(), err
	}); err != nil {
		return err
	}
	return errors.Join(closed(ctx, h.collected), closed(ctx, h.cancelled))
}

// opens collects a shipment whose code did not open anything until a moment ago.
func (w *world) opens(ctx context.Context, s *shipment) error {
	if err := people.Await(ctx, "the cabinet to let the parcel go", people.ScanAgain, func() (bool, string, error) {
		screen, err := s.client.At.Keys(ctx, s.code)
		return screen.Text != "held_back", screen.String(), err
	}); err != nil {
		return err
	}
	cell, _, err := s.client.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	things, err := s.client.TakeFrom(ctx, cell)
	if err != nil {
		return err
	}
	w.figure.doors++
	return people.SameThings(things, s.labels())
}

// turnedAway: a courier who is suspended after the restore is let in nowhere, though the cabinets have heard of him
// more often than the database knows.
func (w *world) turnedAway(ctx context.Context, h *hour) error {
	if err := w.carrier.Suspend(ctx, h.courier, true); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return people.Await(ctx, "the suspended courier to be turned away", people.ScanAgain, func() (bool, string, error) {
		screen, err := h.here.Scan(ctx, h.suspended.Badge)
		return screen.Text == "dismissed", screen.String(), err
	})
}

// temporalLost: Temporal begins empty while a shipment is in each state.
func temporalLost(ctx context.Context, w *world) error {
	here, err := w.locker(ctx)
	if err != nil {
		return err
	}
	there, err := w.locker(ctx)
	if err != nil {
		return err
	}
	ready, err := many(5, func() (*shipment, error) { return w.ready(ctx, here) })
	if err != nil {
		return err
	}
	waiting, withdrawing, frozen, leaving, outside := ready[0], ready[1], ready[2], ready[3], ready[4]
	expired, err := w.announce(ctx, there, brief, 1)
	if err != nil {
		return err
	}
	loading, err := w.announce(ctx, there, calm, 2)
	if err != nil {
		return err
	}
	expected, err := many(3, func() (*shipment, error) { return w.expected(ctx, here) })
	if err != nil {
		return err
	}
	coming, onItsWay, moved := expected[0], expected[1], expected[2]
	to := map[string]string{"locker": there.Locker}
	for _, act := range []func() error{
		func() error { return w.bring(ctx, expired, there, expired.labels()...) },
		func() error { return w.told(ctx, expired, 1) },
		func() error { return w.bring(ctx, loading, there, loading.labels()[0]) },
		func() error { return w.act(ctx, withdrawing, "cancel", nil) },
		func() error { return w.act(ctx, frozen, "freeze", aDispute) },
		func() error { return w.act(ctx, leaving, "reroute", to) },
		func() error { return w.act(ctx, moved, "reroute", to) },
		func() error { _, err := w.carrier.Tell(ctx, onItsWay.ID, "in_transit", time.Now()); return err },
		func() error { return w.state(ctx, "loading", loading) },
		func() error { return w.state(ctx, "expired", expired) },
		func() error { return w.settled(ctx) },
		w.stage.LoseTemporal,
		func() error { return w.collect(ctx, outside) },
		func() error { return w.bring(ctx, coming, here, coming.labels()...) },
	} {
		if err := act(); err != nil {
			return err
		}
	}
	announced, err := w.announce(ctx, here, calm, 1)
	if err != nil {
		return fmt.Errorf("an announcement without Temporal: %w", err)
	}
	if err := w.stage.Part("temporal").Start(ctx); err != nil {
		return err
	}
	if err := w.reconcile(ctx); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	w.say("%d parcels inside, %d cells in doubt, %d named", w.figure.inside, w.figure.doubtful, w.figure.named)
	for _, act := range []func() error{
		func() error { return w.state(ctx, "picked_up", outside) },
		func() error { return w.told(ctx, coming, 1) },
		func() error { return w.withdraw(ctx, here, append(withdrawing.labels(), leaving.labels()...)...) },
		func() error { return w.state(ctx, "cancelled", withdrawing) },
		func() error { return w.state(ctx, "in_transit", leaving) },
		func() error { return w.bring(ctx, leaving, there, leaving.labels()...) },
		func() error { return w.bring(ctx, moved, there, moved.labels()...) },
		func() error { return w.bring(ctx, loading, there, loading.labels()[1]) },
		func() error { return w.bring(ctx, onItsWay, here, onItsWay.labels()...) },
		func() error { return w.bring(ctx, announced, here, announced.labels()...) },
		func() error { leaving.client.At = there; return w.told(ctx, leaving, 3) },
		func() error { moved.client.At = there; return w.told(ctx, moved, 1) },
		func() error { return w.told(ctx, loading, 1) },
		func() error { return w.told(ctx, onItsWay, 1) },
		func() error { return w.told(ctx, announced, 1) },
		func() error { return w.act(ctx, frozen, "unfreeze", aDispute) },
		func() error { return w.opens(ctx, frozen) },
		func() error { return w.withdraw(ctx, there, expired.labels()...) },
		func() error { return w.state(ctx, "returning", expired) },
	} {
		if err := act(); err != nil {
			return err
		}
	}
	for _, s := range []*shipment{waiting, coming, leaving, moved, loading, onItsWay, announced} {
		if err := w.collect(ctx, s); err != nil {
			return err
		}
	}
	if err := w.state(ctx, "picked_up", waiting, coming, leaving, moved, loading, onItsWay, announced, frozen, outside); err != nil {
		return err
	}
	return w.over(ctx, 0)
}
