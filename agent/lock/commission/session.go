// Package commission finds out how a cabinet's locks are wired, instead of having somebody
// type it in. It drives one lock at a time, watches whose door moves, and proposes the
// boards' configuration; what it doubts it names. It never drives a lock twice, and a board
// that is dead holds up none of the others.
//
// A lock that was driven opens a door, which a person shuts: the session waits for that a
// while, and goes on with the door left open as long as few are. When too many stand open it
// ends, says which, and goes on from there the next time.
package commission

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"cubby/agent/lock"
)

// Bus is a line with boards, driven by somebody. *lock.Bus is one.
type Bus interface {
	Has(cell int) bool
	// Unlock sends one pulse; an error says that the lock was not driven.
	Unlock(ctx context.Context, cell int) error
	Doors() (open map[int]bool, complete bool)
	Boards() []lock.BoardStatus
}

// Timing is how long a session waits. Zero values take the defaults.
type Timing struct {
	Watch time.Duration // for a door to move after a pulse; 4 s
	After time.Duration // for a second one after the first; 1.5 s, and longer on lines that are read slowly
	Close time.Duration // for a person to shut the door; 20 s
	// MaxOpen is how many doors that the session opened may stand open when it drives the next
	// lock, that one's own with them; 2.
	MaxOpen int
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		have *time.Duration
		def  time.Duration
	}{{&t.Watch, 4 * time.Second}, {&t.After, 1500 * time.Millisecond}, {&t.Close, 20 * time.Second}} {
		if *d.have <= 0 {
			*d.have = d.def
		}
	}
	if t.MaxOpen <= 0 {
		t.MaxOpen = 2
	}
	return t
}

// Config is what a session is made of.
type Config struct {
	// Boards to look at, as Bare gives them: each cell stands for the channel of its number.
	Boards []lock.Board
	// Buses drive the boards, bare too. Whoever runs them passes what they tell to Tell.
	Buses  []Bus
	Timing Timing
	// Past is what an earlier session found: what it was sure of is not tried again.
	Past []Finding
	// Before is called before each pulse, with the cell; an error ends the session. nil: nobody.
	Before func(cell int) error
	// Progress is called after each channel, and when doors have to be shut. nil: nobody.
	Progress func(Progress)
}

// Progress is how far a session is.
type Progress struct {
	Found       *Finding  // nil: it waits
	All         []Finding // that are known by now, for whoever writes them down
	Done, Total int       // channels
	Shut        []int     // doors that somebody has to shut for it to go on
}

// Bare is the boards without what a session finds out.
func Bare(boards []lock.Board) []lock.Board {
	bare := slices.Clone(boards)
	for i := range bare {
		bare[i].Locks = nil
	}
	return bare
}

// Session is one run over the boards.
type Session struct {
	cfg    Config
	opened map[int]bool // doors that it opened, and what their switch says while they stand open

	mu    sync.Mutex
	doors map[int]bool
	moves []move
	told  chan struct{} // has a value after a move
}

type move struct {
	cell int
	open bool
}

// New makes a session.
func New(cfg Config) *Session {
	cfg.Timing = cfg.Timing.withDefaults()
	return &Session{cfg: cfg, opened: map[int]bool{}, doors: map[int]bool{}, told: make(chan struct{}, 1)}
}

// Tell takes in what a bus tells. It does not wait.
func (s *Session) Tell(e lock.Event) {
	if e.Cell == 0 || e.Parcel != "" {
		return
	}
	s.mu.Lock()
	was, known := s.doors[e.Cell]
	s.doors[e.Cell] = e.Open
	if known && was != e.Open {
		s.moves = append(s.moves, move{e.Cell, e.Open})
	}
	s.mu.Unlock()
	select {
	case s.told <- struct{}{}:
	default:
	}
}

// channel is one lock to drive.
type channel struct {
	board  lock.Board
	number int
	cell   int
}

// Run drives the locks, one at a time, and returns what it found, that of the past with it.
// When the context ends it returns what it found until then, and the context's error.
func (s *Session) Run(ctx context.Context) ([]Finding, error) {
	found, todo := s.plan()
	total := len(found) + len(todo)
	for i, c := range todo {
		room, err := s.room(ctx, len(found), total)
		if err != nil {
			return found, err
		}
		if !room {
			for _, left := range todo[i:] {
				found = append(found, left.finding(LeftOut))
			}
			return found, nil
		}
		f, err := s.try(ctx, c)
		if err != nil {
			return found, err
		}
		found = append(found, f)
		s.progress(Progress{Found: &f, All: slices.Clone(found), Done: len(found), Total: total})
	}
	return found, nil
}

// plan is what is known already, and what is left to do: channels whose own door stands open
// come last, since somebody may shut it meanwhile.
func (s *Session) plan() (found []Finding, todo []channel) {
	var last []channel
	for _, b := range s.cfg.Boards {
		for _, cell := range b.Cells() {
			c := channel{b, cell - b.FirstCell + 1, cell}
			i := slices.IndexFunc(s.cfg.Past, func(f Finding) bool { return f.Board == b.Name && f.Channel == c.number && f.Cell == cell && f.sure() })
			switch {
			case i >= 0:
				found = append(found, s.cfg.Past[i])
			case s.open(cell):
				last = append(last, c)
			default:
				todo = append(todo, c)
			}
		}
	}
	return found, append(todo, last...)
}

func (c channel) finding(d Doubt) Finding {
	return Finding{Board: c.board.Name, Channel: c.number, Cell: c.cell, Doubt: d}
}

func (s *Session) bus(cell int) Bus {
	for _, b := range s.cfg.Buses {
		if b.Has(cell) {
			return b
		}
	}
	return nil
}

func (s *Session) open(cell int) bool {
	b := s.bus(cell)
	if b == nil {
		return false
	}
	doors, _ := b.Doors()
	return doors[cell]
}

func (s *Session) up(c channel) bool {
	b := s.bus(c.cell)
	return b != nil && slices.ContainsFunc(b.Boards(), func(st lock.BoardStatus) bool { return st.Name == c.board.Name && st.Up })
}

// standing lists the doors that the session opened and that stand open.
func (s *Session) standing() []int {
	var cells []int
	for cell, says := range s.opened {
		if s.open(cell) == says {
			cells = append(cells, cell)
		}
	}
	slices.Sort(cells)
	return cells
}

// room waits for the doors to be shut, and returns whether the next lock may be driven.
func (s *Session) room(ctx context.Context, done, total int) (bool, error) {
	limit := time.NewTimer(s.cfg.Timing.Close)
	defer limit.Stop()
	said := false
	for {
		standing := s.standing()
		if len(standing) == 0 {
			return true, ctx.Err()
		}
		if !said {
			said = true
			s.progress(Progress{Done: done, Total: total, Shut: standing})
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-s.told:
		case <-limit.C:
			return len(standing) < s.cfg.Timing.MaxOpen, nil
		}
	}
}

func (s *Session) progress(p Progress) {
	if s.cfg.Progress != nil {
		s.cfg.Progress(p)
	}
}

// try drives one lock and says what came of it. An error ends the session.
func (s *Session) try(ctx context.Context, c channel) (Finding, error) {
	if !s.up(c) {
		return c.finding(DeadBoard), nil
	}
	if s.cfg.Before != nil {
		if err := s.cfg.Before(c.cell); err != nil {
			return Finding{}, err
		}
	}
	stood := s.open(c.cell)
	s.mu.Lock()
	s.moves = nil
	s.mu.Unlock()
	if err := s.bus(c.cell).Unlock(ctx, c.cell); err != nil {
		if ctx.Err() != nil {
			return Finding{}, ctx.Err()
		}
		f := c.finding(NotDriven)
		f.Detail = err.Error()
		if !errors.Is(err, lock.ErrRefused) && !s.up(c) {
			f.Doubt = DeadBoard
		}
		return f, nil
	}
	opened, shut, err := s.watch(ctx, s.pace())
	if err != nil {
		return Finding{}, err
	}
	for _, cell := range opened {
		s.opened[cell] = true
	}
	f := c.finding(NoDoubt)
	f.Pulsed, f.Opened, f.Shut = true, opened, shut
	if f.Doubt = c.judge(f, stood); f.Doubt == SwitchTurned {
		s.opened[c.cell] = false
	}
	if f.Doubt == NothingMoved && !s.up(c) {
		f.Doubt = DeadBoard
	}
	return f, nil
}

// rounds is how many times a line is read until a move on any of its boards is told.
const rounds = 3

// pace is how long the slowest line takes to tell that a door moved.
func (s *Session) pace() (slowest time.Duration) {
	for _, b := range s.cfg.Buses {
		round := time.Duration(0)
		for _, board := range b.Boards() {
			round += board.Latency
		}
		slowest = max(slowest, rounds*round)
	}
	return slowest
}

// watch waits for doors to move, and tells which opened and which, of those that the session
// did not open before, were shut.
func (s *Session) watch(ctx context.Context, pace time.Duration) (opened, shut []int, err error) {
	limit := time.NewTimer(s.cfg.Timing.Watch + pace)
	defer limit.Stop()
	seen := 0
	for {
		s.mu.Lock()
		moves := slices.Clone(s.moves)
		s.mu.Unlock()
		for _, m := range moves[seen:] {
			says, ours := s.opened[m.cell]
			switch {
			case ours && m.open != says, slices.Contains(opened, m.cell), slices.Contains(shut, m.cell):
				// Somebody shuts a door that was opened before, or just now.
			case m.open:
				opened = append(opened, m.cell)
			default:
				shut = append(shut, m.cell)
			}
		}
		if seen == 0 && len(opened)+len(shut) > 0 {
			limit.Reset(s.cfg.Timing.After + pace)
		}
		seen = len(moves)
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-s.told:
		case <-limit.C:
			slices.Sort(opened)
			return opened, shut, nil
		}
	}
}
