package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
	"cubby/models/store"
)

// TestAFrozenProcessHoldsNobodyUp: a process stands still in the middle of a transaction, as one that is frozen does. The
// others wait for its locks for a few seconds only, and what it had begun never counts.
func TestAFrozenProcessHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	f := open(t, url)
	other, err := store.Open(t.Context(), f.options(url))
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()

	inside, thaw, frozen := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		frozen <- f.Feed(context.WithoutCancel(t.Context()), "of the frozen one", func() { close(inside); <-thaw })
	}()
	<-inside
	waiting, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	began := time.Now()
	err = other.Feed(waiting, "of the other one", func() {})
	took := time.Since(began)
	close(thaw)
	require.NoError(t, err)
	require.Less(t, took, 10*time.Second)
	require.Equal(t, models.CodeUnavailable, models.ErrorCode(<-frozen))
	var keys []string
	require.NoError(t, other.DB().Raw("SELECT key FROM directory WHERE key LIKE 'of the %'").Scan(&keys).Error)
	require.Equal(t, []string{"of the other one"}, keys)
}
