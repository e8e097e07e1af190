package simulation

import (
	"slices"
	"strings"

	"cubby/agent/cabinet"
	"cubby/models"
)

// leftOpenAfter is when a door counts as left open: until then its screen stays as it is.
const leftOpenAfter = 120 * second

// frame are the buttons that stand on every screen, or above it.
func frame() []cabinet.Button {
	return slices.DeleteFunc(cabinet.Buttons(), func(b cabinet.Button) bool { return !around(b) })
}

func around(b cabinet.Button) bool {
	switch b {
	case cabinet.ButtonHelp, cabinet.ButtonAccess, cabinet.ButtonLanguages, cabinet.ButtonBack, cabinet.ButtonMoreTime, cabinet.ButtonDone:
		return true
	}
	return setting(b)
}

// setting reports whether a button changes how the screen is shown.
func setting(b cabinet.Button) bool {
	return strings.HasPrefix(string(b), "language_") || strings.HasPrefix(string(b), "access_")
}

// fiddle has somebody press what stands around the screen, so many times in a hundred.
func (n *node) fiddle(percent float64) {
	for n.running && n.w.chance(percent) {
		n.press(frame()[n.w.rng.IntN(len(frame()))])
	}
}

// above answers a page that lies above the screen; false: none does.
func (n *node) above(v cabinet.View) bool {
	switch v.Screen {
	case cabinet.ScreenStill:
		n.press(cabinet.ButtonMoreTime)
	case cabinet.ScreenHelp, cabinet.ScreenAccess:
		n.press(cabinet.ButtonBack)
	case cabinet.ScreenTrouble:
		n.press(v.Buttons[n.w.rng.IntN(len(v.Buttons))])
	default:
		return false
	}
	return true
}

func anyOpen(c *cabinet.Cell) bool { return c.Open || c.Load != nil && c.Load.Open }

// wasOpen reports whether a door stands open, or did within the last minute.
func (c *compartment) wasOpen(now int64) bool {
	if c.ajar || c.ajarUntil > 0 && now-c.ajarUntil <= minute {
		return true // so its contact says
	}
	for _, door := range []*leaf{c.at(models.SideFront), c.at(models.SideBack)} {
		if door.open || door.everOpen && now-door.openedAt <= minute {
			return true
		}
	}
	return false
}

func (n *node) session(i int) cabinet.Session {
	if i == 1 {
		return n.state().BackSession
	}
	return n.state().Session
}

// openFor lists the doors of an operation that stand open, and not for long.
func (n *node) openFor(op *cabinet.Operation) []int {
	if op == nil {
		return nil
	}
	return slices.DeleteFunc(op.Cells(cabinet.DoorOpen), func(cell int) bool { return !n.openYet(op, cell) })
}

// openYet reports whether an operation's door stands open, and not for long.
func (n *node) openYet(op *cabinet.Operation, cell int) bool {
	c := n.believed(cell)
	door := c.Leaf
	if c.Load != nil && worksBehind(op) {
		door = *c.Load
	}
	return door.Open && n.uptime() < door.OpenedAt+leftOpenAfter
}

// sessionsBefore remembers the screens as they are before a step.
func (w *watch) sessionsBefore(n *node) {
	for i := range w.sessions {
		w.sessions[i], w.busy[i] = n.session(i), nil
		if op := n.find(w.sessions[i].Operation); op != nil {
			w.busy[i] = n.openFor(op)
		}
	}
}

// checkSessions: no screen is given to the next person while a door of its operation stands
// open, until that counts as left open.
func (n *node) checkSessions(in cabinet.Input) {
	if _, starts := in.(cabinet.Started); starts {
		return
	}
	for i, before := range n.watch.sessions {
		now := n.session(i)
		op := n.find(before.Operation)
		open := slices.DeleteFunc(n.watch.busy[i], func(cell int) bool { return !n.openYet(op, cell) })
		if len(open) == 0 {
			continue
		}
		if now.Operation != before.Operation || op.State == cabinet.StateDone || op.State == cabinet.StateAbandoned {
			n.w.fail(n, "the screen leaves %s, whose doors %v stand open", before.Operation, open)
		}
		p, pressed := in.(cabinet.Pressed)
		if shown := now.Language != before.Language || now.Access != before.Access; shown && !(pressed && setting(p.Button)) {
			n.w.fail(n, "the screen forgets its person at %T, and doors %v stand open", in, open)
		}
	}
}

// worksBehind reports whether a courier is at an operation: at the back of a two-way cabinet. Technicians stand at the front.
func worksBehind(op *cabinet.Operation) bool {
	k := op.Kind
	return op.Service == "" && (k == models.Deposit || k == models.Withdrawal || k == models.Check)
}

// checkSide: a door opens on the side of whoever is at it, and never while the cell's other one
// is open.
func (n *node) checkSide(p cabinet.Pulse, op *cabinet.Operation) {
	want, other := models.Side(""), models.SideBack
	if n.twoWay && worksBehind(op) {
		want, other = models.SideBack, models.SideFront
	}
	switch {
	case p.Side != want:
		n.w.fail(n, "pulse %+v of a %s opens the door of the other side", p, op.Kind)
	case n.twoWay && *n.seenAt(p.Cell, other):
		n.w.fail(n, "pulse %+v opens the second door of cell %d", p, p.Cell)
	}
}
