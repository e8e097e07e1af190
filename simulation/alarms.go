package simulation

import (
	"slices"

	"cubby/agent/cabinet"
	"cubby/models"
)

const (
	// lockedIn is pressed by whoever calls for help.
	lockedIn = cabinet.Button("trouble_" + models.TroubleLocked)
	// sirenSounds is how long siren and light call (docs/screen-flows.md).
	sirenSounds = 2 * minute
)

// alarms are the contacts that watch over a cabinet, and who called for help there.
type alarms struct {
	contact  map[models.Tamper]bool
	calledAt int64 // last
	calledIn int64 // the boot in which: when that began, and 1; 0: nobody called
}

// tamper has somebody shake the cabinet or open its housing, for a while.
func (n *node) tamper() {
	which := []models.Tamper{models.TamperHousing, models.TamperVibration}[n.w.rng.IntN(2)]
	for range 1 + n.w.rng.IntN(3) {
		n.w.in(n.w.between(0, minute), func() { n.setTamper(which, true) })
		n.w.in(n.w.between(minute, 20*minute), func() { n.setTamper(which, false) })
	}
}

// callForHelp has somebody say that somebody is locked in; the board of the siren is away for a moment meanwhile.
func (n *node) callForHelp() {
	for _, b := range []cabinet.Button{cabinet.ButtonHelp, cabinet.ButtonProblem, lockedIn, cabinet.ButtonBack} {
		if n.running {
			n.press(b)
		}
	}
	away := n.w.between(second, minute)
	for _, up := range []bool{false, true} {
		n.w.in(away, func() { n.give(cabinet.OutputChanged{Output: models.OutputSiren, Up: up}) })
		away += n.w.between(second, 40*second)
	}
}

func (n *node) setTamper(which models.Tamper, alarm bool) {
	if n.alarms.contact == nil {
		n.alarms.contact = map[models.Tamper]bool{}
	}
	n.alarms.contact[which] = alarm && !n.w.calm
	n.readTampers()
}

// readTampers tells the program of the contacts. An alarm is told to the server at once.
func (n *node) readTampers() {
	for _, which := range []models.Tamper{models.TamperHousing, models.TamperVibration} {
		if !n.running {
			return
		}
		alarm := n.alarms.contact[which]
		n.give(cabinet.TamperRead{Tamper: which, Alarm: alarm, Known: true})
		if state := n.tamperState(which); n.running && alarm && state != models.DeviceAlarm {
			n.w.fail(n, "the contact %s gives alarm, and is told as %s", which, state)
		}
	}
}

func (n *node) tamperState(which models.Tamper) models.DeviceState {
	all := n.state().Tampers
	if i := slices.IndexFunc(all, func(c cabinet.Tamper) bool { return c.Tamper == which }); i >= 0 {
		return all[i].State
	}
	return ""
}

// checkAlarm: the siren calls only if somebody did, and falls silent by itself.
func (n *node) checkAlarm(d cabinet.Drive) {
	if d.Output != models.OutputSiren || d.ForMS == 0 {
		return
	}
	if n.alarms.calledIn > 0 && n.alarms.calledIn != n.bootAt+1 && d.ForMS <= sirenSounds {
		n.alarms.calledAt, n.alarms.calledIn = n.w.now, n.bootAt+1 // time without power does not count: it begins again
	}
	switch since := n.w.now - n.alarms.calledAt; {
	case n.alarms.calledIn == 0 || since > sirenSounds:
		n.w.fail(n, "the siren sounds, and nobody has called for help")
	case d.ForMS > sirenSounds-since:
		n.w.fail(n, "the siren is to sound for %d s more, and help was called for %d s ago", d.ForMS/second, since/second)
	}
}

// checkLeftOpen: of a door that stands open for long, or whose contact says so, somebody is told.
func (n *node) checkLeftOpen() {
	if n.w.now < n.livesAt+second {
		return // what came due while the program was dead is done first
	}
	for _, c := range n.state().Cells {
		for _, l := range []*cabinet.Leaf{&c.Leaf, c.Load} {
			if l != nil && l.Open && (!l.LeftOpen || !c.Doubtful) && !c.Dead && n.uptime() > l.OpenedAt+leftOpenAfter+second {
				n.w.fail(n, "a door of cell %d stands open for %d s, and nobody was told (in doubt: %t)", c.Number(), (n.uptime()-l.OpenedAt)/second, c.Doubtful)
			}
		}
	}
}

// judgeAlarms: what has been quiet for long is no alarm.
func (n *node) judgeAlarms() {
	for _, c := range n.state().Tampers {
		if c.State != models.DeviceOK {
			n.w.fail(n, "the contact %s is quiet, and is told as %s", c.Tamper, c.State)
		}
	}
	if n.state().AlarmUntil > 0 {
		n.w.fail(n, "help is called for without an end")
	}
}
