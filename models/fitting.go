package models

// Fitting is the size of a parcel that is known by its measures alone, at a locker with the cells: the
// smallest of whose cells it fits every one, since a promise names none of them, or else the
// smallest of whose it fits some. Empty: the measures say nothing, for want of those of a cell. It returns
// no_capacity when the parcel fits no cell.
func Fitting(outer Dimensions, cells []LayoutCell) (Size, error) {
	if outer == (Dimensions{}) || len(cells) == 0 {
		return "", nil
	}
	fits, not, unknown := map[Size]bool{}, map[Size]bool{}, false
	for _, c := range cells {
		switch {
		case c.Inner == (Dimensions{}):
			unknown = true
		case outer.Fits(c.Inner):
			fits[c.Size] = true
		default:
			not[c.Size] = true
		}
	}
	for _, s := range Sizes() {
		if fits[s] && !not[s] {
			return s, nil
		}
	}
	for _, s := range Sizes() {
		if fits[s] {
			return s, nil
		}
	}
	if unknown {
		return "", nil
	}
	return "", Errorf(CodeNoCapacity, "A parcel of %d x %d x %d mm fits no cell of the locker.", outer.WidthMM, outer.HeightMM, outer.DepthMM)
}
