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
