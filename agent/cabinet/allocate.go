package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/models"
)

// allocate picks the smallest free cell that the parcel fits, of a size above the rank
// given; of equal ones the lowest number. One that asks for easy reach gets no other cell; the
// others leave those cells for last of their size, and take a larger one where theirs was promised
// to somebody who needs it. A cell that the operation has tried already is
// not tried again: its attempts are counted. It is nil when there is none, and for a parcel
// without a promise when what is free was promised to others. A parcel with a promise always
// gets a cell, also one larger than its class that another may need: its courier stands here.
func (s *State) allocate(p models.DirectoryParcel, above int, tried []Door) *Cell {
	asks := p.EasyReach && !mutant.On(mutant.EasyReachIgnored)
	easy, other := s.smallest(p, above, tried, true), s.smallest(p, above, tried, false)
	best := easy
	if !asks && other != nil && (easy == nil || other.Layout.Size.Rank() <= easy.Layout.Size.Rank()) {
		best = other
	} else if !asks && other != nil && s.unplaced(p, easy) > s.unplaced(p, other) {
		best = other
	}
	if best != nil && !p.Promised && s.spends(p, best) {
		return nil // a larger one would cost the others no less
	}
	return best
}

// smallest is the smallest free cell that the parcel fits, of those within easy reach or of the
// others.
func (s *State) smallest(p models.DirectoryParcel, above int, tried []Door, easy bool) *Cell {
	var best *Cell
	twoWay := s.twoWay()
	for _, c := range s.Cells {
		rank := c.Layout.Size.Rank()
		offerable := c.offerable() || mutant.On(mutant.OfferDoubtful) && c.State == models.CellFree
		if c.Layout.EasyReach != easy || !c.bears(p) || c.towardsPublic(twoWay) || !offerable || c.anyOpen() || c.Operation != "" || c.Layout.Regime != p.Regime && !mutant.On(mutant.ChilledIntoAmbient) ||
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
	return best
}

// bears reports whether a cell can take the weight of a parcel. Where either is not told it can.
func (c *Cell) bears(p models.DirectoryParcel) bool {
	return c.Layout.MaxWeightG == 0 || p.WeightG <= c.Layout.MaxWeightG
}

// spends reports whether giving the cell to the parcel leaves another that is expected, for which
// room was promised, without a cell.
func (s *State) spends(p models.DirectoryParcel, c *Cell) bool {
	return !mutant.On(mutant.SpendPromise) && s.unplaced(p, c) > models.Unplaced(s.expected(p), s.free())
}

// unplaced counts the expected parcels, beside the one given, for which room was promised and no
// cell is left if it gets the cell.
func (s *State) unplaced(p models.DirectoryParcel, c *Cell) int {
	free := s.free()
	free.Add(c.class(), -1)
	return models.Unplaced(s.expected(p), free)
}

// class is what the cell offers.
func (c *Cell) class() models.CellClass {
	return models.CellClass{Regime: c.Layout.Regime, Size: c.Layout.Size, EasyReach: c.Layout.EasyReach}
}

// expected counts the parcels that room was promised for and that are still to come, beside one.
func (s *State) expected(beside models.DirectoryParcel) models.Demand {
	promised := models.Demand{}
	for _, e := range s.Directory.Shipments {
		if s.leaving(e) {
			continue
		}
		for _, p := range e.Parcels {
			if p.Promised && p.Parcel != beside.Parcel && !e.gone(p.Parcel) && !s.knownHere(p.Parcel) {
				promised.Add(models.CellClass{Regime: p.Regime, Size: p.Size, EasyReach: p.EasyReach}, 1)
			}
		}
	}
	return promised
}

// free counts the cells that a parcel can be put into, now or once their doors are shut.
func (s *State) free() models.Demand {
	free := models.Demand{}
	for _, c := range s.Cells {
		if c.offerable() {
			free.Add(c.class(), 1)
		}
	}
	return free
}
