package cabinet

import (
	"slices"
	"strconv"

	"cubby/models"
)

// givenBack reports whether the cell holds what its client does not want: their code opens it
// no more, once the time in which they may change their mind is over.
func (s *State) givenBack(c *Cell) bool {
	w := s.Directory.Withdrawals[c.Shipment]
	return c.Refusal != "" || len(w.Parcels) > 0 && w.Allows(c.Parcels)
}

// toPickUp lists the cells that a client's code opens: what waits for them, or else what they
// have just given back.
func (t *turn) toPickUp(cells []*Cell) []*Cell {
	wanted := slices.DeleteFunc(slices.Clone(cells), t.givenBack)
	if len(wanted) > 0 {
		return wanted
	}
	return slices.DeleteFunc(slices.Clone(cells), func(c *Cell) bool { return c.RefusedUntil <= t.now.UptimeMS })
}

// refusable lists the open doors behind which something is that could be put back.
func (op *Operation) refusable() []*Door {
	var doors []*Door
	for i := range op.Doors {
		if d := &op.Doors[i]; d.State == DoorOpen && len(d.Parcels) > 0 {
			doors = append(doors, d)
		}
	}
	return doors
}

// refusing is the open door that the client is to shut on what they do not want; nil: none.
func (op *Operation) refusing() *Door {
	for _, d := range op.refusable() {
		if d.Refusal != "" {
			return d
		}
	}
	return nil
}

// doNotWant takes "I do not want it". With several parcels it asks which one.
func (t *turn) doNotWant(op *Operation) {
	switch doors := op.refusable(); {
	case op.refusing() != nil || len(doors) == 0:
	case len(doors) == 1 && len(doors[0].Parcels) == 1:
		doors[0].Refusal = models.RefusedOther // until a reason is given
	default:
		op.Choosing = true
	}
}

// refusals are what a client can give back: all that is behind an open door, and where that is more than one parcel
// each of them.
func (op *Operation) refusals(choose func(key string, d *Door, p models.ParcelID)) {
	for _, d := range op.refusable() {
		choose(strconv.Itoa(d.Cell), d, "")
		if len(d.Parcels) > 1 {
			for _, p := range d.Parcels {
				choose(string(p), d, p)
			}
		}
	}
}

// choseDoor takes what the client does not want.
func (t *turn) choseDoor(op *Operation, chosen string) {
	op.refusals(func(key string, d *Door, p models.ParcelID) {
		if key == chosen {
			op.Choosing = false
			d.Refusal, d.Refused = models.RefusedOther, p
		}
	})
}

// pressedRefusal takes a button of the refusal.
func (t *turn) pressedRefusal(op *Operation, b Button) {
	d := op.refusing()
	switch {
	case b == ButtonRefuse:
		t.doNotWant(op)
	case b == ButtonKeep:
		op.Choosing = false
		if d != nil {
			d.Refusal, d.Refused = "", ""
		}
	case d != nil:
		d.Refusal = string(b)
	}
}

// putBack ends the pickup of a cell whose client shut the door on what they do not want. Nobody
// saw it, so the cell is taken to hold it: one that is occupied is never offered, and a courier
// takes the parcel out or says that it is missing.
func (t *turn) putBack(op *Operation, d *Door, c *Cell) {
	d.State, d.ObjectBy = DoorFinished, 0
	if c.State != models.CellOccupied { // the pickup was over, and this is its reopening
		c.apply(models.CellFoundFull)
		c.Parcels = slices.Clone(d.Parcels)
		t.keepNoMore(op.Shipment, c)
	}
	if c.Refusal == "" {
		c.RefusedUntil = t.in(reopenMS(op.Policy))
	}
	c.Refusal = d.Refusal
	kind := models.FactRefused
	if d.Refusal == models.RefusedDamaged {
		kind = models.FactDamaged
	}
	if d.Refused != "" {
		t.keptOthers(op, d, c)
	}
	for _, p := range c.Parcels {
		t.write(kind, op.ID, c, models.FactData{Shipment: op.Shipment, Parcel: p, Reason: d.Refusal})
	}
	op.Told, op.Reason = true, reasonPutBack
	if d.Objected {
		t.doubt(op, c, reasonObjection)
	}
}

// keptOthers: of several parcels in one cell the client gave back one, and has the others.
func (t *turn) keptOthers(op *Operation, d *Door, c *Cell) {
	c.Parcels = []models.ParcelID{d.Refused}
	for _, p := range d.Parcels {
		if e := t.Directory.Shipments[op.Shipment]; p == d.Refused || e != nil && e.gone(p) {
			continue // told before, if this is a reopening
		}
		f := t.write(models.FactPickedUp, op.ID, c, models.FactData{Shipment: op.Shipment, Parcel: p})
		t.gone(op.Shipment, p, f)
	}
}

// putBackCells lists the cells into which something was put back.
func (op *Operation) putBackCells() []int {
	var cells []int
	for _, d := range op.Doors {
		if d.Refusal != "" {
			cells = append(cells, d.Cell)
		}
	}
	return cells
}

// keepNoMore takes a cell out of its shipment's window, and its parcels out of those that are
// gone.
func (t *turn) keepNoMore(id models.ShipmentID, c *Cell) {
	if w := t.window(id); w != nil {
		w.Cells = slices.DeleteFunc(w.Cells, func(n int) bool { return n == c.Number() })
	}
	t.Windows = slices.DeleteFunc(t.Windows, func(w *Window) bool { return len(w.Cells) == 0 })
	if e := t.Directory.Shipments[id]; e != nil {
		e.Taken = slices.DeleteFunc(e.Taken, func(taken Taken) bool { return containsParcel(c.Parcels, taken.Parcel) })
	}
}

// takenFrom are the parcels that the shipment's client took out of a cell last, as the ledger
// knows.
func (s *State) takenFrom(id models.ShipmentID, c *Cell) []models.ParcelID {
	for _, op := range slices.Backward(s.Operations) {
		if op.Kind != models.Pickup || op.Shipment != id || op.Reopens {
			continue
		}
		for _, d := range op.Doors {
			if d.Cell == c.Number() && len(d.Parcels) > 0 {
				return slices.Clone(d.Parcels)
			}
		}
	}
	return nil
}
