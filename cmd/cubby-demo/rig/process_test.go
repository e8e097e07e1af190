package rig_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/rig"
)

// envParent makes the test binary start a child and wait to be killed: see TestChildDiesWithParent.
const envParent = "CUBBY_RIG_TEST_PARENT"

func shell(script string) rig.Spec {
	return rig.Spec{
		Path:      "/bin/sh",
		Args:      []string{"-c", script},
		ReadyLine: func(line string) bool { return line == "ready" },
	}
}

// alive reports whether the process runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(fields, "Z")
}

// TestReadyInTheMiddleOfALogLine: what a child logs to stderr does not hide that it is ready.
func TestReadyInTheMiddleOfALogLine(t *testing.T) {
	t.Parallel()
	p := rig.NewProcess(shell("printf 'a long line that is not over' >&2; echo ready; while :; do sleep 0.05; done"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, p.Start(ctx))
	require.NoError(t, p.Stop())
}

func TestProcessStartStopStart(t *testing.T) {
	t.Parallel()
	spec := shell("trap 'echo bye; exit 0' TERM; echo starting; echo ready; while :; do sleep 0.05; done")
	spec.Log = filepath.Join(t.TempDir(), "log")
	p := rig.NewProcess(spec)
	require.NoError(t, p.Stop(), "stopping what never ran")
	require.Nil(t, p.Done())
	for range 2 {
		require.NoError(t, p.Start(t.Context()))
		require.True(t, alive(p.Pid()))
		require.ErrorContains(t, p.Start(t.Context()), "already running")
		require.NoError(t, p.Stop())
		require.False(t, alive(p.Pid()))
		<-p.Done()
	}
	log, err := os.ReadFile(spec.Log)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(log), "starting\nready\nbye\n"), "the log goes on over restarts: %s", log)
}

func TestProcessStopKillsAfterGrace(t *testing.T) {
	t.Parallel()
	spec := shell("trap '' TERM; echo ready; while :; do sleep 0.05; done")
	spec.Grace = 100 * time.Millisecond
	p := rig.NewProcess(spec)
	require.NoError(t, p.Start(t.Context()))
	require.ErrorContains(t, p.Stop(), "was killed")
	require.False(t, alive(p.Pid()))
}

func TestProcessKill9TakesTheGroup(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	p := rig.NewProcess(shell("sleep 1000 & echo $! >" + file + "; echo ready; wait"))
	require.ErrorContains(t, p.Kill9(), "not running")
	require.NoError(t, p.Start(t.Context()))
	child, err := os.ReadFile(file)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(child)))
	require.NoError(t, err)
	require.True(t, alive(pid))
	require.NoError(t, p.Kill9())
	require.False(t, alive(p.Pid()))
	require.Eventually(t, func() bool { return !alive(pid) }, 10*time.Second, 10*time.Millisecond)
}

func TestProcessThatIsNeverReady(t *testing.T) {
	t.Parallel()
	t.Run("ends", func(t *testing.T) {
		t.Parallel()
		err := rig.NewProcess(shell("echo cannot open the door >&2; exit 3")).Start(t.Context())
		require.ErrorContains(t, err, "exit status 3")
		require.ErrorContains(t, err, "cannot open the door")
	})
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		p := rig.NewProcess(shell("echo almost ready; sleep 1000"))
		require.ErrorIs(t, p.Start(ctx), context.DeadlineExceeded)
		require.False(t, alive(p.Pid()))
	})
	t.Run("missing", func(t *testing.T) {
		t.Parallel()
		err := rig.NewProcess(rig.Spec{Path: "/nowhere/program"}).Start(t.Context())
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestProcessReadyURL(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	p := rig.NewProcess(rig.Spec{Path: "/bin/sleep", Args: []string{"1000"}, ReadyURL: server.URL})
	require.NoError(t, p.Start(t.Context()))
	require.EqualValues(t, 3, asked.Load())
	require.NoError(t, p.Stop())
}

// TestClockAhead: a Go program's wall clock is another's, and its monotonic clock is not.
func TestClockAhead(t *testing.T) {
	if os.Getenv(envParent) != "" {
		fmt.Println("wall", time.Now().Unix())
		return
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("NOT TESTED: another clock for a child is for amd64 only")
	}
	t.Parallel()
	for _, ahead := range []time.Duration{0, 30 * time.Second, -2 * time.Hour} {
		log := filepath.Join(t.TempDir(), "log")
		p := rig.NewProcess(rig.Spec{
			Path: os.Args[0], Args: []string{"-test.run=^TestClockAhead$"}, Env: []string{envParent + "=1"}, Log: log, ClockAhead: ahead,
		})
		began := time.Now()
		require.NoError(t, p.Start(t.Context()))
		<-p.Done()
		raw, err := os.ReadFile(log)
		require.NoError(t, err)
		_, text, found := strings.Cut(string(raw), "wall ")
		require.True(t, found, "%s", raw)
		seconds, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
		require.NoError(t, err)
		require.WithinDuration(t, began.Add(ahead), time.Unix(seconds, 0), 10*time.Second)
	}
}

// TestChildDiesWithParent kills a process that has started a child through this package.
func TestChildDiesWithParent(t *testing.T) {
	if os.Getenv(envParent) != "" {
		p := rig.NewProcess(rig.Spec{Path: "/bin/sleep", Args: []string{"1000"}})
		require.NoError(t, p.Start(t.Context()))
		fmt.Printf("child %d\n", p.Pid())
		<-p.Done()
		return
	}
	t.Parallel()
	parent := exec.Command(os.Args[0], "-test.run=^TestChildDiesWithParent$")
	parent.Env = append(os.Environ(), envParent+"=1")
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	pid := 0
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "child "); found {
			pid, err = strconv.Atoi(text)
			require.NoError(t, err)
		}
	}
	require.NotZero(t, pid)
	require.True(t, alive(pid))
	require.NoError(t, parent.Process.Kill())
	var exit *exec.ExitError
	require.True(t, errors.As(parent.Wait(), &exit))
	require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())
	require.Eventually(t, func() bool { return !alive(pid) }, 10*time.Second, 10*time.Millisecond)
}

// TestFreePorts runs alone: a test beside it may take a port in the moment between.
func TestFreePorts(t *testing.T) {
	ports, err := rig.FreePorts(20)
	require.NoError(t, err)
	require.Len(t, ports, 20)
	seen := map[int]bool{}
	for _, port := range ports {
		require.False(t, seen[port], "port %d twice", port)
		seen[port] = true
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
	// Nobody keeps them, not even a process that begins while they are looked for.
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if err := exec.Command("true").Run(); err != nil {
				stopped <- err
				return
			}
		}
	}()
	for range 200 {
		ports, err := rig.FreePorts(20)
		require.NoError(t, err)
		for _, port := range ports {
			conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
			require.Error(t, err, "somebody listens on port %d", port)
			require.Nil(t, conn)
		}
	}
	close(stop)
	require.NoError(t, <-stopped)

	none, err := rig.FreePorts(0)
	require.NoError(t, err)
	require.Empty(t, none)
}
