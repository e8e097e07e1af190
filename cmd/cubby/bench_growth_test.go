package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBenchGrowth fills small databases and takes every call on both.
func TestBenchGrowth(t *testing.T) {
	if os.Getenv("CUBBY_TEST_POSTGRES") == "" {
		t.Skip("SKIPPED: needs a Postgres at CUBBY_TEST_POSTGRES; 'make test' starts one")
	}
	var out bytes.Buffer
	args := []string{"bench", "growth", "--json", "--small", "2000", "--large", "4000", "--lockers", "200", "--samples", "3"}
	require.NoError(t, run(t.Context(), args, nothing, &out, io.Discard))
	var report map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	for _, key := range []string{"list_ratio", "search_ratio", "create_ratio"} {
		require.Greater(t, report[key], 0.0, key)
	}
	require.Len(t, report["calls"], len(growthSamples()))
}

func TestBenchGrowthSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"is needed":               {"--postgres", ""},
		"small is at least 1,000": {"--postgres", "postgres://x", "--small", "10"},
	} {
		require.ErrorContains(t, run(t.Context(), append([]string{"bench", "growth"}, args...), nothing, io.Discard, io.Discard), want)
	}
}
