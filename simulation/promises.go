package simulation

import (
	"slices"

	"cubby/agent/cabinet"
	"cubby/models"
)

// checkPromises: a parcel without a promise never gets the cell that a parcel with one needs.
func (n *node) checkPromises(op *cabinet.Operation, given *cabinet.Cell) {
	directory := n.state().Directory
	var expected []models.CellClass
	for id, e := range directory.Shipments {
		_, leaves := directory.Withdrawals[id]
		for _, p := range e.Parcels {
			if id == op.Shipment && slices.Contains(op.Doors[len(op.Doors)-1].Parcels, p.Parcel) && p.Promised {
				return
			}
			if p.Promised && p.Regime == given.Layout.Regime && !leaves && !e.Withdrawn && !n.knows(e, p.Parcel) {
				expected = append(expected, models.CellClass{Regime: p.Regime, Size: p.Size, EasyReach: p.EasyReach})
			}
		}
	}
	var left []models.CellClass
	for _, c := range n.state().Cells {
		if c.State == models.CellFree && c.Layout.Regime == given.Layout.Regime && !c.Doubtful && !c.Dead && !c.Broken && !c.Unfit && c.Sensed != cabinet.SensedParcel {
			left = append(left, class(c))
		}
	}
	with := append(slices.Clone(left), class(given))
	if placed(expected, left) < placed(expected, with) {
		n.w.fail(n, "cell %d is given to %s without a promise, and %v were promised room in %v", given.Number(), op.Shipment, expected, with)
	}
}

// knows reports whether a parcel is in a cell, on its way into one, or was here before.
func (n *node) knows(e *cabinet.Expected, id models.ParcelID) bool {
	return slices.ContainsFunc(e.Taken, func(t cabinet.Taken) bool { return t.Parcel == id }) ||
		slices.ContainsFunc(n.state().Cells, func(c *cabinet.Cell) bool { return slices.Contains(c.Parcels, id) }) ||
		slices.ContainsFunc(n.state().Operations, func(op *cabinet.Operation) bool {
			return op.Kind == models.Deposit && op.State != cabinet.StateDone && op.State != cabinet.StateAbandoned &&
				slices.ContainsFunc(op.Doors, func(d cabinet.Door) bool {
					return d.State != cabinet.DoorFinished && slices.Contains(d.Parcels, id)
				})
		})
}

// checkReach: a parcel that asks for easy reach gets a cell that everybody reaches.
func (n *node) checkReach(op *cabinet.Operation, given *cabinet.Cell) {
	parcels := op.Doors[len(op.Doors)-1].Parcels
	for _, p := range n.w.server.byID[op.Shipment].entry.Parcels {
		if p.EasyReach && slices.Contains(parcels, p.Parcel) && !given.Layout.EasyReach {
			n.w.fail(n, "cell %d is given to %s, which asks for easy reach", given.Number(), p.Parcel)
		}
	}
}

func class(c *cabinet.Cell) models.CellClass {
	return models.CellClass{Regime: c.Layout.Regime, Size: c.Layout.Size, EasyReach: c.Layout.EasyReach}
}

// placed is how many parcels of a regime find a cell, by augmenting paths: the plain way, which
// knows nothing of how classes lie within each other.
func placed(parcels, cells []models.CellClass) int {
	holds := make([]int, len(cells)) // the parcel in a cell, from 1
	var place func(parcel int, tried []bool) bool
	place = func(parcel int, tried []bool) bool {
		p := parcels[parcel-1]
		for i, c := range cells {
			if tried[i] || c.Size.Rank() < p.Size.Rank() || p.EasyReach && !c.EasyReach {
				continue
			}
			tried[i] = true
			if holds[i] == 0 || place(holds[i], tried) {
				holds[i] = parcel
				return true
			}
		}
		return false
	}
	n := 0
	for i := range parcels {
		if place(i+1, make([]bool, len(cells))) {
			n++
		}
	}
	return n
}
