// Package cabinets runs cabinets without hardware: the product's own core of each, a
// simulated body of doors and things, its state in a file, and its line to the gateway
// by the product's own protocol.
package cabinets

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"cubby/models"
)

// Config is what a set of cabinets needs.
type Config struct {
	Dir        string            // each cabinet keeps its files in a folder of its own below
	GatewayURL string            // of the development listener: "http://127.0.0.1:PORT"
	Lockers    []models.LockerID // more can be added while running
	AutoClose  time.Duration     // doors shut themselves after this; 0: by hand only
	Logger     *slog.Logger
	Now        func() time.Time
	Random     io.Reader
	Client     *http.Client
}

// Set is a number of running cabinets.
type Set struct {
	cfg Config
	ids *models.IDs

	mu       sync.Mutex
	ctx      context.Context
	stop     context.CancelFunc
	running  sync.WaitGroup
	cabinets map[models.LockerID]*Cabinet
}

// New makes a set; nothing runs before Start.
func New(cfg Config) *Set {
	return &Set{cfg: cfg, ids: models.NewIDs(cfg.Now, cfg.Random), cabinets: map[models.LockerID]*Cabinet{}}
}

// Start starts every cabinet of the configuration.
func (s *Set) Start(ctx context.Context) error {
	s.mu.Lock()
	s.ctx, s.stop = context.WithCancel(ctx)
	s.mu.Unlock()
	for _, l := range s.cfg.Lockers {
		if err := s.Add(l); err != nil {
			s.Stop()
			return err
		}
	}
	return nil
}

// Add starts one more cabinet. One that runs already is left alone.
func (s *Set) Add(l models.LockerID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ctx == nil || s.ctx.Err() != nil:
		return models.Errorf(models.CodeUnavailable, "the cabinets do not run")
	case s.cabinets[l] != nil:
		return nil
	case l == "" || strings.ContainsAny(string(l), `/\.`):
		return models.Errorf(models.CodeInvalid, "%q is not the id of a locker", l)
	}
	c, err := open(s.cfg, s.ids, l, filepath.Join(s.cfg.Dir, string(l)))
	if err != nil {
		return err
	}
	s.cabinets[l] = c
	s.running.Go(func() { c.run(s.ctx) })
	return nil
}

// Stop ends all cabinets and waits for them. Their state is on disk at every moment.
func (s *Set) Stop() {
	s.mu.Lock()
	stop := s.stop
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
	s.running.Wait()
}

// All lists the cabinets by id.
func (s *Set) All() []*Cabinet {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Cabinet, 0, len(s.cabinets))
	for _, c := range s.cabinets {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Cabinet) int { return strings.Compare(string(a.locker), string(b.locker)) })
	return all
}

// Find returns a cabinet by its id or public number; not_found if there is none.
func (s *Set) Find(ctx context.Context, name string) (*Cabinet, error) {
	for _, c := range s.All() {
		if string(c.locker) == name {
			return c, nil
		}
	}
	for _, c := range s.All() {
		if snap, err := c.Snapshot(ctx); err == nil && snap.Number == name && name != "" {
			return c, nil
		}
	}
	return nil, models.Errorf(models.CodeNotFound, "there is no cabinet %q here", name)
}
