// Package lock drives lock boards: it knows their dialects, owns the bus that they hang
// on, reads their doors and pulses their locks. A pulse is sent once and never repeated:
// whether the door opened is known from reading it.
package lock

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Feedback says what a set bit of a board's status means. It is wiring, not protocol.
type Feedback string

// The two ways.
const (
	ClosedWhenLocked Feedback = "closed_when_locked" // a set bit: the door is shut
	OpenWhenLocked   Feedback = "open_when_locked"   // a set bit: the door is open
)

// DialectKerongCU48 is the Kerong KR-CU48 (commands 50 and 51).
const DialectKerongCU48 = "kerong-cu48"

// Board is one lock board of a bus. Its channel 1 is the cell FirstCell, and so on.
type Board struct {
	Name      string   `json:"name"`
	Dialect   string   `json:"dialect"`
	Address   int      `json:"address"`
	FirstCell int      `json:"first_cell"`
	Channels  int      `json:"channels"`
	Feedback  Feedback `json:"feedback"`
	Inverted  []int    `json:"inverted,omitempty"` // cells whose switch is wired the other way
	Unfitted  []int    `json:"unfitted,omitempty"` // cells of channels without a lock
}

// Cells lists the board's cells.
func (b Board) Cells() []int {
	cells := make([]int, 0, b.Channels)
	for ch := range b.Channels {
		if cell := b.FirstCell + ch; !slices.Contains(b.Unfitted, cell) {
			cells = append(cells, cell)
		}
	}
	return cells
}

func (b Board) has(cell int) bool {
	return cell >= b.FirstCell && cell < b.FirstCell+b.Channels && !slices.Contains(b.Unfitted, cell)
}

// open tells whether a cell's door is open by its bit.
func (b Board) open(cell int, set bool) bool {
	shut := set == (b.Feedback != OpenWhenLocked)
	return shut == slices.Contains(b.Inverted, cell)
}

// Timing is how a bus is driven. Zero values take the defaults.
type Timing struct {
	Poll     time.Duration // between two looks at a board; 150 ms
	Fast     time.Duration // the same after an unlock; 40 ms
	FastFor  time.Duration // 2 s
	Reply    time.Duration // how long an answer may take; 120 ms
	Settle   time.Duration // between an answer and the next request; 4 ms
	Misses   int           // looks without an answer until a board is down; 3
	Equal    int           // equal looks until a door's change is believed; 2
	Reopen   time.Duration // between two tries to open a dead port; 1 s
	LastOpen time.Duration // the longest such pause; 15 s
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		have *time.Duration
		def  time.Duration
	}{
		{&t.Poll, 150 * time.Millisecond}, {&t.Fast, 40 * time.Millisecond}, {&t.FastFor, 2 * time.Second},
		{&t.Reply, 120 * time.Millisecond}, {&t.Settle, 4 * time.Millisecond}, {&t.Reopen, time.Second}, {&t.LastOpen, 15 * time.Second},
	} {
		if *d.have <= 0 {
			*d.have = d.def
		}
	}
	if t.Misses <= 0 {
		t.Misses = 3
	}
	if t.Equal <= 0 {
		t.Equal = 2
	}
	return t
}

// dialect is a family of boards.
type dialect interface {
	channels() int  // at most, on a board
	addresses() int // boards are numbered from 0 below this
	status(address int) []byte
	unlock(address, channel int) []byte // channels count from 1
	// parse finds the first whole answer in what has come; used is how much of it is done
	// with, also when there is none.
	parse(b []byte) (r reading, used int, ok bool)
}

const maxChannels = 64

// reading is what a board answered: a bit for each channel.
type reading struct {
	address int
	set     [maxChannels]bool
}

func dialectOf(name string) (dialect, error) {
	if name == DialectKerongCU48 {
		return kerongCU48{}, nil
	}
	return nil, fmt.Errorf("lock: there is no dialect %q; there is %s", name, DialectKerongCU48)
}

// CheckBoards tells what is wrong with the boards of a cabinet.
func CheckBoards(boards []Board) error {
	var errs []error
	names, cells := map[string]bool{}, map[int]string{}
	for _, b := range boards {
		d, err := dialectOf(b.Dialect)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		switch {
		case b.Name == "" || names[b.Name]:
			errs = append(errs, fmt.Errorf("lock: each board needs a name of its own, not %q", b.Name))
		case b.Address < 0 || b.Address >= d.addresses():
			errs = append(errs, fmt.Errorf("lock: board %s: the address is from 0 to %d", b.Name, d.addresses()-1))
		case b.Channels < 1 || b.Channels > d.channels():
			errs = append(errs, fmt.Errorf("lock: board %s: channels is from 1 to %d", b.Name, d.channels()))
		case b.FirstCell < 1:
			errs = append(errs, fmt.Errorf("lock: board %s: first_cell counts from 1", b.Name))
		case b.Feedback != ClosedWhenLocked && b.Feedback != OpenWhenLocked:
			errs = append(errs, fmt.Errorf("lock: board %s: feedback is %s or %s", b.Name, ClosedWhenLocked, OpenWhenLocked))
		}
		names[b.Name] = true
		for _, c := range b.Cells() {
			if other, used := cells[c]; used {
				errs = append(errs, fmt.Errorf("lock: cell %d is on board %s and on %s", c, other, b.Name))
			}
			cells[c] = b.Name
		}
	}
	return errors.Join(errs...)
}
