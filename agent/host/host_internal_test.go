package host

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/lock"
	"cubby/agent/protocol"
	"cubby/models"
)

// TestBusThatHangs: it holds up neither the other bus, nor the screen, nor its own later
// pulses for longer than a pulse may wait.
func TestBusThatHangs(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	hung := make(chan struct{}, 1)
	s.a.unlock = func(ctx context.Context, _ int) error {
		hung <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	s.run()
	stuck := make(chan error, 1)
	go func() { stuck <- s.Open(t.Context(), 1) }()
	<-hung
	began := time.Now()
	require.NoError(t, s.Open(t.Context(), 3))
	require.Equal(t, []int{3}, s.b.pulsed())
	s.b.move(3, true)
	require.Eventually(t, func() bool { return s.open(3) }, soon, often)
	require.NoError(t, s.Tell(t.Context(), cabinet.Keyed{Text: "0000", ID: s.Operation()}))
	require.NotEqual(t, cabinet.ScreenHome, s.View(models.SideFront).Screen, "the screen says what it makes of it")
	require.Less(t, time.Since(began), unlockLimit, "they waited for the bus that hangs")
	require.ErrorIs(t, <-stuck, context.DeadlineExceeded)
	require.Empty(t, s.a.pulsed())
}

// TestAParcelSensorIsNoDoor: what a sensor tells opens no door, and takes no board down.
func TestAParcelSensorIsNoDoor(t *testing.T) {
	t.Parallel()
	s := newStand(t).run()
	s.a.move(1, true)
	require.Eventually(t, func() bool { return s.open(1) }, soon, often)
	s.a.tells <- lock.Event{Cell: 1, Parcel: lock.ParcelPresent}
	s.a.move(2, true) // is taken after it
	require.Eventually(t, func() bool { return s.open(2) }, soon, often)
	require.True(t, s.open(1))
	sensed := func(cell int) (is cabinet.Sensed) {
		require.NoError(t, s.Read(t.Context(), func(st *cabinet.State) { is = st.Cells[cell-1].Sensed }))
		return is
	}
	require.Equal(t, cabinet.SensedParcel, sensed(1))
	s.a.set(func() { s.a.sensed = map[int]lock.Parcel{1: lock.ParcelUnknown, 2: lock.ParcelAbsent} })
	require.Eventually(t, func() bool { return sensed(1) == "" && sensed(2) == cabinet.SensedEmpty }, soon, often, "what a bus knows is compared")
}

// TestTwoDoorsOfACell: to a bus they are two cells, to the core one.
func TestTwoDoorsOfACell(t *testing.T) {
	t.Parallel()
	s := prepare(t, filepath.Join(t.TempDir(), "cabinet.db"))
	back := lock.Door(1, models.SideBack)
	s.a.cells = append(s.a.cells, back)
	s.a.doors[back] = true
	s.run()
	require.NoError(t, s.Tell(t.Context(), directory(t, models.DirectoryLayout{
		Locker: locker, State: models.LockerActive,
		Cells: []models.LayoutCell{{Number: 1, Module: 1, Row: 1, Size: models.SizeM, Regime: models.Ambient, Side: models.SideBoth}},
	})))
	load := func() (open bool) {
		require.NoError(t, s.Read(t.Context(), func(st *cabinet.State) { open = st.Cells[0].Load.Open }))
		return open
	}
	require.Eventually(t, load, soon, often, "it was open before the layout came")
	require.False(t, s.open(1))
	s.a.move(back, false)
	require.Eventually(t, func() bool { return !load() }, soon, often)
	require.NoError(t, <-s.pulse(cabinet.Pulse{Cell: 1, Side: models.SideBack}))
	require.Equal(t, []int{back}, s.a.pulsed())
}

// TestPulseComesAfterTheCommit holds a commit up: until it is through no lock is driven and
// nobody is told.
func TestPulseComesAfterTheCommit(t *testing.T) {
	t.Parallel()
	s := newStand(t).run()
	syncing, release := make(chan struct{}), make(chan struct{})
	s.disk.hook(func() error {
		syncing <- struct{}{}
		<-release
		require.Empty(t, s.a.pulsed(), "a pulse before its commit")
		return nil
	})
	opened := make(chan error, 1)
	go func() { opened <- s.Open(t.Context(), 1) }()
	<-syncing
	require.Empty(t, s.a.pulsed())
	require.Empty(t, opened)
	s.disk.hook(func() error { return nil })
	close(release)
	require.NoError(t, <-opened)
	require.Equal(t, []int{1}, s.a.pulsed())
}

// TestEventsBeforeTheStart: they wait for the core, and come in their order.
func TestEventsBeforeTheStart(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.a.read = false // until everything below is told
	want := []fact{{models.FactInventory, 0}}
	for range 5 {
		s.a.tells <- lock.Event{Cell: 1, Open: true}
		s.a.tells <- lock.Event{Cell: 2, Open: true}
		s.a.tells <- lock.Event{Cell: 1}
		s.a.tells <- lock.Event{Cell: 2}
		want = append(want, fact{models.FactDoorOpened, 1}, fact{models.FactDoorOpened, 2},
			fact{models.FactDoorClosed, 1}, fact{models.FactDoorClosed, 2})
	}
	s.run()
	require.Eventually(t, func() bool { return len(s.facts()) >= len(want) }, soon, often)
	require.Equal(t, want, s.facts())
}

// TestStoreFailureEndsTheCabinet: whoever waits is told, and nothing is done any more.
func TestStoreFailureEndsTheCabinet(t *testing.T) {
	t.Parallel()
	s := newStand(t).run()
	full := errors.New("disk full")
	s.disk.hook(func() error { return full })
	require.ErrorIs(t, s.Open(t.Context(), 1), full)
	err := <-s.ended
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, "its store cannot keep what happens")
	<-s.Stopped()
	require.Empty(t, s.a.pulsed())
	require.ErrorIs(t, s.Tell(t.Context(), cabinet.Tick{}), ErrStopped)
	require.ErrorIs(t, s.Read(t.Context(), func(*cabinet.State) {}), ErrStopped)
	require.ErrorIs(t, s.Open(t.Context(), 1), ErrStopped)
	_, err = s.Status(t.Context())
	require.ErrorIs(t, err, ErrStopped)
}

// TestStoreFailureAtTheStart: it never says that it is ready.
func TestStoreFailureAtTheStart(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	full := errors.New("disk full")
	s.disk.hook(func() error { return full })
	err := s.Run(t.Context(), func() { t.Error("it is not ready") })
	require.ErrorIs(t, err, full)
	require.NoError(t, s.Keeper.Close())
}

func TestStop(t *testing.T) {
	t.Parallel()
	s := newStand(t).run()
	require.NoError(t, s.stop())
	<-s.Stopped()
	require.ErrorIs(t, s.Tell(t.Context(), cabinet.Tick{}), ErrStopped)
	require.ErrorIs(t, s.Read(t.Context(), func(*cabinet.State) {}), ErrStopped)
}

// TestOneWhoWaitsNoMore: a context ends the wait for a core that is busy.
func TestOneWhoWaitsNoMore(t *testing.T) {
	t.Parallel()
	s := newStand(t).run()
	busy, done := make(chan struct{}), make(chan struct{})
	go func() {
		_ = s.Read(context.Background(), func(*cabinet.State) { close(busy); <-done }) // it is read
	}()
	<-busy
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Tell(ctx, cabinet.Tick{}), context.Canceled)
	close(done)
	require.NoError(t, s.Tell(t.Context(), cabinet.Tick{}))
}

func TestOpenSaysWhatCameOfIt(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	noAnswer := errors.New("board B does not answer")
	s.b.unlock = func(context.Context, int) error { return noAnswer }
	s.run()
	require.NoError(t, s.Open(t.Context(), 2))
	s.a.move(2, true)
	require.Eventually(t, func() bool { return s.open(2) }, soon, often)
	require.Equal(t, models.CodeConflict, models.ErrorCode(s.Open(t.Context(), 2)), "it stands open already")
	require.ErrorIs(t, s.Open(t.Context(), 3), noAnswer)
	require.Equal(t, models.CodeNotFound, models.ErrorCode(s.Open(t.Context(), 9)))
	require.Equal(t, []int{2}, s.a.pulsed())
	s.b.cells = []int{3}
	require.ErrorIs(t, s.Open(t.Context(), 4), lock.ErrNoBoard)
}

// TestDoorsAtTheStart: a door that can be read is as it is; one whose board is dead is as
// it was last seen.
func TestDoorsAtTheStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cabinet.db")
	s := prepare(t, path)
	s.furnish()
	s.run()
	for cell, bus := range map[int]*fakeBus{1: s.a, 3: s.b} {
		bus.move(cell, true)
		require.Eventually(t, func() bool { return s.open(cell) }, soon, often)
	}
	require.NoError(t, s.stop())
	require.NoError(t, s.Keeper.Close())

	s = prepare(t, path)
	s.a.doors[2] = true // 1 was shut and 2 opened meanwhile
	s.b.dead = true
	s.run()
	require.False(t, s.open(1))
	require.True(t, s.open(2))
	require.True(t, s.open(3))
}

// TestBoardThatWasDeadComesBack: a board that was dead before a restart and answers after
// it is no event of its bus. Its cells must serve again.
func TestBoardThatWasDeadComesBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cabinet.db")
	s := prepare(t, path)
	s.furnish()
	s.run()
	dead := func() (n int) {
		require.NoError(t, s.Read(t.Context(), func(st *cabinet.State) {
			for _, c := range st.Cells {
				if c.Dead {
					n++
				}
			}
		}))
		return n
	}
	s.b.set(func() { s.b.dead = true })
	s.b.tells <- lock.Event{Board: "B", Cells: []int{3, 4}}
	require.Eventually(t, func() bool { return dead() == 2 }, soon, often)
	require.NoError(t, s.stop())
	require.NoError(t, s.Keeper.Close())

	s = prepare(t, path).run()
	require.Zero(t, dead())
	require.Equal(t, models.FactBoardUp, s.facts()[len(s.facts())-1].kind)
}

// TestDoorThatWasOpenBeforeItsCellWasKnown: the bus tells of it once, the layout comes
// later.
func TestDoorThatWasOpenBeforeItsCellWasKnown(t *testing.T) {
	t.Parallel()
	s := prepare(t, filepath.Join(t.TempDir(), "cabinet.db"))
	s.a.doors[1] = true
	s.run()
	s.a.tells <- lock.Event{Cell: 1, Open: true}
	require.NoError(t, s.Tell(t.Context(), directory(t, models.DirectoryLayout{
		Locker: locker, State: models.LockerActive,
		Cells: []models.LayoutCell{{Number: 1, Module: 1, Row: 1, Size: models.SizeM, Regime: models.Ambient}},
	})))
	require.Eventually(t, func() bool { return s.open(1) }, soon, often)
}

// TestDeadlinesPass: the core is given the time when it asked for it, also after the
// computer has slept.
func TestDeadlinesPass(t *testing.T) {
	t.Parallel()
	s := newStand(t).run()
	s.a.move(1, true)
	require.Eventually(t, func() bool { return s.open(1) }, soon, often)
	s.uptime.Add((2 * time.Minute).Milliseconds())
	require.Eventually(t, func() bool {
		facts := s.facts()
		return facts[len(facts)-1].kind == models.FactCellDoubtful
	}, soon, often)
}

func TestEffectsGoToTheLine(t *testing.T) {
	t.Parallel()
	s := newStand(t).run()
	require.NoError(t, s.Tell(t.Context(), cabinet.LinkUp{Nonce: "n"}))
	require.NoError(t, s.Tell(t.Context(), cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: 2, NowMS: 1}}))
	require.NoError(t, s.Tell(t.Context(), cabinet.SnapshotTaken{}))
	var seq, epoch int64
	require.NoError(t, s.Read(t.Context(), func(st *cabinet.State) { epoch, seq = st.Journal.Epoch, st.Journal.Seq }))
	require.NoError(t, s.Tell(t.Context(), cabinet.JournalAcked{Epoch: epoch, Seq: seq}))
	require.Subset(t, s.line.all(), []any{protocol.TypeHello, protocol.TypeHeartbeat, "snapshot", "upload", "directory"})
}

func TestWatch(t *testing.T) {
	t.Parallel()
	s := newStand(t).run()
	ctx, cancel := context.WithCancel(t.Context())
	changed := s.Watch(ctx)
	require.NoError(t, s.Tell(t.Context(), cabinet.Keyed{Text: "1", ID: s.Operation()}))
	require.NoError(t, s.Tell(t.Context(), cabinet.Keyed{Text: "2", ID: s.Operation()}))
	require.Eventually(t, func() bool { return len(changed) == 1 }, soon, often)
	<-changed
	cancel()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.watchers) == 0
	}, soon, often)
}

func TestStatus(t *testing.T) {
	t.Parallel()
	s := newStand(t).run()
	s.a.move(2, true)
	require.Eventually(t, func() bool { return s.open(2) }, soon, often)
	st, err := s.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, locker, st.Locker)
	require.Equal(t, "L-001", st.Number)
	require.Len(t, st.Cells, 4)
	require.Equal(t, CellStatus{Number: 2, Size: models.SizeM, Module: 1, Row: 2, Open: true, State: models.CellFree}, st.Cells[1])
	require.Len(t, st.Boards, 2)
	require.Equal(t, st.Seq, st.Unsent)
	require.False(t, st.Online)
	require.False(t, st.Keyed)
}
