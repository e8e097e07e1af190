package cabinet

import (
	"strconv"

	"cubby/models"
)

const (
	wrongBeforePause = 5
	wrongADay        = 20
	wrongScansADay   = 60 // a scanner stays open while the pad is paused, yet not to endless guessing
	firstPauseMS     = 5 * 60_000
	dayMS            = 24 * 3600_000
	badgePauseMS     = 15 * 60_000
)

// Pad counts wrong codes, so that nobody guesses one.
type Pad struct {
	Wrong       int   `json:"wrong,omitempty"` // in a row
	Today       int   `json:"today,omitempty"`
	Scans       int   `json:"scans,omitempty"`  // wrong ones today
	Pauses      int   `json:"pauses,omitempty"` // today
	DayEnds     int64 `json:"day_ends,omitempty"`
	PausedUntil int64 `json:"paused_until,omitempty"`
}

// Badge counts wrong PINs of one courier.
type Badge struct {
	Wrong       int   `json:"wrong,omitempty"`
	PausedUntil int64 `json:"paused_until,omitempty"`
}

func (t *turn) padPaused() bool { return t.Pad.PausedUntil > t.now.UptimeMS }

// newDay starts the day's counts afresh 24 hours after its first wrong code.
func (t *turn) newDay() {
	if t.due(t.Pad.DayEnds) {
		t.Pad = Pad{}
	}
}

// wrongCode counts a typed code that is of no shipment here.
func (t *turn) wrongCode() {
	p := &t.Pad
	if p.DayEnds == 0 {
		p.DayEnds = t.in(dayMS)
	}
	p.Wrong++
	p.Today++
	switch {
	case p.Today >= wrongADay:
		p.PausedUntil = p.DayEnds
	case p.Wrong >= wrongBeforePause:
		p.PausedUntil = t.in(firstPauseMS << p.Pauses)
	default:
		left := min(wrongBeforePause-p.Wrong, wrongADay-p.Today)
		t.await(ScreenCode, TextWrongCode, "place", t.here(), "left", strconv.Itoa(left))
		return
	}
	p.Wrong = 0
	p.Pauses++
	t.write(models.FactPadPaused, "", nil, models.FactData{Reason: "wrong_codes"})
	t.Session.show(ScreenPaused, TextPaused, p.PausedUntil)
}

// wrongScan counts a scanned code that is of no shipment here.
func (t *turn) wrongScan() {
	if t.Pad.DayEnds == 0 {
		t.Pad.DayEnds = t.in(dayMS)
	}
	t.Pad.Scans++
	t.await(ScreenCode, TextWrongScan, "place", t.here())
}

// here names this locker as messages do.
func (s *State) here() string {
	layout := s.Directory.Layout
	if layout.Address == "" {
		return layout.Number
	}
	return layout.Number + ", " + layout.Address
}

// checkPIN reports whether the PIN is the courier's. Five wrong ones pause the badge.
func (t *turn) checkPIN(c models.DirectoryCourier, pin string) (ok, paused bool) {
	b := t.Badges[c.Courier]
	if b == nil {
		b = &Badge{}
	}
	if b.PausedUntil > t.now.UptimeMS {
		return false, true
	}
	if models.CheckPIN(c.PINHash, pin) {
		delete(t.Badges, c.Courier)
		return true, false
	}
	b.Wrong++
	if b.Wrong >= wrongBeforePause {
		b.Wrong, b.PausedUntil = 0, t.in(badgePauseMS)
		paused = true
	}
	if t.Badges == nil {
		t.Badges = map[models.CourierID]*Badge{}
	}
	t.Badges[c.Courier] = b
	return false, paused
}
