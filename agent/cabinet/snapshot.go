package cabinet

import (
	"slices"

	"cubby/agent/protocol"
	"cubby/models"
)

// takeSnapshot learns what the server believes to be in the cells. Only a cabinet whose
// store was lost, or which was told to begin a new epoch, listens to it: the others know
// better.
func (t *turn) takeSnapshot(snapshot protocol.Snapshot) {
	if !t.Unsure {
		return
	}
	t.Snapshot = &snapshot
	t.adopt()
}

// adopt fills the cells by the snapshot, once both are here. Nothing in it is proof: what
// it calls occupied is in doubt and opens for its own code; the rest is in doubt already.
// What this cabinet knows of an older occupancy of a cell, from an old copy of its store,
// counts for nothing: its code would open somebody else's door.
func (t *turn) adopt() {
	if !t.Unsure || t.Snapshot == nil || len(t.Cells) == 0 {
		return
	}
	left := t.leftUntold()
	for _, believed := range t.Snapshot.Cells {
		c := t.cell(believed.Cell)
		if c == nil {
			continue
		}
		if overtaken(c, believed.CellReport) && t.letGo(c) {
			t.forgetCell(c)
		}
		c.Generation = max(c.Generation, believed.Generation)
		inside := slices.DeleteFunc(slices.Clone(believed.Parcels), func(p models.ParcelID) bool { return left[p] })
		if believed.State == models.CellOccupied && believed.Shipment != "" && len(inside) > 0 &&
			c.State == models.CellFree && c.Operation == "" {
			c.Occupancy = models.Occupancy{State: models.CellOccupied, Doubtful: true}
			c.Shipment, c.Parcels = believed.Shipment, inside
		}
	}
	for _, c := range t.Cells {
		if c.State == models.CellFree && c.Operation == "" && !c.anyOpen() && c.Sensed == SensedEmpty {
			c.Doubtful = false // the sensor is the proof that nobody can remember
		}
	}
	t.Unsure, t.LostStore, t.Snapshot = false, false, nil
	if epoch := t.NextEpoch; epoch > 0 {
		t.NextEpoch = 0
		t.beginEpoch(epoch)
	} else {
		t.inventory()
	}
	t.SetAside, t.OldCopy = false, false
	t.journalMoved()
}

// letGo ends what an old copy's operation still waits for at a cell of which the server knows later things: its end
// would say that the cell is empty. false: a door is open or about to be, and somebody is there; the cell is in doubt.
func (t *turn) letGo(c *Cell) bool {
	op := t.operation(c.Operation)
	if op == nil {
		return true
	}
	d := op.door(c.Number())
	if d == nil || d.State == DoorOpen || d.State == DoorPulsed {
		c.apply(models.CellDoubt)
		return false
	}
	d.State, d.Reason, d.JamAt, d.ObjectBy, d.SenseBy = DoorFinished, reasonGeneration, 0, 0, 0
	c.Operation = ""
	t.endOperations()
	return true
}

// leftUntold are the parcels that left their cells here before the server could be told: what
// it believes of them is older than what an old copy of the store has done without network.
func (t *turn) leftUntold() map[models.ParcelID]bool {
	left := map[models.ParcelID]bool{}
	for _, f := range t.Journal.Unacknowledged(len(t.Journal.Facts)) {
		data, err := f.Payload()
		if err != nil || data.Parcel == "" {
			continue
		}
		switch f.Type {
		case models.FactDeposited:
			delete(left, data.Parcel)
		case models.FactPickedUp, models.FactWithdrawn, models.FactMissing, models.FactUnloaded:
			left[data.Parcel] = true
		}
	}
	return left
}

// overtaken reports whether the server knows of later things in a cell. One that is out of
// service does not say what it would be otherwise.
func overtaken(c *Cell, r models.CellReport) bool {
	if r.Generation != c.Generation {
		return r.Generation > c.Generation
	}
	return r.Shipment != c.Shipment || r.State != models.CellOutOfService && r.State != c.State
}

// forgetCell is for a cell of which the server knows later things. What is inside is not
// known.
func (t *turn) forgetCell(c *Cell) {
	c.Occupancy, c.Shipment, c.Parcels = models.Occupancy{State: models.CellFree, Doubtful: true}, "", nil
	c.Label, c.Holder, c.Interrupted = "", "", ""
	c.Refusal, c.RefusedUntil, c.SinceMS = "", 0, 0
	for _, w := range t.Windows {
		w.Cells = slices.DeleteFunc(w.Cells, func(n int) bool { return n == c.Number() })
	}
}
