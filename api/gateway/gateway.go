// Package gateway is the device side of the server: it keeps one websocket to each
// connected cabinet, takes journals in, gives directories out, asks the workflows on a
// cabinet's behalf, and hands their commands to cabinets. It keeps no state that a
// restart could lose.
package gateway

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"cubby/agent/protocol"
	"cubby/api"
	"cubby/models"
)

// Identity tells which cabinet a request comes from: its certificate with TLS, a header
// on the development listener.
type Identity interface {
	// Identify returns unauthorized for a request that names no cabinet.
	Identify(r *http.Request) (models.LockerID, error)
}

// Config is what a gateway is made of. Cabinets, Engine, Identity, Instance, Queue,
// Logger, Now and Rand are required; a zero time takes its default.
type Config struct {
	Cabinets Cabinets
	Engine   Engine
	Identity Identity

	Instance string // names this process among gateways
	Queue    string // its activity queue: models.QueueGateway(Instance)

	Logger *slog.Logger
	Now    func() time.Time
	Rand   io.Reader

	HelloTimeout time.Duration // for the first message; 5 s
	PingInterval time.Duration // protocol.PingInterval
	PongTimeout  time.Duration // protocol.PongTimeout
	PollInterval time.Duration // between looks at the directory's positions; 500 ms
	MaxIntake    int           // journal calls at once; 64
}

// Gateway is the device side of one process.
type Gateway struct {
	Config
	ids    *models.IDs
	intake chan struct{}
	// generation counts how often new scopes appeared in the directory.
	generation atomic.Int64

	mu      sync.Mutex
	lines   map[models.LockerID]*line
	pending map[string]pendingCommand
	closed  bool
}

// New makes a gateway. Its Handler serves at once; Run must run beside it.
func New(cfg Config) *Gateway {
	defaults := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	defaults(&cfg.HelloTimeout, 5*time.Second)
	defaults(&cfg.PingInterval, protocol.PingInterval)
	defaults(&cfg.PongTimeout, protocol.PongTimeout)
	defaults(&cfg.PollInterval, 500*time.Millisecond)
	if cfg.MaxIntake <= 0 {
		cfg.MaxIntake = 64
	}
	return &Gateway{
		Config:  cfg,
		ids:     models.NewIDs(cfg.Now, cfg.Rand),
		intake:  make(chan struct{}, cfg.MaxIntake),
		lines:   map[models.LockerID]*line{},
		pending: map[string]pendingCommand{},
	}
}

// Handler serves the paths of the device listener.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+protocol.PathStream, g.identified(g.stream))
	mux.Handle("POST "+protocol.PathJournal, g.identified(timed(g.journal)))
	mux.Handle("GET "+protocol.PathDirectory, g.identified(timed(g.directory)))
	mux.Handle("POST "+protocol.PathEnroll, g.identified(timed(g.enroll)))
	return mux
}

// call serves one request of a cabinet.
type call func(w http.ResponseWriter, r *http.Request, l models.LockerID) error

// callTimeout bounds a call, a slow upload included.
const callTimeout = 45 * time.Second

func timed(serve call) call {
	return func(w http.ResponseWriter, r *http.Request, l models.LockerID) error {
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		return serve(w, r.WithContext(ctx), l)
	}
}

// identified finds out which cabinet calls, and answers errors with problems.
func (g *Gateway) identified(serve call) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		locker, err := g.Identity.Identify(r)
		if err == nil {
			err = serve(w, r, locker)
		}
		if err == nil {
			return
		}
		request := g.ids.New("req")
		code := api.WriteProblem(w, r, request, err)
		level := slog.LevelInfo
		if code >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		g.Logger.Log(r.Context(), level, "device call failed", "request", request, "locker", locker,
			"path", r.URL.Path, "status", code, "error", err)
	})
}

// Run tells cabinets of changes in their directory until ctx ends; then it closes every
// stream, so that cabinets go to another gateway.
func (g *Gateway) Run(ctx context.Context) {
	g.poll(ctx)
	g.mu.Lock()
	g.closed = true
	lines := make([]*line, 0, len(g.lines))
	for _, ln := range g.lines {
		lines = append(lines, ln)
	}
	g.mu.Unlock()
	for _, ln := range lines {
		ln.end(errGoingAway)
	}
}

// Connections is how many cabinets are connected here.
func (g *Gateway) Connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.lines)
}

// LastSeen is when a cabinet that is connected here last sent a message; ok is false for
// one that is not.
func (g *Gateway) LastSeen(l models.LockerID) (at time.Time, ok bool) {
	if ln := g.line(l); ln != nil {
		return time.UnixMilli(ln.seen.Load()).UTC(), true
	}
	return time.Time{}, false
}

func (g *Gateway) line(l models.LockerID) *line {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lines[l]
}

// take makes a line the one of its cabinet and ends the one before. Of two that race,
// the one with the higher number stays.
func (g *Gateway) take(ln *line) error {
	g.mu.Lock()
	old := g.lines[ln.locker]
	switch {
	case g.closed:
		g.mu.Unlock()
		return errGoingAway
	case old != nil && old.n > ln.n:
		g.mu.Unlock()
		return errFenced
	}
	g.lines[ln.locker] = ln
	g.mu.Unlock()
	if old != nil {
		old.end(errFenced)
	}
	return nil
}

// drop forgets a line, unless a newer one has its place.
func (g *Gateway) drop(ln *line) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lines[ln.locker] == ln {
		delete(g.lines, ln.locker)
	}
}
