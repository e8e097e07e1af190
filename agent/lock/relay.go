package lock

import (
	"time"

	"cubby/agent/modbus"
)

// Modbus RTU relay boards whose relays drive locks, 9600 8N1. The board itself ends each
// pulse: an agent that dies in the middle burns no solenoid. Doors are read from inputs
// (function 2), those of the board or of a module beside it.
const (
	relayReply = 200 * time.Millisecond

	// Waveshare Modbus RTU Relay (D) and IO 8CH, protocol V2: function 5 at 0200 + relay from 0,
	// the value is the time in 100 ms.
	flashOn     = 0x0200
	flashUnit   = 100 * time.Millisecond
	flashPulse  = 200 * time.Millisecond
	flashLocks  = 8
	flashMostMS = 5000 // longer burns a solenoid

	// R413D08, R413E16 and R421A08: function 6 at the relay from 1; the high byte is the command,
	// 05 on for a second, 06 on for as many as the low byte says.
	momentary       = 0x0500
	momentaryFor    = 0x0600
	momentaryPulse  = time.Second
	momentaryLocks  = 16
	momentaryMostMS = 9000
)

// The relay boards.
const (
	DialectWaveshareRelay = "waveshare-relay" // Waveshare Modbus RTU Relay (D) and IO 8CH
	DialectR413Relay      = "r413-relay"      // R413D08, R413E16 and R421A08
)

func waveshareFamily() family {
	f := family{
		name: DialectWaveshareRelay, channels: flashLocks, first: 1, last: maxUnit, baud: 9600, reply: relayReply,
		pulse: pulse{step: int(flashUnit / time.Millisecond), most: flashMostMS}, answers: true, relays: true, ownInputs: true,
	}
	f.speak = func(b Board) dialect {
		value := uint16(b.pulse(flashPulse) / flashUnit)
		return relays{
			alive: modbus.Request(byte(b.Address), modbus.ReadCoils, 0, uint16(b.Channels)),
			drive: func(channel int) []byte {
				return modbus.Request(byte(b.Address), modbus.WriteCoil, flashOn+uint16(channel-1), value)
			},
			inputs: inputsOf(b, wired(b, f)),
		}
	}
	return f
}

func r413Family() family {
	f := family{
		name: DialectR413Relay, channels: momentaryLocks, first: 1, last: maxUnit, baud: 9600, reply: relayReply,
		pulse: pulse{step: 1000, most: momentaryMostMS}, answers: true, relays: true,
	}
	f.speak = func(b Board) dialect {
		value := uint16(momentary)
		if p := b.pulse(momentaryPulse); p > momentaryPulse {
			value = momentaryFor + uint16(p/time.Second)
		}
		return relays{
			alive: modbus.Request(byte(b.Address), modbus.ReadHolding, 1, 1),
			drive: func(channel int) []byte {
				return modbus.Request(byte(b.Address), modbus.WriteRegister, uint16(channel), value)
			},
			inputs: inputsOf(b, wired(b, f)),
		}
	}
	return f
}

type relays struct {
	alive  []byte // a request that shows that the relay board is there
	drive  func(channel int) []byte
	inputs inputs
}

func (d relays) look() []ask {
	for _, a := range d.inputs.asks {
		if a.request[0] == d.alive[0] && !a.parcels {
			return d.inputs.asks // its own inputs show as much
		}
	}
	return append([]ask{{request: d.alive}}, d.inputs.asks...)
}

func (d relays) unlock(channel int) []byte { return d.drive(channel) }

func (d relays) parse(request, have []byte, _ bool) (a answer, from, to int, ok bool) {
	return d.inputs.parse(request, have)
}
