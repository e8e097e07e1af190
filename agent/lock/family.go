package lock

import (
	"fmt"
	"strings"
	"time"
)

// maxChannels is the most that a board has: a reading is a word of bits.
const maxChannels = 64

// bits is what a board tells of its channels: bit 0 is channel 1. Where known is not set,
// set means nothing.
type bits struct{ known, set uint64 }

// tell notes one channel, counted from 1.
func (b *bits) tell(channel int, set bool) {
	if channel < 1 || channel > maxChannels {
		return
	}
	bit := uint64(1) << (channel - 1)
	b.known |= bit
	b.set &^= bit
	if set {
		b.set |= bit
	}
}

// tellBytes notes eight channels a byte, the lowest first, from channel 1.
func (b *bits) tellBytes(data ...byte) {
	for i, d := range data {
		for j := range 8 {
			b.tell(8*i+j+1, d>>j&1 == 1)
		}
	}
}

func (b bits) of(channel int) (set, known bool) {
	bit := uint64(1) << (channel - 1)
	return b.set&bit != 0, b.known&bit != 0
}

// and is what both tell, the later with the last word.
func (b bits) and(later bits) bits {
	return bits{b.known | later.known, b.set&^later.known | later.set}
}

// answer is a frame of a board: what it answers to a request, or tells unasked.
type answer struct {
	address int
	push    bool // unasked
	refused error
	doors   bits
	parcels bits
}

// ask is one request.
type ask struct {
	request []byte
	// parcels: it asks for parcel sensors alone, whose silence says nothing of the doors.
	parcels bool
}

// dialect speaks to one board. It is pure: bytes out, bytes in.
type dialect interface {
	// look lists the requests that together read the whole board, in order.
	look() []ask
	// unlock is the request that drives the lock of a channel, counted from 1.
	unlock(channel int) []byte
	// parse finds the first whole answer to a request in what has come after it, or a frame
	// that a board sends unasked; nil: nothing was asked. It skips whatever stands before it:
	// noise, an echo, half a frame. quiet: no more came for a while, which ends the frames
	// whose length nothing else tells. from and to are where the frame stands.
	parse(request, have []byte, quiet bool) (a answer, from, to int, ok bool)
}

// family is what is the same for all boards of a dialect.
type family struct {
	name        string
	channels    int
	first, last int // addresses
	baud        int // as the boards come
	reply       time.Duration
	pulse       pulse
	// blind is how long after the start of a pulse a board's status is not to be trusted.
	blind     func(Board) time.Duration
	answers   bool // an unlock is answered; what it says is not believed, but it fills the line
	pushes    bool // a board may tell a door's change unasked
	unchecked bool // frames have no checksum: nothing is believed at its first look
	byteOrder bool // status_byte_order
	swapped   bool
	relays    bool // doors are read from Modbus inputs
	ownInputs bool // the relay board has inputs itself
	sensors   bool // the board has parcel sensors
	odd       func(raw []byte) string
	speak     func(Board) dialect
}

// pulse is how long a board can be told to drive a lock, in milliseconds. No step: it
// cannot be told.
type pulse struct{ step, most int }

// families are all that are known. Which paper or program each is known from: docs/hardware.md.
func families() []family {
	return []family{
		kerongCU16Family(), kerongCU48Family(), kerongCU48x60Family(), shuoming8AFamily(), wklyFamily(), winnsenFamily(),
		waveshareFamily(), r413Family(),
	}
}

// Dialects names all dialects.
func Dialects() []string {
	var names []string
	for _, f := range families() {
		names = append(names, f.name)
	}
	return names
}

// Speed is the baud rate at which a dialect's boards come; 0: there is no such dialect.
func Speed(name string) int {
	f, _ := familyOf(name) // none has no speed
	return f.baud
}

func familyOf(name string) (family, error) {
	for _, f := range families() {
		if f.name == name {
			return f, nil
		}
	}
	return family{}, fmt.Errorf("lock: there is no dialect %q; there are %s", name, strings.Join(Dialects(), ", "))
}
