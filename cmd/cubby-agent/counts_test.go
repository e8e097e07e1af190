package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestWhatIsToldOfDevices: each once a day, one that fails or works again soon, and one that comes and goes no oftener
// than every ten minutes.
func TestWhatIsToldOfDevices(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	c := newCounts(began)
	told := func(after time.Duration, up bool) int {
		return len(c.due([]cabinet.DeviceCounted{{Device: "board-A", Up: true}, {Device: "scanner-tty", Up: up}}, began.Add(after)))
	}
	require.Zero(t, told(59*time.Second, true))
	require.Equal(t, 2, told(time.Minute, true))
	require.Zero(t, told(2*time.Minute, true))
	require.Zero(t, told(3*time.Minute, false), "it may be back soon")
	require.Equal(t, 1, told(11*time.Minute, false))
	require.Zero(t, told(12*time.Minute, true))
	require.Equal(t, 1, told(21*time.Minute, true))
	require.Equal(t, 1, told(24*time.Hour+time.Minute, true), "the board's day is over, the scanner's not")
	require.Equal(t, 1, told(24*time.Hour+21*time.Minute, true))
}

// TestAScannerIsCounted: its scans, and the times that its line failed.
func TestAScannerIsCounted(t *testing.T) {
	t.Parallel()
	w := watch([]scanner{{Port: "serial:" + t.TempDir() + "/none"}})[0]
	_, err := w.open()
	require.Error(t, err)
	up, c := w.counts()
	require.False(t, up)
	require.Equal(t, models.DeviceCounts{Failed: 1, Error: err.Error()}, c)
	w.note(nil)
	w.took()
	w.took()
	up, c = w.counts()
	require.True(t, up)
	require.Equal(t, models.DeviceCounts{Done: 2, Failed: 1}, c)
}
