package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// demoEnv has the test's own program play the demo: it serves a page at the port until it is asked to stop.
const demoEnv = "CUBBY_START_TEST_DEMO"

func TestMain(m *testing.M) {
	if port := os.Getenv(demoEnv); port != "" {
		playDemo(port)
		return
	}
	os.Exit(m.Run())
}

func playDemo(port string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_ = http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "the demo for %s at %s", r.Host, r.URL.Path)
		}))
	}()
	<-ctx.Done()
	fmt.Println("demo: stopped in peace")
}

// started is a cubby-start under test.
type started struct {
	url            string
	stop           context.CancelFunc
	stdout, stderr *output
	status         chan int
}

// output may be read while it is written.
type output struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

func shell(name, script string) step {
	return step{Name: name, Usual: 1, Cold: 2, Advice: "Mend it.", args: []string{"sh", "-c", script}}
}

func begin(t *testing.T, c config) *started {
	t.Helper()
	port, err := freePort(t.Context())
	require.NoError(t, err)
	c.port = port
	if c.demo == nil {
		c.demo = func(port int, _ string) *exec.Cmd {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), demoEnv+"="+strconv.Itoa(port))
			return cmd
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	s := &started{fmt.Sprintf("http://127.0.0.1:%d", port), stop, &output{}, &output{}, make(chan int, 1)}
	go func() { s.status <- c.run(ctx, s.stdout, s.stderr) }()
	t.Cleanup(stop)
	return s
}

func (s *started) ended(t *testing.T) int {
	t.Helper()
	select {
	case status := <-s.status:
		return status
	case <-time.After(30 * time.Second):
		require.Fail(t, "it does not end", "%s%s", s.stdout, s.stderr)
		return 0
	}
}

func get(url string) (int, string) {
	response, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	raw, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(raw)
}

func (s *started) await(t *testing.T, fits func(stateView) bool) stateView {
	t.Helper()
	var seen stateView
	require.Eventually(t, func() bool {
		status, body := get(s.url + "/building/state")
		return status == http.StatusOK && json.Unmarshal([]byte(body), &seen) == nil && fits(seen)
	}, 20*time.Second, 10*time.Millisecond, "last seen: %+v", &seen)
	return seen
}

func TestBuildsShowsItAndHandsThePageOver(t *testing.T) {
	t.Parallel()
	gate := filepath.Join(t.TempDir(), "gate")
	s := begin(t, config{steps: []step{
		shell("first", "true"),
		shell("second", "echo looking; printf 'half a line\\rand more\\n'; while [ ! -e "+gate+" ]; do sleep 0.05; done"),
	}})
	seen := s.await(t, func(v stateView) bool { return v.Steps[1].State == "runs" && len(v.Lines) == 3 })
	require.Equal(t, "done", seen.Steps[0].State)
	require.Equal(t, "waits", seen.Steps[2].State)
	require.Equal(t, []string{"looking", "half a line", "and more"}, seen.Lines)
	status, page := get(s.url + "/")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "the story of a parcel")
	status, _ = get(s.url + "/hands/")
	require.Equal(t, http.StatusServiceUnavailable, status)

	require.NoError(t, os.WriteFile(gate, nil, 0o600))
	s.await(t, func(v stateView) bool { return v.Up })
	_, page = get(s.url + "/hands/x")
	require.Equal(t, "the demo for "+strings.TrimPrefix(s.url, "http://")+" at /hands/x", page, "the same address, now the demo's")
	require.Contains(t, s.stdout.String(), "open "+s.url+"/ in a browser")
	s.stop()
	require.Zero(t, s.ended(t), "a demo that stops in peace is a success: %s", s.stderr)
	require.Contains(t, s.stdout.String(), "demo: stopped in peace", "it was asked, not killed")
}

func TestFailingStepIsToldWithItsLastLines(t *testing.T) {
	t.Parallel()
	s := begin(t, config{linger: time.Second, steps: []step{shell("broken", "echo no such module; exit 7"), shell("never", "true")}})
	seen := s.await(t, func(v stateView) bool { return v.Failed != "" })
	require.Equal(t, "failed", seen.Steps[0].State)
	require.Equal(t, "waits", seen.Steps[1].State)
	require.Equal(t, []string{"no such module"}, seen.Lines)
	require.Equal(t, "Mend it.", seen.Advice)
	require.Equal(t, 7, s.ended(t))
	require.Contains(t, s.stderr.String(), "FAILED: broken: exit status 7. Mend it.")
}

func TestDemoThatEndsByItselfFails(t *testing.T) {
	t.Parallel()
	s := begin(t, config{demo: func(int, string) *exec.Cmd {
		return exec.Command("sh", "-c", "echo port 8080 is in use; exit 3")
	}})
	require.Equal(t, 3, s.ended(t))
	require.Contains(t, s.stdout.String(), "port 8080 is in use")
	require.Contains(t, s.stderr.String(), "FAILED: Start the network")
}

func TestBusyPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, config{port: listener.Addr().(*net.TCPAddr).Port}.run(t.Context(), &stdout, &stderr))
	require.Contains(t, stderr.String(), "is in use")
	require.Contains(t, stderr.String(), "--port")
	require.Empty(t, stdout.String(), "nothing was begun")
}

func TestStopWhileBuilding(t *testing.T) {
	t.Parallel()
	pid := filepath.Join(t.TempDir(), "pid")
	s := begin(t, config{steps: []step{shell("long", "sleep 300 & echo $! > "+pid+"; echo waiting; wait")}})
	s.await(t, func(v stateView) bool { return len(v.Lines) == 1 })
	s.stop()
	require.Equal(t, interrupted, s.ended(t))
	raw, err := os.ReadFile(pid)
	require.NoError(t, err)
	n, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return !alive(n) }, 10*time.Second, 10*time.Millisecond, "the child's own child is stopped too")
}

// alive is false for one that is gone or only waits to be buried.
func alive(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(raw), ") Z ")
}

func TestFlags(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, 2, run(t.Context(), []string{"--port", "x"}, &stdout, &stderr))
	require.Zero(t, run(t.Context(), []string{"--help"}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "usage: cubby-start")
}
