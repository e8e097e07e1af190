package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/models"
)

// allocate picks the smallest free cell that the parcel fits, of a size above the rank
// given; of equal ones the lowest number. A cell that the operation has tried already is
// not tried again: its attempts are counted. It is nil when there is none, and for a parcel
// without a promise when what is free was promised to others. A parcel with a promise always
// gets a cell, also one larger than its class that another may need: its courier stands here.
func (s *State) allocate(p models.DirectoryParcel, above int, tried []Door) *Cell {
	var best *Cell
	for _, c := range s.Cells {
		rank := c.Layout.Size.Rank()
		offerable := c.Offerable() || mutant.On(mutant.OfferDoubtful) && c.State == models.CellFree
		if !offerable || !c.serves() || c.anyOpen() || c.Operation != "" || c.Layout.Regime != p.Regime ||
			rank < p.Size.Rank() || rank <= above || !p.Dimensions.Fits(c.Layout.Inner) {
			continue
		}
		if slices.ContainsFunc(tried, func(d Door) bool { return d.Cell == c.Number() }) {
			continue
		}
		if best == nil || rank < best.Layout.Size.Rank() {
			best = c
		}
	}
	if best != nil && !p.Promised && s.spends(best) {
		return nil // a larger one would cost the others no less
	}
	return best
}

// spends reports whether giving the cell away leaves an expected parcel, for which room was
// promised, without a cell.
func (s *State) spends(c *Cell) bool {
	if mutant.On(mutant.SpendPromise) {
		return false
	}
	promised, free := s.expected(), s.free()
	before := models.Unplaced(promised, free)
	free.Add(c.Layout.Regime, c.Layout.Size, -1)
	return models.Unplaced(promised, free) > before
}

// expected counts the parcels that room was promised for and that are still to come.
func (s *State) expected() models.Demand {
	promised := models.Demand{}
	for _, e := range s.Directory.Shipments {
		if s.leaving(e) {
			continue
		}
		for _, p := range e.Parcels {
			if p.Promised && !e.gone(p.Parcel) && !s.knownHere(p.Parcel) {
				promised.Add(p.Regime, p.Size, 1)
			}
		}
	}
	return promised
}

// free counts the cells that a parcel can be put into, now or once their doors are shut.
func (s *State) free() models.Demand {
	free := models.Demand{}
	for _, c := range s.Cells {
		if c.Offerable() && c.serves() {
			free.Add(c.Layout.Regime, c.Layout.Size, 1)
		}
	}
	return free
}
