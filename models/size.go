package models

// Size is a class of cells and parcels. A parcel fits its own class and every larger.
type Size string

// The size classes, smallest first.
const (
	SizeS  Size = "S"
	SizeM  Size = "M"
	SizeL  Size = "L"
	SizeXL Size = "XL"
)

// Sizes lists the classes, smallest first.
func Sizes() []Size { return []Size{SizeS, SizeM, SizeL, SizeXL} }

// Rank is 1 for S to 4 for XL, and 0 for anything that is not a size.
func (s Size) Rank() int {
	for i, v := range Sizes() {
		if s == v {
			return i + 1
		}
	}
	return 0
}

// Valid reports whether s is one of the classes.
func (s Size) Valid() bool { return s.Rank() > 0 }

// SizeFrom is how a parcel came to its size.
type SizeFrom string

// How a size is known. One that was not told is asked for at the cabinet.
const (
	SizeTold    SizeFrom = ""        // announced, measured, its policy's, or found by a courier
	SizeUsual   SizeFrom = "usual"   // most parcels of its sender that nobody told the size of had it
	SizeGuessed SizeFrom = "guessed" // nothing is known
)

// learnedFrom is how many parcels tell what is usual.
const learnedFrom = 3

// UsualSize is the size that most of a sender's parcels were found to have at cabinets; empty: too few
// were, or no size has more than half of them.
func UsualSize(found map[Size]int) Size {
	all, best := 0, Size("")
	for _, s := range Sizes() {
		all += found[s]
		if found[s] > found[best] {
			best = s
		}
	}
	if all < learnedFrom || 2*found[best] <= all {
		return ""
	}
	return best
}

// Regime is a temperature regime of a cell, or the one that a parcel needs.
type Regime string

// The regimes.
const (
	Ambient Regime = "ambient"
	Chilled Regime = "chilled"
	Frozen  Regime = "frozen"
)

// Valid reports whether r is one of the regimes.
func (r Regime) Valid() bool { return r == Ambient || r == Chilled || r == Frozen }

// Dimensions are inner measures of a cell or outer measures of a parcel, in mm.
// Zero means unknown.
type Dimensions struct {
	WidthMM  int `json:"width_mm"`
	HeightMM int `json:"height_mm"`
	DepthMM  int `json:"depth_mm"`
}

// Volume is that of the box, in cubic millimetres; 0: a measure is not known.
func (d Dimensions) Volume() int64 { return int64(d.WidthMM) * int64(d.HeightMM) * int64(d.DepthMM) }

// Fits reports whether a box of d goes into a space of in, turned any way round.
// Unknown measures fit: the size class decides then.
func (d Dimensions) Fits(in Dimensions) bool {
	if d == (Dimensions{}) || in == (Dimensions{}) {
		return true
	}
	a, b := d.sorted(), in.sorted()
	return a[0] <= b[0] && a[1] <= b[1] && a[2] <= b[2]
}

func (d Dimensions) sorted() [3]int {
	v := [3]int{d.WidthMM, d.HeightMM, d.DepthMM}
	if v[0] > v[1] {
		v[0], v[1] = v[1], v[0]
	}
	if v[1] > v[2] {
		v[1], v[2] = v[2], v[1]
	}
	if v[0] > v[1] {
		v[0], v[1] = v[1], v[0]
	}
	return v
}
