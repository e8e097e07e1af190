package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/models"
)

// allocate picks the smallest free cell that the parcel fits, of a size above the rank
// given; of equal ones the lowest number. A cell that the operation has tried already is
// not tried again: its attempts are counted. It is nil when there is none.
func (s *State) allocate(p models.DirectoryParcel, above int, tried []Door) *Cell {
	var best *Cell
	for _, c := range s.Cells {
		rank := c.Layout.Size.Rank()
		offerable := c.Offerable() || mutant.On(mutant.OfferDoubtful) && c.State == models.CellFree
		if !offerable || !c.usable() || c.Open || c.Operation != "" || c.Layout.Regime != p.Regime ||
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
