package models

import (
	"slices"
	"time"
)

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

// Plus is both together.
func (d Demand) Plus(o Demand) Demand {
	sum := Demand{}
	for _, part := range []Demand{d, o} {
		for r, sizes := range part {
			for s, n := range sizes {
				sum.Add(r, s, n)
			}
		}
	}
	return sum
}

// unplaced is how many promised parcels of the regime find no cell, however they are placed:
// the most by which promised(>= s) is above free(>= s). A parcel fits its own class and every
// larger one, so this (Hall's condition, for nested sets) is exact.
func unplaced(promised, free Demand, r Regime) int {
	n := 0
	for _, s := range Sizes() {
		n = max(n, promised.AtLeast(r, s)-free.AtLeast(r, s))
	}
	return n
}

// Unplaced is how many promised parcels find no cell, however they are placed.
func Unplaced(promised, free Demand) int {
	n := 0
	for r := range promised {
		n += unplaced(promised, free, r)
	}
	return n
}

// Feasible reports whether the free cells can hold all promised parcels: for every regime and
// every size s, promised(>= s) <= free(>= s).
func Feasible(promised, free Demand) bool { return Unplaced(promised, free) == 0 }

// Fits reports whether the free cells can hold more parcels, all of them, at no promised one's
// cost. A promised parcel that has no cell in any case is no reason against.
func Fits(promised, more, free Demand) bool {
	return Unplaced(promised.Plus(more), free) <= Unplaced(promised, free)
}

// Horizon is how long a parcel may need a cell, from when it is expected: it may come late, stay
// as long as storage can be made to last, and wait to be taken out.
func (p Policy) Horizon() Seconds {
	return p.NeverDeposited + p.Storage + p.Extension*Seconds(p.Extensions) + p.WithdrawalOverdue
}

// start is when a promise begins to need a cell, from now on.
func (p Promise) start(now time.Time) time.Time {
	if p.From != nil && p.From.After(now) {
		return *p.From
	}
	return now
}

// Until is when the cell that is promised is given back at the latest: promises that begin later
// do not compete for it.
func (p Promise) Until(now time.Time) time.Time { return p.start(now).Add(p.Horizon.Duration()) }

// Broken lists the promises that the usable cells cannot keep: what was promised first is kept
// first. The promises come in the order in which they were made. One that begins beyond its own
// horizon is not weighed yet: the cells of today say little of it.
func Broken(promises []Promise, usable Demand, now time.Time) []Promise {
	var broken, kept []Promise
	for _, p := range promises {
		if p.start(now).After(now.Add(p.Horizon.Duration())) {
			kept = append(kept, p)
			continue
		}
		beside := Demand{}
		for _, k := range kept {
			if !k.start(now).After(p.Until(now)) {
				beside.Add(k.Regime, k.Size, 1)
			}
		}
		if Fits(beside, Demand{p.Regime: {p.Size: 1}}, usable) {
			kept = append(kept, p)
		} else {
			broken = append(broken, p)
		}
	}
	return broken
}

// Room is how many more parcels of the size fit.
func Room(promised, free Demand, r Regime, s Size) int {
	room, lacking := -1, unplaced(promised, free, r)
	for _, t := range Sizes() {
		if t.Rank() > s.Rank() {
			break
		}
		if left := lacking + free.AtLeast(r, t) - promised.AtLeast(r, t); room < 0 || left < room {
			room = left
		}
	}
	return max(room, 0)
}

// Limit is what a carrier may count on at a locker, in cells of a regime and size: at least
// Minimum, whatever the others announce, and never more than Maximum; nil: as many as there are.
// It counts what the carrier was promised and the cells in which its parcels lie.
type Limit struct {
	Locker  LockerID       `gorm:"primaryKey"`
	Carrier OrganizationID `gorm:"primaryKey"`
	Regime  Regime         `gorm:"primaryKey"`
	Size    Size           `gorm:"primaryKey"`
	Minimum int
	Maximum *int
}

// TableName is the table of limits.
func (Limit) TableName() string { return "carrier_limits" }

// Capacity is what a locker has promised to whom, and what it has to give.
type Capacity struct {
	Promised map[OrganizationID]Demand
	Occupied map[OrganizationID]Demand // cells in which something of the carrier lies
	Free     Demand
	Limits   []Limit
}

// holds counts what a carrier was promised and occupies, of just the size.
func (c Capacity) holds(o OrganizationID, r Regime, s Size) int {
	return c.Promised[o][r][s] + c.Occupied[o][r][s]
}

// Kept is what the locker keeps room for when the carrier asks for more: everything promised,
// and what is left of the others' minimums.
func (c Capacity) Kept(carrier OrganizationID) Demand {
	kept := Demand{}
	for _, d := range c.Promised {
		kept = kept.Plus(d)
	}
	for _, l := range c.Limits {
		if left := l.Minimum - c.holds(l.Carrier, l.Regime, l.Size); l.Carrier != carrier && left > 0 {
			kept.Add(l.Regime, l.Size, left)
		}
	}
	return kept
}

// Fits reports whether the locker can promise the carrier more, all of it.
func (c Capacity) Fits(carrier OrganizationID, more Demand) bool {
	for r, sizes := range more {
		for s, n := range sizes {
			if most, limited := c.maximum(carrier, r, s); limited && c.holds(carrier, r, s)+n > most {
				return false
			}
		}
	}
	return Fits(c.Kept(carrier), more, c.Free)
}

// Room is how many more parcels of the size the locker can promise the carrier.
func (c Capacity) Room(carrier OrganizationID, r Regime, s Size) int {
	room := Room(c.Kept(carrier), c.Free, r, s)
	if most, limited := c.maximum(carrier, r, s); limited {
		room = min(room, most-c.holds(carrier, r, s))
	}
	return max(room, 0)
}

func (c Capacity) maximum(carrier OrganizationID, r Regime, s Size) (most int, limited bool) {
	i := slices.IndexFunc(c.Limits, func(l Limit) bool { return l.Carrier == carrier && l.Regime == r && l.Size == s })
	if i < 0 || c.Limits[i].Maximum == nil {
		return 0, false
	}
	return *c.Limits[i].Maximum, true
}

// CheckLimits returns invalid_request, with pointers into a list of the same order, for limits
// that a locker with the cells cannot keep.
func CheckLimits(limits []Limit, cells Demand) error {
	var f Fields
	least := Demand{}
	for i, l := range limits {
		at := "/items/" + itoa(i)
		if l.Maximum != nil && *l.Maximum < l.Minimum {
			f.Add(at+"/maximum", "must not be less than the minimum")
		}
		if cells[l.Regime][l.Size] == 0 {
			f.Add(at+"/size", "is none of the locker's cells")
		}
		same := slices.IndexFunc(limits, func(o Limit) bool { return o.Carrier == l.Carrier && o.Regime == l.Regime && o.Size == l.Size })
		if same < i {
			f.Add(at, "says again what item %d says", same)
			continue
		}
		least.Add(l.Regime, l.Size, l.Minimum)
		if len(f) == 0 && !Feasible(least, cells) {
			f.Add(at+"/minimum", "is more than the locker has beside the minimums before it")
		}
	}
	return f.Err()
}
