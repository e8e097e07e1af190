package lock_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
	"cubby/agent/lock"
	"cubby/cmd/cubby-demo/boards"
)

const patience, often = 5 * time.Second, 2 * time.Millisecond

// start runs a bus against one simulated board of 48 cells, until the test ends.
func start(t *testing.T, feedback lock.Feedback, fault boards.Fault) (*lock.Bus, *boards.Bus, *boards.Steel) {
	dir := t.TempDir()
	steel, err := boards.OpenSteel(filepath.Join(dir, "steel"), 0)
	require.NoError(t, err)
	line := filepath.Join(dir, "bus")
	sim, err := boards.NewBus(line, steel, []boards.Board{{Address: 0, First: 1, Locks: 48}})
	require.NoError(t, err)
	sim.Misbehave(0, fault)
	b, err := lock.NewBus(
		[]lock.Board{{Name: "A", Dialect: lock.DialectKerongCU48, FirstCell: 1, Channels: 48, Feedback: feedback}},
		lock.Timing{Poll: 5 * time.Millisecond, Fast: 5 * time.Millisecond, Reopen: 5 * time.Millisecond, LastOpen: 20 * time.Millisecond},
		func() (link.Port, error) { return link.Open("serial:" + line) }, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, func(lock.Event) {}) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, sim.Unplug())
		require.NoError(t, steel.Stop())
	})
	return b, sim, steel
}

func up(b *lock.Bus, want bool) func() bool {
	return func() bool { _, told := b.Doors(); return told && b.Boards()[0].Up == want }
}

func TestConformanceOnePulseOpensOneDoor(t *testing.T) {
	for _, fault := range []boards.Fault{boards.FaultNone, boards.FaultSplit, boards.FaultEcho, boards.FaultGarbage, boards.FaultInverted} {
		t.Run(string(fault), func(t *testing.T) {
			feedback := lock.ClosedWhenLocked
			if fault == boards.FaultInverted {
				feedback = lock.OpenWhenLocked
			}
			b, _, steel := start(t, feedback, fault)
			require.Eventually(t, up(b, true), patience, often)
			require.NoError(t, b.Unlock(t.Context(), 48))
			require.Eventually(t, func() bool { open, _ := b.Doors(); return open[48] }, patience, often)
			open, _ := b.Doors()
			for cell := 1; cell <= 48; cell++ {
				require.Equal(t, cell == 48, open[cell], cell)
				require.Equal(t, cell == 48, steel.Truth(cell).Pulses == 1, cell)
			}
		})
	}
}

func TestConformanceADeadBoardGetsNoPulse(t *testing.T) {
	for _, fault := range []boards.Fault{boards.FaultSilence, boards.FaultSum, boards.FaultAddress} {
		t.Run(string(fault), func(t *testing.T) {
			b, sim, steel := start(t, lock.ClosedWhenLocked, fault)
			require.Eventually(t, up(b, false), patience, often)
			require.Error(t, b.Unlock(t.Context(), 1))
			sim.Misbehave(0, boards.FaultNone)
			require.Eventually(t, up(b, true), patience, often)
			require.Zero(t, steel.Truth(1).Pulses)
		})
	}
}

func TestConformanceTheCableComesBack(t *testing.T) {
	b, sim, _ := start(t, lock.ClosedWhenLocked, boards.FaultNone)
	require.Eventually(t, up(b, true), patience, often)
	require.NoError(t, sim.Unplug())
	require.Eventually(t, up(b, false), patience, often)
	require.NoError(t, sim.Plug())
	require.Eventually(t, up(b, true), patience, often)
}
