// Package gateway is the device side of the server: it keeps one websocket to each
// connected cabinet, takes journals in, gives directories out, asks the workflows on a
// cabinet's behalf, and hands their commands to cabinets. It keeps no state that a
// restart could lose.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cubby/agent/protocol"
	"cubby/api"
	"cubby/api/limit"
	"cubby/models"
)

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

	HeaderTimeout time.Duration // for the handshake and a request's header; 5 s
	BodyTimeout   time.Duration // for a request's body; 30 s: a cabinet may be on a slow radio link
	HelloTimeout  time.Duration // for the first message; 5 s
	PingInterval  time.Duration // protocol.PingInterval
	PongTimeout   time.Duration // protocol.PongTimeout
	PollInterval  time.Duration // between looks at the directory's positions and revoked certificates; 500 ms
	BeatInterval  time.Duration // between renewals of the lease; 1 s
	// InventoryPatience is how long a cabinet's digest may differ while its journal stands
	// still, before an incident tells of it; 5 min.
	InventoryPatience time.Duration
	MaxIntake         int // journal calls at once; 64
	MaxStrangers      int // connections on which no cabinet has shown its certificate; 4096
}

// Gateway is the device side of one process.
type Gateway struct {
	Config
	ids         *models.IDs
	run         string        // this start of the instance
	leased      chan struct{} // closed at the first beat
	intake      chan struct{}
	comparisons chan struct{}
	enrolEach   *limit.Each // by address
	enrolAll    *limit.Each
	renewals    *limit.Each                          // by cabinet
	calls       *limit.Each                          // by cabinet
	requests    map[protocol.RequestKind]*limit.Each // by cabinet
	messages    limit.Rate                           // of one stream
	strangers   *strangers
	// generation counts how often new scopes appeared in the directory.
	generation atomic.Int64

	mu      sync.Mutex
	lines   map[models.LockerID]*line
	pending map[string]pendingCommand
	serving map[models.LockerID]int // calls at this moment
	closed  bool
}

// New makes a gateway. Its Handler serves at once; Run must run beside it.
func New(cfg Config) *Gateway {
	defaults := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	defaults(&cfg.HeaderTimeout, 5*time.Second)
	defaults(&cfg.BodyTimeout, 30*time.Second)
	defaults(&cfg.HelloTimeout, 5*time.Second)
	defaults(&cfg.PingInterval, protocol.PingInterval)
	defaults(&cfg.PongTimeout, protocol.PongTimeout)
	defaults(&cfg.PollInterval, 500*time.Millisecond)
	defaults(&cfg.BeatInterval, time.Second)
	defaults(&cfg.InventoryPatience, 5*time.Minute)
	if cfg.MaxIntake <= 0 {
		cfg.MaxIntake = 64
	}
	if cfg.MaxStrangers <= 0 {
		cfg.MaxStrangers = 4096
	}
	ids := models.NewIDs(cfg.Now, cfg.Rand)
	return &Gateway{
		Config:      cfg,
		ids:         ids,
		run:         ids.New("run"),
		leased:      make(chan struct{}),
		intake:      make(chan struct{}, cfg.MaxIntake),
		comparisons: make(chan struct{}, comparisonsAtOnce),
		// A technician enrols a computer now and then, a cabinet renews once a month and calls
		// a few times a minute: these only stop those who guess or went mad.
		enrolEach: limit.NewEach(limit.Rate{Burst: 20, PerSecond: 1.0 / 6}),
		enrolAll:  limit.NewEach(limit.Rate{Burst: 100, PerSecond: 10}),
		renewals:  limit.NewEach(limit.Rate{Burst: 5, PerSecond: 1.0 / 60}),
		calls:     limit.NewEach(limit.Rate{Burst: 100, PerSecond: 20}),
		requests:  requestLimits(),
		messages:  limit.Rate{Burst: 200, PerSecond: 50},
		strangers: newStrangers(cfg.MaxStrangers, cfg.Logger, cfg.Now),
		lines:     map[models.LockerID]*line{},
		pending:   map[string]pendingCommand{},
		serving:   map[models.LockerID]int{},
	}
}

// Handler serves the paths of the device listener.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+protocol.PathStream, g.of(g.identified(0, g.stream)))
	mux.Handle("POST "+protocol.PathJournal, g.of(timed(g.identified(0, g.few(g.journal)))))
	mux.Handle("GET "+protocol.PathDirectory, g.of(timed(g.identified(0, g.few(g.directory)))))
	mux.Handle("GET "+protocol.PathSnapshot, g.of(timed(g.identified(0, g.few(g.snapshot)))))
	mux.Handle("POST "+protocol.PathRequests, g.of(timed(g.identified(0, g.few(g.request)))))
	mux.Handle("POST "+protocol.PathRenew, g.of(timed(g.identified(models.CertificateGrace, g.few(g.renew)))))
	mux.Handle("POST "+protocol.PathEnroll, g.of(timed(g.enroll)))
	return mux
}

// Server serves the device listener over TLS. Whoever is slow to say what he wants is cut
// off, and a client that reads slowly does not keep its place; streams have left the
// server by then.
func (g *Gateway) Server(over *tls.Config) *http.Server {
	srv := &http.Server{
		Handler: g.Handler(), TLSConfig: over,
		ReadHeaderTimeout: g.HeaderTimeout, IdleTimeout: 2 * time.Minute, WriteTimeout: time.Minute,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(g.Logger.Handler(), slog.LevelDebug),
	}
	g.strangers.guard(srv)
	return srv
}

// maxHeader bounds a request's header; the cursor of a directory call is in it.
const maxHeader = 2 * maxSince

type (
	// call serves a request; an error is answered with a problem.
	call func(w http.ResponseWriter, r *http.Request) error
	// cabinetCall serves one of a cabinet.
	cabinetCall func(w http.ResponseWriter, r *http.Request, p Peer) error
)

// callTimeout bounds a call, a slow upload included.
const callTimeout = 45 * time.Second

func timed(serve call) call {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		return serve(w, r.WithContext(ctx))
	}
}

// identified finds out which cabinet calls, and whether its certificate still counts. The
// cabinet is the certificate's: nothing that a request says makes it another.
func (g *Gateway) identified(grace time.Duration, serve cabinetCall) call {
	return func(w http.ResponseWriter, r *http.Request) error {
		peer, err := g.Identity.Identify(r, grace)
		if err != nil {
			return err
		}
		if !g.calls.Take(string(peer.Locker), 1, g.Now()) {
			err = models.Errorf(models.CodeTooMany, "Too many calls of this cabinet. Please try again.")
		} else if err = g.Cabinets.Trusted(r.Context(), peer.Locker, peer.Serial); err == nil {
			g.strangers.known(r)
			err = serve(w, r, peer)
		}
		if err != nil {
			return refusal{peer, err}
		}
		return nil
	}
}

// callsAtOnce bounds what one cabinet's bodies take of the memory that is everyone's.
const callsAtOnce = 4

// few serves a cabinet no more than callsAtOnce calls at a time.
func (g *Gateway) few(serve cabinetCall) cabinetCall {
	return func(w http.ResponseWriter, r *http.Request, p Peer) error {
		g.mu.Lock()
		if g.serving[p.Locker] >= callsAtOnce {
			g.mu.Unlock()
			return models.Errorf(models.CodeTooMany, "Too many calls of this cabinet at once. Please try again.")
		}
		g.serving[p.Locker]++
		g.mu.Unlock()
		defer func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.serving[p.Locker]--; g.serving[p.Locker] == 0 {
				delete(g.serving, p.Locker)
			}
		}()
		return serve(w, r, p)
	}
}

// refusal is an error with whom it was told.
type refusal struct {
	Peer
	error
}

func (r refusal) Unwrap() error { return r.error }

// of answers errors with problems and logs each with its reason.
func (g *Gateway) of(serve call) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := serve(w, r)
		if err == nil {
			return
		}
		var who refusal
		if !errors.As(err, &who) || models.ErrorCode(err) == models.CodeTooMany {
			w.Header().Set("Connection", "close") // one that was refused keeps no room
		}
		request := g.ids.New("req")
		status := api.WriteProblem(w, r, request, err)
		level := slog.LevelWarn
		if status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable {
			level = slog.LevelError
		}
		g.Logger.Log(r.Context(), level, "device call refused", "request", request, "path", r.URL.Path, "status", status,
			"reason", models.ErrorCode(err), "locker", who.Locker, "serial", who.Serial, "address", limit.Address(r), "error", brief(err.Error()))
	})
}

// maxBrief bounds what a log line repeats of what a peer sent.
const maxBrief = 300

// brief cuts a text that may hold something of a peer's.
func brief(text string) string {
	if len(text) <= maxBrief {
		return text
	}
	return strings.ToValidUTF8(text[:maxBrief], "") + "…"
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

// connected lists the lines of this moment.
func (g *Gateway) connected() []*line {
	g.mu.Lock()
	defer g.mu.Unlock()
	lines := make([]*line, 0, len(g.lines))
	for _, ln := range g.lines {
		lines = append(lines, ln)
	}
	return lines
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
	old := g.lines[ln.peer.Locker]
	switch {
	case g.closed:
		g.mu.Unlock()
		return errGoingAway
	case old != nil && old.n > ln.n:
		g.mu.Unlock()
		return errFenced
	}
	g.lines[ln.peer.Locker] = ln
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
	if g.lines[ln.peer.Locker] == ln {
		delete(g.lines, ln.peer.Locker)
	}
}
