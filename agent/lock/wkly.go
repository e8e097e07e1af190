package lock

import "time"

// The boards whose frames begin with WKLY (as four independent programs speak to them; 9600
// 8N1 is assumed by all).
//
//	57 4B 4C 59 LEN BOARD CMD DATA … XOR      LEN is of the whole frame, XOR of all before it
//
//	82 CH           unlock; answered STATUS CH STATE, or not at all
//	84              states; answered STATUS COUNT STATE …
//	85 CH STATE     unasked: a door moved
//
// STATUS 00 is success. STATE is 00 open, 01 shut. Channels count from 1. Some boards begin
// with 53.
const (
	wklyHead   = 4
	wklyUnlock = 0x82
	wklyStates = 0x84
	wklyPush   = 0x85
	wklyOpen   = 0x00
	wklyShut   = 0x01
	wklyFail   = 0xFF
	wklyLeast  = 8 // a frame without data
	wklyData   = 7 // where the data begins
	wklyReply  = 200 * time.Millisecond
)

// DialectWKLY is the boards whose frames begin with WKLY.
const DialectWKLY = "wkly"

func wklyFamily() family {
	return family{
		name: DialectWKLY, channels: 24, first: 0, last: 31, baud: 9600, reply: wklyReply, answers: true, pushes: true,
		speak: func(b Board) dialect { return wkly{byte(b.Address)} },
	}
}

type wkly struct{ address byte }

func (d wkly) frame(command byte, data ...byte) []byte {
	frame := append([]byte{'W', 'K', 'L', 'Y', byte(wklyLeast + len(data)), d.address, command}, data...)
	return sealXOR(frame...)
}

func (d wkly) look() []ask               { return []ask{{request: d.frame(wklyStates)}} }
func (d wkly) unlock(channel int) []byte { return d.frame(wklyUnlock, byte(channel)) }

func (wkly) parse(request, have []byte, _ bool) (a answer, from, to int, ok bool) {
	for from = range have {
		frame := wklyFrame(have[from:])
		if frame == nil {
			continue
		}
		a = answer{address: int(frame[5])}
		data := frame[wklyData : len(frame)-1]
		switch {
		case frame[6] == wklyPush && len(data) == 2 && data[1] <= wklyShut:
			a.push = true
			a.doors.tell(int(data[0]), data[1] == wklyShut)
		case len(request) <= wklyData || frame[6] != request[6]:
			continue
		case frame[6] == wklyUnlock && len(data) == 3 && data[1] == request[wklyData]:
			if data[0] == wklyFail {
				a.refused = errRefused
			}
		case frame[6] == wklyStates && len(data) >= 2 && data[0] == 0 && len(data) == 2+int(data[1]):
			for i, state := range data[2:] {
				if state == wklyOpen || state == wklyShut {
					a.doors.tell(i+1, state == wklyShut)
				}
			}
		default:
			continue
		}
		return a, from, from + len(frame), true
	}
	return answer{}, 0, 0, false
}

// wklyFrame is the whole frame that some bytes begin with; nil: there is none.
func wklyFrame(b []byte) []byte {
	if len(b) < wklyLeast || b[0] != 'W' && b[0] != 'S' || string(b[1:wklyHead]) != "KLY" {
		return nil
	}
	n := int(b[wklyHead])
	if n < wklyLeast || n > len(b) || xor(b[:n]) != 0 {
		return nil
	}
	return b[:n]
}
