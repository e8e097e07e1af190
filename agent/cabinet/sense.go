package cabinet

import (
	"cubby/agent/mutant"
	"cubby/models"
)

// senseMS is how long a parcel sensor has to tell after a door was shut.
const senseMS = 1_500

// Why a sensor puts a cell in doubt.
const (
	reasonSensedFull  = "sensed_full"  // something is in a cell that is to be empty
	reasonSensedEmpty = "sensed_empty" // nothing is where a parcel is to be
)

// Sensed is what a cell's parcel sensor sees; empty: it has none, or none that works.
type Sensed string

// The two words of a sensor.
const (
	SensedEmpty  Sensed = "empty"
	SensedParcel Sensed = "parcel"
)

// sensedFull reports whether a sensor sees something in the cell.
func (c *Cell) sensedFull() bool {
	return c.Sensed == SensedParcel && !mutant.On(mutant.OfferSensedFull)
}

// parcelSensed takes the word of a sensor. While somebody is at the cell it only remembers it:
// the close asks for it.
func (t *turn) parcelSensed(in ParcelSensed) {
	c := t.cell(in.Cell)
	if c == nil || c.Sensed == in.Sensed {
		return
	}
	c.Sensed = in.Sensed
	if op := t.operation(c.Operation); op != nil {
		if d := op.door(c.Number()); d != nil && d.SenseBy > 0 && t.senseSettles(op, d, c) {
			return
		}
	}
	if c.anyOpen() || c.Operation != "" || t.kept(c) {
		return
	}
	switch {
	case c.State == models.CellFree && c.Sensed == SensedParcel:
		t.doubt(nil, c, reasonSensedFull)
	case c.State == models.CellOccupied && c.Sensed == SensedEmpty:
		t.doubt(nil, c, reasonSensedEmpty)
	}
}

// senseClosed has a deposit wait for the sensor's word when it says that nothing is inside;
// false: there is nothing to wait for.
func (t *turn) senseClosed(d *Door, c *Cell) bool {
	if c.Sensed != SensedEmpty || mutant.On(mutant.SensorIgnored) {
		return false
	}
	d.State, d.SenseBy = DoorClosed, t.in(senseMS)
	return true
}

// senseSettles: the sensor sees the parcel after all.
func (t *turn) senseSettles(op *Operation, d *Door, c *Cell) bool {
	if c.Sensed != SensedParcel {
		return false
	}
	d.SenseBy = 0
	t.depositedInto(op, d, c)
	return true
}

// senseTimers asks the courier about a cell that was shut and stays empty: a client who is
// sent for it would find nothing.
func (t *turn) senseTimers(op *Operation) {
	for i := range op.Doors {
		if d := &op.Doors[i]; t.due(d.SenseBy) {
			d.SenseBy = 0
			op.GaveUp, op.Failed, op.Reason = string(ButtonNotPlaced), models.LoadCourierCancelled, string(ButtonNotPlaced)
			op.AnswerBy = t.longerAt(op, questionMS)
		}
	}
}
