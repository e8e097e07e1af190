package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestProfilesAreServedOnlyWhenAskedFor: a profile may hold anything that is in memory.
func TestProfilesAreServedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	m := newMetrics(nil, slog.New(slog.DiscardHandler))
	for _, on := range []bool{false, true} {
		w := httptest.NewRecorder()
		m.handler(func(context.Context) error { return nil }, on).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pprof/heap?gc=1", http.NoBody))
		require.Equal(t, on, w.Code == http.StatusOK, w.Code)
	}
	_, err := load(env("CUBBY_OPS_PROFILE", "maybe"))
	require.ErrorContains(t, err, "CUBBY_OPS_PROFILE")
}
