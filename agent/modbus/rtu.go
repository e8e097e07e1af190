// Package modbus writes and reads the frames of Modbus RTU. It does no input or output: a
// serial line belongs to whoever owns it, and frames of other protocols may share it.
//
// A frame is UNIT FUNCTION DATA CRC; the CRC's low byte comes first ("MODBUS over serial
// line specification and implementation guide" V1.02, "MODBUS application protocol
// specification" V1.1b3).
package modbus

import (
	"encoding/binary"
	"fmt"
)

// Function is what a unit is asked for.
type Function byte

// The functions that are spoken here.
const (
	ReadCoils     Function = 1 // outputs, one bit each
	ReadInputs    Function = 2 // inputs, one bit each
	ReadHolding   Function = 3 // registers that can be written
	ReadRegisters Function = 4 // registers that are measured
	WriteCoil     Function = 5 // any value: some boards give other values than on and off a meaning
	WriteRegister Function = 6
)

const (
	failed      = 0x80 // is set in the function of a refusal
	requestLen  = 8
	exceptLen   = 5
	overhead    = 5 // of a reply with data: unit, function, count, CRC
	maxBits     = 2000
	maxRegister = 125
)

// Request asks a unit (1 to 247) to read so many values from an address that counts from 0,
// or to write a value at an address.
func Request(unit byte, f Function, address, value uint16) []byte {
	b := []byte{unit, byte(f)}
	b = binary.BigEndian.AppendUint16(b, address)
	b = binary.BigEndian.AppendUint16(b, value)
	return Seal(b)
}

// Seal appends the CRC.
func Seal(b []byte) []byte { return binary.LittleEndian.AppendUint16(b, crc(b)) }

// crc is CRC-16 with the polynomial A001, from FFFF.
func crc(b []byte) uint16 {
	sum := uint16(0xFFFF)
	for _, c := range b {
		sum ^= uint16(c)
		for range 8 {
			carry := sum & 1
			sum >>= 1
			if carry == 1 {
				sum ^= 0xA001
			}
		}
	}
	return sum
}

// Exception is a unit's refusal.
type Exception byte

func (e Exception) Error() string {
	names := map[Exception]string{1: "it does not know the function", 2: "it has no such address", 3: "it does not take the value", 4: "it failed", 6: "it is busy"}
	if name := names[e]; name != "" {
		return "modbus: the unit refuses: " + name
	}
	return fmt.Sprintf("modbus: the unit refuses with code %d", byte(e))
}

// Answer is what a unit answered.
type Answer struct {
	// Data: of a read, the values, lowest address first: bits from the lowest on, registers
	// with the high byte first. Of a write, the address and the value.
	Data []byte
	// Refused is an Exception, or nil.
	Refused error
	// From and To are where the frame stands in what has come.
	From, To int
}

// Bit is the value of a coil or an input, counted from 0; false beyond the data.
func (a Answer) Bit(n int) bool { return n>>3 < len(a.Data) && a.Data[n>>3]>>(n&7)&1 == 1 }

// Register is a register's value, counted from 0; 0 beyond the data.
func (a Answer) Register(n int) uint16 {
	if 2*n+2 > len(a.Data) {
		return 0
	}
	return binary.BigEndian.Uint16(a.Data[2*n:])
}

// Find finds the first whole answer to a request in what has come, whatever stands before
// it: noise, an echo of another request, half a frame. How long an answer is follows from
// the request. The answer to a write is the same as the request: the caller knows whether
// its line echoes.
func Find(request, have []byte) (Answer, bool) {
	want := replyLen(request)
	if want == 0 {
		return Answer{}, false
	}
	for i := range have {
		b := have[i:]
		if b[0] != request[0] {
			continue
		}
		if len(b) >= exceptLen && b[1] == request[1]|failed && sealed(b[:exceptLen]) {
			return Answer{Refused: Exception(b[2]), From: i, To: i + exceptLen}, true
		}
		if len(b) < want || b[1] != request[1] || !sealed(b[:want]) {
			continue
		}
		a := Answer{From: i, To: i + want}
		switch Function(request[1]) {
		case WriteCoil, WriteRegister:
			a.Data = b[2 : want-2]
			if string(a.Data) != string(request[2:requestLen-2]) {
				continue
			}
		default:
			if int(b[2]) != want-overhead {
				continue
			}
			a.Data = b[3 : want-2]
		}
		return a, true
	}
	return Answer{}, false
}

func sealed(b []byte) bool {
	n := len(b) - 2
	return binary.LittleEndian.Uint16(b[n:]) == crc(b[:n])
}

// replyLen is how long the answer to a request is; 0: it is no request.
func replyLen(request []byte) int {
	if len(request) != requestLen {
		return 0
	}
	count := int(binary.BigEndian.Uint16(request[4:]))
	switch Function(request[1]) {
	case ReadCoils, ReadInputs:
		if count >= 1 && count <= maxBits {
			return overhead + (count+7)/8
		}
	case ReadHolding, ReadRegisters:
		if count >= 1 && count <= maxRegister {
			return overhead + 2*count
		}
	case WriteCoil, WriteRegister:
		return requestLen
	}
	return 0
}
