package lock

import (
	"bytes"
	"fmt"
	"time"
)

// The Kerong KR-CU16 and KR-CU12, as several independent programs speak to them: 19200 8N1.
//
//	request  02 ADDR CMD 03 SUM                 CMD 30 status, 31 unlock
//	status   02 ADDR 35 L1 L2 P1 P2 03 SUM      L1 bit 0 is lock 1; P1 bit 0 is the parcel sensor of lock 1
//
// ADDR has the board in its high nibble and the lock, counted from 0, in its low one. SUM is
// as with the CU48. Unlock is not answered.
const (
	cu16Status = 0x30
	cu16Unlock = 0x31
	cu16Reply  = 0x35
	cu16Frame  = 9
)

// DialectKerongCU16 is the Kerong KR-CU16 and KR-CU12, the boards with parcel sensors.
const DialectKerongCU16 = "kerong-cu16"

func kerongCU16Family() family {
	return family{
		name: DialectKerongCU16, channels: 16, first: 0, last: 15, baud: 19200, reply: kerongReply, sensors: true,
		blind: func(Board) time.Duration { return kerongBlind },
		odd:   kerongOdd,
		speak: func(b Board) dialect { return kerongCU16{byte(b.Address) << 4} },
	}
}

// kerongOdd knows the bytes 02 and 03 as a line of another speed shows them.
func kerongOdd(raw []byte) string {
	if bytes.IndexByte(raw, 0xFB) < 0 && bytes.IndexByte(raw, 0xF2) < 0 {
		return ""
	}
	return fmt.Sprintf("FB and F2 among % X are 02 and 03 at a wrong speed: set the port's baud to the board's", shorten(raw))
}

type kerongCU16 struct{ address byte }

func (d kerongCU16) look() []ask {
	return []ask{{request: sealSum(kerongSTX, d.address, cu16Status, kerongETX)}}
}

func (d kerongCU16) unlock(channel int) []byte {
	return sealSum(kerongSTX, d.address|byte(channel-1), cu16Unlock, kerongETX)
}

func (kerongCU16) parse(_, have []byte, _ bool) (a answer, from, to int, ok bool) {
	from, ok = find(have, kerongSTX, cu16Frame, func(f []byte) bool {
		return f[2] == cu16Reply && f[7] == kerongETX && f[8] == sum(f[:8])
	})
	if !ok {
		return answer{}, 0, 0, false
	}
	a.address = int(have[from+1] >> 4)
	a.doors.tellBytes(have[from+3 : from+5]...)
	a.parcels.tellBytes(have[from+5 : from+7]...)
	return a, from, from + cu16Frame, true
}
