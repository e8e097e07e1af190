package models

import (
	"slices"
	"time"
)

// CellClass is what a parcel asks of a cell, or what a cell offers. A cell takes the parcels of its
// regime that ask for its size or a smaller one; EasyReach is offered to everybody, and a parcel
// that asks for it goes into no other cell.
type CellClass struct {
	Regime    Regime
	Size      Size
	EasyReach bool
}

// Demand counts things by class: promised parcels, or usable free cells.
type Demand map[CellClass]int

// Add counts n more of the class.
func (d Demand) Add(c CellClass, n int) { d[c] += n }

// OfSize counts what is of just the size in the regime, within easy reach or not.
func (d Demand) OfSize(r Regime, s Size) int {
	return d[CellClass{r, s, false}] + d[CellClass{r, s, true}]
}

// Anywhere is the same parcels, if none asked for easy reach.
func (d Demand) Anywhere() Demand {
	all := Demand{}
	for c, n := range d {
		c.EasyReach = false
		all.Add(c, n)
	}
	return all
}

// Plus is both together.
func (d Demand) Plus(o Demand) Demand {
	sum := Demand{}
	for _, part := range []Demand{d, o} {
		for c, n := range part {
			sum.Add(c, n)
		}
	}
	return sum
}

// lacking calls visit for each set of parcels of a regime that could be one too many: all from a
// size on, and besides all that ask for easy reach from a smaller one on; of either there may be
// none. It tells the least ranks and by how much the set exceeds the cells that would do for one
// of it. By Hall's condition no other set lacks more: what a set may use grows with its smallest
// parcel of each sort alone.
func lacking(promised, free Demand, r Regime, visit func(all, easy, excess int)) {
	none := len(Sizes()) + 1
	for all := 1; all <= none; all++ {
		for easy := 1; easy <= none; easy++ {
			if all == none && easy == none {
				continue
			}
			excess := 0
			for c, n := range promised {
				if rank := c.Size.Rank(); c.Regime == r && (c.EasyReach && rank >= easy || !c.EasyReach && rank >= all) {
					excess += n
				}
			}
			for c, n := range free {
				if rank := c.Size.Rank(); c.Regime == r && (rank >= all || c.EasyReach && rank >= easy) {
					excess -= n
				}
			}
			visit(all, easy, excess)
		}
	}
}

// unplaced is how many promised parcels of the regime find no cell, however they are placed.
func unplaced(promised, free Demand, r Regime) int {
	n := 0
	lacking(promised, free, r, func(_, _, excess int) { n = max(n, excess) })
	return n
}

// Unplaced is how many promised parcels find no cell, however they are placed.
func Unplaced(promised, free Demand) int {
	n := 0
	for _, r := range []Regime{Ambient, Chilled, Frozen} {
		n += unplaced(promised, free, r)
	}
	return n
}

// Feasible reports whether the free cells can hold all promised parcels.
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

// Class is what it was promised.
func (p Promise) Class() CellClass { return CellClass{p.Regime, p.Size, p.EasyReach} }

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
				beside.Add(k.Class(), 1)
			}
		}
		if Fits(beside, Demand{p.Class(): 1}, usable) {
			kept = append(kept, p)
		} else {
			broken = append(broken, p)
		}
	}
	return broken
}

// Room is how many more parcels of the class fit.
func Room(promised, free Demand, c CellClass) int {
	room, missing := -1, unplaced(promised, free, c.Regime)
	lacking(promised, free, c.Regime, func(all, easy, excess int) {
		least := all
		if c.EasyReach {
			least = easy
		}
		if left := missing - excess; c.Size.Rank() >= least && (room < 0 || left < room) {
			room = left
		}
	})
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
	return c.Promised[o].OfSize(r, s) + c.Occupied[o].OfSize(r, s)
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
			kept.Add(CellClass{Regime: l.Regime, Size: l.Size}, left)
		}
	}
	return kept
}

// Fits reports whether the locker can promise the carrier more, all of it.
func (c Capacity) Fits(carrier OrganizationID, more Demand) bool {
	for of := range more {
		r, s := of.Regime, of.Size
		if most, limited := c.maximum(carrier, r, s); limited && c.holds(carrier, r, s)+more.OfSize(r, s) > most {
			return false
		}
	}
	return Fits(c.Kept(carrier), more, c.Free)
}

// Refusal is why the locker cannot promise the carrier more: no_easy_reach where it could if none of
// the parcels asked for easy reach, and else no_capacity. nil: it can.
func (c Capacity) Refusal(carrier OrganizationID, more Demand) error {
	switch {
	case c.Fits(carrier, more):
		return nil
	case c.Fits(carrier, more.Anywhere()):
		return Errorf(CodeNoEasyReach, "The locker has no cells within easy reach left for all the parcels.")
	}
	return Errorf(CodeNoCapacity, "The locker has no room for all the parcels.")
}

// Room is how many more parcels of the class the locker can promise the carrier.
func (c Capacity) Room(carrier OrganizationID, of CellClass) int {
	room := Room(c.Kept(carrier), c.Free, of)
	if most, limited := c.maximum(carrier, of.Regime, of.Size); limited {
		room = min(room, most-c.holds(carrier, of.Regime, of.Size))
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
		if cells.OfSize(l.Regime, l.Size) == 0 {
			f.Add(at+"/size", "is none of the locker's cells")
		}
		same := slices.IndexFunc(limits, func(o Limit) bool { return o.Carrier == l.Carrier && o.Regime == l.Regime && o.Size == l.Size })
		if same < i {
			f.Add(at, "says again what item %d says", same)
			continue
		}
		least.Add(CellClass{Regime: l.Regime, Size: l.Size}, l.Minimum)
		if len(f) == 0 && !Feasible(least, cells) {
			f.Add(at+"/minimum", "is more than the locker has beside the minimums before it")
		}
	}
	return f.Err()
}
