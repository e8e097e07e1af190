// Package uplink is a cabinet's line to its server: its identity, the stream that it keeps
// open, the journal that goes up, and the directory that comes down.
package uplink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// Config says where the server is and who the cabinet is.
type Config struct {
	Server   string // "https://host:port", the server's device listener
	ServerCA []byte // PEM; no other authority is believed
	Proxy    string // "http://host:port" of a forward proxy; empty: none
	Dir      string // of the identity's files
	Agent    string // version of the program

	Logger *slog.Logger
	// Time is the cabinet's time, never behind the latest that it ever saw.
	Time func() (time.Time, models.ClockQuality)
	Rand io.Reader
}

// Core is the cabinet's core, behind the one goroutine that owns it.
type Core interface {
	// Tell gives the core an input and returns once it is taken and durable. An error
	// means that the cabinet stops.
	Tell(ctx context.Context, in cabinet.Input) error
	// Read runs f on the state, in the core's goroutine.
	Read(ctx context.Context, f func(s *cabinet.State)) error
}

// Uplink is the line of one cabinet.
type Uplink struct {
	Config
	timing timing
	client *http.Client
	base   *url.URL

	upload, directory, snapshot chan struct{}
	requests                    chan protocol.Request

	mu       sync.Mutex
	identity Identity
	stream   *stream // nil: none
	status   Status
}

// timing is how patient a line is.
type timing struct {
	pingEvery, pongWithin time.Duration
	retryFirst, retryLast time.Duration
	// steady is how long a stream has to stand until the next one may come without delay. A
	// server that ends each at once, or a second computer of the same cabinet, would have
	// this one dial without end.
	steady     time.Duration
	renewEvery time.Duration // looks at the certificate's end
}

func usualTiming() timing {
	return timing{
		pingEvery: protocol.PingInterval, pongWithin: protocol.PongTimeout,
		retryFirst: 200 * time.Millisecond, retryLast: 30 * time.Second, steady: 10 * time.Second, renewEvery: time.Hour,
	}
}

// Status is how the line stands.
type Status struct {
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since,omitzero"` // of the connection, or of its end
	Error     string    `json:"error,omitempty"`
	NotAfter  time.Time `json:"certificate_expires"`
	Server    string    `json:"server"`
}

// New makes the line of a cabinet that is enrolled.
func New(cfg Config, id Identity) (*Uplink, error) {
	u := &Uplink{
		Config: cfg, timing: usualTiming(), identity: id,
		upload: make(chan struct{}, 1), directory: make(chan struct{}, 1), snapshot: make(chan struct{}, 1),
		requests: make(chan protocol.Request, requestsWaiting),
	}
	u.status = Status{NotAfter: id.NotAfter(), Server: cfg.Server}
	var err error
	if u.client, u.base, err = client(cfg, u.current); err != nil {
		return nil, err
	}
	return u, nil
}

// current is the identity by now: a renewal changes it.
func (u *Uplink) current() *Identity {
	u.mu.Lock()
	defer u.mu.Unlock()
	id := u.identity
	return &id
}

// Status tells how the line stands.
func (u *Uplink) Status() Status {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.status
}

func (u *Uplink) note(change func(*Status)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change(&u.status)
}

// Run keeps the line until the context ends, or the core does. The identity's keys are
// given to the core first.
func (u *Uplink) Run(ctx context.Context, core Core) error {
	if err := u.install(ctx, core); err != nil {
		return err
	}
	within := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	for _, part := range []func(context.Context, Core) error{u.keepStream, u.keepUploading, u.keepFetching, u.keepSnapshot, u.keepRequesting, u.keepRenewing} {
		parts.Go(func() {
			if err := part(ctx, core); err != nil {
				cancel(err)
			}
		})
	}
	parts.Wait()
	if within.Err() != nil {
		return nil // its end is no error, whatever its cause
	}
	return context.Cause(ctx)
}

func (u *Uplink) pause() pause { return pause{timing: u.timing, rand: u.Rand} }

// install gives the core what came with the identity.
func (u *Uplink) install(ctx context.Context, core Core) error {
	id := u.current()
	if err := core.Tell(ctx, cabinet.TrustInstalled{Signers: id.Signers}); err != nil {
		return err
	}
	return core.Tell(ctx, cabinet.KeyInstalled{Key: id.Key})
}

// Send puts a message on the stream, if there is one; hello is the first on each. It never
// blocks: a stream that does not take its messages is ended.
func (u *Uplink) Send(t protocol.Type, body any) {
	frame, err := protocol.Encode(t, body)
	if err != nil {
		u.Logger.Error("a message has no form", "type", t, "error", err)
		return
	}
	u.mu.Lock()
	s := u.stream
	if s != nil && !s.greeted {
		// What the core sent before it knew of this stream is of the one before.
		s.greeted = t == protocol.TypeHello
		if !s.greeted {
			s = nil
		}
	}
	u.mu.Unlock()
	if s != nil {
		s.send(frame)
	}
}

// UploadJournal says that there are facts to send.
func (u *Uplink) UploadJournal() { nudge(u.upload) }

// FetchDirectory says that the directory is wanted.
func (u *Uplink) FetchDirectory() { nudge(u.directory) }

// FetchSnapshot says that the server's view of the cells is wanted.
func (u *Uplink) FetchSnapshot() { nudge(u.snapshot) }

// requestsWaiting is how many requests wait for their turn.
const requestsWaiting = 4

// Request asks the server for something, once. The core is told what came of it. It never blocks.
func (u *Uplink) Request(r protocol.Request) {
	select {
	case u.requests <- r:
	default: // so many wait that nobody stands there any more
	}
}

func nudge(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // one waits already
	}
}

// hangUp ends the stream: the next one begins with a hello that settles where things are.
func (u *Uplink) hangUp(why string) {
	u.mu.Lock()
	s := u.stream
	u.mu.Unlock()
	if s != nil {
		s.end(errors.New(why))
	}
}

// ended turns the error of a core that is called while the program stops into the end.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("uplink: %w", err)
}
