package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asServer in the environment makes the test binary run as cubby-temporal itself,
// so that a test can kill a process that has the code under test in it.
const asServer = "CUBBY_TEMPORAL_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a running cubby-temporal.
type process struct {
	cmd     *exec.Cmd
	address string
	ui      string
}

// startProcess returns when the server says that it is ready.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asServer+"=1")
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // an error when the test has stopped it already
	})

	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, "the server ended before it was ready")
	ready := regexp.MustCompile(`^temporal: ready (\S+) ui (\S+)\n$`).FindStringSubmatch(line)
	require.NotNil(t, ready, "ready line %q", line)
	return &process{cmd: cmd, address: ready[1], ui: ready[2]}
}

// kill ends the process as a crash would.
func (p *process) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	_ = p.cmd.Wait() // reports the kill
}

// terminate asks the process to stop and returns how long it took.
func (p *process) terminate(t *testing.T) time.Duration {
	t.Helper()
	asked := time.Now()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.cmd.Wait())
	return time.Since(asked)
}
