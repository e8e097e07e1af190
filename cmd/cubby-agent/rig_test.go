package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/host"
	"cubby/agent/uplink/gatewaytest"
	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

const (
	locker = models.LockerID("lkr_00000000000000000000000001")
	soon   = 20 * time.Second
	often  = 5 * time.Millisecond
)

// place is a cabinet's computer with its boards, a scanner and a server: two boards of 12
// locks on one line, of which the layout names cells 1 to 60 at most.
type place struct {
	t       *testing.T
	dir     string
	gateway *gatewaytest.Gateway
	steel   *boards.Steel
	bus     *boards.Bus
	scanner *boards.Scanner
	config  map[string]any
	time    host.ClockSources
}

func newPlace(t *testing.T, locks ...int) *place {
	t.Helper()
	first := 1
	var simulated []boards.Board
	for i, n := range locks {
		simulated = append(simulated, boards.Board{Address: i, First: first, Locks: n})
		first += n
	}
	p := newPlaceOf(t, simulated...)
	p.furnish(first - 1)
	return p
}

// newPlaceOf has other boards on its line, and no layout.
func newPlaceOf(t *testing.T, simulated ...boards.Board) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir(), gateway: gatewaytest.New(t), time: host.Computer}
	var err error
	p.steel, err = boards.OpenSteel(p.in("steel.json"), 0)
	require.NoError(t, err)
	var configured []map[string]any
	for i, b := range simulated {
		configured = append(configured, map[string]any{
			"name": string(rune('A' + i)), "dialect": "kerong-cu48", "address": b.Address, "first_cell": b.First, "channels": b.Locks,
			"feedback": "closed_when_locked",
		})
	}
	p.bus, err = boards.NewBus(p.in("bus"), p.steel, simulated)
	require.NoError(t, err)
	p.scanner, err = boards.NewScanner(p.in("scanner"))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, p.bus.Unplug())
		require.NoError(t, p.steel.Stop())
		_ = p.scanner.Close() // a test may have
	})
	require.NoError(t, os.WriteFile(p.in("ca.pem"), p.gateway.CA(), 0o600))
	p.config = map[string]any{
		"dir": p.in("data"), "server": p.gateway.URL(), "server_ca": p.in("ca.pem"), "screen": "127.0.0.1:0",
		"socket": p.in("agent.sock"), "log_level": "debug",
		"buses":    []any{map[string]any{"port": "serial:" + p.in("bus"), "boards": configured}},
		"scanners": []any{map[string]any{"port": "serial:" + p.in("scanner") + "?baud=9600"}},
	}
	p.configure(nil)
	return p
}

func (p *place) in(name string) string { return filepath.Join(p.dir, name) }

// configure writes the configuration with some fields changed.
func (p *place) configure(change map[string]any) {
	p.t.Helper()
	maps.Copy(p.config, change)
	raw, err := json.Marshal(p.config)
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(p.in("agent.json"), raw, 0o600))
}

func (p *place) cabinet() *gatewaytest.Cabinet { return p.gateway.Cabinet(locker) }

// furnish tells the directory of the cabinet's cells, a courier and a parcel.
func (p *place) furnish(cells int) {
	layout := models.DirectoryLayout{Locker: locker, Number: "L-001", State: models.LockerActive}
	for n := range cells {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: n + 1, Module: 1 + n/10, Row: 1 + n%10, Size: models.SizeM, Regime: models.Ambient})
	}
	p.cabinet().Tell(models.EntryLayout, string(locker), layout)
}

// call runs the program for one command and returns what it printed.
func (p *place) call(args ...string) (string, error) {
	p.t.Helper()
	var out bytes.Buffer
	err := run(p.t.Context(), append(args[:1:1], append([]string{"--config", p.in("agent.json")}, args[1:]...)...), program{&out, &out, host.Computer})
	return out.String(), err
}

func (p *place) enroll() *place {
	p.t.Helper()
	out, err := p.call("enroll", "--claim", p.gateway.Claim(locker))
	require.NoError(p.t, err)
	require.Contains(p.t, out, "enrolled as "+string(locker))
	return p
}

// log is a program's output that a test reads while it is written.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// running is a cabinet's program that runs.
type running struct {
	*place
	log   *log
	end   context.CancelFunc
	ended chan error
	once  sync.Once
	err   error
}

// run runs the program in this process and waits until it serves, online.
func (p *place) run() *running {
	p.t.Helper()
	r := p.runOffline()
	r.eventually(func(st state) bool { return len(st.Cells) > 0 && st.Online && st.Unsent == 0 }, "it serves, online")
	return r
}

// runOffline runs the program in this process and waits until it answers.
func (p *place) runOffline() *running {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{place: p, log: &log{}, end: cancel, ended: make(chan error, 1)}
	go func() {
		r.ended <- run(ctx, []string{"run", "--config", p.in("agent.json")}, program{r.log, r.log, p.time})
	}()
	p.t.Cleanup(func() {
		_ = r.stop() // a test that wants to know has asked
		if p.t.Failed() {
			p.t.Log(r.log)
		}
	})
	r.eventually(func(state) bool { return true }, "it answers")
	return r
}

// stop ends the program as SIGTERM does, and returns what it ended with.
func (r *running) stop() error {
	r.once.Do(func() {
		r.end()
		r.err = <-r.ended
	})
	return r.err
}

func (p *place) status() (state, error) {
	p.t.Helper()
	c, err := readConfig(p.in("agent.json"))
	require.NoError(p.t, err)
	var st state
	err = c.ask(p.t.Context(), http.MethodGet, "/status", nil, &st)
	return st, err
}

func (p *place) eventually(is func(st state) bool, what string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		st, err := p.status()
		return err == nil && is(st)
	}, soon, often, what)
}

// built is the folder of the true program, which is built once for all tests that want it.
var built struct {
	dir  string
	once sync.Once
	err  error
}

func TestMain(m *testing.M) {
	var err error
	if built.dir, err = os.MkdirTemp("", "cubby-agent-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(built.dir) // it is a temporary folder
	os.Exit(code)
}

// binary is the true program.
func binary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(built.dir, "cubby-agent")
	built.once.Do(func() {
		out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("go build: %w: %s", err, out)
		}
	})
	require.NoError(t, built.err)
	return path
}

// row finds a line of check's table by its first two columns.
func row(t *testing.T, table, kind, name string) []string {
	t.Helper()
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == kind && f[1] == name {
			return f
		}
	}
	t.Fatalf("there is no %s %s in:\n%s", kind, name, table)
	return nil
}
