package simulation

import (
	"errors"
	"fmt"

	"cubby/agent/cabinet"
	"cubby/agent/journal"
	"cubby/models"
)

const (
	cellsPerNode   = 16
	boardsPerNode  = 2
	imageEvery     = 12 * hour
	unlockTakes    = 30 // ms at most from the pulse's effect to the lock
	readBoardAfter = 400
)

// node is a cabinet: its computer with the product's core and store, and its steel.
type node struct {
	w      *World
	id     models.LockerID
	index  int
	key    models.CabinetKey
	disk   *disk
	images []*disk
	keeper *journal.Keeper
	steel  *steel
	boards [boardsPerNode]board

	running bool
	life    int   // of the program: what was under way in an earlier one is void
	livesAt int64 // since when
	boot    int
	bootAt  int64 // when uptime was 0
	powered int64 // ms of earlier boots
	wall    wallClock
	seen    [2][cellsPerNode]bool // its doors, and those at the back
	tickAt  int64
	ids     int
	// restored: its store is an old copy, and it cannot know that yet.
	restored bool
	// restoredIn is the epoch that the server knew then.
	restoredIn int64

	twoWay  bool // couriers work at the back, clients in front
	chilled bool // its second module is
	power   cabinet.Power
	climate climate

	link     link
	queues   map[models.Side]*queue
	side     models.Side // of whoever acts
	watch    watch
	alarms   alarms
	chatter  int64 // until then messages are sent twice and late
	lastCode typedCode
}

type board struct {
	dead  bool
	first int
	cells []int
}

func newNode(w *World, index int) *node {
	n := &node{w: w, id: lockerID(index), index: index, disk: newDisk(), steel: &steel{w: w}, watch: newWatch()}
	n.key = models.CabinetKey{byte(index + 1), 7}
	n.queues = map[models.Side]*queue{models.SideFront: {}, models.SideBack: {}}
	n.twoWay, n.chilled = w.rng.IntN(2) == 0, w.rng.IntN(2) == 0
	sensed := w.rng.IntN(2) == 0
	for i := range cellsPerNode {
		c := &compartment{node: n, number: i + 1, chilled: n.chilled && i >= ambientCells, sensor: sensor{fitted: sensed}}
		if n.twoWay {
			c.load = &leaf{}
		}
		n.steel.cells = append(n.steel.cells, c)
		b := &n.boards[i*boardsPerNode/cellsPerNode]
		if len(b.cells) == 0 {
			b.first = i + 1
		}
		b.cells = append(b.cells, i+1)
	}
	n.link.up = true
	w.in(imageEvery, n.keepImage)
	return n
}

func (n *node) boardOf(cell int) *board { return &n.boards[(cell-1)*boardsPerNode/cellsPerNode] }

func (n *node) keepImage() {
	n.images = append(n.images, n.disk.image())
	n.w.in(imageEvery, n.keepImage)
}

func (n *node) state() *cabinet.State { return n.keeper.State() }

// believed is a cell as the cabinet knows it; without a layout it is in doubt.
func (n *node) believed(cell int) cabinet.Cell {
	if cells := n.state().Cells; len(cells) >= cell {
		return *cells[cell-1]
	}
	return cabinet.Cell{Occupancy: models.Occupancy{Doubtful: true}}
}

// believedOpen is a door as the cabinet knows it.
func (n *node) believedOpen(cell int, side models.Side) bool {
	c := n.believed(cell)
	if side == models.SideBack && c.Load != nil {
		return c.Load.Open
	}
	return c.Open
}

// uptime is the time since the computer started.
func (n *node) uptime() int64 { return n.w.now - n.bootAt }

// poweredMS is how long the computer has run, ever: what the cabinet's timers count.
func (n *node) poweredMS() int64 { return n.powered + n.uptime() }

func (n *node) instant() cabinet.Instant {
	wall, quality := n.wall.read(n.w.now, n.uptime())
	return cabinet.Instant{WallMS: wall, UptimeMS: n.uptime(), Clock: quality, FloorMS: wall}
}

// start runs the program: it opens its store, reads its doors and connects.
func (n *node) start() {
	n.life, n.livesAt = n.life+1, n.w.now
	keeper, err := journal.Open(n.disk, n.id)
	lost := false
	if errors.Is(err, journal.ErrDamaged) {
		if !n.disk.rotten {
			n.w.fail(n, "a store that nobody damaged cannot be believed: %v", err)
			return
		}
		n.disk, lost = newDisk(), true
		n.forgetStore()
		keeper, err = journal.Open(n.disk, n.id)
	}
	if err != nil {
		n.w.fail(n, "the store does not open: %v", err)
		return
	}
	n.keeper, n.running, n.link.conn, n.link.busy = keeper, true, 0, [3]bool{}
	n.wall.restart(keeper.FloorMS())
	n.checkRestart()
	n.w.log(n, "starts: boot %d, uptime %d, store lost: %t", n.boot, n.uptime(), lost)
	started := cabinet.Started{Boot: fmt.Sprintf("boot-%d-%d", n.index, n.boot), Open: n.readDoors(models.SideFront), Lost: lost}
	if n.twoWay {
		started.OpenLoad = n.readDoors(models.SideBack)
	}
	n.give(started)
	n.give(cabinet.KeyInstalled{Key: n.key})
	n.give(cabinet.TrustInstalled{Signers: []models.SignerKey{n.w.server.signer.Public()}})
	for i := range n.boards {
		n.tellBoard(&n.boards[i])
	}
	n.tellDevices()
	n.connectSoon()
}

// readDoors is the first look. A door whose board is dead is taken as it was last seen.
func (n *node) readDoors(side models.Side) []int {
	var open []int
	for _, c := range n.steel.cells {
		is := c.reads(side)
		if n.boardOf(c.number).dead {
			is = n.believedOpen(c.number, side)
		}
		*n.seenAt(c.number, side) = is
		if is {
			open = append(open, c.number)
		}
	}
	return open
}

// tellBoard tells the core of a board that it believes to be otherwise.
func (n *node) tellBoard(b *board) {
	for _, c := range b.cells {
		if n.believed(c).Dead != b.dead && len(n.state().Cells) > 0 {
			n.give(cabinet.BoardChanged{Board: fmt.Sprintf("board-%d", b.first), Cells: b.cells, Up: !b.dead})
			break
		}
	}
	if !b.dead {
		for _, c := range b.cells {
			for _, side := range n.sides() {
				n.see(c, side, n.steel.cell(c).reads(side))
			}
			n.sense(n.steel.cell(c))
		}
	}
}

// boardChanges is told a moment after a board fell silent or came back.
func (n *node) boardChanges(b *board, dead bool) {
	b.dead = dead
	life := n.life
	n.w.in(readBoardAfter, func() {
		if n.running && n.life == life {
			n.tellBoard(b)
		}
	})
}

// give gives the core an input and carries its effects out, as the product's host does.
func (n *node) give(in cabinet.Input) {
	if !n.running || n.w.failed != nil {
		return
	}
	n.watch.before(n)
	now := n.instant()
	effects, err := n.keeper.Step(now, in)
	if err != nil {
		n.w.log(n, "dies in a commit, at %T", in)
		n.crash()
		return
	}
	n.w.Stats.Steps++
	if _, quiet := in.(cabinet.Tick); !quiet || len(effects) > 1 {
		n.w.log(n, "%T %+v -> %d effects", in, in, len(effects))
	}
	n.check(in)
	if n.restored && n.state().Link.Live && !n.state().Unsure {
		n.restored = false
		if n.state().Journal.Epoch == n.restoredIn {
			n.neverKnown()
		}
	}
	for _, e := range effects {
		if !n.running || n.w.failed != nil {
			return
		}
		n.carryOut(e)
		if n.w.faults.between(n) {
			n.crash() // after one effect, before the next
			return
		}
	}
	n.schedule()
	n.w.faults.stepped(n)
}

func (n *node) carryOut(e cabinet.Effect) {
	switch e := e.(type) {
	case cabinet.Pulse:
		n.checkPulse(e)
		n.w.log(n, "pulse %+v", e)
		if !n.boardOf(e.Cell).dead {
			n.w.in(n.w.between(1, unlockTakes), func() { n.pulse(e.Cell, e.Side) })
		}
	case cabinet.Drive:
		n.drive(e)
	case cabinet.AskServer:
		n.askServer(e.Request)
	case cabinet.Send:
		n.sendUp(e.Type, e.Body)
	case cabinet.UploadJournal:
		n.upload()
	case cabinet.FetchDirectory:
		n.fetchDirectory()
	case cabinet.FetchSnapshot:
		n.fetchSnapshot()
	}
}

// schedule has the core woken at its next deadline.
func (n *node) schedule() {
	at, ok := cabinet.NextDeadline(n.state())
	if !ok {
		return
	}
	wake := n.bootAt + at
	if n.tickAt >= n.w.now && n.tickAt <= wake {
		return // it will be woken before
	}
	n.tickAt = max(wake, n.w.now)
	life, due := n.life, n.tickAt
	n.w.in(due-n.w.now, func() {
		if n.life != life || !n.running || n.tickAt != due {
			return
		}
		n.tickAt = -1
		if at, ok := cabinet.NextDeadline(n.state()); ok && at <= n.uptime() {
			n.give(cabinet.Tick{})
		} else {
			n.schedule()
		}
	})
}

// crash stops the computer at once. It comes back by itself.
func (n *node) crash() {
	if !n.running {
		return
	}
	n.lineEnds()
	n.running, n.tickAt = false, -1
	n.disk.crash(n.w.rng)
	reboot := n.w.rng.IntN(2) == 0
	n.w.log(n, "is dead (new boot: %t)", reboot)
	away := n.w.between(1*second, 20*second)
	if reboot {
		away = n.w.between(10*second, 10*minute)
	}
	died := n.w.now
	n.w.in(away, func() {
		if reboot {
			n.powered += died - n.bootAt
			n.boot++
			n.bootAt = n.w.now
			n.wall.reboot()
		}
		n.start()
	})
}

// operation is a fresh id.
func (n *node) operation() models.OperationID {
	n.ids++
	return models.OperationID(id(models.PrefixOperation, n.index*10_000_000+n.ids))
}

// wallClock is a cabinet's clock, and how it goes wrong.
type wallClock struct {
	offset   int64
	frozenAt int64 // what it shows while it stands; 0: it runs
	guessed  bool
	server   int64 // Unix ms at uptime 0, as the server said; 0: not said
	floor    int64
}

func (c *wallClock) read(now, uptime int64) (int64, models.ClockQuality) {
	wall, quality := beginMS+now+c.offset, models.ClockSynced
	if c.frozenAt != 0 {
		wall = c.frozenAt
	}
	if c.guessed {
		quality = models.ClockGuessed
		if c.server != 0 {
			wall = c.server + uptime
		}
	}
	c.floor = max(c.floor, wall)
	return c.floor, quality
}

func (c *wallClock) restart(floor int64) { c.floor, c.server = floor, 0 }

// reboot sets a clock that was wrong right again, or not.
func (c *wallClock) reboot() { c.frozenAt = 0 }
