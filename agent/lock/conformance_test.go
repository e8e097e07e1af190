package lock_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
	"cubby/agent/lock"
	"cubby/cmd/cubby-demo/boards"
)

// fault is a column of the conformance table: what happens, and what is demanded then.
type fault struct {
	name string
	// fits tells whether it can happen to a kind; nil: to each.
	fits func(k kind) bool
	// play returns what the table shows; nil: it is played on its own.
	play func(t *testing.T, k kind) string
}

const (
	passed   = "yes"
	fullScan = "full scan"
)

func play(f func(t *testing.T, k kind)) func(t *testing.T, k kind) string {
	return func(t *testing.T, k kind) string { f(t, k); return passed }
}

// serves has a fault that a board's driver must live with.
func serves(f boards.Fault) func(t *testing.T, k kind) string {
	return play(func(t *testing.T, k kind) {
		r := k.start(t, k.board(0))
		r.misbehave(0, f)
		r.await(t, 0, true)
		r.opens(t, k.locks)
		r.looked(t, 5*k.asks)
		r.onlyPulsed(t, k.locks)
	})
}

// dies has a fault with which no answer can be believed, and then ends it. why is a part of
// what people are told.
func dies(f boards.Fault, why func(k kind) string) func(t *testing.T, k kind) string {
	return play(func(t *testing.T, k kind) {
		r := k.start(t, k.board(0))
		r.misbehave(0, f)
		r.await(t, 0, false)
		require.Contains(t, r.Boards()[0].Why, why(k))
		require.Error(t, r.Unlock(t.Context(), 1))
		r.misbehave(0, boards.FaultNone)
		r.await(t, 0, true)
		require.Empty(t, r.Boards()[0].Why)
		r.onlyPulsed(t)
		r.opens(t, 1)
		r.onlyPulsed(t, 1)
	})
}

func faults() []fault {
	return []fault{
		{name: "opens that door alone", play: serves(boards.FaultNone)},
		{name: "answers in pieces", play: serves(boards.FaultSplit)},
		{name: "adapter echoes", play: serves(boards.FaultEcho)},
		{name: "noise before answers", play: serves(boards.FaultGarbage)},
		{name: "answers too late", play: play(late)},
		{name: "switches wired the other way", play: play(polarity)},
		{name: "lock on another channel", play: play(crossed)},
		{name: "silent board", play: dies(boards.FaultSilence, func(kind) string { return "nothing comes back" })},
		{name: "damaged answers", play: dies(boards.FaultSum, func(kind) string { return "is no answer" })},
		{name: "wrong address", play: dies(boards.FaultAddress, func(k kind) string {
			if k.tells {
				return fmt.Sprintf("a board with address %d answers instead", k.first+1)
			}
			return "is no answer"
		})},
		{name: "wrong speed", play: play(wrongSpeed)},
		{name: "cable out and back", play: play(unplugged)},
		{name: "dead neighbour", play: play(deadNeighbour)},
		{name: "stuck lock", play: play(stuck)},
		{name: "bouncing contact", play: play(bounces)},
		{name: "all at once", play: play(allAtOnce)},
		{name: "unlock not answered", fits: func(k kind) bool { return k.answers }, play: serves(boards.FaultMute)},
		{name: "unlock refused", fits: func(k kind) bool { return k.refuses }, play: play(refused)},
		{name: "told unasked", fits: func(k kind) bool { return k.pushes }, play: play(pushed)},
		{name: "told within an answer", fits: func(k kind) bool { return k.pushes }, play: serves(boards.FaultPush)},
		{name: "told over an answer", fits: func(k kind) bool { return k.pushes }, play: serves(boards.FaultCollide)},
		{name: "parcel sensors", fits: func(k kind) bool { return k.sensors }, play: play(parcels)},
		{name: fullScan},
	}
}

// late: an answer of a moment ago is no answer, or says of this board what it says now; no
// other door is told open by it.
func late(t *testing.T, k kind) {
	r := k.start(t, k.board(0))
	r.await(t, 0, true)
	r.misbehave(0, boards.FaultLate)
	r.looked(t, 8)
	r.misbehave(0, boards.FaultNone)
	// While it is taken to be dead nothing is sent: the pulse is asked for until it is.
	require.Eventually(t, func() bool { return r.Unlock(t.Context(), 2) == nil }, patience, often)
	require.Eventually(t, func() bool { return r.open(2) }, patience, often)
	r.onlyPulsed(t, 2)
	for _, e := range r.heard() {
		require.False(t, e.Open && e.Cell != 2, "door %d was told open", e.Cell)
	}
}

func polarity(t *testing.T, k kind) {
	b := k.board(0)
	b.Feedback, b.Inverted = lock.OpenWhenLocked, []int{3}
	r := k.start(t, b)
	r.misbehave(0, boards.FaultInverted)
	r.await(t, 0, true)
	require.True(t, r.open(3), "its switch alone is as it comes")
	r.opens(t, 2, 3)
	require.NoError(t, r.Unlock(t.Context(), 3))
	require.Eventually(t, func() bool { return !r.open(3) }, patience, often)
	r.onlyPulsed(t, 2, 3)
}

func crossed(t *testing.T, k kind) {
	b := k.board(0)
	b.Locks, b.Unfitted = map[int]int{1: 2, 2: 1}, []int{4}
	r := k.start(t, b)
	r.steel.WireLock(1, 2)
	r.steel.WireLock(2, 1)
	r.await(t, 0, true)
	r.opens(t, 1)
	require.True(t, r.steel.Truth(1).Open)
	r.onlyPulsed(t, 2)
	require.ErrorIs(t, r.Unlock(t.Context(), 4), lock.ErrNoBoard)
	require.ErrorIs(t, r.Unlock(t.Context(), k.locks+1), lock.ErrNoBoard)
	doors, _ := r.Doors()
	require.NotContains(t, doors, 4)
}

// wrongSpeed: the board does not answer at the line's speed; people are told so, and a look
// at other speeds finds it.
func wrongSpeed(t *testing.T, k kind) {
	const its = 57600
	r := k.start(t, k.board(0))
	for _, socket := range r.sockets[0] {
		r.sim.Speed(socket, its)
	}
	r.await(t, 0, false)
	require.Contains(t, r.Boards()[0].Why, "speed")
	r.stop()
	found, err := lock.ProbeSpeeds(t.Context(), []lock.Board{k.board(0)}, []int{9600, its, 115200}, func(baud int) (link.Port, error) {
		return link.Open(fmt.Sprintf("serial:%s?baud=%d", r.line, baud))
	})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"A": its}, found)
	r.onlyPulsed(t)
}

func unplugged(t *testing.T, k kind) {
	r := k.start(t, k.board(0))
	r.await(t, 0, true)
	require.NoError(t, r.sim.Unplug())
	r.await(t, 0, false)
	require.Contains(t, r.Boards()[0].Why, "the line cannot be used")
	require.Error(t, r.Unlock(t.Context(), 1))
	require.NoError(t, r.sim.Plug())
	r.await(t, 0, true)
	require.Equal(t, []bool{false, true}, r.toldBoard("A"))
	r.opens(t, 1)
	r.onlyPulsed(t, 1)
}

func deadNeighbour(t *testing.T, k kind) {
	r := k.start(t, k.board(0), k.board(1))
	r.misbehave(0, boards.FaultSilence)
	r.await(t, 0, false)
	r.await(t, 1, true)
	require.Error(t, r.Unlock(t.Context(), 1))
	r.opens(t, k.locks+1)
	r.onlyPulsed(t, k.locks+1)

	r.misbehave(0, boards.FaultNone)
	r.await(t, 0, true)
	r.looked(t, 10)
	require.Equal(t, []bool{false, true}, r.toldBoard("A"), "down and up are told once each")
	require.Empty(t, r.toldBoard("B"))
}

// stuck: a lock that does not open is driven once.
func stuck(t *testing.T, k kind) {
	r := k.start(t, k.board(0))
	r.await(t, 0, true)
	r.steel.Jam(7, true)
	require.NoError(t, r.Unlock(t.Context(), 7))
	r.looked(t, 20*k.asks)
	require.False(t, r.open(7))
	r.onlyPulsed(t, 7)
	r.steel.Jam(7, false)
	r.steel.Slow(8, 300*time.Millisecond)
	r.opens(t, 8)
	r.onlyPulsed(t, 7, 8)
}

func bounces(t *testing.T, k kind) {
	r := k.start(t, k.board(0))
	r.await(t, 0, true)
	r.steel.Bounce(7, 11)
	r.looked(t, 16*k.asks)
	require.Equal(t, []bool{false}, r.told(7), "it never stood open")

	r.steel.Bounce(7, 11)
	require.NoError(t, r.Unlock(t.Context(), 7))
	require.Eventually(t, func() bool { return r.open(7) }, patience, often)
	r.looked(t, 16*k.asks)
	require.Equal(t, []bool{false, true}, r.told(7))
	require.NoError(t, r.steel.Close(7))
	require.Eventually(t, func() bool { return !r.open(7) }, patience, often)
	require.Equal(t, []bool{false, true, false}, r.told(7))
}

func allAtOnce(t *testing.T, k kind) {
	r := k.start(t, k.board(0), k.board(1))
	r.await(t, 0, true)
	r.await(t, 1, true)
	var all sync.WaitGroup
	var cells []int
	errs := make(chan error, 2*k.locks)
	for cell := 1; cell <= 2*k.locks; cell++ {
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

// refused: whoever asked is told, and nothing is sent again. The line echoes, and an echo is
// no consent.
func refused(t *testing.T, k kind) {
	r := k.start(t, k.board(0), k.board(1))
	r.misbehave(1, boards.FaultEcho)
	r.await(t, 0, true)
	r.await(t, 1, true)
	r.looked(t, 4*k.asks)
	r.misbehave(0, boards.FaultRefuse)
	require.ErrorIs(t, r.Unlock(t.Context(), 1), lock.ErrRefused)
	r.looked(t, 5*k.asks)
	r.onlyPulsed(t)
	r.misbehave(0, boards.FaultNone)
	r.opens(t, 1)
	r.onlyPulsed(t, 1)
}

// pushed: what a board tells unasked is believed once the board, asked at once, says so too.
func pushed(t *testing.T, k kind) {
	slow := timing
	slow.Poll = time.Hour // no look but the one that a push asks for
	r := k.far(t, k.board(0))
	r.driveAt(t, fmt.Sprintf("serial:%s?baud=%d", r.line, k.baud()), []lock.Board{k.board(0)}, slow)
	t.Cleanup(func() {
		r.stop()
		require.NoError(t, r.sim.Unplug())
		require.NoError(t, r.steel.Stop())
	})
	r.await(t, 0, true)
	before := r.sim.Looks()
	r.steel.Spring(5)
	require.Eventually(t, func() bool { return r.open(5) }, patience, often)
	require.Equal(t, before+1, r.sim.Looks(), "it is confirmed by one look")
	r.sim.Push(0, 6, false)
	require.Eventually(t, func() bool { return r.sim.Looks() > before+1 }, patience, often)
	require.NoError(t, r.steel.Close(5))
	require.Eventually(t, func() bool { return !r.open(5) }, patience, often)
	require.Equal(t, []bool{false}, r.told(6), "a push that no look confirms opens no door")
	r.onlyPulsed(t)
}

// parcels: sensors are told with the doors, and say nothing once they cannot be read.
func parcels(t *testing.T, k kind) {
	b := k.board(0)
	b.Parcels = k.sensePar
	b.Parcels.Unfitted = []int{2}
	r := k.start(t, b)
	r.await(t, 0, true)
	sensor := func(is lock.Parcel) func() bool { return func() bool { return r.Parcels()[1] == is } }
	require.Eventually(t, sensor(lock.ParcelAbsent), patience, often)
	require.NotContains(t, r.Parcels(), 2)
	r.opens(t, 1)
	require.NoError(t, r.steel.Put(1, "a parcel"))
	require.Eventually(t, sensor(lock.ParcelPresent), patience, often)
	_, err := r.steel.Take(1, "")
	require.NoError(t, err)
	require.Eventually(t, sensor(lock.ParcelAbsent), patience, often)
	r.misbehave(0, boards.FaultSilence)
	require.Eventually(t, sensor(lock.ParcelUnknown), patience, often)
	require.Positive(t, r.Boards()[0].Misses, "they are counted")
	require.Equal(t, []lock.Parcel{lock.ParcelAbsent, lock.ParcelPresent, lock.ParcelAbsent, lock.ParcelUnknown}, r.toldParcels(1))
	require.Empty(t, r.toldParcels(2))
	require.Equal(t, []bool{false, true}, r.told(1), "a sensor is no door")
}

// scan: how long a look at the whole board takes at its own speed.
func scan(t *testing.T, k kind) string {
	r := k.far(t, k.board(0))
	r.sim.Pace(k.baud())
	r.drive(t, fmt.Sprintf("serial:%s?baud=%d", r.line, k.baud()), []lock.Board{k.board(0)})
	t.Cleanup(func() {
		r.stop()
		require.NoError(t, r.sim.Unplug())
		require.NoError(t, r.steel.Stop())
	})
	r.await(t, 0, true)
	took := time.Hour
	for range 5 {
		r.looked(t, 2*k.asks)
		took = min(took, r.Boards()[0].Latency)
	}
	require.Less(t, took, 5*time.Second)
	require.GreaterOrEqual(t, r.Boards()[0].Looks, 5, "they are counted")
	return fmt.Sprintf("%d ms", took.Milliseconds())
}
