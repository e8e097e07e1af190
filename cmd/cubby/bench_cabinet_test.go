package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// standIn is a cubby-demo that prints what it was asked for and a report.
func standIn(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cubby-demo")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	return path
}

func nothing(string) (string, bool) { return "", false }

func TestBenchCabinetTakesWhatTheDemoMeasured(t *testing.T) {
	demo := standIn(t, `echo "$@" >&2
echo '{"pickups":60,"bare_commit_ms":0.5,"offline_p50_ms":2,"offline_commit_ratio":4,"online_p50_ms":14,"online_p99_ms":20,"agents":2000,"kib_per_agent":55.5}'`)
	var out, stderr bytes.Buffer
	args := []string{"bench", "cabinet", "--demo", demo, "--only", "doors,memory", "--json"}
	require.NoError(t, run(t.Context(), args, nothing, &out, &stderr))
	require.Contains(t, stderr.String(), "measure --only doors,memory --pickups 60 --many 2000")
	var report map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	for _, key := range []string{"offline_commit_ratio", "online_p50_ms", "online_p99_ms", "kib_per_agent"} {
		require.Greater(t, report[key], 0.0, key)
	}
	require.NotContains(t, report, "intake_ratio", "it was not asked for")
}

func TestBenchCabinetSaysWhatFailed(t *testing.T) {
	failing := standIn(t, "exit 3")
	for want, args := range map[string][]string{
		"exit status 3":            {"--demo", failing, "--only", "doors"},
		`there is no part "smell"`: {"--only", "smell"},
		"--postgres or":            {"--only", "intake", "--postgres", ""},
	} {
		err := run(t.Context(), append([]string{"bench", "cabinet"}, args...), nothing, io.Discard, io.Discard)
		require.ErrorContains(t, err, want)
	}
	err := run(t.Context(), []string{"bench", "cabinet", "--demo", standIn(t, "echo x"), "--only", "memory"}, nothing, io.Discard, io.Discard)
	require.ErrorContains(t, err, "printed")
}

// TestBenchIntakeReport runs the part of facts, small.
func TestBenchIntakeReport(t *testing.T) {
	dsn := os.Getenv("CUBBY_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("SKIPPED: needs a Postgres at CUBBY_TEST_POSTGRES; 'make test' starts one")
	}
	var out bytes.Buffer
	args := []string{"bench", "cabinet", "--postgres", dsn, "--only", "intake", "--cabinets", "3", "--connections", "2", "--json"}
	require.NoError(t, run(t.Context(), args, nothing, &out, io.Discard))
	var report map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	require.Greater(t, report["facts_per_s"], 0.0)
	require.Greater(t, report["intake_ratio"], 0.0)
	require.NotContains(t, report, "kib_per_agent")
}
