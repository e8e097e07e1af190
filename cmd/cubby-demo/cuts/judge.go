package cuts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

const (
	settleLimit = 30 * time.Second
	// finishLimit covers the minute that a look waits for its answer, if nobody is there any more to give it.
	finishLimit = 3 * time.Minute
)

// judge says what is wrong with a cabinet that serves again.
func (r *round) judge(after sites.Snapshot) {
	if after.Epoch != r.before.Epoch {
		r.say("the cabinet has another store: epoch %d, before %d", after.Epoch, r.before.Epoch)
	}
	if after.Seq < r.seq {
		r.say("facts are lost: the cabinet had told of %d, and has %d", r.seq, after.Seq)
	}
	driven := r.doors(r.act)
	for _, a := range after.Cells {
		b := cellOf(r.before, a.Number)
		d := r.act.parcel
		mine := d != nil && (string(a.Shipment) == d.shipment || string(b.Shipment) == d.shipment) || slices.Contains(driven, a.Number)
		if !mine {
			r.judgeBystander(b, a)
		}
		if slices.Contains(driven, a.Number) {
			r.judgeDriven(a)
		}
		r.judgeTruth(a)
	}
	if d := r.act.parcel; d != nil && d.told {
		r.judgeTold(d, cellOf(after, d.cell))
	}
}

// judgeBystander: a cell that had no part in it is as it was, unless the time that it was kept for its client is over, or
// a deposit had chosen it and did not get to its door.
func (r *round) judgeBystander(before, after sites.CellView) {
	freed := before.State == models.CellReserved && after.State == models.CellFree && before.Doubtful == after.Doubtful
	given := r.act.deposit && before.State == models.CellFree && after.State == models.CellFree &&
		before.Doubtful == after.Doubtful && after.Generation == before.Generation+1
	same := before.State == after.State && before.Doubtful == after.Doubtful && before.Generation == after.Generation && before.Shipment == after.Shipment
	if !same && !freed && !given {
		r.say("cell %d had no part in it, and is %s, before %s", after.Number, belief(after), belief(before))
	}
}

// judgeDriven: a door that was driven is not as if nothing had been.
func (r *round) judgeDriven(after sites.CellView) {
	if after.Doubtful || after.Operation != "" || r.act.parcel == nil {
		return
	}
	if r.act.deposit && after.State == models.CellFree || !r.act.deposit && after.State == models.CellOccupied {
		r.say("door %d was driven, and the cabinet knows nothing of it: %s", after.Number, belief(after))
	}
}

// judgeTruth: what the cabinet does not doubt is so.
func (r *round) judgeTruth(after sites.CellView) {
	if after.Doubtful || after.Operation != "" {
		return
	}
	there := r.behind(after.Number)
	switch {
	case there != nil && (after.State != models.CellOccupied || string(after.Shipment) != there.shipment):
		r.say("parcel %s of %s is in cell %d, which is %s", there.label, there.shipment, after.Number, belief(after))
	case there == nil && after.State == models.CellOccupied:
		r.say("nothing is in cell %d, which is %s", after.Number, belief(after))
	}
}

// judgeTold: what the screen had said is so.
func (r *round) judgeTold(d *parcel, after sites.CellView) {
	holds := after.State == models.CellOccupied && string(after.Shipment) == d.shipment
	switch {
	case r.act.deposit && d.stored && (!holds || after.Doubtful):
		r.say("the screen had said that %s is in cell %d, which is %s", d.shipment, d.cell, belief(after))
	case d.gone && holds:
		r.say("the screen had said thanks for %s, and cell %d is %s", d.shipment, d.cell, belief(after))
	}
}

func belief(c sites.CellView) string {
	return fmt.Sprintf("%s (shipment %q, doubtful %t, generation %d, operation %q)", c.State, c.Shipment, c.Doubtful, c.Generation, c.Operation)
}

// resolve has whoever was interrupted go on, as people would.
func (r *round) resolve(ctx context.Context, after sites.Snapshot) error {
	r.act.pulsed = nil
	r.let(r.act)
	for _, cell := range unique(r.doors(r.act)) {
		if !r.site.Truth(cell).Open {
			continue
		}
		if err := r.handle(cell); err != nil {
			return err
		}
		if err := r.site.CloseDoor(cell); err != nil {
			return err
		}
		if err := r.awaitShut(ctx, cell); err != nil {
			return err
		}
	}
	d := r.act.parcel
	switch {
	case d == nil:
		return nil
	case r.act.deposit && d.stored:
		return r.settle(ctx, d)
	case r.act.deposit:
		return nil // it is brought another time
	}
	doubted := cellOf(r.before, d.cell).Doubtful
	var err error
	r.asked, err = r.comeBack(ctx, d, doubted)
	return err
}

// awaitShut waits until the cabinet has seen a door shut.
func (p *place) awaitShut(ctx context.Context, cell int) error {
	return people.Await(ctx, fmt.Sprintf("door %d to be seen shut", cell), lookEvery, func() (bool, string, error) {
		s, err := p.at.Screen(ctx)
		return !slices.Contains(s.OpenDoors, cell), s.String(), err
	})
}

// settle has the courier who was interrupted look into the cell, if that is in doubt: then the cabinet knows the parcel.
func (p *place) settle(ctx context.Context, d *parcel) error {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for {
		s, err := p.look(ctx)
		if err != nil {
			return err
		}
		c := cellOf(s, d.cell)
		switch {
		case c.Operation != "": // its door is seen shut in a moment
		case c.Doubtful:
			p.let(&act{})
			if _, err := p.quietly().inspect(ctx); err != nil {
				return err
			}
		case c.State == models.CellOccupied && string(c.Shipment) == d.shipment:
			return p.logOut(ctx)
		default:
			return fmt.Errorf("parcel %s was put into cell %d, which is %s", d.label, d.cell, belief(c))
		}
		if !pause(ctx, lookEvery) {
			return fmt.Errorf("cell %d does not get clear: %s", d.cell, belief(c))
		}
	}
}

// comeBack has a client use the code until nothing of the pickup is left to do. It reports whether the cabinet asked
// about an interrupted pickup, which it must if its cell came to be in doubt by that.
func (p *place) comeBack(ctx context.Context, d *parcel, doubted bool) (asked bool, err error) {
	if d.gone && d.told {
		return false, nil
	}
	p.let(&act{parcel: d})
	for {
		s, err := p.look(ctx)
		if err != nil {
			return asked, err
		}
		c := cellOf(s, d.cell)
		if c.State != models.CellOccupied || string(c.Shipment) != d.shipment {
			if d.stored {
				return asked, fmt.Errorf("%s is still in cell %d, which is %s", d.label, d.cell, belief(c))
			}
			return asked, nil // it is known that it was taken
		}
		if c.Operation != "" {
			if !pause(ctx, lookEvery) {
				return asked, fmt.Errorf("the pickup does not end: %s", belief(c))
			}
			continue
		}
		screen, err := p.typeCode(ctx, d)
		if err != nil {
			return asked, err
		}
		explains := screen.Text == "interrupted"
		if explains != (c.Doubtful && !doubted) {
			return asked, fmt.Errorf("cell %d is %s (in doubt before: %t), and its code is answered with %s", c.Number, belief(c), doubted, screen)
		}
		if explains {
			asked, doubted = true, true
			if screen, err = p.answer(ctx, d); err != nil {
				return asked, err
			}
		}
		if comes(screen) {
			if err := p.quietly().collect(ctx, d, screen); err != nil {
				return asked, err
			}
		}
	}
}

// answer gives a true answer to the question whether a parcel was taken. Without it the client says so, and comes again,
// or has the door opened at once.
func (p *place) answer(ctx context.Context, d *parcel) (people.Screen, error) {
	button, want := "taken", "thanks"
	switch {
	case d.gone:
	case p.random.IntN(2) == 0:
		button, want = "not_taken", "still_there"
	default:
		button, want = "open_again", ""
	}
	s, err := p.at.Press(ctx, button)
	if err == nil && s.Text != want && (want != "" || !comes(s)) {
		err = fmt.Errorf("%q to the question about the interrupted pickup is answered with %s", button, s)
	}
	return s, err
}

// finish has everything collected and every cell looked into, and compares the cabinet with the server.
func (p *place) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, finishLimit)
	defer cancel()
	defer p.let(nil)
	if err := p.at.AwaitReady(ctx); err != nil {
		return err
	}
	for _, d := range p.parcels {
		if !d.stored {
			continue
		}
		var err error
		if d.code, err = (people.Client{Mail: p.mailbox(d.address), At: p.at}).Code(ctx); err != nil {
			return err
		}
		s, err := p.look(ctx)
		if err != nil {
			return err
		}
		if _, err := p.comeBack(ctx, d, cellOf(s, d.cell).Doubtful); err != nil {
			return err
		}
	}
	p.let(&act{})
	if err := p.clearDoubts(ctx); err != nil {
		return err
	}
	for _, d := range p.parcels {
		if err := p.agree(ctx, d); err != nil {
			return err
		}
	}
	return p.noIncidents(ctx)
}

// clearDoubts looks into cells until all are free and the server has heard of it all.
func (p *place) clearDoubts(ctx context.Context) error {
	for {
		s, err := p.look(ctx)
		if err != nil {
			return err
		}
		if doubtful(s) > 0 {
			if _, err := p.quietly().inspect(ctx); err != nil {
				return err
			}
		}
		busy := slices.IndexFunc(s.Cells, func(c sites.CellView) bool { return c.Doubtful || c.State != models.CellFree })
		if busy < 0 && s.Unsent == 0 {
			return p.logOut(ctx)
		}
		if !pause(ctx, restEvery) {
			if busy < 0 {
				return fmt.Errorf("%d facts are not sent", s.Unsent)
			}
			return fmt.Errorf("cell %d does not get free: %s", s.Cells[busy].Number, belief(s.Cells[busy]))
		}
	}
}

// agree compares what is known of a parcel with what the server tells of its shipment.
func (p *place) agree(ctx context.Context, d *parcel) error {
	state, each := "created", 0
	if d.gone {
		state, each = "picked_up", 1
	}
	if _, err := p.carrier.AwaitState(ctx, d.shipment, state); err != nil {
		return err
	}
	events, err := p.carrier.Events(ctx, d.shipment)
	if err != nil {
		return err
	}
	types := people.EventTypes(events)
	for _, name := range []string{"parcel.deposited", "parcel.picked_up"} {
		n := 0
		for _, t := range types {
			if t == name {
				n++
			}
		}
		if n != each {
			err = errors.Join(err, fmt.Errorf("%s has %d times %s, want %d: %v", d.shipment, n, name, each, types))
		}
	}
	return err
}

// noIncidents: doubts that were cleared leave no incident.
func (p *place) noIncidents(ctx context.Context) error {
	return people.Await(ctx, "no incident of "+p.name, restEvery, func() (bool, string, error) {
		open, err := p.operator.Incidents(ctx)
		open = slices.DeleteFunc(open, func(i people.Incident) bool { return i.Locker != p.at.Locker })
		return len(open) == 0, fmt.Sprintf("%+v", open), err
	})
}
