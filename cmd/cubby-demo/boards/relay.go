package boards

import "encoding/binary"

// Modbus RTU as relay boards and input modules speak it: all requests that they take have
// eight bytes.
const (
	modbusRequest  = 8
	readCoils      = 1
	readInputs     = 2
	readHolding    = 3
	writeCoil      = 5
	writeRegister  = 6
	noSuchFunction = 1
	noSuchAddress  = 2
	noSuchValue    = 3
	deviceFailed   = 4

	flashOn        = 0x0200 // Waveshare: the value is the time in 100 ms
	flashMost      = 0x7FFF
	waveshareLocks = 8
	moduleInputs   = 48
)

func crc16(b []byte) uint16 {
	c := uint16(0xFFFF)
	for _, d := range b {
		c ^= uint16(d)
		for range 8 {
			if c&1 != 0 {
				c = c>>1 ^ 0xA001
			} else {
				c >>= 1
			}
		}
	}
	return c
}

func sealCRC(b ...byte) []byte { return binary.LittleEndian.AppendUint16(b, crc16(b)) }

// unit is what relay boards and modules have in common.
type unit struct{}

func (unit) cut(have []byte) (request, rest []byte) {
	for len(have) >= modbusRequest {
		f := have[:modbusRequest:modbusRequest]
		if f[1] >= readCoils && f[1] <= writeRegister && binary.LittleEndian.Uint16(f[6:]) == crc16(f[:6]) {
			return f, have[modbusRequest:]
		}
		have = have[1:]
	}
	return nil, have
}

// fields of a request.
func fields(request []byte) (function byte, address, value int) {
	return request[1], int(binary.BigEndian.Uint16(request[2:])), int(binary.BigEndian.Uint16(request[4:]))
}

func exception(at *socket, function, code byte) []byte {
	return sealCRC(at.says(), function|0x80, code)
}

// driven answers a write: as it came, or with a refusal.
func driven(at *socket, request []byte, channel int) []byte {
	switch {
	case !at.unlock(channel):
		return exception(at, request[1], deviceFailed)
	case at.fault() == FaultMute:
		return nil
	}
	return sealCRC(append([]byte{at.says()}, request[1:6]...)...)
}

// inputs answers a read of as many inputs as a module has.
func inputs(at *socket, address, count, all int, of func(input int) bool) []byte {
	at.looked()
	if address+count > all {
		return exception(at, readInputs, noSuchAddress)
	}
	bytes := (count + 7) / 8
	data := bitmap(bytes, func(n int) bool { return n <= count && of(address+n) })
	return sealCRC(append([]byte{at.says(), readInputs, byte(bytes)}, data...)...)
}

// waveshare is the Modbus RTU Relay (D) and IO 8CH, protocol V2: its inputs are the contacts.
type waveshare struct{ unit }

func (waveshare) answer(at *socket, request []byte) []byte {
	if int(request[0]) != at.Address {
		return nil
	}
	function, address, value := fields(request)
	switch {
	case function == readCoils:
		at.looked()
		return sealCRC(at.says(), readCoils, 1, 0) // every pulse is over
	case function == readInputs:
		return inputs(at, address, value, waveshareLocks, func(input int) bool { set, _ := at.shut(input); return set })
	case function != writeCoil:
		return exception(at, function, noSuchFunction)
	case address < flashOn || address >= flashOn+waveshareLocks:
		return exception(at, function, noSuchAddress)
	case value < 1 || value > flashMost:
		return exception(at, function, noSuchValue)
	}
	return driven(at, request, address-flashOn+1)
}

// r413 is the R413D08, R413E16 and R421A08, which have no inputs.
type r413 struct{ unit }

func (r413) answer(at *socket, request []byte) []byte {
	if int(request[0]) != at.Address {
		return nil
	}
	function, channel, value := fields(request)
	switch {
	case channel < 1 || channel > at.Locks:
		return exception(at, function, noSuchAddress)
	case function == readHolding:
		at.looked()
		return sealCRC(at.says(), readHolding, 2, 0, 0)
	case function != writeRegister:
		return exception(at, function, noSuchFunction)
	case value != 0x0500 && (value>>8 != 0x06 || value&0xFF == 0):
		return exception(at, function, noSuchValue)
	}
	return driven(at, request, channel)
}

// module is an input module.
type module struct{ unit }

func (module) answer(at *socket, request []byte) []byte {
	if int(request[0]) != at.Address {
		return nil
	}
	function, address, value := fields(request)
	if function != readInputs {
		return exception(at, function, noSuchFunction)
	}
	return inputs(at, address, value, moduleInputs, func(input int) bool {
		contact, sensor := input-at.Contacts+1, input-at.Sensors+1
		switch {
		case at.Contacts > 0 && contact >= 1 && contact <= at.Locks:
			set, _ := at.shut(contact)
			return set
		case at.Sensors > 0 && sensor >= 1 && sensor <= at.Locks:
			return at.parcel(sensor)
		}
		return false
	})
}
