package cabinets

import (
	"context"
	"crypto/ecdh"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	stateFile = "state.json"
	bodyFile  = "body.json"
	// openDelay is how long a lock takes from its pulse to the door seen open.
	openDelay = 40 * time.Millisecond
)

// Cabinet is one cabinet that runs. A single goroutine owns its state and its body.
type Cabinet struct {
	cfg    Config
	ids    *models.IDs
	locker models.LockerID
	dir    string
	log    *slog.Logger
	device *ecdh.PrivateKey
	begun  time.Time
	boot   string

	acts    chan func()
	stopped chan struct{}
	upload  chan struct{} // there are facts to send
	fetch   chan struct{} // the directory is wanted

	// Owned by the goroutine of run.
	state     *cabinet.State
	body      *body
	line      *line // nil: none
	failed    error
	autoClose time.Duration
}

// open reads a cabinet's files, or makes new ones.
func open(cfg Config, ids *models.IDs, l models.LockerID, dir string) (*Cabinet, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cabinets: %w", err)
	}
	c := &Cabinet{
		cfg: cfg, ids: ids, locker: l, dir: dir, log: cfg.Logger.With("locker", string(l)), begun: time.Now(),
		acts: make(chan func()), stopped: make(chan struct{}),
		upload: make(chan struct{}, 1), fetch: make(chan struct{}, 1),
		autoClose: cfg.AutoClose,
	}
	if err := c.remember(); err != nil {
		return nil, err
	}
	var err error
	if c.device, err = deviceKey(dir, cfg.Random); err != nil {
		return nil, err
	}
	c.boot, err = token(cfg.Random)
	return c, err
}

// remember reads what the cabinet knew. A cabinet whose memory is damaged does not run: it
// would take cells with things in them for free.
func (c *Cabinet) remember() error {
	c.state, c.body = new(cabinet.State), new(body)
	known, err := read(filepath.Join(c.dir, stateFile), c.state)
	if err != nil {
		return err
	}
	moved, err := read(filepath.Join(c.dir, bodyFile), c.body)
	if err != nil {
		return err
	}
	switch {
	case !known && moved:
		return fmt.Errorf("cabinets: %s is gone from %s, where doors have moved", stateFile, c.dir)
	case !known:
		c.state = cabinet.New(c.locker)
	case c.state.Locker != c.locker:
		return fmt.Errorf("cabinets: %s holds the state of %q, not of %s", c.dir, c.state.Locker, c.locker)
	}
	if c.body.Cells == nil {
		c.body = newBody()
	}
	if err := c.state.Check(); err != nil {
		return fmt.Errorf("cabinets: %s in %s is damaged: %w", stateFile, c.dir, err)
	}
	return nil
}

// read reads a file, if there is one.
func read(path string, v any) (found bool, err error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		return false, fmt.Errorf("cabinets: %s cannot be read: %w", path, err)
	}
	return true, nil
}

func token(random io.Reader) (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("cabinets: no randomness: %w", err)
	}
	return hex.EncodeToString(raw), nil
}

// now is the cabinet's time. Its computer booted when the cabinet was opened.
func (c *Cabinet) now() cabinet.Instant {
	return cabinet.Instant{
		WallMS: c.cfg.Now().UnixMilli(), UptimeMS: time.Since(c.begun).Milliseconds() + 1, Clock: models.ClockSynced,
	}
}

// run owns the cabinet until the context ends or its disk fails.
func (c *Cabinet) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	// The helpers hand their news to the loop below, so they end with the context, and
	// stopped is closed before they are waited for.
	defer helpers.Wait()
	defer close(c.stopped)
	defer cancel()

	c.step(cabinet.Started{Boot: c.boot, Open: c.body.openDoors()})
	for n, b := range c.body.Cells {
		if b.Open {
			c.closeLater(n)
		}
	}
	helpers.Go(func() { c.keepLine(ctx) })
	helpers.Go(func() { c.keepUploading(ctx) })
	helpers.Go(func() { c.keepFetching(ctx) })
	if c.state.Key == nil {
		helpers.Go(func() { c.enroll(ctx) })
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for c.failed == nil {
		timer.Reset(c.untilDeadline())
		select {
		case <-ctx.Done():
			return
		case act := <-c.acts:
			act()
		case <-timer.C:
			if at, ok := cabinet.NextDeadline(c.state); ok && at <= c.now().UptimeMS {
				c.step(cabinet.Tick{})
			}
		}
	}
	c.log.Error("a cabinet stopped: its state cannot be kept", "error", c.failed)
}

func (c *Cabinet) untilDeadline() time.Duration {
	at, ok := cabinet.NextDeadline(c.state)
	if !ok {
		return time.Hour
	}
	return max(0, time.Duration(at-c.now().UptimeMS)*time.Millisecond)
}

// step gives the core an input, makes its state durable, and only then acts.
func (c *Cabinet) step(in cabinet.Input) {
	if c.failed != nil {
		return
	}
	effects := cabinet.Step(c.state, c.now(), in)
	if c.failed = write(filepath.Join(c.dir, stateFile), c.state); c.failed != nil {
		return
	}
	for _, e := range effects {
		switch e := e.(type) {
		case cabinet.Pulse:
			c.pulse(e.Cell)
		case cabinet.Send:
			c.send(e.Type, e.Body)
		case cabinet.UploadJournal:
			nudge(c.upload)
		case cabinet.FetchDirectory:
			nudge(c.fetch)
		}
	}
}

func nudge(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // one is waiting already
	}
}

// act runs f in the cabinet's goroutine and waits for it.
func (c *Cabinet) act(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case c.acts <- func() { f(); close(done) }:
		<-done
		return nil
	case <-c.stopped:
		return models.Errorf(models.CodeUnavailable, "this cabinet does not run")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tell gives the core an input from another goroutine.
func (c *Cabinet) tell(ctx context.Context, in cabinet.Input) error {
	return c.act(ctx, func() { c.step(in) })
}

func (c *Cabinet) send(t protocol.Type, message any) {
	if c.line == nil {
		return
	}
	frame, err := protocol.Encode(t, message)
	if err != nil {
		c.log.Error("a message cannot be sent", "type", t, "error", err)
		return
	}
	select {
	case c.line.out <- frame:
	default:
		c.line.cut() // the other side does not read
	}
}
