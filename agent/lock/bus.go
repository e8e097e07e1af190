package lock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"cubby/agent/link"
)

// Event is a change that a bus saw.
type Event struct {
	// Cell and Open: a door was seen to open or shut. Cell 0: the event is of a board.
	Cell int
	Open bool
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

	mu sync.Mutex // guards what Doors and Boards tell
}

type board struct {
	Board
	dialect  dialect
	next     time.Time // look
	fast     time.Time // look often until then
	missed   int
	up       bool
	everUp   bool
	told     bool // whether it is up
	latency  time.Duration
	seen     map[int]bool // doors as believed: cell to open
	changing map[int]int  // equal looks in a row that differ from what is believed
}

type unlock struct {
	ctx  context.Context // a pulse that comes too late would open a door for nobody
	cell int
	done chan error
}

// NewBus makes a bus. Nothing is sent before Run, and Run is called once.
func NewBus(boards []Board, timing Timing, dial func() (link.Port, error), log *slog.Logger) (*Bus, error) {
	if err := CheckBoards(boards); err != nil {
		return nil, err
	}
	b := &Bus{timing: timing.withDefaults(), dial: dial, log: log, unlocks: make(chan unlock), ended: make(chan struct{})}
	for _, c := range boards {
		d, err := dialectOf(c.Dialect)
		if err != nil {
			return nil, err
		}
		b.boards = append(b.boards, &board{Board: c, dialect: d, seen: map[int]bool{}, changing: map[int]int{}})
	}
	return b, nil
}

// Why a pulse is not sent.
var (
	ErrNoBoard = errors.New("lock: no board has this cell")
	ErrEnded   = errors.New("lock: nobody drives the bus any more")
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

// Unlock sends one pulse. An error says that it was not sent. That it was sent says
// nothing of the door.
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
		for cell, o := range board.seen {
			open[cell] = o
		}
	}
	return open, complete
}

// BoardStatus is how a board stands.
type BoardStatus struct {
	Name    string        `json:"name"`
	Up      bool          `json:"up"`
	Cells   []int         `json:"cells"`
	Latency time.Duration `json:"latency_ns,omitempty"` // from the request to the whole answer
}

// Boards tells how the boards stand.
func (b *Bus) Boards() []BoardStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []BoardStatus
	for _, board := range b.boards {
		all = append(all, BoardStatus{board.Name, board.up, board.Cells(), board.latency})
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
			b.down(board, tell)
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
	for ctx.Err() == nil {
		next := b.due()
		u, asked := b.asked(ctx, time.Until(next.next))
		switch {
		case asked:
			fatal, err := b.pulse(port, u)
			u.done <- err
			if fatal {
				return err
			}
		case ctx.Err() == nil:
			if err := b.look(port, next, tell); err != nil {
				return err
			}
		}
	}
	return nil
}

// asked waits for a pulse until the next look is due. One that waits already goes before
// a look that is due: somebody stands before the door.
func (b *Bus) asked(ctx context.Context, d time.Duration) (unlock, bool) {
	select {
	case u := <-b.unlocks:
		return u, true
	default:
	}
	t := time.NewTimer(max(0, d))
	defer t.Stop()
	select {
	case u := <-b.unlocks:
		return u, true
	case <-t.C:
	case <-ctx.Done():
	}
	return unlock{}, false
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

// pulse sends one unlock. fatal: the line itself failed.
func (b *Bus) pulse(port link.Port, u unlock) (fatal bool, err error) {
	if err := u.ctx.Err(); err != nil {
		return false, err
	}
	for _, board := range b.boards {
		if !board.has(u.cell) {
			continue
		}
		if !board.up {
			return false, fmt.Errorf("lock: board %s does not answer", board.Name)
		}
		if err := write(port, board.dialect.unlock(board.Address, u.cell-board.FirstCell+1)); err != nil {
			return true, err
		}
		now := time.Now()
		board.fast, board.next = now.Add(b.timing.FastFor), now.Add(b.timing.Fast)
		return false, nil
	}
	return false, ErrNoBoard
}

// look asks a board for its doors.
func (b *Bus) look(port link.Port, board *board, tell func(Event)) error {
	request := board.dialect.status(board.Address)
	if err := port.ResetInput(); err != nil {
		return err
	}
	began := time.Now()
	if err := write(port, request); err != nil {
		return err
	}
	r, err := b.await(port, board, request, began)
	now := time.Now()
	every := b.timing.Poll
	if now.Before(board.fast) {
		every = b.timing.Fast
	}
	board.next = now.Add(max(every, b.timing.Settle))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		if board.missed++; board.missed >= b.timing.Misses {
			b.down(board, tell)
		}
		return nil
	case err != nil:
		return err
	}
	board.missed = 0
	b.mu.Lock()
	board.latency = now.Sub(began)
	b.mu.Unlock()
	b.take(board, r, tell)
	return nil
}

// await reads until the board's answer is whole. One exact echo of the request is dropped,
// and so are answers of other boards.
func (b *Bus) await(port link.Port, board *board, request []byte, began time.Time) (reading, error) {
	var have []byte
	var buffer [256]byte
	echo := true
	for {
		left := b.timing.Reply - time.Since(began)
		if left <= 0 {
			return reading{}, os.ErrDeadlineExceeded
		}
		if err := port.SetReadTimeout(max(left, time.Millisecond)); err != nil {
			return reading{}, err
		}
		n, err := port.Read(buffer[:])
		if err != nil {
			return reading{}, err
		}
		have = append(have, buffer[:n]...)
		if rest, echoed := bytes.CutPrefix(have, request); echo && echoed {
			have, echo = rest, false
		}
		for {
			r, used, ok := board.dialect.parse(have)
			have = have[used:]
			if !ok {
				break
			}
			if r.address == board.Address {
				return r, nil
			}
		}
		if len(have) > 4*len(buffer) {
			have = nil // somebody talks without end
		}
	}
}

// take believes a door's change after some equal looks, and tells of it.
func (b *Bus) take(board *board, r reading, tell func(Event)) {
	var events []Event
	b.mu.Lock()
	if !board.up || !board.told {
		board.up, board.told = true, true
		if board.everUp {
			events = append(events, Event{Board: board.Name, Cells: board.Cells(), Up: true})
		}
		board.everUp = true
	}
	for _, cell := range board.Cells() {
		open := board.open(cell, r.set[cell-board.FirstCell])
		old, known := board.seen[cell]
		switch {
		case !known:
			board.seen[cell] = open
			events = append(events, Event{Cell: cell, Open: open})
		case old == open:
			board.changing[cell] = 0
		default:
			if board.changing[cell]++; board.changing[cell] >= b.timing.Equal {
				board.seen[cell], board.changing[cell] = open, 0
				events = append(events, Event{Cell: cell, Open: open})
			} else {
				board.next = time.Now().Add(b.timing.Settle) // look again at once
			}
		}
	}
	b.mu.Unlock()
	for _, e := range events {
		tell(e)
	}
}

// down tells once that a board does not answer.
func (b *Bus) down(board *board, tell func(Event)) {
	b.mu.Lock()
	first := board.up || !board.told
	board.up, board.told, board.everUp = false, true, true
	clear(board.changing)
	b.mu.Unlock()
	if first {
		tell(Event{Board: board.Name, Cells: board.Cells()})
	}
}

func write(port link.Port, frame []byte) error {
	n, err := port.Write(frame)
	if err == nil && n < len(frame) {
		err = fmt.Errorf("lock: %d of %d bytes were written", n, len(frame))
	}
	return err
}
