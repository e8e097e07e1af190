package simulation

import (
	"slices"

	"cubby/agent/cabinet"
	"cubby/models"
)

// checkPromises: a parcel without a promise never gets the cell that a parcel with one needs.
func (n *node) checkPromises(op *cabinet.Operation, given *cabinet.Cell) {
	directory := n.state().Directory
	var expected []models.Size
	for id, e := range directory.Shipments {
		_, leaves := directory.Withdrawals[id]
		for _, p := range e.Parcels {
			if id == op.Shipment && slices.Contains(op.Doors[len(op.Doors)-1].Parcels, p.Parcel) && p.Promised {
				return
			}
			if p.Promised && p.Regime == given.Layout.Regime && !leaves && !e.Withdrawn && !n.knows(e, p.Parcel) {
				expected = append(expected, p.Size)
			}
		}
	}
	var left []models.Size
	for _, c := range n.state().Cells {
		if c.State == models.CellFree && c.Layout.Regime == given.Layout.Regime && !c.Doubtful && !c.Dead && !c.Broken && !c.Unfit && c.Sensed != cabinet.SensedParcel {
			left = append(left, c.Layout.Size)
		}
	}
	with := append(slices.Clone(left), given.Layout.Size)
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

// placed is how many parcels find a cell, the largest first, each in the smallest that is left.
func placed(parcels, cells []models.Size) int {
	bySize := func(a, b models.Size) int { return a.Rank() - b.Rank() }
	parcels, cells = slices.SortedFunc(slices.Values(parcels), bySize), slices.SortedFunc(slices.Values(cells), bySize)
	n := 0
	for _, p := range slices.Backward(parcels) {
		if i := slices.IndexFunc(cells, func(c models.Size) bool { return c.Rank() >= p.Rank() }); i >= 0 {
			cells = slices.Delete(cells, i, i+1)
			n++
		}
	}
	return n
}
