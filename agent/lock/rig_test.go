package lock_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
	"cubby/agent/lock"
	"cubby/cmd/cubby-demo/boards"
)

const patience, often = 10 * time.Second, 2 * time.Millisecond

// timing is quick: what a test waits for is only the answer of a board that gives none.
var timing = lock.Timing{
	Poll: 5 * time.Millisecond, Fast: 5 * time.Millisecond, Reply: 100 * time.Millisecond,
	Reopen: 5 * time.Millisecond, LastOpen: 20 * time.Millisecond,
}

// rig is a bus against simulated boards on a pseudo-terminal.
type rig struct {
	*lock.Bus
	sim     *boards.Bus
	steel   *boards.Steel
	line    string
	sockets [][]int // of the simulation, by board
	stop    func()

	mu     sync.Mutex
	events []lock.Event
}

// start runs a bus with boards of one kind, until the test ends.
func (k kind) start(t *testing.T, all ...lock.Board) *rig {
	t.Helper()
	r := k.far(t, all...)
	r.drive(t, fmt.Sprintf("serial:%s?baud=%d", r.line, k.baud()), all)
	t.Cleanup(func() {
		r.stop()
		require.NoError(t, r.sim.Unplug())
		require.NoError(t, r.steel.Stop())
	})
	return r
}

// far builds the far end alone.
func (k kind) far(t *testing.T, all ...lock.Board) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{line: filepath.Join(dir, "bus")}
	var err error
	r.steel, err = boards.OpenSteel(filepath.Join(dir, "steel"), 0)
	require.NoError(t, err)
	var far []boards.Board
	for _, b := range all {
		var mine []int
		for _, s := range k.sim(b) {
			mine, far = append(mine, len(far)), append(far, s)
		}
		r.sockets = append(r.sockets, mine)
	}
	r.sim, err = boards.NewBus(r.line, r.steel, far)
	require.NoError(t, err)
	return r
}

// drive runs the bus on a line.
func (r *rig) drive(t *testing.T, line string, all []lock.Board) {
	t.Helper()
	r.driveAt(t, line, all, timing)
}

func (r *rig) driveAt(t *testing.T, line string, all []lock.Board, timing lock.Timing) {
	t.Helper()
	var err error
	r.Bus, err = lock.NewBus(all, timing, func() (link.Port, error) { return link.Open(line) }, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, r.tell) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}

// misbehave gives a board a fault, all modules of it.
func (r *rig) misbehave(board int, f boards.Fault) {
	for _, socket := range r.sockets[board] {
		r.sim.Misbehave(socket, f)
	}
}

func (r *rig) tell(e lock.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *rig) heard() []lock.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]lock.Event{}, r.events...)
}

// told is what was told of a cell's door: open or not, in order.
func (r *rig) told(cell int) (doors []bool) {
	for _, e := range r.heard() {
		if e.Cell == cell && e.Parcel == "" {
			doors = append(doors, e.Open)
		}
	}
	return doors
}

// toldParcels is what was told of a cell's parcel sensor, in order.
func (r *rig) toldParcels(cell int) (all []lock.Parcel) {
	for _, e := range r.heard() {
		if e.Cell == cell && e.Parcel != "" {
			all = append(all, e.Parcel)
		}
	}
	return all
}

// toldBoard is what was told of a board: up or not, in order.
func (r *rig) toldBoard(name string) (up []bool) {
	for _, e := range r.heard() {
		if e.Cell == 0 && e.Board == name {
			up = append(up, e.Up)
		}
	}
	return up
}

// await waits until a board is up, or down.
func (r *rig) await(t *testing.T, board int, up bool) {
	t.Helper()
	require.Eventually(t, func() bool { _, told := r.Doors(); return told && r.Boards()[board].Up == up }, patience, often)
}

// looked waits until the boards were asked so many times more.
func (r *rig) looked(t *testing.T, times int) {
	t.Helper()
	until := r.sim.Looks() + times
	require.Eventually(t, func() bool { return r.sim.Looks() >= until }, patience, often)
}

func (r *rig) open(cell int) bool {
	open, _ := r.Doors()
	return open[cell]
}

// opens unlocks a cell and waits for its door, and demands that none but these stands open.
func (r *rig) opens(t *testing.T, cell int, others ...int) {
	t.Helper()
	require.NoError(t, r.Unlock(t.Context(), cell))
	require.Eventually(t, func() bool { return r.open(cell) }, patience, often)
	want := map[int]bool{cell: true}
	for _, c := range others {
		want[c] = true
	}
	doors, _ := r.Doors()
	for c, open := range doors {
		require.Equal(t, want[c], open, "door %d", c)
	}
}

// onlyPulsed demands that each cell of the list was driven once and no other at all.
func (r *rig) onlyPulsed(t *testing.T, cells ...int) {
	t.Helper()
	want := map[int]int{}
	for _, c := range cells {
		want[c] = 1
	}
	for cell := 1; cell <= 120; cell++ {
		require.Equal(t, want[cell], r.steel.Truth(cell).Pulses, "cell %d", cell)
	}
}
