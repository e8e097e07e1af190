package uplink

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/uplink/gatewaytest"
	"cubby/models"
)

const (
	locker = models.LockerID("lkr_00000000000000000000000001")
	soon   = 10 * time.Second
	often  = 2 * time.Millisecond
)

func config(t *testing.T, g *gatewaytest.Gateway) Config {
	t.Helper()
	return Config{
		Server: g.URL(), ServerCA: g.CA(), Dir: t.TempDir(), Agent: "test",
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Rand: rand.Reader,
		Time: func() (time.Time, models.ClockQuality) { return time.Now(), models.ClockSynced },
	}
}

// core is a cabinet's core behind a mutex, without a store.
type core struct {
	mu     sync.Mutex
	state  *cabinet.State
	line   *Uplink
	inputs []cabinet.Input
	fail   error // of each call
	began  time.Time
}

func newCore() *core {
	c := &core{state: cabinet.New(locker), began: time.Now()}
	cabinet.Step(c.state, c.now(), cabinet.Started{Boot: "boot-1"})
	return c
}

func (c *core) now() cabinet.Instant {
	return cabinet.Instant{WallMS: time.Now().UnixMilli(), UptimeMS: 1 + time.Since(c.began).Milliseconds(), Clock: models.ClockSynced}
}

func (c *core) Tell(_ context.Context, in cabinet.Input) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return c.fail
	}
	c.inputs = append(c.inputs, in)
	for _, e := range cabinet.Step(c.state, c.now(), in) {
		switch e := e.(type) {
		case cabinet.Send:
			c.line.Send(e.Type, e.Body)
		case cabinet.UploadJournal:
			c.line.UploadJournal()
		case cabinet.FetchDirectory:
			c.line.FetchDirectory()
		case cabinet.FetchSnapshot:
			c.line.FetchSnapshot()
		}
	}
	return nil
}

func (c *core) Read(_ context.Context, f func(*cabinet.State)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return c.fail
	}
	f(c.state)
	return nil
}

func (c *core) heard() []cabinet.Input {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.inputs)
}

// count is how many inputs of a type came.
func count[T cabinet.Input](c *core) (n int) {
	for _, in := range c.heard() {
		if _, ok := in.(T); ok {
			n++
		}
	}
	return n
}

func (c *core) live() (live bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.Link.Live
}

// rig is a cabinet's line to a gateway.
type rig struct {
	*Uplink
	t       *testing.T
	gateway *gatewaytest.Gateway
	core    *core
	ended   chan error
	cancel  context.CancelFunc
}

// newRig enrols a cabinet. Its line does not run yet.
func newRig(t *testing.T) *rig {
	t.Helper()
	g := gatewaytest.New(t)
	return newRigAt(t, g, config(t, g))
}

func newRigAt(t *testing.T, g *gatewaytest.Gateway, cfg Config) *rig {
	t.Helper()
	id, err := Enroll(t.Context(), cfg, g.Claim(locker))
	require.NoError(t, err)
	u, err := New(cfg, id)
	require.NoError(t, err)
	// As patient as a test.
	u.timing.retryFirst, u.timing.retryLast, u.timing.steady = 5*time.Millisecond, 50*time.Millisecond, time.Second
	u.timing.renewAgain = 5 * time.Millisecond
	r := &rig{Uplink: u, t: t, gateway: g, core: newCore(), ended: make(chan error, 1)}
	r.core.line = u
	return r
}

// run runs the line until the test ends.
func (r *rig) run() *rig {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.ended <- r.Run(ctx, r.core)
	}()
	r.t.Cleanup(func() {
		cancel()
		<-done
	})
	return r
}

func (r *rig) eventually(is func() bool, what string) {
	r.t.Helper()
	require.Eventually(r.t, is, soon, often, what)
}

func (r *rig) online() *rig {
	r.t.Helper()
	r.eventually(r.core.live, "the line stands")
	return r
}

func (r *rig) cabinet() *gatewaytest.Cabinet { return r.gateway.Cabinet(locker) }

// furnish tells the directory of a cabinet with one cell.
func (r *rig) furnish() {
	r.t.Helper()
	r.cabinet().Tell(models.EntryLayout, string(locker), models.DirectoryLayout{
		Locker: locker, Number: "L-001", State: models.LockerActive,
		Cells: []models.LayoutCell{{Number: 1, Module: 1, Row: 1, Size: models.SizeM, Regime: models.Ambient}},
	})
}

// write has the core write facts: a door that opens and shuts by itself.
func (r *rig) write(facts int) {
	r.t.Helper()
	for n := range facts {
		require.NoError(r.t, r.core.Tell(r.t.Context(), cabinet.DoorChanged{Cell: 1, Open: n%2 == 0}))
	}
}
