package simulation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cubby/agent/cabinet"
	"cubby/models"
)

// visitor is somebody before a cabinet. act does the next thing and says when to go on;
// done: the person leaves.
type visitor interface {
	act(n *node) (again int64, done bool)
}

// queue is who waits before a side of a cabinet.
type queue struct {
	people []visitor
	busy   bool
}

// comes puts a person into the queue before a cabinet: couriers stand at the back of a two-way
// one, and do not see who is in front.
func (n *node) comes(v visitor) {
	side := models.SideFront
	if _, works := v.(*courier); works && n.twoWay {
		side = models.SideBack
	}
	q := n.queues[side]
	q.people = append(q.people, v)
	if !q.busy {
		q.busy = true
		n.w.in(n.w.between(second, 20*second), func() { n.next(side) })
	}
}

// next lets the first of a side's queue act.
func (n *node) next(side models.Side) {
	q, wait := n.queues[side], int64(0)
	switch {
	case len(q.people) == 0:
		q.busy = false
		return
	case !n.running:
		wait = 10 * second // the screen is dark
	default:
		n.side = side
		again, done := q.people[0].act(n)
		wait = again
		if done {
			q.people = q.people[1:]
			n.passBy(side)
			wait = n.w.between(5*second, 40*second)
		}
	}
	n.w.in(wait, func() { n.next(side) })
}

// passBy has somebody shut what was left open, sooner or later.
func (n *node) passBy(side models.Side) {
	for _, cell := range n.steel.openDoors(side) {
		n.w.in(n.w.between(20*second, 20*minute), func() { n.shutAt(cell, side) })
	}
}

func (n *node) view() cabinet.View { return n.state().View(n.instant(), n.side) }

func (n *node) types(text string) {
	n.give(cabinet.Keyed{Text: text, ID: n.operation(), Side: n.side})
}
func (n *node) scans(text string) {
	n.give(cabinet.Scanned{Text: text, ID: n.operation(), Side: n.side})
}
func (n *node) press(b cabinet.Button) {
	if n.view().Screen == cabinet.ScreenTrouble && b == lockedIn {
		n.alarms.calledAt, n.alarms.calledIn = n.w.now, n.bootAt+1
	}
	n.give(cabinet.Pressed{Button: b, ID: n.operation(), Side: n.side})
}

// reaction is how long a door stands open before anybody can have used it.
const reaction = 400

// mine lists the doors of the screen's operation that really stand open.
func (n *node) mine(v cabinet.View) []int {
	return slices.DeleteFunc(slices.Clone(v.Doors), func(cell int) bool {
		door := n.steel.cell(cell).at(n.side)
		return !door.open || n.w.now < door.openedAt+reaction
	})
}

// client is someone who collects a shipment.
type client struct {
	of      *shipment
	coming  bool
	stage   int
	until   int64
	code    typedCode
	visits  int
	goneFor bool // the parcels were taken: this is curiosity
	opened  bool
}

// comeSoon has the client come, unless that is planned already.
func (c *client) comeSoon() {
	if c.coming {
		return
	}
	w := c.of.node.w
	c.coming = true
	wait := w.between(2*minute, 3*hour)
	if w.calm {
		wait = w.between(second, minute)
	}
	w.in(wait, func() {
		c.stage, c.opened = 0, false
		c.of.node.comes(c)
	})
}

// act implements visitor.
func (c *client) act(n *node) (int64, bool) {
	switch c.stage {
	case 0:
		return c.begin(n)
	default:
		return c.watch(n)
	}
}

func (c *client) begin(n *node) (int64, bool) {
	w := n.w
	c.visits++
	c.code = c.of.told[len(c.of.told)-1]
	if len(c.of.told) > 1 && w.chance(20) {
		c.code = c.of.told[0] // the old mail
	}
	if w.chance(5) {
		n.types(typo(c.code.code, w.rng.IntN(len(c.code.code))))
		c.stage = 0
		return w.between(second, 4*second), false
	}
	n.fiddle(20)
	if w.chance(1) {
		n.callForHelp()
	}
	if w.chance(1) {
		n.types("46511140") // somebody else's idea of a code
	}
	n.lastCode = c.code
	if w.chance(50) {
		n.scans(c.scannable(n))
	} else {
		n.types(c.typed())
	}
	if !n.running || w.failed != nil {
		return second, false
	}
	n.checkAnswer(c)
	c.stage, c.until = 1, w.now+3*minute
	return w.between(300, 2*second), false
}

// scannable is what the client holds to the scanner: the QR or, at every other visit, the barcode
// of the digits.
func (c *client) scannable(n *node) string {
	if c.visits%2 == 0 {
		return c.code.code
	}
	return models.PickupQR(n.key, c.of.id, c.code.issue)
}

// typed is the code as the client types it: at every other visit small, with O for 0 and a gap.
func (c *client) typed() string {
	if c.visits%2 == 0 || c.of.entry.Codes != models.CodeBase32 {
		return c.code.code
	}
	return strings.ToLower(strings.ReplaceAll(models.SpacedCode(c.code.code), "0", "O"))
}

// typo changes one character into another of its alphabet.
func typo(code string, i int) string {
	raw := []byte(code)
	switch c := raw[i]; {
	case c == '9':
		raw[i] = '0'
	case c == 'Z':
		raw[i] = 'Y'
	case c >= 'A':
		raw[i] = 'Z'
	default:
		raw[i]++
	}
	return string(raw)
}

func (c *client) watch(n *node) (int64, bool) {
	w, v := n.w, n.view()
	if open := n.mine(v); len(open) > 0 {
		if op := n.find(v.Operation); op == nil || op.Shipment != c.of.id || op.Kind != models.Pickup {
			n.shut(open[0]) // somebody left it open: it says so on the screen
			c.stage = 0
			return w.between(second, 3*second), w.now > c.until
		}
		return c.take(n, open[0])
	}
	if w.now > c.until {
		return c.leave(n)
	}
	if n.above(v) {
		return w.between(second, 4*second), false
	}
	switch v.Text {
	case cabinet.TextWait:
		if w.chance(8) {
			n.w.faults.hit(n, cancelPressed)
			n.press(cabinet.ButtonCancel)
			return c.leave(n)
		}
		if w.chance(4) {
			n.w.faults.hit(n, walkAway)
			return c.leave(n)
		}
		return w.between(200, 800), false
	case cabinet.TextSeveral:
		n.press(cabinet.ButtonOpen)
		return w.between(second, 3*second), false
	case cabinet.TextOpening, cabinet.TextTake, cabinet.TextPleaseClose:
		if w.chance(1) {
			n.w.faults.hit(n, walkAway)
			return c.leave(n)
		}
		return w.between(300, 1500), false
	case cabinet.TextJammed:
		if w.chance(70) || w.calm {
			n.press(cabinet.ButtonTryAgain)
		} else {
			n.press(cabinet.ButtonFinish)
		}
		return w.between(second, 3*second), false
	case cabinet.TextEverything:
		return c.everything(n)
	case cabinet.TextWrongCode:
		if w.chance(40) { // has it sent once more, by the label
			n.press(cabinet.ButtonCodeAgain)
			n.types(c.of.labels[0])
		}
	}
	return c.leave(n)
}

// everything answers the question after the last door. Nobody says that something is wrong
// when nothing is, but for those who do.
func (c *client) everything(n *node) (int64, bool) {
	w := n.w
	switch r := w.rng.IntN(100); {
	case w.calm || r < 40:
		n.press(cabinet.ButtonYesTaken)
	case r < 50:
		n.press(cabinet.ButtonOpenAgain)
	case r < 53:
		n.press(cabinet.ButtonProblem)
	case r < 58:
		w.faults.hit(n, walkAway)
		return c.leave(n)
	}
	return w.between(second, 4*second), false
}

// take empties an open cell and shuts it, or hesitates, or leaves all as it is.
func (c *client) take(n *node, cell int) (int64, bool) {
	w, box := n.w, n.steel.cell(cell)
	c.opened = true
	switch r := w.rng.IntN(100); {
	case w.calm:
	case r < 8:
		n.fiddle(40)
		return w.between(5*second, 50*second), false // hesitates
	case r < 10:
		w.faults.hit(n, walkAway)
		return c.leave(n)
	}
	// What nobody can know any more has to be in doubt at least.
	excused := n.restored || box.forgotten || box.untold && n.believed(cell).Doubtful
	if !w.calm && !excused && len(box.things) == 1 && w.chance(3) {
		return c.giveBack(n, cell)
	}
	things := box.takeOut()
	for _, thing := range things {
		if !slices.Contains(c.of.labels, thing) && !excused {
			w.fail(n, "the client of %s opened cell %d and found %s of somebody else", c.of.id, cell, thing)
		}
		c.of.where[thing] = withClient
		delete(c.of.refused, thing)
	}
	w.log(n, "client of %s takes %v out of cell %d", c.of.id, things, cell)
	if w.chance(3) {
		w.faults.hit(n, walkAway) // with the parcel, and the door left open
		return c.leave(n)
	}
	n.shut(cell)
	return w.between(300, 2*second), false
}

// giveBack leaves what is in an open cell where it is, and says so.
func (c *client) giveBack(n *node, cell int) (int64, bool) {
	w := n.w
	n.press(cabinet.ButtonRefuse)
	if n.running && n.view().Text == cabinet.TextWhichCell {
		n.give(cabinet.Chose{Key: strconv.Itoa(cell), Side: n.side})
	}
	if n.running {
		n.press([]cabinet.Button{cabinet.ButtonDamaged, cabinet.ButtonNotOrdered, cabinet.ButtonOther}[w.rng.IntN(3)])
	}
	if v := n.view(); !n.running || v.Text != cabinet.TextPutBack || v.Params["cells"] != strconv.Itoa(cell) {
		return w.between(second, 3*second), false
	}
	for _, thing := range n.steel.cell(cell).things {
		c.of.refused[thing] = true
	}
	w.log(n, "client of %s puts %v back into cell %d", c.of.id, n.steel.cell(cell).things, cell)
	n.shut(cell)
	return w.between(300, 2*second), false
}

// leave goes, and plans to come again while something is here.
func (c *client) leave(n *node) (int64, bool) {
	c.coming = false
	w := n.w
	if c.of.wanted() > 0 || c.of.here() > 0 && w.chance(20) { // some change their mind
		if c.visits < 12 {
			c.comeSoon()
		}
		return 0, true
	}
	if c.opened && !c.goneFor && w.chance(12) {
		// Forgot something, or is just curious, at once or much later.
		c.goneFor, c.coming = true, true
		wait := w.between(5*second, 2*minute)
		if w.chance(50) {
			wait = w.between(4*minute, 5*hour)
		}
		w.in(wait, func() { c.stage = 0; n.comes(c) })
	}
	return 0, true
}

// refusals are the answers to a right code, and whether the truth bears each out.
func (n *node) refusals(sh *shipment, v cabinet.View) (bool, string) {
	switch v.Text {
	case cabinet.TextBoardDead:
		return n.anyBoardWasDead(), "no board is dead"
	case cabinet.TextWithdrawn:
		return sh.wasLeaving || sh.wasEnded, "nobody withdrew it"
	case cabinet.TextHeldBack:
		return sh.wasFrozen, "nobody held it back"
	case cabinet.TextGivenBack:
		return sh.wanted() == 0 || n.doubtful(sh), "nobody gave it back"
	case cabinet.TextCollected:
		return sh.wanted() == 0 || n.doubtful(sh), "it is still here"
	case cabinet.TextBusy, cabinet.TextPaused, cabinet.TextScansPaused, cabinet.TextTryLater, cabinet.TextPleaseClose:
		return true, ""
	case cabinet.TextRefused:
		return sh.wasLeaving || sh.wasFrozen, "the server had no reason"
	case cabinet.TextWrongCode, cabinet.TextUnknownScan:
		return sh.here() == 0 || n.doubtful(sh) || sh.excused != "" || n.watch.used[sh.id] > n.lastCode.issue || sh.entry.Issue > n.lastCode.issue,
			fmt.Sprintf("it is here, and the code is of issue %d", n.lastCode.issue)
	}
	return true, ""
}

// doubtful reports whether every cell with parcels of the shipment is in doubt.
func (n *node) doubtful(sh *shipment) bool {
	for _, l := range sh.labels {
		if cell := n.steel.find(l); cell > 0 && !sh.refused[l] && !n.believed(cell).Doubtful {
			return false
		}
	}
	return true
}

func (n *node) anyBoardWasDead() bool {
	for _, c := range n.state().Cells {
		if c.Dead {
			return true
		}
	}
	return false
}

// checkAnswer judges the screen after a right code.
func (n *node) checkAnswer(c *client) {
	v := n.view()
	if ok, why := n.refusals(c.of, v); !ok {
		n.w.fail(n, "the right code of %s (%v here in cells) is answered with %q %v: %s", c.of.id, c.of.labels, v.Text, v.Params, why)
	}
}
