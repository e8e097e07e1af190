package lock

import "bytes"

// The Kerong KR-CU48 (vendor's protocol description v2.1 of 2020-03-23): 19200 8N1.
//
//	request  02 ADDR LOCK CMD 03 SUM                      CMD 50 status, 51 unlock
//	status   02 ADDR LOCK 65 D1 … D6 03 SUM               D1 bit 0 is lock 1
//
// SUM is the low byte of the sum of all bytes before it. Unlock is not answered.
const (
	cu48STX        = 0x02
	cu48ETX        = 0x03
	cu48Status     = 0x50
	cu48Unlock     = 0x51
	cu48Reply      = 0x65
	cu48RequestLen = 6
	cu48ReplyLen   = 12
	cu48Channels   = 48
	cu48Addresses  = 10
)

// kerongCU48 is the dialect "kerong-cu48".
type kerongCU48 struct{}

func (kerongCU48) channels() int  { return cu48Channels }
func (kerongCU48) addresses() int { return cu48Addresses }

func (kerongCU48) status(address int) []byte { return cu48Request(address, 0, cu48Status) }

func (kerongCU48) unlock(address, channel int) []byte {
	return cu48Request(address, channel-1, cu48Unlock)
}

func cu48Request(address, lock int, command byte) []byte {
	frame := []byte{cu48STX, byte(address), byte(lock), command, cu48ETX}
	return append(frame, sum(frame))
}

func sum(b []byte) byte {
	var s byte
	for _, c := range b {
		s += c
	}
	return s
}

// parse finds the first whole status frame in what has come, whatever stands before it: an
// echo of our own request, noise, or half a frame. used is how much of b is done with.
func (kerongCU48) parse(b []byte) (r reading, used int, ok bool) {
	for {
		i := bytes.IndexByte(b[used:], cu48STX)
		if i < 0 {
			return reading{}, len(b), false
		}
		used += i
		rest := b[used:]
		if len(rest) < cu48ReplyLen {
			if len(rest) > 3 && rest[3] != cu48Reply {
				used++ // no status frame begins here
				continue
			}
			return reading{}, used, false // the rest of it may still come
		}
		frame := rest[:cu48ReplyLen]
		if frame[3] == cu48Reply && frame[10] == cu48ETX && frame[11] == sum(frame[:11]) {
			r.address = int(frame[1])
			for ch := range cu48Channels {
				r.set[ch] = frame[4+ch/8]>>(ch%8)&1 == 1
			}
			return r, used + cu48ReplyLen, true
		}
		used++
	}
}
