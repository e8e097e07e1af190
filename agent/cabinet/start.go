package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/models"
)

// start takes up the work after the program stopped, by whatever cause. An intent without
// its result is never carried out again by itself: a door that is open was opened, one
// that is shut leaves its cell in doubt.
func (t *turn) start(in Started) {
	if t.Boot != in.Boot {
		// Uptime began anew: what was counted goes on from where it stood. Time without
		// power does not count, since nobody could use it.
		delta := t.now.UptimeMS - t.Uptime
		t.moments(func(at *int64) {
			if *at > 0 {
				*at = max(*at+delta, 1)
			}
		})
	}
	t.Boot, t.Uptime = in.Boot, t.now.UptimeMS
	t.Link, t.Power, t.Devices = Link{}, Power{}, nil
	t.outputsUnknown()
	if in.Lost {
		t.LostStore, t.Unsure, t.SetAside = true, true, true
	}
	t.State.Session, t.BackSession = newSession(), newSession()
	t.eachSession(t.home)
	for len(t.Visitors) > 0 {
		t.visitOver(t.Visitors[0], models.StaffRestarted)
	}
	for _, c := range t.Cells {
		c.Sensed = "" // what a sensor said before proves nothing: the store may be an old copy
	}
	t.gatesInterrupted()
	for _, op := range t.Operations {
		if op.ended() {
			continue
		}
		// Nobody may stand there any more: no door opens that was not under way.
		if op.undecided() {
			t.abandon(op, reasonInterrupted)
			continue
		}
		op.Reason, op.Failed = reasonInterrupted, "" // what the courier did since is not known
		for i := range op.Doors {
			t.resume(op, &op.Doors[i], in)
		}
	}
	for _, c := range t.Cells {
		t.doorChanged(c.Number(), models.SideFront, slices.Contains(in.Open, c.Number()))
		if c.Load != nil {
			t.doorChanged(c.Number(), models.SideBack, slices.Contains(in.OpenLoad, c.Number()))
		}
	}
}

// resume judges one door of an operation that the stop interrupted.
func (t *turn) resume(op *Operation, d *Door, in Started) {
	open := in.Open
	if op.side(t.cell(d.Cell)) == models.SideBack {
		open = in.OpenLoad
	}
	isOpen := slices.Contains(open, d.Cell)
	switch d.State {
	case DoorWaiting:
		if !isOpen || d.Attempt == 0 {
			t.giveUp(op, d, reasonInterrupted)
		}
	case DoorPulsed, DoorJammed, DoorOpen:
		if isOpen {
			return // seen open: doorChanged or its close will tell
		}
		if d.State == DoorJammed && mutant.On(mutant.AttemptsReset) {
			d.State, d.Attempt = DoorWaiting, 0
			return
		}
		if d.State == DoorJammed {
			d.State = DoorFinished
			return
		}
		d.State, d.JamAt = DoorFinished, 0
		d.Reason = reasonInterrupted
		if d.Outcome == "" {
			d.Outcome = models.NotOpened
		}
		markInterrupted(op, t.cell(d.Cell))
		t.doubt(op, t.cell(d.Cell), reasonInterrupted)
	}
}
