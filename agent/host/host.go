// Package host runs a cabinet: it gives the core what the devices, the screen and the line
// tell, and carries out what the core wants. One goroutine owns the core; devices run
// beside it and cannot hold up each other or the screen.
package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/journal"
	"cubby/agent/lock"
	"cubby/agent/protocol"
	"cubby/agent/relay"
	"cubby/models"
)

// Bus drives locks. *lock.Bus is one.
type Bus interface {
	Run(ctx context.Context, tell func(lock.Event)) error
	Has(cell int) bool
	Unlock(ctx context.Context, cell int) error
	Doors() (open map[int]bool, complete bool)
	Boards() []lock.BoardStatus
	Parcels() map[int]lock.Parcel
}

// words are what parcel sensors say, as the core has it. One that cannot be read is as good as
// none.
var words = map[lock.Parcel]cabinet.Sensed{lock.ParcelPresent: cabinet.SensedParcel, lock.ParcelAbsent: cabinet.SensedEmpty, lock.ParcelUnknown: ""}

// cellsOf are the cells of a board's doors.
func cellsOf(doors []int) []int {
	cells := make([]int, len(doors))
	for i, door := range doors {
		cells[i], _ = lock.CellOf(door)
	}
	return cells
}

// Relays drive what hangs on relays beside the locks. relay.Lines are.
type Relays interface {
	// Drive has an output driven for a time, which its board counts; 0 ends it at once. No error:
	// the board has taken it.
	Drive(ctx context.Context, o models.Output, d time.Duration) error
}

// Line is the way to the server. *uplink.Uplink is one.
type Line interface {
	Send(t protocol.Type, body any)
	UploadJournal()
	FetchDirectory()
	FetchSnapshot()
	Request(r protocol.Request)
}

// Config is what a host is made of.
type Config struct {
	Keeper *journal.Keeper
	Lost   bool // the store was damaged and set aside
	Buses  []Bus
	Relays Relays // nil: there are none
	Line   Line
	Clock  *Clock
	// Restart has a device begin anew that a technician named by its key; nil: none can.
	Restart func(device string)
	// Commission has the wiring of the locks found in place of what the host does; nil: nobody can.
	Commission func(cabinet.Commission)
	IDs        *models.IDs
	Logger     *slog.Logger
}

const (
	// unlockLimit is how long a pulse may wait for its bus. One that comes later would open
	// a door for nobody.
	unlockLimit = 1500 * time.Millisecond
	// driveLimit is the same for an output. It ends before the order for it is answered.
	driveLimit = 3 * time.Second
	// readLimit is how long a start waits for the first look at every door.
	readLimit   = 3 * time.Second
	readEvery   = 10 * time.Millisecond
	redrawEvery = time.Second
	maxWait     = time.Hour
	// maxDrives is how many outputs may wait for their turn: all that a cabinet has, several times.
	maxDrives = 32
)

// Host runs one cabinet.
type Host struct {
	Config
	acts    chan func()
	drives  chan cabinet.Drive
	stopped chan struct{}
	failed  error // of the store; owned by the loop

	mu       sync.Mutex
	watchers map[chan struct{}]bool
	view     map[models.Side]cabinet.View
	site     cabinet.Site
}

// New makes a host. Nothing happens before Run.
func New(cfg Config) *Host {
	return &Host{Config: cfg, acts: make(chan func()), drives: make(chan cabinet.Drive, maxDrives), stopped: make(chan struct{}), watchers: map[chan struct{}]bool{}}
}

// errNoRelays says that the configuration names no relays.
var errNoRelays = errors.New("host: there are no relays")

// ErrStopped says that the cabinet does not run.
var ErrStopped = models.Errorf(models.CodeUnavailable, "the cabinet's program stops")

// Run runs the cabinet until the context ends or its store fails; it returns the store's
// error then. ready is called once inputs are taken.
func (h *Host) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	var buses sync.WaitGroup
	defer buses.Wait()
	defer cancel()
	defer close(h.stopped)
	events := newQueue()
	for _, b := range h.Buses {
		buses.Go(func() {
			if err := b.Run(ctx, func(e lock.Event) { events.put(ctx, h, e) }); err != nil {
				h.Logger.Error("a lock bus ended", "error", err)
			}
		})
	}
	open, load := h.readDoors(ctx)
	h.step(cabinet.Started{Boot: h.Clock.Boot(), Open: open, OpenLoad: load, Lost: h.Lost})
	h.compare()
	go h.driveInTurn(ctx)
	go events.open(ctx, h)
	if h.failed == nil {
		ready()
	}
	return h.loop(ctx)
}

func (h *Host) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	redraw := time.NewTicker(redrawEvery)
	defer redraw.Stop()
	for h.failed == nil {
		timer.Reset(h.untilDeadline())
		select {
		case <-ctx.Done():
			return nil
		case act := <-h.acts:
			act()
		case <-timer.C:
			if at, ok := cabinet.NextDeadline(h.Keeper.State()); ok && at <= h.Clock.Now().UptimeMS {
				h.step(cabinet.Tick{})
			}
		case <-redraw.C:
			h.compare()
			h.draw() // a reminder comes by time alone
		}
	}
	return fmt.Errorf("the cabinet stops: its store cannot keep what happens: %w", h.failed)
}

func (h *Host) untilDeadline() time.Duration {
	at, ok := cabinet.NextDeadline(h.Keeper.State())
	if !ok {
		return maxWait
	}
	return max(0, time.Duration(at-h.Clock.Now().UptimeMS)*time.Millisecond)
}

// readDoors waits for the first look at every door, for a while, and returns those that
// stand open. A door that cannot be read is taken to stand as it was last seen.
func (h *Host) readDoors(ctx context.Context) (open, load []int) {
	limit := time.NewTimer(readLimit)
	defer limit.Stop()
	again := time.NewTicker(readEvery)
	defer again.Stop()
	for !h.allRead() {
		select {
		case <-ctx.Done():
		case <-again.C:
			continue
		case <-limit.C:
			h.Logger.Warn("not every door could be read")
		}
		break
	}
	seen := map[int]bool{}
	for _, b := range h.Buses {
		doors, _ := b.Doors()
		for cell, open := range doors {
			seen[cell] = open
		}
	}
	is := func(c *cabinet.Cell, side models.Side, before bool) bool {
		open, read := seen[lock.Door(c.Number(), side)]
		return read && open || !read && before
	}
	for _, c := range h.Keeper.State().Cells {
		if is(c, models.SideFront, c.Open) {
			open = append(open, c.Number())
		}
		if c.Load != nil && is(c, models.SideBack, c.Load.Open) {
			load = append(load, c.Number())
		}
	}
	return open, load
}

func (h *Host) allRead() bool {
	return !slices.ContainsFunc(h.Buses, func(b Bus) bool {
		_, complete := b.Doors()
		return !complete
	})
}

// compare gives the core what the buses know and it does not. A board that answers from the
// start on is no event of its bus, though it may have been dead before; and an event may
// have come before its cell was known.
func (h *Host) compare() {
	var found []cabinet.Input
	for _, b := range h.Buses {
		doors, _ := b.Doors()
		parcels := b.Parcels()
		dead := map[int]bool{}
		for _, c := range h.Keeper.State().Cells {
			dead[c.Number()] = c.Dead
			if open, read := doors[c.Number()]; read && open != c.Open {
				found = append(found, cabinet.DoorChanged{Cell: c.Number(), Open: open})
			}
			if open, read := doors[lock.Door(c.Number(), models.SideBack)]; c.Load != nil && read && open != c.Load.Open {
				found = append(found, cabinet.DoorChanged{Cell: c.Number(), Side: models.SideBack, Open: open})
			}
			if sensed, has := parcels[c.Number()]; has && words[sensed] != c.Sensed {
				found = append(found, cabinet.ParcelSensed{Cell: c.Number(), Sensed: words[sensed]})
			}
		}
		for _, board := range b.Boards() {
			cells := cellsOf(board.Cells)
			if board.Up && slices.ContainsFunc(cells, func(n int) bool { return dead[n] }) {
				found = append(found, cabinet.BoardChanged{Board: board.Name, Cells: cells, Up: true})
			}
		}
	}
	for _, in := range found {
		h.step(in)
	}
}

// step gives the core an input and then carries out what it wants: by then it is durable.
// It returns what comes of each pulse, once that is known.
func (h *Host) step(in cabinet.Input) (pulses []<-chan error) {
	if h.failed != nil {
		return nil
	}
	var effects []cabinet.Effect
	effects, h.failed = h.Keeper.Step(h.Clock.Now(), in)
	if h.failed != nil {
		h.Logger.Error("the store failed", "error", h.failed)
		return nil
	}
	for _, e := range effects {
		switch e := e.(type) {
		case cabinet.Pulse:
			pulses = append(pulses, h.pulse(e))
		case cabinet.Restart:
			if h.Restart != nil {
				h.Logger.Warn("a technician has a device started anew", "device", e.Device)
				h.Restart(e.Device)
			}
		case cabinet.Commission:
			if h.Commission != nil {
				h.Logger.Warn("a technician has the wiring of the locks found", "technician", e.Technician)
				h.Commission(e)
			}
		case cabinet.Drive:
			h.order(e)
		case cabinet.Send:
			h.Line.Send(e.Type, e.Body)
		case cabinet.UploadJournal:
			h.Line.UploadJournal()
		case cabinet.FetchDirectory:
			h.Line.FetchDirectory()
		case cabinet.FetchSnapshot:
			h.Line.FetchSnapshot()
		case cabinet.AskServer:
			h.Line.Request(e.Request)
		}
	}
	h.draw()
	return pulses
}

// pulse drives a lock, beside the loop: a bus that hangs holds up nothing else. The core
// learns what came of it from the door; the channel is for people who wait.
func (h *Host) pulse(p cabinet.Pulse) <-chan error {
	came := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), unlockLimit)
		defer cancel()
		err := h.unlock(ctx, lock.Door(p.Cell, p.Side))
		if err != nil {
			h.Logger.Warn("a lock was not driven", "cell", p.Cell, "operation", p.Operation, "attempt", p.Attempt, "error", err)
		}
		came <- err
	}()
	return came
}

// order puts a drive into the queue: beside the loop, and in the order in which the core wants
// them, so that the end of a siren does not come before its beginning.
func (h *Host) order(d cabinet.Drive) {
	select {
	case h.drives <- d:
	default:
		h.Logger.Error("an output was not driven: too many wait for their turn", "output", d.Output)
		go h.driven(cabinet.OutputDriven{Drive: d})
	}
}

// driveInTurn carries the queue out until the context ends.
func (h *Host) driveInTurn(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-h.drives:
			h.drive(d)
		}
	}
}

// drive has an output driven, and tells the core what came of it.
func (h *Host) drive(d cabinet.Drive) {
	ctx, cancel := context.WithTimeout(context.Background(), driveLimit)
	defer cancel()
	err := errNoRelays
	if h.Relays != nil {
		err = h.Relays.Drive(ctx, d.Output, time.Duration(d.ForMS)*time.Millisecond)
	}
	if err != nil {
		h.Logger.Warn("an output was not driven", "output", d.Output, "error", err)
	}
	h.driven(cabinet.OutputDriven{Drive: d, Done: err == nil, Unsure: errors.Is(err, relay.ErrUnsure)})
}

func (h *Host) driven(in cabinet.OutputDriven) {
	if err := h.Tell(context.Background(), in); err != nil {
		h.Logger.Warn("what came of an output was not taken", "output", in.Output, "error", err)
	}
}

func (h *Host) unlock(ctx context.Context, door int) error {
	for _, b := range h.Buses {
		if b.Has(door) {
			return b.Unlock(ctx, door)
		}
	}
	return lock.ErrNoBoard
}

// act runs f in the loop and waits for it.
func (h *Host) act(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case h.acts <- func() { defer close(done); f() }:
		<-done
		return nil
	case <-h.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Tell gives the core an input and returns once it is durable.
func (h *Host) Tell(ctx context.Context, in cabinet.Input) error {
	var failed error
	err := h.act(ctx, func() {
		switch in := in.(type) {
		case cabinet.ContinueFrom:
			h.Clock.ServerSays(in.NowMS)
		case cabinet.NewEpoch:
			h.Clock.ServerSays(in.NowMS)
		}
		h.step(in)
		failed = h.failed
	})
	return errors.Join(err, failed)
}

// Read runs f on the state, which f must not keep.
func (h *Host) Read(ctx context.Context, f func(s *cabinet.State)) error {
	return h.act(ctx, func() { f(h.Keeper.State()) })
}

// Operation is a fresh id for an input that may begin an operation.
func (h *Host) Operation() models.OperationID {
	return models.OperationID(h.IDs.New(models.PrefixOperation))
}

// queue holds what buses tell until the core has started, and then passes it on.
type queue struct {
	mu      sync.Mutex
	waiting []lock.Event
	opened  bool
}

func newQueue() *queue { return &queue{} }

func (q *queue) put(ctx context.Context, h *Host, e lock.Event) {
	q.mu.Lock()
	if !q.opened {
		q.waiting = append(q.waiting, e)
		q.mu.Unlock()
		return
	}
	q.mu.Unlock()
	h.told(ctx, e)
}

func (q *queue) open(ctx context.Context, h *Host) {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.opened = true
			q.mu.Unlock()
			return
		}
		events := q.waiting
		q.waiting = nil
		q.mu.Unlock()
		for _, e := range events {
			h.told(ctx, e)
		}
	}
}

// told passes on what a bus saw, save for parcel sensors, of which the core does not know.
func (h *Host) told(ctx context.Context, e lock.Event) {
	cell, side := lock.CellOf(e.Cell)
	var in cabinet.Input = cabinet.DoorChanged{Cell: cell, Side: side, Open: e.Open}
	switch {
	case e.Parcel != "":
		in = cabinet.ParcelSensed{Cell: cell, Sensed: words[e.Parcel]}
	case e.Cell == 0:
		in = cabinet.BoardChanged{Board: e.Board, Cells: cellsOf(e.Cells), Up: e.Up}
		h.Logger.Warn("a lock board changed", "board", e.Board, "up", e.Up)
	}
	if err := h.Tell(ctx, in); err != nil && ctx.Err() == nil {
		h.Logger.Error("a door's change was not taken", "cell", e.Cell, "error", err)
	}
}
