package host

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"math/rand"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/journal"
	"cubby/agent/lock"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	locker = models.LockerID("lkr_1")
	soon   = 5 * time.Second
	often  = 2 * time.Millisecond
)

// fakeBus is a bus whose boards and doors a test moves.
type fakeBus struct {
	name   string
	cells  []int
	tells  chan lock.Event
	unlock func(ctx context.Context, cell int) error

	mu     sync.Mutex
	doors  map[int]bool
	read   bool
	dead   bool
	pulses []int
	sensed map[int]lock.Parcel
}

func newBus(name string, cells ...int) *fakeBus {
	b := &fakeBus{name: name, cells: cells, tells: make(chan lock.Event, 100), doors: map[int]bool{}, read: true}
	for _, c := range cells {
		b.doors[c] = false
	}
	return b
}

func (b *fakeBus) Run(ctx context.Context, tell func(lock.Event)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-b.tells:
			tell(e)
			if len(b.tells) == 0 {
				b.set(func() { b.read = true })
			}
		}
	}
}

func (b *fakeBus) Has(cell int) bool { return slices.Contains(b.cells, cell) }

func (b *fakeBus) Unlock(ctx context.Context, cell int) error {
	if b.unlock != nil {
		if err := b.unlock(ctx, cell); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pulses = append(b.pulses, cell)
	return nil
}

func (b *fakeBus) pulsed() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.pulses)
}

func (b *fakeBus) Doors() (open map[int]bool, complete bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	open = map[int]bool{}
	if b.read && !b.dead {
		for c, o := range b.doors {
			open[c] = o
		}
	}
	return open, b.read
}

func (b *fakeBus) Parcels() map[int]lock.Parcel {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.sensed)
}

func (b *fakeBus) Boards() []lock.BoardStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	return []lock.BoardStatus{{Name: b.name, Up: b.read && !b.dead, Cells: b.cells}}
}

// set changes a door without a word.
func (b *fakeBus) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// move changes a door and tells.
func (b *fakeBus) move(cell int, open bool) {
	b.set(func() { b.doors[cell] = open })
	b.tells <- lock.Event{Cell: cell, Open: open}
}

// fakeLine notes what it is asked for.
type fakeLine struct {
	mu   sync.Mutex
	sent []any
}

func (l *fakeLine) add(v any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, v)
}

func (l *fakeLine) all() []any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sent)
}

func (l *fakeLine) Send(t protocol.Type, _ any) { l.add(t) }
func (l *fakeLine) UploadJournal()              { l.add("upload") }
func (l *fakeLine) FetchDirectory()             { l.add("directory") }
func (l *fakeLine) FetchSnapshot()              { l.add("snapshot") }
func (l *fakeLine) Request(r protocol.Request)  { l.add("request " + string(r.Kind)) }

// gate is a disk whose commits a test holds up or fails.
type gate struct {
	journal.Disk
	onSync atomic.Pointer[func() error]
}

func (g *gate) Sync() error {
	if f := g.onSync.Load(); f != nil {
		if err := (*f)(); err != nil {
			return err
		}
	}
	return g.Disk.Sync()
}

func (g *gate) hook(f func() error) { g.onSync.Store(&f) }

// stand is a cabinet with cells 1 and 2 on one bus and 3 and 4 on another, before it runs.
type stand struct {
	*Host
	t      *testing.T
	disk   *gate
	a, b   *fakeBus
	line   *fakeLine
	uptime atomic.Int64 // beside the true one
	cancel context.CancelFunc
	ended  chan error
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := prepare(t, filepath.Join(t.TempDir(), "cabinet.db"))
	s.furnish()
	return s
}

// prepare opens a cabinet's store and puts a program around it.
func prepare(t *testing.T, path string) *stand {
	t.Helper()
	return prepareAt(t, path, locker)
}

func prepareAt(t *testing.T, path string, l models.LockerID) *stand {
	t.Helper()
	disk, err := journal.OpenSQLite(path)
	require.NoError(t, err)
	s := &stand{t: t, disk: &gate{Disk: disk}, a: newBus("A", 1, 2), b: newBus("B", 3, 4), line: &fakeLine{}}
	keeper, err := journal.Open(s.disk, l)
	require.NoError(t, err)
	began := time.Now()
	clock := newClock("boot-1", keeper.FloorMS(), ClockSources{
		Wall: time.Now, Uptime: func() int64 { return 1 + time.Since(began).Milliseconds() + s.uptime.Load() },
		Synced: func() bool { return true },
	})
	s.Host = New(Config{
		Keeper: keeper, Buses: []Bus{s.a, s.b}, Line: s.line, Clock: clock,
		IDs:    models.NewIDs(time.Now, rand.New(rand.NewSource(1))),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	return s
}

// furnish gives the cabinet its cells, before it runs.
func (s *stand) furnish() {
	s.t.Helper()
	layout := models.DirectoryLayout{Locker: locker, Number: "L-001", State: models.LockerActive}
	for n := range 4 {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: n + 1, Module: 1, Row: n + 1, Size: models.SizeM, Regime: models.Ambient})
	}
	_, err := s.Keeper.Step(s.Clock.Now(), directory(s.t, layout))
	require.NoError(s.t, err)
}

func directory(t *testing.T, layout models.DirectoryLayout) cabinet.Input {
	t.Helper()
	raw, err := json.Marshal(layout)
	require.NoError(t, err)
	return cabinet.DirectoryEntries{DirectoryReply: protocol.DirectoryReply{
		Entries: []protocol.Entry{{Kind: models.EntryLayout, Key: string(locker), Body: raw}},
	}}
}

// run runs it until the test ends, or stop.
func (s *stand) run() *stand {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.ended = cancel, make(chan error, 1)
	ready := make(chan struct{})
	go func() { s.ended <- s.Run(ctx, func() { close(ready) }) }()
	s.t.Cleanup(func() {
		cancel()
		<-s.Stopped()
		_ = s.Keeper.Close() // what a test closed is closed
	})
	select {
	case <-ready:
	case err := <-s.ended:
		s.t.Fatal(err)
	}
	return s
}

// stop ends it, as the end of the program does, and returns what Run returned.
func (s *stand) stop() error {
	s.t.Helper()
	s.cancel()
	return <-s.ended
}

func (s *stand) open(cell int) bool {
	s.t.Helper()
	var open bool
	require.NoError(s.t, s.Read(s.t.Context(), func(st *cabinet.State) { open = st.Cells[cell-1].Open }))
	return open
}

// facts lists what was written: type and cell.
func (s *stand) facts() []fact {
	s.t.Helper()
	var all []fact
	require.NoError(s.t, s.Read(s.t.Context(), func(st *cabinet.State) {
		for _, f := range st.Journal.Facts {
			all = append(all, fact{f.Type, f.Cell})
		}
	}))
	return all
}

type fact struct {
	kind models.FactType
	cell int
}
