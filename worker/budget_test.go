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
		refused, alarm, err := start().Take(models.PurposeHelp, "stf_1")
		require.NoError(t, err)
		require.Empty(t, refused)
		require.False(t, alarm)
	}
	refused, alarm, err := start().Take(models.PurposeHelp, "stf_2")
	require.NoError(t, err)
	require.Equal(t, models.RemoteStopped, refused)
	require.True(t, alarm)
	now = now.Add(5 * time.Minute)
	refused, alarm, err = start().Take(models.PurposeHelp, "stf_2")
	require.NoError(t, err)
	require.Equal(t, models.RemoteStopped, refused, "the stop is remembered")
	require.False(t, alarm)
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, _, err = start().Take(models.PurposeHelp, "stf_2")
	require.ErrorContains(t, err, "nothing is signed")
	b := start()
	b.Path = filepath.Join(t.TempDir(), "none", "budget.json")
	_, _, err = b.Take(models.PurposeHelp, "stf_1")
	require.Error(t, err, "what cannot be counted is not signed")
}

// TestGatesHaveABudgetOfTheirOwn: whoever has used one up has not used up the other. A file of an
// older signer counts as one of cells.
func TestGatesHaveABudgetOfTheirOwn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "budget.json")
	now := time.UnixMilli(1_900_000_000_000)
	require.NoError(t, os.WriteFile(path, []byte(`{"signed":[{"at_ms":1899999999000,"by":"stf_1"}]}`), 0o600))
	take := func(purpose string) string {
		b := &BudgetFile{Path: path, Limits: models.RemoteLimits{PerMinute: 2, PerOperator: 10}, Now: func() time.Time { return now }}
		refused, _, err := b.Take(purpose, "stf_1")
		require.NoError(t, err)
		return refused
	}
	require.Empty(t, take(models.PurposeHelp))
	require.Equal(t, models.RemoteStopped, take(models.PurposeHelp))
	require.Empty(t, take(models.PurposeOpenGate))
	require.Empty(t, take(models.PurposeOpenGate))
	require.Equal(t, models.RemoteStopped, take(models.PurposeOpenGate))
	now = now.Add(models.RemoteStopsFor)
	require.Empty(t, take(models.PurposeOpenGate))
	require.Empty(t, take(models.PurposeService))
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
