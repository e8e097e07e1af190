// Package sites runs cabinets without hardware: the product's own agent, a process for each,
// on simulated boards and a network that can be cut.
package sites

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/rig"
	"cubby/models"
)

// Config is what a set of cabinets needs.
type Config struct {
	Dir       string // each cabinet keeps its files in a folder of its own below
	Agent     string // the program
	Gateway   string // host:port of the server's device listener
	ServerCA  string // file
	LogLevel  string // of the agents
	AutoClose time.Duration
	// Build says how a cabinet is built; nil: all are as the demo's.
	Build func(l models.LockerID) Build
	// ClockAhead is how far the wall clocks of the agents are ahead of this machine's, as in rig.Spec.
	ClockAhead time.Duration
	// Claim has the operator make a claim for a locker.
	Claim  func(ctx context.Context, l models.LockerID) (string, error)
	Logger *slog.Logger
}

// enrollOnce runs the agent's enrolment.
func (c Config) enrollOnce(ctx context.Context, config, claim string) error {
	cmd := exec.CommandContext(ctx, c.Agent, "enroll", "--config", config, "--claim", claim)
	var said strings.Builder
	cmd.Stderr = &said
	if _, err := rig.Output(cmd, c.ClockAhead); err != nil {
		return fmt.Errorf("cubby-agent enroll: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}

// Set is a number of running cabinets.
type Set struct {
	cfg Config

	mu      sync.Mutex
	sites   map[models.LockerID]*Site
	adding  map[models.LockerID]bool
	stopped bool
}

// New makes a set; nothing runs before Add.
func New(cfg Config) *Set {
	if cfg.LogLevel == "" {
		cfg.LogLevel = "info"
	}
	return &Set{cfg: cfg, sites: map[models.LockerID]*Site{}, adding: map[models.LockerID]bool{}}
}

var errStopped = models.Errorf(models.CodeUnavailable, "the cabinets do not run")

// Add puts a cabinet up and starts it. One that runs already is left alone; conflict says
// that somebody else is at it.
func (s *Set) Add(ctx context.Context, l models.LockerID) (*Site, error) {
	if !models.ValidID(models.PrefixLocker, string(l)) {
		return nil, models.Errorf(models.CodeInvalid, "%q is not the id of a locker", l)
	}
	if have, err := s.reserve(l); have != nil || err != nil {
		return have, err
	}
	site, err := build(ctx, s.cfg, l)
	if err == nil {
		if err = site.start(ctx); err != nil {
			err = errors.Join(err, site.stop())
		}
	}
	s.mu.Lock()
	delete(s.adding, l)
	stopped := s.stopped
	if err == nil && !stopped {
		s.sites[l] = site
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case stopped: // meanwhile
		return nil, errors.Join(errStopped, site.stop())
	}
	return site, nil
}

// reserve returns the cabinet that is there, or keeps its place for the caller.
func (s *Set) reserve(l models.LockerID) (*Site, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return nil, errStopped
	case s.sites[l] != nil:
		return s.sites[l], nil
	case s.adding[l]:
		return nil, models.Errorf(models.CodeConflict, "cabinet %s is being put up", l)
	}
	s.adding[l] = true
	return nil, nil
}

// Stop ends all cabinets. Their state is on disk at every moment.
func (s *Set) Stop() error {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	var errs []error
	for _, site := range s.All() {
		errs = append(errs, site.stop())
	}
	return errors.Join(errs...)
}

// All lists the cabinets by id.
func (s *Set) All() []*Site {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Site, 0, len(s.sites))
	for _, site := range s.sites {
		all = append(all, site)
	}
	slices.SortFunc(all, func(a, b *Site) int { return strings.Compare(string(a.locker), string(b.locker)) })
	return all
}

// Find returns a cabinet by its id or public number; not_found if there is none.
func (s *Set) Find(ctx context.Context, name string) (*Site, error) {
	for _, site := range s.All() {
		if string(site.locker) == name {
			return site, nil
		}
	}
	for _, site := range s.All() {
		number := site.Number() // whoever wants to give it its power back knows it by that
		if snap, err := site.Snapshot(ctx); err == nil {
			number = snap.Number
		}
		if number == name && name != "" {
			return site, nil
		}
	}
	return nil, models.Errorf(models.CodeNotFound, "there is no cabinet %q here", name)
}
