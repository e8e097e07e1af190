package lock

import "time"

// Another dialect that is called CU48 (one program in the field):
//
//	request  02 ADDR LOCK CMD 03 SUM            CMD 60 status, 61 unlock; locks count from 0
//	status   02 ADDR 00 75 06 B1 … B6 SUM       B1 bit 0 is lock 1
//	unlock   is answered 02 ADDR LOCK 75 00 SUM
const (
	cu48x60Status = 0x60
	cu48x60Unlock = 0x61
	cu48x60Reply  = 0x75
	cu48x60Bytes  = 6
	cu48x60Ack    = 6
	cu48x60Frame  = 12
	cu48x60Wait   = 150 * time.Millisecond
)

// DialectKerongCU48x60 is a CU48 that is spoken to with commands 60 and 61.
const DialectKerongCU48x60 = "kerong-cu48-60"

func kerongCU48x60Family() family {
	return family{
		name: DialectKerongCU48x60, channels: 48, first: 0, last: 9, baud: 19200, reply: cu48x60Wait, answers: true,
		speak: func(b Board) dialect { return kerongCU48x60{byte(b.Address)} },
	}
}

type kerongCU48x60 struct{ address byte }

func (d kerongCU48x60) look() []ask {
	return []ask{{request: sealSum(kerongSTX, d.address, 0, cu48x60Status, kerongETX)}}
}

func (d kerongCU48x60) unlock(channel int) []byte {
	return sealSum(kerongSTX, d.address, byte(channel-1), cu48x60Unlock, kerongETX)
}

func (kerongCU48x60) parse(request, have []byte, _ bool) (a answer, from, to int, ok bool) {
	if len(request) == 0 {
		return answer{}, 0, 0, false
	}
	length, lock, count := cu48x60Frame, byte(0), byte(cu48x60Bytes)
	if request[3] == cu48x60Unlock {
		length, lock, count = cu48x60Ack, request[2], 0
	}
	from, ok = find(have, kerongSTX, length, func(f []byte) bool {
		return f[2] == lock && f[3] == cu48x60Reply && f[4] == count && f[length-1] == sum(f[:length-1])
	})
	if !ok {
		return answer{}, 0, 0, false
	}
	a.address = int(have[from+1])
	a.doors.tellBytes(have[from+5 : from+length-1]...)
	return a, from, from + length, true
}
