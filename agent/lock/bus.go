package lock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"cubby/agent/link"
)

// Parcel is what a cell's parcel sensor says.
type Parcel string

// What it can say.
const (
	ParcelPresent Parcel = "present"
	ParcelAbsent  Parcel = "absent"
	ParcelUnknown Parcel = "unknown" // it cannot be read now
)

// Event is a change that a bus saw.
type Event struct {
	// Cell and Open: a door was seen to open or shut. Cell 0: the event is of a board.
	Cell int
	Open bool
	// Parcel: not empty, the event is of the cell's parcel sensor, and Open says nothing.
	Parcel Parcel
	// Board, Cells and Up: a board stopped answering, or answers again.
	Board string
	Cells []int
	Up    bool
}

// Bus is one line with the boards on it. One goroutine owns the line.
type Bus struct {
	boards  []*board
	timing  Timing
	dial    func() (link.Port, error)
	log     *slog.Logger
	unlocks chan unlock
	ended   chan struct{} // by Run

	// Of the owner of the line.
	listens bool      // a board may tell something unasked
	echoes  bool      // the line gives back what is sent
	free    time.Time // when the next request may go out
	heard   []byte    // between requests

	mu sync.Mutex // guards what Doors, Parcels and Boards tell
}

type unlock struct {
	ctx  context.Context // a pulse that comes too late would open a door for nobody
	cell int
	done chan error
}

// NewBus makes a bus. Nothing is sent before Run, and Run is called once.
func NewBus(boards []Board, timing Timing, dial func() (link.Port, error), log *slog.Logger) (*Bus, error) {
	if err := errors.Join(CheckBoards(boards), CheckLine(boards)); err != nil {
		return nil, err
	}
	b := &Bus{timing: timing.withDefaults(), dial: dial, log: log, unlocks: make(chan unlock), ended: make(chan struct{})}
	for _, c := range boards {
		f, err := familyOf(c.Dialect)
		if err != nil {
			return nil, err
		}
		b.boards = append(b.boards, newBoard(c, f))
		b.listens = b.listens || f.pushes
	}
	return b, nil
}

// Why a lock is not driven.
var (
	ErrNoBoard = errors.New("lock: no board has this cell")
	ErrEnded   = errors.New("lock: nobody drives the bus any more")
	ErrRefused = errors.New("lock: the board refuses to drive the lock")
)

// Has reports whether the cell is on this bus.
func (b *Bus) Has(cell int) bool {
	for _, board := range b.boards {
		if board.has(cell) {
			return true
		}
	}
	return false
}

// Unlock sends one pulse, once. An error says that the lock was not driven. That there is
// none says nothing of the door.
func (b *Bus) Unlock(ctx context.Context, cell int) error {
	if !b.Has(cell) {
		return ErrNoBoard
	}
	u := unlock{ctx, cell, make(chan error, 1)}
	select {
	case b.unlocks <- u:
	case <-ctx.Done():
		return ctx.Err()
	case <-b.ended:
		return ErrEnded
	}
	// It is in the owner's hands and may be on the line already: the context does not take
	// it back.
	return <-u.done
}

// Doors is the doors as last seen. complete: every board was read, or is known to be down.
func (b *Bus) Doors() (open map[int]bool, complete bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	open, complete = map[int]bool{}, true
	for _, board := range b.boards {
		complete = complete && board.told
		for cell, door := range board.doors {
			if door.known {
				open[cell] = door.is
			}
		}
	}
	return open, complete
}

// Parcels is what the parcel sensors say, by cell, of the cells that have one. Unlike a door,
// a sensor that cannot be read now is unknown: what it said last proves nothing.
func (b *Bus) Parcels() map[int]Parcel {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[int]Parcel{}
	for _, board := range b.boards {
		for cell, s := range board.parcels {
			all[cell] = s.parcel()
		}
	}
	return all
}

// BoardStatus is how a board stands.
type BoardStatus struct {
	Name    string        `json:"name"`
	Up      bool          `json:"up"`
	Cells   []int         `json:"cells"`
	Latency time.Duration `json:"latency_ns,omitempty"` // from the first request of a look to its last whole answer
	Looks   int           `json:"looks"`                // that were whole
	Misses  int           `json:"misses"`               // that were not
	Why     string        `json:"why,omitempty"`        // it is down, in plain words
}

// Boards tells how the boards stand.
func (b *Bus) Boards() []BoardStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []BoardStatus
	for _, board := range b.boards {
		s := BoardStatus{board.Name, board.up, board.Cells(), board.latency, board.whole, board.failed, board.why}
		if board.up {
			s.Why = ""
		}
		all = append(all, s)
	}
	return all
}

// Run owns the line until the context ends. tell is called from it for each change, in
// order, and must not wait for a pulse of the same bus.
func (b *Bus) Run(ctx context.Context, tell func(Event)) error {
	defer close(b.ended)
	pause := b.timing.Reopen
	for ctx.Err() == nil {
		port, err := b.dial()
		if err == nil {
			pause = b.timing.Reopen
			err = b.serve(ctx, port, tell)
			err = errors.Join(err, port.Close())
		}
		if ctx.Err() != nil {
			return nil
		}
		b.log.Warn("a lock bus cannot be used; trying again", "error", err)
		for _, board := range b.boards {
			b.down(board, "the line cannot be used: "+err.Error(), tell)
		}
		b.idle(ctx, pause, err)
		pause = min(2*pause, b.timing.LastOpen)
	}
	return nil
}

// idle waits, and refuses pulses meanwhile.
func (b *Bus) idle(ctx context.Context, d time.Duration, why error) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			return
		case u := <-b.unlocks:
			u.done <- fmt.Errorf("lock: the bus cannot be used: %w", why)
		}
	}
}

// serve drives the line until it fails: pulses first, looks between them.
func (b *Bus) serve(ctx context.Context, port link.Port, tell func(Event)) error {
	b.echoes, b.heard = false, nil
	for ctx.Err() == nil {
		next := b.due()
		u, asked, err := b.asked(ctx, port, next.next, tell)
		if err != nil {
			return err
		}
		switch {
		case asked:
			fatal, err := b.pulse(port, u, tell)
			u.done <- err
			if fatal != nil {
				return fatal
			}
		case ctx.Err() == nil && !time.Now().Before(next.next):
			if err := b.look(port, next, tell); err != nil {
				return err
			}
		}
	}
	return nil
}

// asked waits for a pulse until the next look is due. One that waits already goes before
// a look that is due: somebody stands before the door. A line on which boards tell doors
// unasked is listened to meanwhile.
func (b *Bus) asked(ctx context.Context, port link.Port, next time.Time, tell func(Event)) (unlock, bool, error) {
	for {
		select {
		case u := <-b.unlocks:
			return u, true, nil
		default:
		}
		left := time.Until(next)
		if left <= 0 || ctx.Err() != nil {
			return unlock{}, false, nil
		}
		if b.listens {
			told, err := b.listen(port, min(left, listenFor), tell)
			if told || err != nil {
				return unlock{}, false, err
			}
			continue
		}
		t := time.NewTimer(left)
		select {
		case u := <-b.unlocks:
			t.Stop()
			return u, true, nil
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// due is the board to look at next.
func (b *Bus) due() *board {
	next := b.boards[0]
	for _, board := range b.boards[1:] {
		if board.next.Before(next.next) {
			next = board
		}
	}
	return next
}

// pulse sends one unlock. fatal: the line itself failed, before the pulse or after it.
func (b *Bus) pulse(port link.Port, u unlock, tell func(Event)) (fatal, err error) {
	if err := u.ctx.Err(); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(b.boards, func(board *board) bool { return board.has(u.cell) })
	if i < 0 {
		return nil, ErrNoBoard
	}
	board := b.boards[i]
	if !board.up {
		return nil, fmt.Errorf("lock: board %s does not answer", board.Name)
	}
	request := board.dialect.unlock(board.drives(u.cell))
	if err := b.send(port, request, tell); err != nil {
		return err, err
	}
	now := time.Now()
	board.fast, board.next, board.step = now.Add(b.timing.FastFor), now.Add(max(b.timing.Fast, board.blind())), 0
	if !board.family.answers || board.mute {
		return nil, nil
	}
	a, _, err := b.await(port, board, request, true, tell)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		board.mute = true // some never answer an unlock: they are not waited for again
		return nil, nil
	case err != nil:
		return err, nil // it is sent, and what comes of it is not known
	case a.refused != nil:
		return nil, fmt.Errorf("%w: %w", ErrRefused, a.refused)
	}
	return nil, nil
}
