package kiosk_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/kiosk"
)

// browser is a program that writes its process into a file and goes on.
func browser(t *testing.T, rest string) (command []string, processes func() []int) {
	started := filepath.Join(t.TempDir(), "started")
	return []string{"/bin/sh", "-c", "echo $$ >>" + started + "; " + rest}, func() []int {
		raw, _ := os.ReadFile(started) // not there yet
		var all []int
		for _, line := range strings.Fields(string(raw)) {
			n, err := strconv.Atoi(line)
			require.NoError(t, err)
			all = append(all, n)
		}
		return all
	}
}

func run(t *testing.T, k *kiosk.Kiosk) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

const (
	soon  = 10 * time.Second
	often = 5 * time.Millisecond
)

// TestAHungPage: a browser whose page draws is left alone, one whose page does not is ended,
// with all that it started, and started anew.
func TestAHungPage(t *testing.T) {
	t.Parallel()
	command, processes := browser(t, "sleep 1000 & wait")
	k := kiosk.New(command, slog.New(slog.DiscardHandler))
	k.Limits = kiosk.Limits{First: time.Hour, Silent: 100 * time.Millisecond, Pause: time.Millisecond}
	stop := run(t, k)
	defer stop()
	require.Eventually(t, func() bool { return len(processes()) == 1 }, soon, often)
	k.Alive() // from here on it is silent
	require.Eventually(t, func() bool { return len(processes()) == 2 }, soon, often, "started anew")
	require.Eventually(t, func() bool { return syscall.Kill(-processes()[0], 0) != nil }, soon, often, "nothing of the first is left")
	require.NoError(t, syscall.Kill(-processes()[1], 0), "the second has said nothing yet, and has its time")
}

func TestABrowserThatEnds(t *testing.T) {
	t.Parallel()
	command, processes := browser(t, "exit 1")
	k := kiosk.New(command, slog.New(slog.DiscardHandler))
	k.Pause = time.Millisecond
	defer run(t, k)()
	require.Eventually(t, func() bool { return len(processes()) >= 3 }, soon, often)
}

func TestStop(t *testing.T) {
	t.Parallel()
	command, processes := browser(t, "sleep 1000 & wait")
	stop := run(t, kiosk.New(command, slog.New(slog.DiscardHandler)))
	require.Eventually(t, func() bool { return len(processes()) == 1 }, soon, often)
	stop()
	require.Eventually(t, func() bool { return syscall.Kill(-processes()[0], 0) != nil }, soon, often)
	run(t, kiosk.New(nil, slog.New(slog.DiscardHandler)))() // nothing to run
	run(t, kiosk.New([]string{"/there/is/no/browser"}, slog.New(slog.DiscardHandler)))()
}

// TestRestart: a browser that somebody wants anew is ended and started, and it is known why.
func TestRestart(t *testing.T) {
	t.Parallel()
	command, processes := browser(t, "sleep 1000 & wait")
	k := kiosk.New(command, slog.New(slog.DiscardHandler))
	k.Pause = time.Millisecond
	defer run(t, k)()
	require.Eventually(t, func() bool { return len(processes()) == 1 }, soon, often)
	require.Equal(t, kiosk.Status{Runs: true}, k.Status())
	k.Alive()
	require.True(t, k.Status().Draws)
	k.Restart()
	require.Eventually(t, func() bool { return len(processes()) == 2 }, soon, often)
	require.Equal(t, "somebody asked for it", k.Status().Why)
}
