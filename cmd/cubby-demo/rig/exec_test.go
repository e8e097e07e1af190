package rig_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/rig"
)

func TestExecStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		args   []string
		status rig.ExitStatus
		stdout string
	}{
		{"success", []string{"--", "echo", "--postgres"}, 0, "--postgres\n"},
		{"failure", []string{"--", "sh", "-c", "exit 7"}, 7, ""},
		{"killed", []string{"--", "sh", "-c", "kill -9 $$"}, 137, ""},
		{"no command", []string{"--postgres"}, 2, ""},
		{"unknown flag", []string{"--mysql", "--", "true"}, 2, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			err := rig.Exec(t.Context(), test.args, &stdout, &stderr)
			if test.status == 0 {
				require.NoError(t, err)
			} else {
				require.Equal(t, test.status, err)
			}
			require.Equal(t, test.stdout, stdout.String())
		})
	}
}

func TestExecUnknownCommand(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.ErrorContains(t, rig.Exec(t.Context(), []string{"--", "no-such-program"}, &out, &out), "no-such-program")
}

func TestExecServices(t *testing.T) {
	t.Parallel()
	binary, _ := fakeTemporal(t)
	var stdout, stderr bytes.Buffer
	script := "echo $" + rig.EnvPostgres + "; echo $" + rig.EnvTemporalAddress + "; echo $" + rig.EnvTemporalBinary + "; exit 3"
	err := rig.Exec(t.Context(),
		[]string{"--postgres", "--fsync=false", "--temporal", "--temporal-bin", binary, "--", "sh", "-c", script}, &stdout, &stderr)
	require.Equal(t, rig.ExitStatus(3), err, stderr.String())
	lines := strings.Split(stdout.String(), "\n")
	require.Regexp(t, `^postgres://postgres@127\.0\.0\.1:\d+/postgres\?sslmode=disable$`, lines[0])
	require.Regexp(t, `^127\.0\.0\.1:\d+$`, lines[1])
	require.Equal(t, binary, lines[2])
}

func TestExecServiceThatCannotStart(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	err := rig.Exec(t.Context(), []string{"--temporal", "--temporal-bin", "/nowhere/temporal", "--", "echo", "ran"}, &stdout, &stderr)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Empty(t, stdout.String(), "the command does not run without its services")
}

// TestExecInterrupted cancels while a command with a child of its own runs: both must be gone afterwards.
func TestExecInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	file := filepath.Join(t.TempDir(), "pids")
	var out bytes.Buffer
	result := make(chan error, 1)
	go func() {
		result <- rig.Exec(ctx, []string{"--", "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $$ $! >" + file + ".new; mv " + file + ".new " + file + "; wait"}, &out, &out)
	}()
	require.Eventually(t, func() bool {
		_, err := os.Stat(file)
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-result, context.Canceled)
	pids, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, text := range strings.Fields(string(pids)) {
		pid, err := strconv.Atoi(text)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return !alive(pid) }, 10*time.Second, 10*time.Millisecond)
	}
}
