package lock

import (
	"errors"
	"fmt"
	"slices"
)

const (
	maxUnit  = 247  // Modbus
	maxInput = 1000 // of a module; real ones have 48 at most
)

// CheckBoards tells what is wrong with the boards of a cabinet.
func CheckBoards(boards []Board) error {
	var errs []error
	names, cells := map[string]bool{}, map[int]string{}
	for _, b := range boards {
		f, err := familyOf(b.Dialect)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if b.Name == "" || names[b.Name] {
			errs = append(errs, fmt.Errorf("lock: each board needs a name of its own, not %q", b.Name))
		}
		for _, wrong := range slices.Concat(b.checkCells(f), b.checkOptions(f), b.checkParcels(f)) {
			errs = append(errs, fmt.Errorf("lock: board %s: %s", b.Name, wrong))
		}
		names[b.Name] = true
		for _, c := range b.Cells() {
			if other, used := cells[c]; used {
				errs = append(errs, fmt.Errorf("lock: cell %d is on board %s and on %s", c, other, b.Name))
			}
			cells[c] = b.Name
		}
	}
	return errors.Join(errs...)
}

func (b Board) checkCells(f family) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if b.Address < f.first || b.Address > f.last {
		say("the address is from %d to %d", f.first, f.last)
	}
	if b.Channels < 1 || b.Channels > f.channels {
		say("channels is from 1 to %d", f.channels)
		return wrong
	}
	if b.FirstCell < 1 {
		say("first_cell counts from 1")
	}
	if b.Feedback != ClosedWhenLocked && b.Feedback != OpenWhenLocked {
		say("feedback is %s or %s", ClosedWhenLocked, OpenWhenLocked)
	}
	for list, cells := range map[string][]int{"inverted": b.Inverted, "unfitted": b.Unfitted} {
		for _, c := range cells {
			if c < b.FirstCell || c >= b.FirstCell+b.Channels {
				say("%s names cell %d, which is not on it", list, c)
			}
		}
	}
	driven := map[int]int{}
	for _, c := range b.Cells() {
		ch := b.drives(c)
		if ch < 1 || ch > b.Channels {
			say("locks has channel %d for cell %d; channels are from 1 to %d", ch, c, b.Channels)
		}
		if other, used := driven[ch]; used {
			say("channel %d would drive the locks of cells %d and %d: name the channel of each in locks", ch, other, c)
		}
		driven[ch] = c
	}
	for c := range b.Locks {
		if !b.has(c) {
			say("locks names cell %d, which is not on it", c)
		}
	}
	return wrong
}

func (b Board) checkOptions(f family) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	switch {
	case b.StatusByteOrder != "" && !f.byteOrder:
		say("status_byte_order is not for %s", f.name)
	case b.StatusByteOrder != "" && b.StatusByteOrder != LowFirst && b.StatusByteOrder != HighFirst:
		say("status_byte_order is %s or %s", LowFirst, HighFirst)
	}
	if b.Swapped && !f.swapped {
		say("swapped is not for %s", f.name)
	}
	switch {
	case b.PulseMS == 0:
	case f.pulse.step == 0:
		say("pulse_ms cannot be set: %s has no such command", f.name)
	case b.PulseMS < f.pulse.step || b.PulseMS > f.pulse.most || b.PulseMS%f.pulse.step != 0:
		say("pulse_ms is from %d to %d in steps of %d", f.pulse.step, f.pulse.most, f.pulse.step)
	}
	switch {
	case b.Inputs == nil && f.relays && !f.ownInputs:
		say("inputs is missing: %s has no inputs, so say which module reads its doors", f.name)
	case b.Inputs == nil:
	case !f.relays:
		say("inputs is not for %s, which reads its doors itself", f.name)
	case b.Inputs.Address == 0 && !f.ownInputs:
		say("inputs.address is missing: %s has no inputs itself", f.name)
	default:
		wrong = append(wrong, b.Inputs.check("inputs")...)
	}
	return wrong
}

func (b Board) checkParcels(f family) (wrong []string) {
	p := b.Parcels
	if p == nil {
		return nil
	}
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if p.Sense != SetWhenPresent && p.Sense != SetWhenEmpty {
		say("parcels.sense is %s or %s", SetWhenPresent, SetWhenEmpty)
	}
	switch {
	case p.Address != 0:
		wrong = append(wrong, p.check("parcels")...)
	case f.sensors:
		if p.First != 0 {
			say("parcels.first is of an input module: name its address too")
		}
	case f.ownInputs:
		if p.First == 0 {
			say("parcels.first is missing: say which of its inputs is the sensor of cell %d", b.FirstCell)
		}
		wrong = append(wrong, p.check("parcels")...)
	default:
		say("%s has no parcel sensors: give parcels the address of an input module", f.name)
	}
	for _, c := range p.Unfitted {
		if c < b.FirstCell || c >= b.FirstCell+b.Channels {
			say("parcels.unfitted names cell %d, which is not on it", c)
		}
	}
	return wrong
}

func (in Inputs) check(what string) (wrong []string) {
	if in.Address < 0 || in.Address > maxUnit {
		wrong = append(wrong, fmt.Sprintf("%s.address is from 1 to %d", what, maxUnit))
	}
	if in.First < 0 || in.First > maxInput {
		wrong = append(wrong, fmt.Sprintf("%s.first is from 1 to %d", what, maxInput))
	}
	return wrong
}

// CheckLine tells what is wrong with boards that hang on one line: two with one address, and
// inputs that two would read.
func CheckLine(boards []Board) error {
	var errs []error
	type place struct {
		family  string
		address int
	}
	type input struct{ unit, number int }
	places, inputs := map[place]string{}, map[input]string{}
	for _, b := range boards {
		f, err := familyOf(b.Dialect)
		if err != nil {
			continue // CheckBoards tells
		}
		at := place{f.name, b.Address}
		if f.relays {
			at.family = "modbus"
		}
		if other, used := places[at]; used {
			errs = append(errs, fmt.Errorf("lock: boards %s and %s have address %d on one line", other, b.Name, b.Address))
		}
		places[at] = b.Name
		for _, w := range wired(b, f) {
			for ch := 1; ch <= b.Channels; ch++ {
				in, user := input{w.unit, w.first + ch - 1}, b.Name+"'s "+w.what
				if other, used := inputs[in]; used {
					errs = append(errs, fmt.Errorf("lock: input %d of module %d is of board %s and of board %s", in.number, in.unit, other, user))
				}
				inputs[in] = user
			}
		}
	}
	return errors.Join(errs...)
}
