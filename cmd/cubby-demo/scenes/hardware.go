package scenes

import (
	"context"
	"fmt"

	"cubby/cmd/cubby-demo/people"
)

// attempts is how often a lock is driven for one operation.
const attempts = 3

// jammedAmongThree: of three doors one does not open. The other two parcels are out; the third stays its client's, who
// gets it with the same code once the lock is mended. The cell is offered again when a courier has looked into it.
func jammedAmongThree(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	s, client, code, err := w.deposited(ctx, at, 3)
	if err != nil {
		return err
	}
	now, err := w.carrier.AwaitState(ctx, s.ID, "ready_for_pickup")
	if err != nil {
		return err
	}
	stuck := now.Parcels[1]
	if !w.broken {
		if err := at.Jam(ctx, stuck.Cell); err != nil {
			return err
		}
	}
	if _, err := client.Type(ctx, code); err != nil {
		return err
	}
	for range 2 {
		cell, done, err := client.AwaitDoor(ctx)
		if err != nil {
			return err
		}
		if done || cell == stuck.Cell {
			return fmt.Errorf("door %d opened (done: %t), want the two that are not jammed", cell, done)
		}
		if _, err := client.TakeFrom(ctx, cell); err != nil {
			return err
		}
	}
	if err := w.triedInVain(ctx, at, stuck.Cell); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "partly_picked_up"); err != nil {
		return err
	}
	if err := w.operator.AwaitIncident(ctx, at.Locker, "door_jammed", false); err != nil {
		return err
	}
	if err := at.Unjam(ctx, stuck.Cell); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, stuck.Barcode); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "picked_up"); err != nil {
		return err
	}
	courier := w.courier(at)
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	if err := courier.Check(ctx, ""); err != nil {
		return err
	}
	if err := courier.Leave(ctx); err != nil {
		return err
	}
	return w.operator.AwaitIncident(ctx, at.Locker, "door_jammed", true)
}

// triedInVain has the client try a jammed door as often as the screen offers it, and counts what its lock got.
func (w *world) triedInVain(ctx context.Context, at people.Cabinet, cell int) error {
	for try := 1; ; try++ {
		s, err := at.AwaitScreen(ctx, "the screen to tell of the jammed door", func(s people.Screen) bool {
			return s.Text == "jammed" || s.Text == "stuck" || s.Text == "thanks"
		})
		if err != nil {
			return err
		}
		if s.Text != "jammed" {
			break
		}
		if try > attempts {
			return fmt.Errorf("a jammed door may be tried %d times and more", try)
		}
		if _, err := at.Press(ctx, "try_again"); err != nil {
			return err
		}
	}
	const atDeposit = 1
	return at.AwaitCell(ctx, cell, "in doubt after three attempts", func(c people.Cell) bool {
		return c.Doubtful && c.State == "occupied" && c.Pulses == atDeposit+attempts
	})
}

// deadBoard: one of two lock boards does not answer. Its cells are out of service and the others serve on; a parcel
// behind a dead lock is still its client's.
func deadBoard(ctx context.Context, w *world) error {
	// The first board of a cabinet has 16 locks.
	at, s, client, code, err := w.stored(ctx, 20)
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
	if err := w.operator.AwaitIncident(ctx, at.Locker, "board_dead", false); err != nil {
		return err
	}
	screen, err := at.Keys(ctx, code)
	if err != nil {
		return err
	}
	if screen.Text != "board_dead" {
		return fmt.Errorf("with a dead lock the code is answered with %s", screen)
	}
	other, second, otherCode, err := w.deposited(ctx, at, 1)
	if err != nil {
		return fmt.Errorf("the other board must serve on: %w", err)
	}
	if err := second.Pickup(ctx, otherCode, labels(other)...); err != nil {
		return err
	}
	if err := at.Board(ctx, dead, false); err != nil {
		return err
	}
	if err := w.operator.AwaitIncident(ctx, at.Locker, "board_dead", true); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}
