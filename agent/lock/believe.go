package lock

import "time"

// deadEvery is how many times longer than an answer a board that is down is left alone: it
// must not take the line from the others.
const deadEvery = 4

// board is a board as its bus knows it.
type board struct {
	Board
	family  family
	dialect dialect
	next    time.Time // look
	fast    time.Time // look often until then
	step    int       // of the look that goes on
	sofar   answer    // what it said
	began   time.Time
	mute    bool // it does not answer an unlock
	missed  int
	looks   int // whole ones since it answers
	up      bool
	everUp  bool
	told    bool // whether it is up
	why     string
	latency time.Duration
	whole   int             // looks
	failed  int             // looks
	doors   map[int]*belief // by cell: open
	parcels map[int]*belief // by cell with a sensor: present
}

func newBoard(c Board, f family) *board {
	b := &board{Board: c, family: f, dialect: f.speak(c), doors: map[int]*belief{}, parcels: map[int]*belief{}}
	if c.Parcels != nil && c.Parcels.Address != 0 && !f.relays {
		b.dialect = sensing{b.dialect, inputsOf(c, wired(c, f))}
	}
	for _, cell := range c.Cells() {
		b.doors[cell] = &belief{}
		if c.sensed(cell) {
			b.parcels[cell] = &belief{}
		}
	}
	return b
}

// blind is how long after the start of a pulse the board's status is not to be trusted.
func (b *board) blind() time.Duration {
	if b.family.blind == nil {
		return 0
	}
	return b.family.blind(b.Board)
}

// belief is a door or a sensor as it is believed to be.
type belief struct {
	known, is bool
	other     bool // what was seen instead
	equal     int  // how many times in a row
}

// see takes a look in, and returns whether it changed what is believed. first is how many
// equal looks it takes to know anything, then how many to know something else.
func (b *belief) see(is bool, first, then int) bool {
	need := then
	if !b.known {
		need = first
	}
	switch {
	case b.known && b.is == is:
		b.equal = 0
		return false
	case b.equal > 0 && b.other == is:
		b.equal++
	default:
		b.other, b.equal = is, 1
	}
	if b.equal < need {
		return false
	}
	b.known, b.is, b.equal = true, is, 0
	return true
}

// hear takes in what was told unasked: it counts as one look, however often it is told.
func (b *belief) hear(is bool) {
	if b.known && b.is != is && b.equal == 0 {
		b.other, b.equal = is, 1
	}
}

func (b *belief) parcel() Parcel {
	switch {
	case !b.known:
		return ParcelUnknown
	case b.is:
		return ParcelPresent
	}
	return ParcelAbsent
}

// believe takes in what a board said, and tells what changed by it.
func (b *Bus) believe(board *board, a answer, push bool, tell func(Event)) {
	first, then := 1, b.timing.Equal
	if board.family.unchecked {
		then = max(2, then) // a damaged frame may look like a whole one
		first = then
	}
	var events []Event
	b.mu.Lock()
	if !push {
		board.looks++
		if !board.up && board.looks >= first {
			board.up, board.told = true, true
			if board.everUp {
				events = append(events, Event{Board: board.Name, Cells: board.Cells(), Up: true})
			}
			board.everUp = true
		}
	}
	again := board.looks < first
	for _, cell := range board.Cells() {
		door := board.doors[cell]
		if set, known := a.doors.of(board.reads(cell)); known {
			if open := board.open(cell, set); push {
				door.hear(open)
			} else if door.see(open, first, then) {
				events = append(events, Event{Cell: cell, Open: open})
			}
		}
		again = again || door.equal > 0
		if sensor := board.parcels[cell]; sensor != nil && !push {
			events = append(events, board.sense(sensor, cell, a.parcels, first, then)...)
			again = again || sensor.equal > 0
		}
	}
	b.mu.Unlock()
	if again {
		board.next = time.Now()
	}
	for _, e := range events {
		tell(e)
	}
}

// sense takes in what a look says of one sensor.
func (b *board) sense(s *belief, cell int, parcels bits, first, then int) []Event {
	set, known := parcels.of(b.reads(cell))
	before := s.parcel()
	if !known {
		*s = belief{}
	} else {
		s.see(set == (b.Parcels.Sense == SetWhenPresent), first, then)
	}
	if now := s.parcel(); now != before {
		return []Event{{Cell: cell, Parcel: now}}
	}
	return nil
}

// miss counts a look without an answer.
func (b *Bus) miss(board *board, why string, tell func(Event)) {
	board.step, board.looks = 0, 0
	b.mu.Lock()
	board.failed++
	b.mu.Unlock()
	if board.missed++; board.missed >= b.timing.Misses {
		b.down(board, why, tell)
	}
	board.next = time.Now().Add(b.every(board))
	if !board.up {
		board.next = time.Now().Add(max(b.every(board), deadEvery*b.patience(board)))
	}
}

// down tells once that a board does not answer. What its doors were stays, as last seen;
// its parcel sensors say nothing any more.
func (b *Bus) down(board *board, why string, tell func(Event)) {
	var events []Event
	b.mu.Lock()
	first := board.up || !board.told
	board.up, board.told, board.everUp, board.why = false, true, true, why
	board.step, board.looks, board.mute = 0, 0, false
	for _, door := range board.doors {
		door.equal = 0
	}
	for _, cell := range board.Cells() {
		if s := board.parcels[cell]; s != nil {
			if s.known {
				events = append(events, Event{Cell: cell, Parcel: ParcelUnknown})
			}
			*s = belief{}
		}
	}
	b.mu.Unlock()
	if first {
		events = append(events, Event{Board: board.Name, Cells: board.Cells()})
	}
	for _, e := range events {
		tell(e)
	}
}
