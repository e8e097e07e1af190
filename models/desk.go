package models

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// CellCounts is how many cells of a locker are in each state. Each cell counts once: what is
// doubtful is neither free nor occupied.
type CellCounts struct {
	Free, Occupied, OutOfService, Doubtful int
}

// Add counts n cells.
func (c *CellCounts) Add(o Occupancy, n int) {
	switch {
	case o.State == CellOutOfService:
		c.OutOfService += n
	case o.Doubtful:
		c.Doubtful += n
	case o.State == CellFree:
		c.Free += n
	default:
		c.Occupied += n
	}
}

// LockerSummary is a line of the list of lockers.
type LockerSummary struct {
	LockerView
	Cells         CellCounts
	OpenIncidents int
}

// NetworkCounts is the network at a glance.
type NetworkCounts struct {
	Lockers       int
	Away          int // active lockers whose cabinet is not connected
	Cells         CellCounts
	OpenIncidents int
	Enrolments    int // computers that wait to be accepted
	// Shipments has those that have not ended, by state.
	Shipments map[ShipmentState]int
}

// TimelineKind is where a line of a timeline comes from.
type TimelineKind string

// The kinds.
const (
	LineEvent   TimelineKind = "event"   // the life of the shipment said so
	LineFact    TimelineKind = "fact"    // a cabinet saw it
	LineMessage TimelineKind = "message" // somebody was told
	LineAct     TimelineKind = "act"     // somebody asked for it
)

// TimelineLine is one thing in the story of a shipment: one of the pointers is set.
type TimelineLine struct {
	Kind    TimelineKind
	At      time.Time
	Event   *Event
	Fact    *StoredFact
	Message *Notification
	Act     *AuditEntry
}

// SortTimeline puts lines in the order in which things happened; what happened at the same
// moment stays in the order of cause: asked for, seen, concluded, told.
func SortTimeline(lines []TimelineLine) {
	rank := map[TimelineKind]int{LineAct: 0, LineFact: 1, LineEvent: 2, LineMessage: 3}
	slices.SortStableFunc(lines, func(a, b TimelineLine) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank[a.Kind], rank[b.Kind]))
	})
}

// Masked is the contact with most of it hidden: enough to compare with what a caller says.
func (c Contact) Masked() Contact {
	if c.Name != "" {
		c.Name = mask(c.Name, 1, 0)
	}
	if c.Phone != "" {
		c.Phone = mask(c.Phone, 3, 2)
	}
	if user, host, ok := strings.Cut(c.Email, "@"); ok {
		c.Email = mask(user, 1, 0) + "@" + host
	} else {
		c.Email = mask(c.Email, 1, 0)
	}
	return c
}

// mask keeps the first and last characters of a text that is long enough for it, and tells
// nothing of its length.
func mask(text string, first, last int) string {
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return ""
	case n <= 2*(first+last):
		return "•••"
	}
	runes := []rune(text)
	return string(runes[:first]) + "•••" + string(runes[len(runes)-last:])
}

// LockerFilter narrows the list of lockers to those that somebody should look at.
type LockerFilter string

// The filters.
const (
	LockersAway         LockerFilter = "away"           // active, and not connected
	LockersDoubtful     LockerFilter = "doubtful"       // with a cell in doubt
	LockersOutOfService LockerFilter = "out_of_service" // with a cell out of service
)

// LockerFilters lists them.
func LockerFilters() []LockerFilter {
	return []LockerFilter{LockersAway, LockersDoubtful, LockersOutOfService}
}

// Valid reports whether f is one of the filters.
func (f LockerFilter) Valid() bool { return slices.Contains(LockerFilters(), f) }

// LockerSearch narrows the list of lockers.
type LockerSearch struct {
	Page
	Only LockerFilter // empty: all
}
