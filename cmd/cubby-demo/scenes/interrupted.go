package scenes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cubby/cmd/cubby-demo/people"
)

// quietFor is how long nothing must happen until a late command would have opened its door.
const quietFor = 4 * time.Second

// agentKilled: the cabinet's program is killed with a door open, at a pickup and at a deposit. A door that still stands
// open goes on where it was; one that was shut meanwhile leaves its cell in doubt, until a courier looks.
func agentKilled(ctx context.Context, w *world) error {
	at, s, client, code, err := w.stored(ctx, 4)
	if err != nil {
		return err
	}
	if err := w.killedAtPickup(ctx, client, code, labels(s)); err != nil {
		return err
	}
	if err := w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up"); err != nil {
		return err
	}
	s, client, err = w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	if err := w.killedAtDeposit(ctx, at, labels(s)[0]); err != nil {
		return err
	}
	if code, err = client.Code(ctx); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}

func (w *world) killedAtPickup(ctx context.Context, client people.Client, code string, things []string) error {
	at := client.At
	if _, err := client.Type(ctx, code); err != nil {
		return err
	}
	cell, done, err := client.AwaitDoor(ctx)
	if err != nil || done {
		return errors.Join(err, fmt.Errorf("no door opened (done: %t)", done))
	}
	if err := at.Power(ctx, true); err != nil {
		return err
	}
	taken, err := at.Take(ctx, cell)
	if err != nil {
		return err
	}
	if err := people.SameThings(taken, things); err != nil {
		return err
	}
	if err := w.sabotage(func() error { return at.Close(ctx, cell) }); err != nil {
		return err
	}
	if err := at.Power(ctx, false); err != nil {
		return err
	}
	if _, err := at.AwaitScreen(ctx, fmt.Sprintf("door %d to be seen open again", cell), func(s people.Screen) bool {
		return slices.Contains(s.OpenDoors, cell)
	}); err != nil {
		return err
	}
	return at.Close(ctx, cell)
}

func (w *world) killedAtDeposit(ctx context.Context, at people.Cabinet, label string) error {
	courier := w.courier(at)
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
	if err := courier.Put(ctx, cell, label); err != nil {
		return err
	}
	if err := at.Power(ctx, true); err != nil {
		return err
	}
	if err := at.Close(ctx, cell); err != nil {
		return err
	}
	if err := at.Power(ctx, false); err != nil {
		return err
	}
	if err := at.AwaitCell(ctx, cell, "in doubt", func(c people.Cell) bool { return c.Doubtful }); err != nil {
		return err
	}
	if err := w.operator.AwaitIncident(ctx, at.Locker, "cell_doubtful", false); err != nil {
		return err
	}
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	if err := courier.Check(ctx, label); err != nil {
		return err
	}
	if err := courier.Leave(ctx); err != nil {
		return err
	}
	return w.operator.AwaitIncident(ctx, at.Locker, "cell_doubtful", true)
}

// lateCommand: the server freezes after it was asked, the client gives up and goes, and then the command comes. No lock
// is driven; the code is as good as before.
func lateCommand(ctx context.Context, w *world) error {
	at, s, client, code, err := w.stored(ctx, 4)
	if err != nil {
		return err
	}
	before, err := at.Pulses(ctx)
	if err != nil {
		return err
	}
	if err := w.askedAndGone(ctx, client, code); err != nil {
		return err
	}
	if err := people.Holds(ctx, "no lock is driven for a client who went away", quietFor, func() (bool, string, error) {
		n, err := at.Pulses(ctx)
		return n == before, fmt.Sprintf("%d pulses, before %d", n, before), err
	}); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}

// askedAndGone types a code while the server is frozen, presses cancel, and has the server go on.
func (w *world) askedAndGone(ctx context.Context, client people.Client, code string) (err error) {
	server := w.stage.Part("server")
	if err := server.Freeze(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Thaw()) }()
	screen, err := client.At.Keys(ctx, code)
	if err != nil {
		return err
	}
	if screen.Text != "wait" {
		return fmt.Errorf("with a server that does not answer, a code is answered with %s", screen)
	}
	if w.broken {
		return nil
	}
	screen, err = client.At.Press(ctx, "cancel")
	if err == nil && screen.Text != "home" {
		err = fmt.Errorf("cancel is answered with %s", screen)
	}
	return err
}
