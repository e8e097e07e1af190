package commission_test

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
	"cubby/agent/lock/commission"
	"cubby/cmd/cubby-demo/boards"
)

const (
	patience = 10 * time.Second
	often    = 2 * time.Millisecond
	shutsIn  = 120 * time.Millisecond // a person who is quick
)

// quick is as fast as the steel is slow.
var quick = commission.Timing{Watch: 600 * time.Millisecond, After: 150 * time.Millisecond, Close: 300 * time.Millisecond}

// stand is a cabinet that is to be commissioned: two boards of four channels, cells 1 to 8.
type stand struct {
	t      *testing.T
	steel  *boards.Steel
	sim    *boards.Bus
	boards []lock.Board
	cfg    commission.Config

	reply time.Duration

	mu       sync.Mutex
	progress []commission.Progress
	most     int // doors that stood open at once when a lock was driven
}

func newStand(t *testing.T, shuts time.Duration) *stand {
	t.Helper()
	dir := t.TempDir()
	s := &stand{t: t, reply: 60 * time.Millisecond}
	var err error
	s.steel, err = boards.OpenSteel(filepath.Join(dir, "steel"), shuts)
	require.NoError(t, err)
	var far []boards.Board
	for i := range 2 {
		b := lock.Board{
			Name: string(rune('A' + i)), Dialect: lock.DialectKerongCU16, Address: i, FirstCell: 1 + 4*i, Channels: 4,
			Feedback: lock.ClosedWhenLocked,
		}
		s.boards = append(s.boards, b)
		far = append(far, boards.Board{Family: boards.FamilyKerongCU16, Address: i, First: b.FirstCell, Locks: 4})
	}
	s.sim, err = boards.NewBus(filepath.Join(dir, "bus"), s.steel, far)
	require.NoError(t, err)
	s.sim.OnUnlock(func(int) {
		open := 0
		for cell := 1; cell <= 8; cell++ {
			if s.steel.Truth(cell).Open {
				open++
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.most = max(s.most, open)
	})
	s.cfg = commission.Config{Timing: quick, Progress: func(p commission.Progress) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.progress = append(s.progress, p)
	}}
	t.Cleanup(func() {
		require.NoError(t, s.sim.Unplug())
		require.NoError(t, s.steel.Stop())
	})
	return s
}

// session runs one over the boards.
func (s *stand) session(ctx context.Context) ([]commission.Finding, error) {
	s.t.Helper()
	bare := commission.Bare(s.boards)
	timing := lock.Timing{Poll: 5 * time.Millisecond, Fast: 5 * time.Millisecond, Reply: s.reply, Reopen: 5 * time.Millisecond}
	bus, err := lock.NewBus(bare, timing, func() (link.Port, error) { return link.Open("serial:" + s.sim.Path()) }, slog.New(slog.DiscardHandler))
	require.NoError(s.t, err)
	s.cfg.Boards, s.cfg.Buses = bare, []commission.Bus{bus}
	c := commission.New(s.cfg)
	driven, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- bus.Run(driven, c.Tell) }()
	defer func() {
		stop()
		require.NoError(s.t, <-ended)
	}()
	require.Eventually(s.t, func() bool { _, complete := bus.Doors(); return complete }, patience, often)
	return c.Run(ctx)
}

// found runs a session that comes to its end, and proposes.
func (s *stand) found() commission.Proposal {
	s.t.Helper()
	findings, err := s.session(s.t.Context())
	require.NoError(s.t, err)
	require.Len(s.t, findings, 8)
	p := commission.Propose(s.boards, findings)
	require.NoError(s.t, lock.CheckBoards(p.Boards), "what is proposed can be taken as it is")
	return p
}

func doubts(p commission.Proposal) map[int]commission.Doubt {
	all := map[int]commission.Doubt{}
	for _, f := range p.Doubtful() {
		all[f.Cell] = f.Doubt
	}
	return all
}

// onlyOnce demands that no channel was driven more often than once.
func (s *stand) onlyOnce(want int) {
	s.t.Helper()
	sum := 0
	for cell := 1; cell <= 8; cell++ {
		n := s.steel.Truth(cell).Pulses
		require.LessOrEqual(s.t, n, 1, "cell %d", cell)
		sum += n
	}
	require.Equal(s.t, want, sum)
}

func TestAsItShouldBe(t *testing.T) {
	t.Parallel()
	s := newStand(t, shutsIn)
	s.boards[0].Locks = map[int]int{1: 2, 2: 1} // of a wiring that was
	p := s.found()
	require.Empty(t, p.Doubtful())
	require.Empty(t, p.Without)
	require.Equal(t, commission.Bare(s.boards), p.Boards)
	s.onlyOnce(8)
	require.Zero(t, s.most, "no lock is driven while a door stands open")
	last := s.progress[len(s.progress)-1]
	require.Equal(t, []int{8, 8}, []int{last.Done, last.Total})
	require.Equal(t, "door 8 opened", last.Found.Say())
}

// TestADoorThatStandsOpenComesLast: somebody may shut it meanwhile.
func TestADoorThatStandsOpenComesLast(t *testing.T) {
	t.Parallel()
	s := newStand(t, shutsIn)
	s.steel.Spring(1)
	s.steel.Spring(2)
	s.cfg.Progress = func(p commission.Progress) {
		if p.Found != nil && p.Done == 1 {
			require.NoError(t, s.steel.Close(1))
		}
	}
	require.Equal(t, map[int]commission.Doubt{2: commission.AlreadyOpen}, doubts(s.found()))
	s.onlyOnce(8)
}

func TestShuffledWiring(t *testing.T) {
	t.Parallel()
	s := newStand(t, shutsIn)
	for channel, door := range map[int]int{1: 3, 2: 1, 3: 2} {
		s.steel.WireLock(channel, door)
	}
	p := s.found()
	require.Equal(t, map[int]int{3: 1, 1: 2, 2: 3}, p.Boards[0].Locks)
	require.Nil(t, p.Boards[1].Locks)
	require.Empty(t, p.Without)
	require.Equal(t, map[int]commission.Doubt{1: commission.OtherMoved, 2: commission.OtherMoved, 3: commission.OtherMoved}, doubts(p))
	require.Equal(t, "the switch of cell 3 moved: see whether that door opened", p.Findings[0].Say())
	s.onlyOnce(8)
}

func TestMissingWiring(t *testing.T) {
	t.Parallel()
	s := newStand(t, shutsIn)
	s.steel.WireLock(1)       // no lock
	s.steel.WireContact(2, 0) // no switch
	s.steel.WireLock(5, 6)    // its lock opens another's door,
	s.steel.WireLock(6)       // whose own is missing
	s.steel.Jam(8, true)
	p := s.found()
	require.Equal(t, map[int]commission.Doubt{
		1: commission.NothingMoved, 2: commission.AlreadyOpen, 5: commission.OtherMoved, 6: commission.NothingMoved, 8: commission.NothingMoved,
	}, doubts(p))
	require.Equal(t, map[int]int{6: 1}, p.Boards[1].Locks)
	require.Equal(t, []int{5}, p.Without, "its channel is needed by cell 6, and nothing else opens it")
	require.Equal(t, []int{5}, p.Boards[1].Unfitted)
	s.onlyOnce(8)
}

func TestDoubledWiring(t *testing.T) {
	t.Parallel()
	s := newStand(t, shutsIn)
	s.steel.WireLock(1, 1, 2)
	s.steel.WireLock(4, 3)
	s.steel.WireLock(8, 1) // across boards
	p := s.found()
	require.Equal(t, map[int]commission.Doubt{
		1: commission.ManyMoved, 3: commission.Shared, 4: commission.Shared, 8: commission.OtherBoard,
	}, doubts(p))
	require.Equal(t, "doors 1, 2 opened together", p.Findings[0].Say())
	require.Equal(t, "door 3 is opened by another channel too", p.Findings[3].Say())
	require.Nil(t, p.Boards[0].Locks, "what is in doubt stays as it was")
	require.Equal(t, []int{1, 4, 8}, p.Without, "save for cells that would open another's door")
	require.Equal(t, []int{1, 4}, p.Boards[0].Unfitted)
	require.Equal(t, []int{8}, p.Boards[1].Unfitted)
	s.onlyOnce(8)
}

// TestASlowLine: the second of two doors is read long after the first, and still belongs to
// the same pulse.
func TestASlowLine(t *testing.T) {
	t.Parallel()
	s := newStand(t, time.Second)
	s.reply = time.Second
	s.sim.Pace(1200) // each board is read in 120 ms
	s.steel.WireLock(1, 1, 8)
	s.cfg.Timing.Close, s.cfg.Timing.After = patience, 20*time.Millisecond
	require.Equal(t, map[int]commission.Doubt{1: commission.ManyMoved}, doubts(s.found()))
	s.onlyOnce(8)
}

func TestSwitchesWiredTheOtherWay(t *testing.T) {
	t.Parallel()
	s := newStand(t, shutsIn)
	s.boards[0].Inverted = []int{2, 3} // 3 is not
	s.boards[1].Inverted = []int{5}    // nor is this
	s.steel.WireContact(2, 0)          // never closed: it seems shut for ever
	p := s.found()
	require.Equal(t, map[int]commission.Doubt{
		2: commission.NothingMoved, 3: commission.SwitchTurned, 5: commission.SwitchTurned,
	}, doubts(p))
	require.Equal(t, []int{2}, p.Boards[0].Inverted)
	require.Empty(t, p.Boards[1].Inverted)
	s.onlyOnce(8)

	// What was turned is not turned back by what is remembered of it.
	s.boards, s.cfg.Past = p.Boards, p.Findings
	again := s.found()
	require.Equal(t, map[int]commission.Doubt{2: commission.NothingMoved}, doubts(again))
	require.Equal(t, p.Boards, again.Boards)
}

func TestADeadBoardStopsNothing(t *testing.T) {
	t.Parallel()
	s := newStand(t, shutsIn)
	s.sim.Misbehave(0, boards.FaultSilence)
	s.boards[0].Locks = map[int]int{1: 2, 2: 1}
	var written []int
	s.cfg.Before = func(cell int) error { written = append(written, cell); return nil }
	p := s.found()
	require.Equal(t, []int{5, 6, 7, 8}, written, "nothing is written down of locks that are not driven")
	require.Equal(t, map[int]commission.Doubt{
		1: commission.DeadBoard, 2: commission.DeadBoard, 3: commission.DeadBoard, 4: commission.DeadBoard,
	}, doubts(p))
	require.Equal(t, s.boards, p.Boards, "what is not known stays as it is configured")
	s.onlyOnce(4)

	// It goes on from there: the other board's locks are not driven again.
	s.sim.Misbehave(0, boards.FaultNone)
	s.cfg.Past = p.Findings
	p = s.found()
	require.Empty(t, p.Doubtful())
	require.Nil(t, p.Boards[0].Locks)
	s.onlyOnce(8)
}

// TestNobodyShutsDoors: one is left open, and with the second the session ends.
func TestNobodyShutsDoors(t *testing.T) {
	t.Parallel()
	s := newStand(t, 0)
	findings, err := s.session(t.Context())
	require.NoError(t, err)
	s.onlyOnce(2)
	require.Equal(t, 1, s.most)
	require.Equal(t, commission.LeftOut, findings[2].Doubt)
	require.Len(t, findings, 8)
	var shut [][]int
	for _, p := range s.progress {
		if p.Found == nil {
			shut = append(shut, p.Shut)
		}
	}
	require.Equal(t, [][]int{{1}, {1, 2}}, shut, "it is said which doors to shut")

	require.NoError(t, s.steel.Close(1))
	require.NoError(t, s.steel.Close(2))
	s.steel.SetAutoClose(shutsIn)
	s.cfg.Past = findings
	require.Empty(t, s.found().Doubtful())
	s.onlyOnce(8)
}

func TestItCanBeCancelled(t *testing.T) {
	t.Parallel()
	s := newStand(t, shutsIn)
	ctx, cancel := context.WithCancel(t.Context())
	s.cfg.Progress = func(p commission.Progress) {
		if p.Found != nil && p.Done == 3 {
			cancel()
		}
	}
	findings, err := s.session(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, findings, 3)
	s.onlyOnce(3)
	s.cfg.Past, s.cfg.Progress = findings, nil
	require.Empty(t, s.found().Doubtful())
	s.onlyOnce(8)
}

// TestItIsWrittenDownFirst: a lock is not driven when what comes before fails.
func TestItIsWrittenDownFirst(t *testing.T) {
	t.Parallel()
	s := newStand(t, shutsIn)
	s.cfg.Before = func(cell int) error {
		require.Zero(t, s.steel.Truth(cell).Pulses)
		if cell == 2 {
			return fmt.Errorf("the disk is full")
		}
		return nil
	}
	findings, err := s.session(t.Context())
	require.EqualError(t, err, "the disk is full")
	require.Len(t, findings, 1)
	s.onlyOnce(1)
}
