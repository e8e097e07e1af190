package lock_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
	"cubby/cmd/cubby-demo/boards"
)

func TestTooLateIsNotSent(t *testing.T) {
	r := cu48.start(t, cu48.board(0))
	r.await(t, 0, true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 { // whichever way the bus and the end of the context race
		require.ErrorIs(t, r.Unlock(ctx, 1), context.Canceled)
	}
	r.looked(t, 5)
	r.onlyPulsed(t)
}

func TestAnEndedBusRefuses(t *testing.T) {
	r := cu48.start(t, cu48.board(0))
	r.await(t, 0, true)
	r.stop()
	require.ErrorIs(t, r.Unlock(context.Background(), 1), lock.ErrEnded)
	r.onlyPulsed(t)
}

// TestADeadBoardLeavesTheLineToOthers: the line does not wait for it half of the time.
func TestADeadBoardLeavesTheLineToOthers(t *testing.T) {
	r := cu48.start(t, cu48.board(0), cu48.board(1))
	r.misbehave(0, boards.FaultSilence)
	r.await(t, 0, false)
	began := time.Now()
	const looks = 100
	r.looked(t, looks)
	require.Less(t, time.Since(began), looks*timing.Reply/2)
}

// TestSensorsThatAreGoneTakeNoDoorAway: a module of parcel sensors that dies makes them unknown,
// and nothing else.
func TestSensorsThatAreGoneTakeNoDoorAway(t *testing.T) {
	for _, k := range kinds() {
		if k.dialect != lock.DialectWaveshareRelay {
			continue
		}
		b := k.board(0)
		b.Parcels = k.sensePar
		r := k.start(t, b)
		r.await(t, 0, true)
		require.Eventually(t, func() bool { return r.Parcels()[1] == lock.ParcelAbsent }, patience, often)
		r.sim.Misbehave(r.sockets[0][1], boards.FaultSilence)
		require.Eventually(t, func() bool { return r.Parcels()[1] == lock.ParcelUnknown }, patience, often)
		r.opens(t, 2)
		require.Empty(t, r.toldBoard("A"))
		r.sim.Misbehave(r.sockets[0][1], boards.FaultNone)
		require.Eventually(t, func() bool { return r.Parcels()[1] == lock.ParcelAbsent }, patience, often)
	}
}

// TestWithoutAChecksumNothingIsBelievedAtOnce: a Winnsen-style board is read twice before its
// first door is known, however few looks are asked for.
func TestWithoutAChecksumNothingIsBelievedAtOnce(t *testing.T) {
	for _, k := range kinds() {
		if k.dialect != lock.DialectWinnsen {
			continue
		}
		once := timing
		once.Equal = 1
		r := k.far(t, k.board(0))
		r.steel.Bounce(3, 1) // the first look at it is wrong
		r.driveAt(t, "serial:"+r.line, []lock.Board{k.board(0)}, once)
		r.await(t, 0, true)
		r.looked(t, 2*k.asks)
		r.stop()
		require.Equal(t, []bool{false}, r.told(3))
		require.NoError(t, r.sim.Unplug())
		require.NoError(t, r.steel.Stop())
	}
}
