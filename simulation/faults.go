package simulation

import (
	"slices"

	"cubby/agent/cabinet"
	"cubby/models"
)

// Fault is a kind of trouble.
type Fault string

// The faults. The last two are people's own.
const (
	powerCut      Fault = "power cut"
	tornCommit    Fault = "death in a commit"
	oldImage      Fault = "old disk image"
	rottenStore   Fault = "damaged store"
	partition     Fault = "partition"
	streamReset   Fault = "stream reset"
	slowNetwork   Fault = "slow network"
	echoes        Fault = "lost and repeated messages"
	serverKilled  Fault = "server killed"
	engineDown    Fault = "workflows down"
	databaseDown  Fault = "database down"
	slowEngine    Fault = "slow workflows"
	stuckLock     Fault = "stuck lock"
	slowLock      Fault = "slow lock"
	bouncing      Fault = "bouncing contact"
	stuckContact  Fault = "contact stuck open"
	deadBoard     Fault = "dead board"
	clockJump     Fault = "clock jump"
	clockFrozen   Fault = "frozen clock"
	clock1970     Fault = "clock at 1970"
	mainsFailed   Fault = "mains failed"
	badClimate    Fault = "module too warm, too cold or silent"
	deadSensor    Fault = "dead parcel sensor"
	tampered      Fault = "tampered with"
	forcedDoor    Fault = "door forced on the other side"
	walkAway      Fault = "walked away"
	cancelPressed Fault = "pressed cancel"
)

// armed are the faults that are brought about in a phase on purpose. The last three are those of
// devices that not every cabinet has.
func armed() []Fault {
	return []Fault{powerCut, tornCommit, partition, streamReset, slowNetwork, echoes, serverKilled, engineDown, databaseDown,
		slowEngine, stuckLock, slowLock, bouncing, stuckContact, deadBoard, clockJump, clockFrozen, clock1970, oldImage, rottenStore, tampered, mainsFailed, badClimate, deadSensor, forcedDoor}
}

// Phase is how far a cabinet's operations are.
type Phase string

// The phases.
const (
	phaseIdle    Phase = "idle"
	phaseAsking  Phase = "asking"
	phaseLed     Phase = "led"
	phaseWaiting Phase = "waiting" // with authority, the lock not driven yet
	phasePulsed  Phase = "pulsed"
	phaseOpen    Phase = "open"
	phaseClosed  Phase = "closed" // shut; an answer or objection may come
	phaseJammed  Phase = "jammed"
)

// Phases lists them in the order of an operation.
func Phases() []Phase {
	return []Phase{phaseIdle, phaseAsking, phaseLed, phaseWaiting, phasePulsed, phaseOpen, phaseClosed, phaseJammed}
}

// Required lists every fault with the phases in which it must have struck.
func Required() []Hit {
	var all []Hit
	for _, f := range armed() {
		for _, p := range Phases() {
			all = append(all, Hit{f, p})
		}
	}
	for _, p := range []Phase{phaseAsking, phasePulsed, phaseOpen, phaseClosed} {
		all = append(all, Hit{walkAway, p})
	}
	return append(all, Hit{cancelPressed, phaseAsking})
}

// phaseOf is the phase of the operation that has got least far.
func phaseOf(s *cabinet.State) Phase {
	phase := phaseIdle
	for _, op := range s.Operations {
		switch op.State {
		case cabinet.StateDone, cabinet.StateAbandoned:
			continue
		case cabinet.StateAsking:
			return phaseAsking
		}
		if op.Authority == "" {
			return phaseLed
		}
		for _, d := range op.Doors {
			switch d.State {
			case cabinet.DoorWaiting:
				return phaseWaiting
			case cabinet.DoorPulsed:
				return phasePulsed
			case cabinet.DoorOpen:
				phase = phaseOpen
			case cabinet.DoorJammed:
				if phase != phaseOpen {
					phase = phaseJammed
				}
			case cabinet.DoorClosed:
				if phase == phaseIdle {
					phase = phaseClosed
				}
			}
		}
	}
	return phase
}

// faults brings trouble about.
type faults struct {
	w    *World
	plan []*plan // by the nodes' order
}

// plan is the next trouble of a cabinet: it strikes once the phase has come.
type plan struct {
	fault Fault
	phase Phase
	from  int64
	cut   bool // the power goes between two effects of the step under way
}

const (
	faultsApart = 40 * minute // on average, at a cabinet
	planLasts   = 4 * hour
)

func newFaults(w *World) *faults { return &faults{w: w} }

func (f *faults) begin() {
	for _, n := range f.w.nodes {
		f.plan = append(f.plan, f.next(n))
	}
}

// next chooses a pair that has struck least in this world, or nearly.
func (f *faults) next(n *node) *plan {
	var best Hit
	fewest := -1
	for range 30 {
		list := n.armed()
		h := Hit{list[f.w.rng.IntN(len(list))], Phases()[f.w.rng.IntN(len(Phases()))]}
		if (h.Fault == oldImage || h.Fault == rottenStore) && f.w.rng.IntN(8) > 0 {
			continue // each leaves a cabinet full of doubt
		}
		if hits := f.w.Stats.Hits[h]; fewest < 0 || hits < fewest {
			best, fewest = h, hits
		}
	}
	if fewest < 0 {
		best = Hit{powerCut, phaseOpen}
	}
	return &plan{fault: best.Fault, phase: best.Phase, from: f.w.now + f.w.between(minute, 2*faultsApart)}
}

// hit counts a fault at a cabinet.
func (f *faults) hit(n *node, fault Fault) {
	f.w.Stats.Hits[Hit{fault, phaseOf(n.state())}]++
	f.w.log(n, "FAULT: %s", fault)
}

// between reports whether the power goes after one effect and before the next.
func (f *faults) between(n *node) bool {
	p := f.planOf(n)
	if p == nil || !p.cut {
		return false
	}
	p.cut = false
	return true
}

func (f *faults) planOf(n *node) *plan {
	if len(f.plan) <= n.index {
		return nil // the world begins
	}
	return f.plan[n.index]
}

// stepped strikes if the phase that the plan waits for has come.
func (f *faults) stepped(n *node) {
	p := f.planOf(n)
	if p == nil || f.w.calm || !n.running || f.w.now < p.from {
		return
	}
	phase := phaseOf(n.state())
	if phase != p.phase {
		if p.phase == phaseJammed && phase == phasePulsed {
			f.jam(n)
		}
		if f.w.now > p.from+planLasts {
			f.plan[n.index] = f.next(n)
		}
		return
	}
	f.plan[n.index] = f.next(n)
	f.hit(n, p.fault)
	f.strike(n, p.fault)
}

// jam has the lock that is driven now not open, for a while: jams are too rare to wait for.
func (f *faults) jam(n *node) {
	cell := n.steel.cell(f.moving(n))
	cell.stuck = true
	f.w.in(20*second, func() { cell.stuck = false })
}

func (f *faults) strike(n *node, fault Fault) {
	w := f.w
	switch fault {
	case powerCut:
		if w.rng.IntN(2) == 0 {
			f.plan[n.index].cut = true // within the next step that has effects
			return
		}
		n.crash()
	case tornCommit:
		n.disk.dies = diskDeath(1 + w.rng.IntN(3))
	case oldImage:
		n.restore()
	case rottenStore:
		n.rot()
	case partition:
		n.link.up = false
		long := w.between(5*second, 20*minute)
		if w.rng.IntN(6) == 0 {
			long = w.between(6*hour, 3*day)
		}
		w.in(long, func() { n.link.up = true })
	case streamReset:
		n.w.in(w.between(0, 200), n.cutOff)
	case slowNetwork:
		n.link.slow = w.now + w.between(minute, 30*minute)
	case echoes:
		n.chatter = w.now + w.between(5*minute, hour)
	default:
		f.strikeServer(n, fault)
	}
}

func (f *faults) strikeServer(n *node, fault Fault) {
	w, s := f.w, f.w.server
	switch fault {
	case serverKilled:
		if !s.up {
			return
		}
		s.up = false
		for _, other := range w.nodes {
			w.in(w.between(0, 100), other.cutOff)
		}
		w.in(w.between(second, 2*minute), func() { s.up = true })
	case engineDown:
		s.engine = false
		w.in(w.between(10*second, 30*minute), func() { s.engine = true })
	case databaseDown:
		s.database = false
		w.in(w.between(5*second, 10*minute), func() { s.database = true })
	case slowEngine:
		s.slow = w.now + w.between(minute, 30*minute)
	default:
		f.strikeSteel(n, fault)
	}
}

func (f *faults) strikeSteel(n *node, fault Fault) {
	w := f.w
	cell := n.steel.cell(f.moving(n))
	switch fault {
	case stuckLock:
		cell.stuck = true
		w.in(w.between(5*second, 3*hour), func() { cell.stuck = false })
	case slowLock:
		cell.slow = w.between(500, 9*second)
		w.in(w.between(minute, hour), func() { cell.slow = 0 })
	case bouncing:
		cell.bounces = int(w.between(1, 3))
	case stuckContact:
		cell.ajar = true
		n.observe(cell.number, models.SideFront)
		w.in(w.between(minute, 8*hour), cell.mend)
	case deadBoard:
		b := n.boardOf(cell.number)
		n.boardChanges(b, true)
		w.in(w.between(5*second, 2*hour), func() { n.boardChanges(b, false) })
	case clockJump:
		n.wall.offset = w.between(-40*day, 40*day)
		w.in(w.between(minute, 5*hour), func() { n.wall.offset = 0 })
	case clockFrozen:
		n.wall.frozenAt = beginMS + w.now
		w.in(w.between(minute, 5*hour), func() { n.wall.frozenAt = 0 })
	case clock1970:
		n.wall.offset, n.wall.guessed, n.wall.server = -beginMS-w.now, true, 0
		w.in(w.between(minute, 5*hour), func() { n.wall.offset, n.wall.guessed = 0, false })
	default:
		f.strikeDevices(n, fault)
	}
}

// moving is a cell of the operation under way, if there is one.
func (f *faults) moving(n *node) int {
	for _, c := range n.state().Cells {
		if c.Operation != "" {
			return c.Number()
		}
	}
	return 1 + f.w.rng.IntN(cellsPerNode)
}

// restore gives the cabinet's computer an old copy of its disk.
func (n *node) restore() {
	if len(n.images) == 0 {
		return
	}
	image := n.images[max(0, len(n.images)-1-n.w.rng.IntN(3))]
	n.crash()
	n.disk, n.restored, n.restoredIn = image.image(), true, n.w.server.at(n).head.Epoch
	n.forgetStore()
}

// neverKnown excuses what lies in cells that are free by a copy that nobody can know to be old:
// it holds all that the server was ever told.
func (n *node) neverKnown() {
	for _, c := range n.state().Cells {
		if box := n.steel.cell(c.Number()); c.State == models.CellFree && c.Operation == "" && len(box.things) > 0 {
			box.forgotten = true
		}
	}
}

// rot damages what is on the disk: it is noticed at the next start.
func (n *node) rot() {
	n.crash()
	n.disk.rotten = true
}

// forgetStore is for a store that is not the one that was: what it never told the server is
// lost, and what was in the cells is not known.
func (n *node) forgetStore() {
	n.watch.forget()
	for _, sh := range n.w.server.shipments {
		if sh.node == n && (sh.here() > 0 || sh.believed() > 0) {
			sh.excused = "the cabinet's store was lost"
		}
	}
	known := n.w.server.at(n).cells
	for _, box := range n.steel.cells {
		box.untold = slices.ContainsFunc(box.things, func(thing string) bool {
			return known[box.number].Shipment != n.w.server.owner(thing).id
		})
	}
}
