package cuts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cubby/cmd/cubby-demo/people"
)

// phase is how far an act has got, as can be seen from outside.
type phase string

// The phases. A pickup and a look begin with the same as a deposit where they have it.
const (
	badge   phase = "badge"   // the courier logs in
	asked   phase = "asked"   // label scanned, code typed, or a look asked for: no pulse was seen yet
	pulsed  phase = "pulsed"  // the pulse was seen on the line
	open    phase = "open"    // the screen shows the door open
	handled phase = "handled" // the parcel was put in, or taken out
	shut    phase = "shut"    // the door was shut by hand; the screen has not said more
	told    phase = "told"    // the screen has said that it is done
)

func phases() []phase { return []phase{badge, asked, pulsed, open, handled, shut, told} }

// doing is an act under way: it is told of each phase.
type doing struct {
	*place
	enter func(phase)
}

// quietly is an act that nobody cuts.
func (p *place) quietly() doing { return doing{p, func(phase) {}} }

func (p *place) logIn(ctx context.Context) error {
	if p.clerk {
		return nil
	}
	err := p.courier.LogIn(ctx)
	p.clerk = err == nil
	return err
}

func (p *place) logOut(ctx context.Context) error {
	if !p.clerk {
		return nil
	}
	p.clerk = false
	return p.courier.Leave(ctx)
}

// deposit brings a parcel.
func (d doing) deposit(ctx context.Context, what *parcel) error {
	d.enter(badge)
	if err := d.logIn(ctx); err != nil {
		return err
	}
	d.enter(asked)
	if err := d.scan(ctx, what.label); err != nil {
		return err
	}
	cell, err := d.courier.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	d.enter(open)
	if err := d.put(cell, what); err != nil {
		return err
	}
	d.enter(handled)
	if err := d.site.CloseDoor(cell); err != nil {
		return err
	}
	d.enter(shut)
	if _, err := d.at.AwaitScreen(ctx, "the parcel to be in its cell", func(s people.Screen) bool { return s.Text == "loaded" }); err != nil {
		return err
	}
	what.told = true
	d.enter(told)
	return nil
}

// scan scans a label. One that was announced so shortly before the network was cut that the cabinet does not know it is
// scanned again with the network.
func (d doing) scan(ctx context.Context, label string) error {
	s, err := d.at.Scan(ctx, label)
	if err != nil || s.Text != "unknown_label" {
		return err // what else it says is seen by whoever waits for the door
	}
	d.site.RestoreLine()
	_, err = d.courier.Scan(ctx, label)
	return err
}

// pickup types the code and collects. A screen that asks about an interrupted pickup is an error.
func (d doing) pickup(ctx context.Context, what *parcel) error {
	d.enter(asked)
	s, err := d.typeCode(ctx, what)
	if err != nil {
		return err
	}
	return d.collect(ctx, what, s)
}

// typeCode types a code. A badge that was shown while nothing worked may have been read since: its question comes first.
func (p *place) typeCode(ctx context.Context, what *parcel) (people.Screen, error) {
	s, err := p.at.Screen(ctx)
	if err == nil && s.Text == "pin" {
		_, err = p.at.Press(ctx, "cancel")
	}
	if err != nil {
		return s, err
	}
	return p.at.Keys(ctx, what.code)
}

// collect goes on from the screen that a code, or an answer, was answered with.
func (d doing) collect(ctx context.Context, what *parcel, s people.Screen) error {
	if !comes(s) {
		return fmt.Errorf("the code is answered with %s", s)
	}
	cell, done, err := people.Client{At: d.at}.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	if done {
		return errors.New("no door opens")
	}
	d.enter(open)
	if d.behind(cell) == what {
		if err := d.take(cell, what); err != nil {
			return err
		}
	}
	d.enter(handled)
	if err := d.site.CloseDoor(cell); err != nil {
		return err
	}
	d.enter(shut)
	s, err = d.at.AwaitScreen(ctx, "the question whether all is taken", func(s people.Screen) bool {
		return slices.Contains([]string{"everything", "thanks", "home"}, s.Text)
	})
	if err == nil && s.Text == "everything" {
		s, err = d.at.Press(ctx, "yes_taken")
	}
	if err == nil && s.Text == "thanks" {
		what.told = true
		d.enter(told)
	}
	return err
}

// comes: a door opens, or is about to.
func comes(s people.Screen) bool {
	return slices.Contains([]string{"wait", "opening", "take"}, s.Text)
}

// inspect has the courier look into one cell in doubt; false: there is none that may be looked into.
func (d doing) inspect(ctx context.Context) (bool, error) {
	d.enter(badge)
	if err := d.logIn(ctx); err != nil {
		return false, err
	}
	d.enter(asked)
	s, err := d.at.Press(ctx, "check")
	if err != nil || s.Text == "nothing_doubtful" {
		return false, err
	}
	s, err = d.at.AwaitScreen(ctx, "an open door to look into", func(s people.Screen) bool {
		return s.Text == "please_close" && len(s.Doors) == 1 && slices.Contains(s.OpenDoors, s.Doors[0])
	})
	if err != nil {
		return false, err
	}
	d.enter(open)
	cell := s.Doors[0]
	if err := d.site.CloseDoor(cell); err != nil {
		return false, err
	}
	d.enter(shut)
	if _, err := d.at.AwaitScreen(ctx, "the question what is inside", func(s people.Screen) bool { return s.Text == "what_inside" }); err != nil {
		return false, err
	}
	if there := d.behind(cell); there != nil {
		s, err = d.at.Scan(ctx, there.label)
		there.told = err == nil
	} else {
		s, err = d.at.Press(ctx, "empty")
	}
	if err != nil {
		return false, err
	}
	if s.Text != "noted" {
		return false, fmt.Errorf("what was found in cell %d was not taken: %s", cell, s)
	}
	d.enter(told)
	return true, nil
}
