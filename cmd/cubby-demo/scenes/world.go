package scenes

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/stage"
)

// policy has the shortest waits.
const policy = "express"

// world is the product with its demo carrier and courier, and lockers as the scenes need them.
type world struct {
	stage    *stage.Stage
	operator people.Operator
	carrier  people.Carrier
	broken   bool

	lockers, shipments *atomic.Int64 // made so far, also by the scenes that play beside this one
}

func newWorld(set *stage.Stage) *world {
	// A careful integrator comes again when told to: right after its announcement a shipment may take no event yet.
	patient := set.REST(set.CarrierKey)
	patient.Persist = true
	return &world{
		stage: set, operator: people.Operator{Service: set.REST(set.OperatorKey)}, carrier: people.Carrier{Service: patient},
		lockers: &atomic.Int64{}, shipments: &atomic.Int64{},
	}
}

// forScene is the world as a scene finds it.
func (w *world) forScene(s scene, broken string) *world {
	own := *w
	own.broken = s.name == broken
	return &own
}

// impatient is the carrier when it takes the first answer.
func (w *world) impatient() people.Carrier {
	return people.Carrier{Service: w.stage.REST(w.stage.CarrierKey)}
}

// sabotage does what breaks the scene, if it is to be broken.
func (w *world) sabotage(f func() error) error {
	if !w.broken {
		return nil
	}
	return f()
}

// locker makes a locker of M cells at a place of its own and puts its cabinet up.
func (w *world) locker(ctx context.Context, cells int) (people.Cabinet, error) {
	location, err := w.location(ctx)
	if err != nil {
		return people.Cabinet{}, err
	}
	return w.lockerAt(ctx, location, cells)
}

// location makes a place, some streets from the last locker.
func (w *world) location(ctx context.Context) (string, error) {
	return w.operator.Location(ctx, int(w.lockers.Load())+1)
}

func (w *world) lockerAt(ctx context.Context, location string, cells int) (people.Cabinet, error) {
	n := w.lockers.Add(1)
	var at people.Cabinet
	model, err := w.operator.Model(ctx, fmt.Sprintf("Model %d", n), people.Row{Size: "M", Cells: cells})
	if err != nil {
		return at, err
	}
	id, err := w.operator.Locker(ctx, fmt.Sprintf("SCENE-%03d", n), location, model)
	if err != nil {
		return at, err
	}
	if at, err = w.stage.Build(ctx, id); err != nil {
		return at, err
	}
	return at, at.AwaitReady(ctx)
}

// announcement is a fresh shipment of M parcels for a client with a mailbox of its own.
func (w *world) announcement(at people.Cabinet, parcels int) people.Announcement {
	n := w.shipments.Add(1)
	a := people.Announcement{
		Number: fmt.Sprintf("S-%04d", n), Locker: at.Locker, Policy: policy,
		Contact: people.Contact{Email: fmt.Sprintf("client-%04d@example.org", n)},
	}
	for range parcels {
		a.Parcels = append(a.Parcels, people.NewParcel{Size: "M"})
	}
	return a
}

// shipment announces a fresh shipment.
func (w *world) shipment(ctx context.Context, at people.Cabinet, parcels int) (people.Shipment, people.Client, error) {
	a := w.announcement(at, parcels)
	s, err := w.carrier.Announce(ctx, "key of "+a.Number, a)
	return s, people.Client{Mail: w.stage.Mailbox(a.Contact.Email), At: at}, err
}

func (w *world) courier(at people.Cabinet) people.Courier {
	return people.Courier{Badge: w.stage.Badge, PIN: w.stage.PIN, At: at}
}

func labels(s people.Shipment) []string {
	found := make([]string, len(s.Parcels))
	for i, p := range s.Parcels {
		found[i] = p.Barcode
	}
	return found
}

// deposited brings a fresh shipment into the cabinet and waits for its code.
func (w *world) deposited(ctx context.Context, at people.Cabinet, parcels int) (s people.Shipment, c people.Client, code string, err error) {
	if s, c, err = w.shipment(ctx, at, parcels); err != nil {
		return s, c, "", err
	}
	if err = w.courier(at).Deposit(ctx, labels(s)...); err != nil {
		return s, c, "", err
	}
	code, err = c.Code(ctx)
	return s, c, code, err
}

// stored makes a locker of its own and brings a shipment of one parcel into it.
func (w *world) stored(ctx context.Context, cells int) (at people.Cabinet, s people.Shipment, c people.Client, code string, err error) {
	if at, err = w.locker(ctx, cells); err == nil {
		s, c, code, err = w.deposited(ctx, at, 1)
	}
	return at, s, c, code, err
}

// ends checks how a shipment ended: picked up, with just these events in order, and one message (as often as copies).
func (w *world) ends(ctx context.Context, s people.Shipment, c people.Client, copies int, events ...string) error {
	if _, err := w.carrier.AwaitState(ctx, s.ID, "picked_up"); err != nil {
		return err
	}
	if err := w.history(ctx, s, events...); err != nil {
		return err
	}
	mails, err := c.Mail.Mails(ctx)
	if err != nil {
		return err
	}
	if len(mails) != copies {
		return fmt.Errorf("%d messages came to %s, want %d", len(mails), c.Mail.Address, copies)
	}
	return nil
}

func (w *world) history(ctx context.Context, s people.Shipment, want ...string) error {
	events, err := w.carrier.Events(ctx, s.ID)
	if err != nil {
		return err
	}
	if got := people.EventTypes(events); !slices.Equal(got, want) {
		return fmt.Errorf("the events of %s are %v, want %v", s.ID, got, want)
	}
	for i, e := range events {
		if e.Seq != i {
			return fmt.Errorf("event %d of %s has seq %d", i, s.ID, e.Seq)
		}
	}
	return nil
}

// shut checks that no door of a cabinet is open and that nobody is opening one.
func shut(ctx context.Context, at people.Cabinet) error {
	s, err := at.Screen(ctx)
	if err != nil {
		return err
	}
	if len(s.OpenDoors) > 0 || s.Operation != "" {
		return fmt.Errorf("a door opens or is open: %s", s)
	}
	return nil
}

// restart starts a part again after a kill.
func (w *world) restart(ctx context.Context, part string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return w.stage.Part(part).Start(ctx)
}
