// Package lock drives lock boards: it knows their dialects, owns the bus that they hang
// on, reads their doors and pulses their locks. A pulse is sent once and never repeated:
// whether the door opened is known from reading it.
package lock

import (
	"slices"
	"time"
)

// Feedback says what a set bit of a board's status means. It is wiring, not protocol.
type Feedback string

// The two ways. A board that tells doors in words of its own (wkly, winnsen) counts as one
// that sets the bit of a door it calls shut.
const (
	ClosedWhenLocked Feedback = "closed_when_locked" // a set bit: the door is shut
	OpenWhenLocked   Feedback = "open_when_locked"   // a set bit: the door is open
)

// ByteOrder says which byte of a status has channels 1 to 8.
type ByteOrder string

// The two orders; none is LowFirst.
const (
	LowFirst  ByteOrder = "low_first"
	HighFirst ByteOrder = "high_first"
)

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
	// Locks names, by cell, the channel that drives its lock where that is not the channel
	// that reads its door.
	Locks map[int]int `json:"locks,omitempty"`

	StatusByteOrder ByteOrder `json:"status_byte_order,omitempty"` // shuoming-8a
	PulseMS         int       `json:"pulse_ms,omitempty"`          // where the protocol has it; 0: the family's
	Swapped         bool      `json:"swapped,omitempty"`           // winnsen: a state's answer has the lock before the status
	Inputs          *Inputs   `json:"inputs,omitempty"`            // relays: where the door contacts are
	Parcels         *Parcels  `json:"parcels,omitempty"`           // nil: no sensor tells of parcels
}

// Inputs is a Modbus input module on the board's bus.
type Inputs struct {
	Address int `json:"address,omitempty"` // 0: the board's own inputs
	First   int `json:"first,omitempty"`   // the input of the board's first cell, counted from 1; 0: 1
}

// Sense says what a set bit of a parcel sensor means.
type Sense string

// The two ways.
const (
	SetWhenPresent Sense = "set_when_present"
	SetWhenEmpty   Sense = "set_when_empty"
)

// Parcels is the sensors that tell whether something is in a cell: the board's own
// (kerong-cu16), or a Modbus input module on its bus.
type Parcels struct {
	Sense    Sense `json:"sense"`
	Unfitted []int `json:"unfitted,omitempty"` // cells without a sensor
	Inputs
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

// reads is the channel, from 1, on which a cell's door is read.
func (b Board) reads(cell int) int { return cell - b.FirstCell + 1 }

// drives is the channel, from 1, on which a cell's lock hangs.
func (b Board) drives(cell int) int {
	if ch, ok := b.Locks[cell]; ok {
		return ch
	}
	return b.reads(cell)
}

// open tells whether a cell's door is open by its bit.
func (b Board) open(cell int, set bool) bool {
	shut := set == (b.Feedback != OpenWhenLocked)
	return shut == slices.Contains(b.Inverted, cell)
}

// sensed tells whether a cell has a parcel sensor.
func (b Board) sensed(cell int) bool {
	return b.Parcels != nil && !slices.Contains(b.Parcels.Unfitted, cell)
}

// pulse is how long the board drives a lock, if that is configured, or def.
func (b Board) pulse(def time.Duration) time.Duration {
	if b.PulseMS > 0 {
		return time.Duration(b.PulseMS) * time.Millisecond
	}
	return def
}

// Timing is how a bus is driven. Zero values take the defaults.
type Timing struct {
	Poll     time.Duration // between two looks at a board; 150 ms
	Fast     time.Duration // the same after an unlock; 40 ms
	FastFor  time.Duration // 2 s
	Reply    time.Duration // how long an answer may take; each family's own
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
		{&t.Settle, 4 * time.Millisecond}, {&t.Reopen, time.Second}, {&t.LastOpen, 15 * time.Second},
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
