package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cubby/agent/link"
	"cubby/agent/modbus"
	"cubby/models"
)

const (
	// every is how long lies between two looks at the boards, and equal how many looks in a row
	// it takes to believe that a contact has changed: one that chatters says nothing.
	every = 100 * time.Millisecond
	equal = 2
	reply = 200 * time.Millisecond
	// settle is the silence between an answer and the next request, 4 ms at 9600 baud.
	settle = 5 * time.Millisecond
	misses = 3 // looks in a row without an answer until a board is down
	// tries is how often an output is driven that the board does not answer for. The gate is
	// driven once: there are gates that a second pulse shuts.
	tries      = 3
	firstRetry = time.Second
	lastRetry  = 15 * time.Second
)

// Why an output was not driven.
var (
	ErrNoOutput = errors.New("relay: no relay has this output")
	ErrEnded    = errors.New("relay: nobody drives the relays any more")
	ErrDown     = errors.New("relay: its board does not answer")
	ErrRefused  = errors.New("relay: its board refuses")
	// ErrUnsure: it was sent, and the board did not answer. It may have been driven.
	ErrUnsure = errors.New("relay: its board was told, and did not answer")
)

// Event is a change. Of Output and Contact one is named.
type Event struct {
	Output models.Output
	Up     bool // the output can be driven

	Contact models.Tamper
	Known   bool // the contact can be read
	Alarm   bool
}

// Line is one serial line with its boards. One goroutine owns it.
type Line struct {
	boards []*board
	dial   func() (link.Port, error)
	log    *slog.Logger
	every  time.Duration
	orders chan order
	ended  chan struct{}
	echoes bool // the line gives back what is sent; of its owner

	mu sync.Mutex // guards what Status tells
}

type order struct {
	ctx  context.Context // a gate that opens too late opens for nobody
	name models.Output
	d    time.Duration
	done chan error
}

// board is a board as its line knows it.
type board struct {
	Board
	family   family
	told, up bool
	missed   int
	contacts []contact
	status   Status
}

// contact is an input as it is believed to be.
type contact struct {
	known, alarm bool
	other        bool // it was seen otherwise
	equal        int  // so many times in a row
}

// Status is a board as it stands, for people on site.
type Status struct {
	Name     string          `json:"name"`
	Up       bool            `json:"up"`
	Outputs  []models.Output `json:"outputs,omitempty"`
	Contacts []models.Tamper `json:"contacts,omitempty"`
	Alarms   []models.Tamper `json:"alarms,omitempty"` // the contacts that tell of something now
	Reads    int             `json:"reads"`
	Fails    int             `json:"fails"`
	Drives   int             `json:"drives"`
	Latency  time.Duration   `json:"latency_ns,omitempty"` // of the last look
	Error    string          `json:"error,omitempty"`      // the last one
}

// NewLine makes a line of boards that Check has passed. Nothing is sent before Run.
func NewLine(boards []Board, dial func() (link.Port, error), log *slog.Logger) *Line {
	l := &Line{dial: dial, log: log, every: every, orders: make(chan order), ended: make(chan struct{})}
	for _, b := range boards {
		made := &board{Board: b, family: families()[b.Dialect], contacts: make([]contact, len(b.Inputs)), status: Status{Name: b.Name}}
		for _, o := range b.Outputs {
			made.status.Outputs = append(made.status.Outputs, o.Name)
		}
		for _, in := range b.Inputs {
			made.status.Contacts = append(made.status.Contacts, in.Name)
		}
		l.boards = append(l.boards, made)
	}
	return l
}

// Lines are all lines of a cabinet.
type Lines []*Line

// Drive has an output driven for a time, that its board counts; 0 ends it at once.
func (all Lines) Drive(ctx context.Context, name models.Output, d time.Duration) error {
	for _, l := range all {
		if b, _ := l.find(name); b != nil {
			return l.drive(ctx, name, d)
		}
	}
	return ErrNoOutput
}

// Status tells how the boards stand.
func (all Lines) Status() []Status {
	list := []Status{}
	for _, l := range all {
		l.mu.Lock()
		for _, b := range l.boards {
			st := b.status
			st.Up = b.up
			for i, c := range b.contacts {
				if c.known && c.alarm {
					st.Alarms = append(st.Alarms, b.Inputs[i].Name)
				}
			}
			list = append(list, st)
		}
		l.mu.Unlock()
	}
	return list
}

func (l *Line) find(name models.Output) (*board, Output) {
	for _, b := range l.boards {
		for _, o := range b.Outputs {
			if o.Name == name {
				return b, o
			}
		}
	}
	return nil, Output{}
}

func (l *Line) drive(ctx context.Context, name models.Output, d time.Duration) error {
	o := order{ctx, name, d, make(chan error, 1)}
	select {
	case l.orders <- o:
	case <-ctx.Done():
		return ctx.Err()
	case <-l.ended:
		return ErrEnded
	}
	return <-o.done // it is in the owner's hands: the context does not take it back
}

// Run owns the line until the context ends, and tells each change; first of each output and
// contact how it stands.
func (l *Line) Run(ctx context.Context, tell func(Event)) error {
	defer close(l.ended)
	retry := firstRetry
	for ctx.Err() == nil {
		port, err := l.dial()
		if err == nil {
			retry = firstRetry
			stop := context.AfterFunc(ctx, func() { _ = port.Close() }) // ends a read that waits
			err = l.serve(ctx, port, tell)
			stop()
			_ = port.Close() // it may be closed already
		}
		if ctx.Err() != nil {
			break
		}
		l.log.Warn("relays cannot be reached; trying again", "error", err)
		for _, b := range l.boards {
			l.down(b, err, tell)
		}
		l.refuse(ctx, retry, err)
		retry = min(2*retry, lastRetry)
	}
	return nil
}

// refuse waits, and refuses orders meanwhile.
func (l *Line) refuse(ctx context.Context, d time.Duration, why error) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			return
		case o := <-l.orders:
			o.done <- fmt.Errorf("%w: %w", ErrDown, why)
		}
	}
}

// serve looks at the boards in turns, and carries orders out between, until the line fails.
func (l *Line) serve(ctx context.Context, port link.Port, tell func(Event)) error {
	l.echoes = false
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		for _, b := range l.boards {
			select {
			case o := <-l.orders:
				if err := l.carryOut(port, o); err != nil {
					return err
				}
			default:
			}
			if err := l.look(port, b, tell); err != nil {
				return err
			}
		}
		pause.Reset(l.every)
		for waits := true; waits; {
			select {
			case <-ctx.Done():
				return nil
			case <-pause.C:
				waits = false
			case o := <-l.orders:
				if err := l.carryOut(port, o); err != nil {
					return err
				}
			}
		}
	}
}

// carryOut drives an output. An error is of the line.
func (l *Line) carryOut(port link.Port, o order) error {
	if err := o.ctx.Err(); err != nil {
		o.done <- err
		return nil
	}
	b, out := l.find(o.name)
	if !b.up {
		o.done <- ErrDown
		return nil
	}
	request := b.family.drive(byte(b.Address), out.Relay, out.lasts(b.family, o.d))
	times := tries
	if o.name == models.OutputGate {
		times = 1
	}
	for {
		answer, err := l.ask(port, request)
		switch {
		case errors.Is(err, errSilent):
			if times--; times > 0 {
				continue
			}
			o.done <- ErrUnsure
			return nil
		case err != nil:
			o.done <- fmt.Errorf("%w: %w", ErrUnsure, err)
			return err
		case answer.Refused != nil:
			o.done <- fmt.Errorf("%w: %w", ErrRefused, answer.Refused)
			return nil
		}
		l.mu.Lock()
		b.status.Drives++
		l.mu.Unlock()
		o.done <- nil
		return nil
	}
}

// look reads a board. An error is of the line.
func (l *Line) look(port link.Port, b *board, tell func(Event)) error {
	began := time.Now()
	var seen *modbus.Answer
	for _, request := range b.look(b.family) {
		answer, err := l.ask(port, request)
		switch {
		case errors.Is(err, errSilent):
			l.miss(b, err, tell)
			return nil
		case err != nil:
			return err
		case answer.Refused != nil:
			l.miss(b, answer.Refused, tell)
			return nil
		case modbus.Function(request[1]) == modbus.ReadInputs:
			seen = &answer
		}
	}
	var events []Event
	l.mu.Lock()
	b.missed, b.status.Error = 0, ""
	b.status.Reads++
	b.status.Latency = time.Since(began)
	if !b.up {
		b.up, b.told = true, true
		for _, o := range b.Outputs {
			events = append(events, Event{Output: o.Name, Up: true})
		}
	}
	if seen != nil {
		for i, in := range b.Inputs {
			c := &b.contacts[i]
			if c.see(seen.Bit(in.Input-1) == (in.Alarm == AlarmShut)) {
				events = append(events, Event{Contact: in.Name, Known: true, Alarm: c.alarm})
			}
		}
	}
	l.mu.Unlock()
	for _, e := range events {
		tell(e)
	}
	return nil
}

// see takes a look in, and returns whether it changed what is believed.
func (c *contact) see(alarm bool) bool {
	if c.known && c.alarm == alarm {
		c.equal = 0
		return false
	}
	if c.equal > 0 && c.other == alarm {
		c.equal++
	} else {
		c.other, c.equal = alarm, 1
	}
	if c.equal < equal {
		return false
	}
	c.known, c.alarm, c.equal = true, alarm, 0
	return true
}

func (l *Line) miss(b *board, why error, tell func(Event)) {
	l.mu.Lock()
	b.status.Fails++
	b.status.Error = why.Error()
	b.missed++
	l.mu.Unlock()
	if b.missed >= misses {
		l.down(b, why, tell)
	}
}

// down tells once that a board does not answer.
func (l *Line) down(b *board, why error, tell func(Event)) {
	l.mu.Lock()
	first := b.up || !b.told
	b.up, b.told, b.status.Error = false, true, why.Error()
	clear(b.contacts)
	l.mu.Unlock()
	if !first {
		return
	}
	for _, o := range b.Outputs {
		tell(Event{Output: o.Name})
	}
	for _, in := range b.Inputs {
		tell(Event{Contact: in.Name})
	}
}

var errSilent = errors.New("nothing comes back: look at its power, its cable and its address, and whether A and B are swapped")

// ask sends a request and reads its answer. An error that is not errSilent is of the line.
func (l *Line) ask(port link.Port, request []byte) (modbus.Answer, error) {
	time.Sleep(settle)
	write := modbus.Function(request[1]) == modbus.WriteCoil || modbus.Function(request[1]) == modbus.WriteRegister
	var answer modbus.Answer
	err := link.Exchange(port, request, reply, func(came []byte) (ok bool) {
		from := 0
		if write && l.echoes {
			// The answer to a write is the same as the request: the echo is none.
			if from = len(request); len(came) < from {
				return false
			}
		}
		if answer, ok = modbus.Find(request, came[from:]); ok && !write {
			l.echoes = answer.From >= len(request) && bytes.HasPrefix(came, request)
		}
		return ok
	})
	if errors.Is(err, link.ErrSilent) {
		return modbus.Answer{}, errSilent
	}
	return answer, err
}
