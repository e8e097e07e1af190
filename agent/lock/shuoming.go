package lock

import (
	"slices"
	"time"
)

// The boards with a BCC that many Chinese makers sell, of 8, 24, 32 and 50 channels
// (vendor's "485 lock board protocol" as several programs quote it; seen on hardware):
// 9600 8N1.
//
//	unlock   8A ADDR LOCK 11 BCC          answered 8A ADDR LOCK ST BCC
//	         8A ADDR LOCK 11 SS BCC       drives it for SS seconds
//	status   80 ADDR 00 33 BCC            answered 80 ADDR S1 … Sn 33 BCC
//	unasked  82 ADDR LOCK ST BCC          some firmware
//
// BCC is the XOR of all bytes before it. Locks count from 1. A set bit and ST 11 say that the
// contact is closed. n is 3 (24 channels, and 8), 4 (32) or 7 (50): only the silence after a
// frame tells.
const (
	bccUnlock = 0x8A
	bccStatus = 0x80
	bccPush   = 0x82
	bccDrive  = 0x11
	bccAll    = 0x33
	bccSingle = 5

	bccPulse = 300 * time.Millisecond // as it comes
	bccReply = 300 * time.Millisecond // 200 were seen
)

// DialectShuoming8A is the boards with commands 8A, 80 and 33 and a BCC.
const DialectShuoming8A = "shuoming-8a"

func shuoming8AFamily() family {
	return family{
		name: DialectShuoming8A, channels: 50, first: 1, last: 99, baud: 9600, reply: bccReply,
		pulse: pulse{step: 1000, most: 9000}, answers: true, pushes: true, byteOrder: true,
		// The contact is not to be trusted while the lock is driven.
		blind: func(b Board) time.Duration { return b.pulse(bccPulse) },
		speak: func(b Board) dialect {
			return shuoming8A{byte(b.Address), byte(b.pulse(0) / time.Second), b.StatusByteOrder == HighFirst}
		},
	}
}

type shuoming8A struct {
	address   byte
	seconds   byte // 0: the board's own pulse
	highFirst bool
}

func xor(b []byte) byte {
	var x byte
	for _, c := range b {
		x ^= c
	}
	return x
}

func sealXOR(b ...byte) []byte { return append(b, xor(b)) }

func (d shuoming8A) look() []ask {
	return []ask{{request: sealXOR(bccStatus, d.address, 0, bccAll)}}
}

func (d shuoming8A) unlock(channel int) []byte {
	if d.seconds > 0 {
		return sealXOR(bccUnlock, d.address, byte(channel), bccDrive, d.seconds)
	}
	return sealXOR(bccUnlock, d.address, byte(channel), bccDrive)
}

func (d shuoming8A) parse(request, have []byte, quiet bool) (a answer, from, to int, ok bool) {
	switch {
	case len(request) == 0:
	case request[0] == bccUnlock:
		from, ok = find(have, bccUnlock, bccSingle, func(f []byte) bool { return f[2] == request[2] && single(f) })
		if ok {
			return answer{address: int(have[from+1])}, from, from + bccSingle, true
		}
	case quiet:
		if from, to, ok = bccFrame(have); ok {
			a.address = int(have[from+1])
			data := slices.Clone(have[from+2 : to-2])
			if d.highFirst {
				slices.Reverse(data)
			}
			a.doors.tellBytes(data...)
			return a, from, to, true
		}
	}
	from, ok = find(have, bccPush, bccSingle, single)
	if !ok || from > 0 && !quiet { // what looks like one may be within a longer frame
		return answer{}, 0, 0, false
	}
	a.address, a.push = int(have[from+1]), true
	a.doors.tell(int(have[from+2]), have[from+3] == bccDrive)
	return a, from, from + bccSingle, true
}

// single tells whether a frame of five bytes is of one lock.
func single(f []byte) bool { return (f[3] == 0 || f[3] == bccDrive) && xor(f) == 0 }

// bccFrame finds a status in what came before a silence. A longer one may begin like a
// shorter one, and an answer like its own request: the one that ends with the silence is
// meant.
func bccFrame(have []byte) (from, to int, ok bool) {
	for i, c := range have {
		if c != bccStatus {
			continue
		}
		for _, n := range []int{11, 8, 7} {
			rest := have[i:]
			if len(rest) < n || rest[n-2] != bccAll || xor(rest[:n]) != 0 {
				continue
			}
			if len(rest) == n {
				return i, i + n, true
			}
			if !ok {
				from, to, ok = i, i+n, true
			}
		}
	}
	return from, to, ok
}
