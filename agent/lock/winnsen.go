package lock

import (
	"errors"
	"time"
)

// Winnsen-style boards (one program in the field, firmware and host): 9600 8N1. The second
// byte is the frame's length; there is no checksum.
//
//	unlock  90 06 05 ST LK 03      answered 90 07 85 ST LK STATUS 03
//	state   90 06 12 ST LK 03      answered 90 07 92 ST STATUS LK 03
//
// ST is the station, LK the lock from 1. STATUS is 01 open or done, 00 shut or failed, 02
// the lock cools down. Versions of the program disagree whether the answer to state has
// STATUS or LK first: Swapped is LK first.
const (
	winnsenStart  = 0x90
	winnsenEnd    = 0x03
	winnsenAsk    = 6
	winnsenFrame  = 7
	winnsenUnlock = 0x05
	winnsenState  = 0x12
	winnsenAnswer = 0x80 // is set in an answer's command
	winnsenShut   = 0x00
	winnsenOpen   = 0x01
	winnsenCools  = 0x02
	winnsenReply  = 500 * time.Millisecond // the program waits for seconds
)

// DialectWinnsen is Winnsen-style boards.
const DialectWinnsen = "winnsen"

var errCools = errors.New("the lock cools down after too many pulses")

func winnsenFamily() family {
	return family{
		name: DialectWinnsen, channels: 16, first: 0, last: 4, baud: 9600, reply: winnsenReply,
		answers: true, unchecked: true, swapped: true,
		speak: func(b Board) dialect {
			d := winnsen{station: byte(b.Address), swapped: b.Swapped}
			for _, cell := range b.Cells() {
				d.channels = append(d.channels, byte(b.reads(cell)))
			}
			return d
		},
	}
}

type winnsen struct {
	station  byte
	swapped  bool
	channels []byte // with a lock: each is asked for on its own
}

func (d winnsen) look() []ask {
	all := make([]ask, 0, len(d.channels))
	for _, ch := range d.channels {
		all = append(all, ask{request: []byte{winnsenStart, winnsenAsk, winnsenState, d.station, ch, winnsenEnd}})
	}
	return all
}

func (d winnsen) unlock(channel int) []byte {
	return []byte{winnsenStart, winnsenAsk, winnsenUnlock, d.station, byte(channel), winnsenEnd}
}

func (d winnsen) parse(request, have []byte, _ bool) (a answer, from, to int, ok bool) {
	if len(request) == 0 {
		return answer{}, 0, 0, false
	}
	command, lock := request[2], request[4]
	at, status := 4, 5
	if command == winnsenState && !d.swapped {
		at, status = 5, 4
	}
	from, ok = find(have, winnsenStart, winnsenFrame, func(f []byte) bool {
		return f[1] == winnsenFrame && f[2] == command|winnsenAnswer && f[at] == lock && f[status] <= winnsenCools && f[6] == winnsenEnd
	})
	if !ok {
		return answer{}, 0, 0, false
	}
	a.address = int(have[from+3])
	switch is := have[from+status]; {
	case command == winnsenUnlock && is == winnsenCools:
		a.refused = errCools
	case command == winnsenState && is != winnsenCools:
		a.doors.tell(int(lock), is == winnsenShut)
	}
	return a, from, from + winnsenFrame, true
}
