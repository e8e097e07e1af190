package models

// Demand counts things by regime and size: promised parcels, or usable free cells.
type Demand map[Regime]map[Size]int

// Add counts n more of the regime and size.
func (d Demand) Add(r Regime, s Size, n int) {
	if d[r] == nil {
		d[r] = map[Size]int{}
	}
	d[r][s] += n
}

// AtLeast counts what is of size s or larger in the regime.
func (d Demand) AtLeast(r Regime, s Size) int {
	n := 0
	for size, c := range d[r] {
		if size.Rank() >= s.Rank() {
			n += c
		}
	}
	return n
}

// Feasible reports whether the free cells can hold all promised parcels: for every
// regime and every size s, promised(>= s) <= free(>= s). A parcel fits its own class
// and every larger one, so this condition (Hall's, for nested sets) is exact.
func Feasible(promised, free Demand) bool {
	for r := range promised {
		for _, s := range Sizes() {
			if promised.AtLeast(r, s) > free.AtLeast(r, s) {
				return false
			}
		}
	}
	return true
}

// Room is how many more parcels of the size fit beside what is promised.
func Room(promised, free Demand, r Regime, s Size) int {
	room := -1
	for _, t := range Sizes() {
		if t.Rank() > s.Rank() {
			break
		}
		if left := free.AtLeast(r, t) - promised.AtLeast(r, t); room < 0 || left < room {
			room = left
		}
	}
	return max(room, 0)
}
