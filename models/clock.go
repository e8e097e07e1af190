package models

import (
	"slices"
	"time"
)

// Span is a stretch of time. One with a zero Until goes on.
type Span struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"`
}

// within cuts spans to what lies between two moments, and drops what does not.
func within(spans []Span, from, until time.Time) []Span {
	var cut []Span
	for _, s := range spans {
		if s.From.Before(from) {
			s.From = from
		}
		if s.Until.IsZero() || s.Until.After(until) {
			s.Until = until
		}
		if s.From.Before(s.Until) {
			cut = append(cut, s)
		}
	}
	return cut
}

// covered is how much of the time between two moments lies in at least one of the spans.
func covered(spans []Span, from, until time.Time) time.Duration {
	cut := within(spans, from, until)
	slices.SortFunc(cut, func(a, b Span) int { return a.From.Compare(b.From) })
	var total time.Duration
	reached := from
	for _, s := range cut {
		if s.From.After(reached) {
			reached = s.From
		}
		if s.Until.After(reached) {
			total += s.Until.Sub(reached)
			reached = s.Until
		}
	}
	return total
}

// StorageClock is a time limit that is fair: it stands still while the client could not come.
type StorageClock struct {
	From time.Time     `json:"from"`
	For  time.Duration `json:"for"` // of running time
	// Held is when the shipment was held back.
	Held []Span `json:"held,omitempty"`
	// Since is when it really began, where the clock of a test locker was put forward: outages
	// before it are none of its. Zero: From.
	Since time.Time `json:"since,omitzero"`
}

// Began is when it really began.
func (c StorageClock) Began() time.Time {
	if c.Since.IsZero() {
		return c.From
	}
	return c.Since
}

// longestPause bounds what a site that never opens adds to a limit.
const longestPause = 366 * 24 * time.Hour

// End is the moment by which the clock has run for its time. It stood still while the
// cabinet could not be reached, as far as that is known at a moment, while the site was or
// will be closed, and while the shipment was held back.
func (c StorageClock) End(hours *Hours, zone *time.Location, outages []Span, now time.Time) time.Time {
	stood := slices.Concat(c.Held, within(outages, c.Began(), now))
	end := c.From.Add(c.For)
	for {
		// From below: each round takes in the pauses that the one before has reached.
		next := c.From.Add(c.For).Add(covered(slices.Concat(stood, hours.Closed(zone, c.From, end)), c.From, end))
		if !next.After(end) || next.Sub(c.From) > c.For+longestPause {
			return end
		}
		end = next
	}
}
