package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/rig"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, rig.ExitStatus(2), run(t.Context(), nil, &stdout, &stderr))
	require.Equal(t, rig.ExitStatus(2), run(t.Context(), []string{"dance"}, &stdout, &stderr))
	require.Contains(t, stderr.String(), `no subcommand "dance"`)
	require.Empty(t, stdout.String())
	require.NoError(t, run(t.Context(), []string{"help"}, &stdout, &stderr))
	for _, command := range subcommands() {
		require.Contains(t, stdout.String(), command.name)
	}
}

func TestExitStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err     error
		status  int
		printed string
	}{
		{nil, 0, ""},
		{rig.ExitStatus(7), 7, ""},
		{errors.New("no disk"), 1, "cubby-demo: no disk\n"},
		{fmt.Errorf("stop: %w", rig.ExitStatus(7)), 7, "cubby-demo: stop: exit status 7\n"},
	}
	for _, test := range tests {
		var out bytes.Buffer
		require.Equal(t, test.status, exitStatus(test.err, &out))
		require.Equal(t, test.printed, out.String())
	}
}
