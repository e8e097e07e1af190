package lock_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
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
