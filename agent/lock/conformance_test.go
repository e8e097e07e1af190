package lock_test

import (
	"context"
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

const patience, often = 5 * time.Second, 2 * time.Millisecond

// timing is quick: what a test waits for is only the answer of a board that gives none.
var timing = lock.Timing{Poll: 5 * time.Millisecond, Fast: 5 * time.Millisecond, Reopen: 5 * time.Millisecond, LastOpen: 20 * time.Millisecond}

// rig is a bus against simulated boards on a pseudo-terminal.
type rig struct {
	*lock.Bus
	sim   *boards.Bus
	steel *boards.Steel
	line  string
	stop  func()

	mu     sync.Mutex
	events []lock.Event
}

// start runs a bus with boards of as many cells as each says, until the test ends.
func start(t *testing.T, fault boards.Fault, all ...lock.Board) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{line: filepath.Join(dir, "bus")}
	var err error
	r.steel, err = boards.OpenSteel(filepath.Join(dir, "steel"), 0)
	require.NoError(t, err)
	var far []boards.Board
	for _, b := range all {
		far = append(far, boards.Board{Address: b.Address, First: b.FirstCell, Locks: b.Channels})
	}
	r.sim, err = boards.NewBus(r.line, r.steel, far)
	require.NoError(t, err)
	r.sim.Misbehave(0, fault)
	r.drive(t, "serial:"+r.line, all)
	t.Cleanup(func() {
		r.stop()
		require.NoError(t, r.sim.Unplug())
		require.NoError(t, r.steel.Stop())
	})
	return r
}

// drive runs the bus on a line.
func (r *rig) drive(t *testing.T, line string, all []lock.Board) {
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

func (r *rig) tell(e lock.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// told is what was told of a cell's door: open or not, in order.
func (r *rig) told(cell int) (doors []bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Cell == cell {
			doors = append(doors, e.Open)
		}
	}
	return doors
}

// toldBoard is what was told of a board: up or not, in order.
func (r *rig) toldBoard(name string) (up []bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
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

// onlyPulsed demands that each cell of the list was driven once and no other at all.
func (r *rig) onlyPulsed(t *testing.T, cells ...int) {
	t.Helper()
	want := map[int]int{}
	for _, c := range cells {
		want[c] = 1
	}
	for cell := 1; cell <= 96; cell++ {
		require.Equal(t, want[cell], r.steel.Truth(cell).Pulses, "cell %d", cell)
	}
}

// cu48 is a board whose cells follow those of the boards before it.
func cu48(address int) lock.Board {
	return lock.Board{
		Name: string(rune('A' + address)), Dialect: lock.DialectKerongCU48, Address: address,
		FirstCell: 1 + 48*address, Channels: 48, Feedback: lock.ClosedWhenLocked,
	}
}

func TestConformanceOnePulseOpensOneDoor(t *testing.T) {
	for _, fault := range []boards.Fault{
		boards.FaultNone, boards.FaultSplit, boards.FaultEcho, boards.FaultGarbage, boards.FaultInverted, boards.FaultLate,
	} {
		t.Run(string(fault), func(t *testing.T) {
			board := cu48(0)
			if fault == boards.FaultInverted {
				board.Feedback = lock.OpenWhenLocked
			}
			r := start(t, fault, board)
			r.await(t, 0, true)
			require.NoError(t, r.Unlock(t.Context(), 48))
			require.Eventually(t, func() bool { return r.open(48) }, patience, often)
			for cell := 1; cell <= 48; cell++ {
				require.Equal(t, cell == 48, r.open(cell), cell)
			}
			r.onlyPulsed(t, 48)
		})
	}
}

func TestConformanceADeadBoardGetsNoPulse(t *testing.T) {
	for _, fault := range []boards.Fault{boards.FaultSilence, boards.FaultSum, boards.FaultAddress} {
		t.Run(string(fault), func(t *testing.T) {
			r := start(t, fault, cu48(0))
			r.await(t, 0, false)
			require.Error(t, r.Unlock(t.Context(), 1))
			r.sim.Misbehave(0, boards.FaultNone)
			r.await(t, 0, true)
			r.onlyPulsed(t)
		})
	}
}

func TestConformanceADeadBoardStopsNoOther(t *testing.T) {
	r := start(t, boards.FaultSilence, cu48(0), cu48(1))
	r.await(t, 0, false)
	r.await(t, 1, true)
	require.Error(t, r.Unlock(t.Context(), 1))
	require.NoError(t, r.Unlock(t.Context(), 49))
	require.Eventually(t, func() bool { return r.open(49) }, patience, often)
	r.onlyPulsed(t, 49)

	r.sim.Misbehave(0, boards.FaultNone)
	r.await(t, 0, true)
	r.looked(t, 10)
	require.Equal(t, []bool{false, true}, r.toldBoard("A"), "down and up are told once each")
	require.Empty(t, r.toldBoard("B"))
}

func TestConformanceTheCableComesBack(t *testing.T) {
	r := start(t, boards.FaultNone, cu48(0))
	r.await(t, 0, true)
	require.NoError(t, r.sim.Unplug())
	r.await(t, 0, false)
	require.Error(t, r.Unlock(t.Context(), 1))
	require.NoError(t, r.sim.Plug())
	r.await(t, 0, true)
	require.Equal(t, []bool{false, true}, r.toldBoard("A"))
	require.NoError(t, r.Unlock(t.Context(), 1))
	require.Eventually(t, func() bool { return r.open(1) }, patience, often)
	r.onlyPulsed(t, 1)
}

func TestConformanceAStuckLockIsNotDrivenAgain(t *testing.T) {
	r := start(t, boards.FaultNone, cu48(0))
	r.await(t, 0, true)
	r.steel.Jam(7, true)
	require.NoError(t, r.Unlock(t.Context(), 7))
	r.looked(t, 50)
	require.False(t, r.open(7))
	r.onlyPulsed(t, 7)
}

func TestConformanceASlowLockIsSeenToOpen(t *testing.T) {
	r := start(t, boards.FaultNone, cu48(0))
	r.await(t, 0, true)
	r.steel.Slow(7, 300*time.Millisecond)
	require.NoError(t, r.Unlock(t.Context(), 7))
	require.Eventually(t, func() bool { return r.open(7) }, patience, often)
	r.onlyPulsed(t, 7)
}

func TestConformanceABouncingContactIsNoDoor(t *testing.T) {
	r := start(t, boards.FaultNone, cu48(0))
	r.await(t, 0, true)
	r.steel.Bounce(7, 21)
	r.looked(t, 30)
	require.Equal(t, []bool{false}, r.told(7), "it never stood open")

	r.steel.Bounce(7, 21)
	require.NoError(t, r.Unlock(t.Context(), 7))
	require.Eventually(t, func() bool { return r.open(7) }, patience, often)
	r.looked(t, 30)
	require.Equal(t, []bool{false, true}, r.told(7))
	require.NoError(t, r.steel.Close(7))
	require.Eventually(t, func() bool { return !r.open(7) }, patience, often)
	require.Equal(t, []bool{false, true, false}, r.told(7))
}

func TestConformanceWiring(t *testing.T) {
	board := cu48(0)
	board.Unfitted, board.Inverted = []int{2}, []int{3}
	r := start(t, boards.FaultNone, board)
	r.await(t, 0, true)
	require.ErrorIs(t, r.Unlock(t.Context(), 2), lock.ErrNoBoard)
	require.ErrorIs(t, r.Unlock(t.Context(), 49), lock.ErrNoBoard)
	open, _ := r.Doors()
	require.NotContains(t, open, 2)
	require.True(t, open[3], "its contact is wired the other way")
	require.NoError(t, r.Unlock(t.Context(), 3))
	require.Eventually(t, func() bool { return !r.open(3) }, patience, often)
	require.False(t, r.open(1))
	r.onlyPulsed(t, 3)
}

func TestConformanceManyAtOnce(t *testing.T) {
	r := start(t, boards.FaultNone, cu48(0), cu48(1))
	r.await(t, 0, true)
	r.await(t, 1, true)
	var all sync.WaitGroup
	var cells []int
	errs := make(chan error, 96)
	for cell := 1; cell <= 96; cell++ {
		cells = append(cells, cell)
		all.Go(func() { errs <- r.Unlock(t.Context(), cell) })
	}
	all.Wait()
	for range cells {
		require.NoError(t, <-errs)
	}
	require.Eventually(t, func() bool {
		for _, cell := range cells {
			if !r.open(cell) {
				return false
			}
		}
		return true
	}, patience, often)
	r.onlyPulsed(t, cells...)
}

func TestConformanceTooLateIsNotSent(t *testing.T) {
	r := start(t, boards.FaultNone, cu48(0))
	r.await(t, 0, true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 { // whichever way the bus and the end of the context race
		require.ErrorIs(t, r.Unlock(ctx, 1), context.Canceled)
	}
	r.looked(t, 5)
	r.onlyPulsed(t)
}

func TestConformanceAnEndedBusRefuses(t *testing.T) {
	r := start(t, boards.FaultNone, cu48(0))
	r.await(t, 0, true)
	r.stop()
	require.ErrorIs(t, r.Unlock(context.Background(), 1), lock.ErrEnded)
	r.onlyPulsed(t)
}
