package cabinet

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"cubby/models"
)

// What is over here is remembered so long, and so much of it: who comes with its code is told
// what became of it.
const (
	pastMS   = 14 * dayMS
	pastKept = 1000
)

// PastWhat is what became of a shipment.
type PastWhat string

// The ends.
const (
	PastCollected PastWhat = "collected" // by its client
	PastTakenBack PastWhat = "taken_back"
	PastMoved     PastWhat = "moved" // to another locker
)

// Past is a shipment of which nothing is here any more. AtMS is Unix milliseconds by the wall
// clock, Place where it went.
type Past struct {
	Issue int                 `json:"issue"`
	Codes models.CodeAlphabet `json:"codes,omitempty"`
	What  PastWhat            `json:"what"`
	AtMS  int64               `json:"at_ms"`
	Place string              `json:"place,omitempty"`
}

// remember notes what became of a shipment once nothing of it is here.
func (t *turn) remember(id models.ShipmentID, what PastWhat) {
	e := t.Directory.Shipments[id]
	if e == nil || e.Issue < 1 || len(t.holding(id)) > 0 {
		return
	}
	past := Past{Issue: e.Issue, Codes: e.Codes, What: what, AtMS: t.now.WallMS}
	if w := t.Directory.Withdrawals[id]; what == PastTakenBack && w.Reason == models.LeaveRerouted && w.Place != "" {
		past.What, past.Place = PastMoved, w.Place
	}
	if t.Past == nil {
		t.Past = map[models.ShipmentID]Past{}
	}
	t.Past[id] = past
	t.forgetPast()
}

// forgetPast drops what was over long ago, and the oldest of too much.
func (t *turn) forgetPast() {
	maps.DeleteFunc(t.Past, func(_ models.ShipmentID, p Past) bool { return p.AtMS < t.now.WallMS-pastMS })
	if len(t.Past) <= pastKept {
		return
	}
	oldest := slices.MinFunc(slices.Sorted(maps.Keys(t.Past)), func(a, b models.ShipmentID) int {
		return cmp.Compare(t.Past[a].AtMS, t.Past[b].AtMS)
	})
	delete(t.Past, oldest)
}

// pastOf finds the shipment that is over here and was given an issue's secret.
func (s *State) pastOf(given secret) (Past, bool) {
	for _, id := range slices.Sorted(maps.Keys(s.Past)) {
		p := s.Past[id]
		for issue := p.Issue; issue < p.Issue+models.CodeIssues; issue++ {
			if given(p.Codes, id, issue) {
				return p, true
			}
		}
	}
	return Past{}, false
}

// tellOver tells what became of a shipment.
func (t *turn) tellOver(p Past) {
	text := map[PastWhat]TextKey{PastCollected: TextCollectedOn, PastTakenBack: TextTakenBack, PastMoved: TextMoved}[p.What]
	t.Session.show(ScreenCollected, text, t.longer(stateMS), "place", p.Place)
	t.Session.AtMS = p.AtMS
}

// clock is a time as people here read it, by the cabinet's time zone.
func (s *State) clock(ms int64) string {
	zone, err := time.LoadLocation(s.Directory.Layout.TimeZone)
	if err != nil || s.Directory.Layout.TimeZone == "" {
		return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04 UTC")
	}
	return time.UnixMilli(ms).In(zone).Format("2006-01-02 15:04")
}
