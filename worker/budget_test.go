package worker

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestBudgetFile: what was signed outlives the process, and a file that nobody can read signs
// nothing.
func TestBudgetFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "budget.json")
	now := time.UnixMilli(1_900_000_000_000)
	start := func() *BudgetFile {
		return &BudgetFile{Path: path, Limits: models.RemoteLimits{PerMinute: 2, PerOperator: 10}, Now: func() time.Time { return now }}
	}
	for range 2 {
		refused, alarm, err := start().Take("stf_1")
		require.NoError(t, err)
		require.Empty(t, refused)
		require.False(t, alarm)
	}
	refused, alarm, err := start().Take("stf_2")
	require.NoError(t, err)
	require.Equal(t, models.RemoteStopped, refused)
	require.True(t, alarm)
	now = now.Add(5 * time.Minute)
	refused, alarm, err = start().Take("stf_2")
	require.NoError(t, err)
	require.Equal(t, models.RemoteStopped, refused, "the stop is remembered")
	require.False(t, alarm)
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, _, err = start().Take("stf_2")
	require.ErrorContains(t, err, "nothing is signed")
	b := start()
	b.Path = filepath.Join(t.TempDir(), "none", "budget.json")
	_, _, err = b.Take("stf_1")
	require.Error(t, err, "what cannot be counted is not signed")
}

// TestHoldBudget: of two that share a budget one signs, and the other once the first has gone.
func TestHoldBudget(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "budget.json")
	log := slog.New(slog.DiscardHandler)
	release, err := HoldBudget(t.Context(), path, log)
	require.NoError(t, err)
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	second, err := HoldBudget(short, path, log)
	require.NoError(t, err)
	require.Nil(t, second)
	release()
	second, err = HoldBudget(t.Context(), path, log)
	require.NoError(t, err)
	require.NotNil(t, second)
	second()
}
