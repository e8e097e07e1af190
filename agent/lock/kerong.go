package lock

import (
	"bytes"
	"time"
)

// What the boards of Kerong have in common: frames from STX to ETX and a sum, and no answer
// to an unlock.
const (
	kerongSTX   = 0x02
	kerongETX   = 0x03
	kerongReply = 120 * time.Millisecond
	// kerongBlind: the first answers after an unlock are too early.
	kerongBlind = 25 * time.Millisecond
)

// sum is the low byte of the sum of all bytes.
func sum(b []byte) byte {
	var s byte
	for _, c := range b {
		s += c
	}
	return s
}

func sealSum(b ...byte) []byte { return append(b, sum(b)) }

// find scans for frames of a fixed length that begin with a byte.
func find(have []byte, begin byte, length int, is func(frame []byte) bool) (from int, ok bool) {
	for from = 0; ; from++ {
		i := bytes.IndexByte(have[from:], begin)
		if i < 0 || len(have)-from-i < length {
			return 0, false
		}
		from += i
		if is(have[from : from+length]) {
			return from, true
		}
	}
}

// The Kerong KR-CU48 (vendor's protocol description v2.1 of 2020-03-23): 19200 8N1.
//
//	request  02 ADDR LOCK CMD 03 SUM                      CMD 50 status, 51 unlock
//	status   02 ADDR LOCK 65 D1 … D6 03 SUM               D1 bit 0 is lock 1
//
// SUM is the low byte of the sum of all bytes before it. Unlock is not answered.
const (
	cu48Status = 0x50
	cu48Unlock = 0x51
	cu48Reply  = 0x65
	cu48Frame  = 12
)

// DialectKerongCU48 is the Kerong KR-CU48 (commands 50 and 51).
const DialectKerongCU48 = "kerong-cu48"

func kerongCU48Family() family {
	return family{
		name: DialectKerongCU48, channels: 48, first: 0, last: 9, baud: 19200, reply: kerongReply,
		speak: func(b Board) dialect { return kerongCU48{byte(b.Address)} },
	}
}

type kerongCU48 struct{ address byte }

func (d kerongCU48) look() []ask {
	return []ask{{request: sealSum(kerongSTX, d.address, 0, cu48Status, kerongETX)}}
}

func (d kerongCU48) unlock(channel int) []byte {
	return sealSum(kerongSTX, d.address, byte(channel-1), cu48Unlock, kerongETX)
}

func (kerongCU48) parse(_, have []byte, _ bool) (a answer, from, to int, ok bool) {
	from, ok = find(have, kerongSTX, cu48Frame, func(f []byte) bool {
		return f[3] == cu48Reply && f[10] == kerongETX && f[11] == sum(f[:11])
	})
	if !ok {
		return answer{}, 0, 0, false
	}
	a.address = int(have[from+1])
	a.doors.tellBytes(have[from+4 : from+10]...)
	return a, from, from + cu48Frame, true
}
