// Package relay drives the relays of a cabinet's computer that are no locks (a gate, a siren, a
// light, the power of devices), and reads the contacts that watch over the cabinet. Its boards
// speak Modbus RTU over RS-485, 9600 baud 8N1 as they come. How long a relay is driven is always
// counted by the board: a program that dies leaves nothing on, and nothing off.
package relay

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"cubby/agent/modbus"
	"cubby/models"
)

// The dialects.
const (
	DialectWaveshare = "waveshare-relay" // Waveshare Modbus RTU Relay (D) and IO 8CH, protocol V2
	DialectR413      = "r413-relay"      // eletechsup R413D08, R413E16 and R421A08: no inputs
	DialectInputs    = "modbus-inputs"   // a module of inputs alone
)

// Board is a board of relays, inputs or both.
type Board struct {
	Name    string   `json:"name"`
	Dialect string   `json:"dialect"`
	Address int      `json:"address"` // its Modbus unit
	Outputs []Output `json:"outputs,omitempty"`
	Inputs  []Input  `json:"inputs,omitempty"`
}

// Output is what hangs on a relay.
type Output struct {
	Name  models.Output `json:"name"`
	Relay int           `json:"relay"` // counted from 1
	// ForMS is how long the relay is driven: of the gate its pulse, of a device how long it is
	// without power. 0: a second, and ten.
	ForMS int `json:"for_ms,omitempty"`
}

// Input is the contact on an input.
type Input struct {
	Name  models.Tamper `json:"name"`
	Input int           `json:"input"` // counted from 1
	// Alarm is how the circuit is when something is wrong: AlarmOpen or AlarmShut.
	Alarm string `json:"alarm"`
}

// The two ways. A circuit that is open when something is wrong tells of a cut wire too.
const (
	AlarmOpen = "open"
	AlarmShut = "shut"
)

// family is what boards of a dialect have in common.
type family struct {
	relays, inputs int
	step, most     time.Duration // of the times that the board counts
	// alive shows that the board is there; nil: its inputs do.
	alive func(unit byte) []byte
	// drive is the request that drives a relay, from 1, for a time, a multiple of step; 0: ends it.
	drive func(unit byte, relay int, d time.Duration) []byte
}

const (
	maxUnit = 247

	// Waveshare: function 5 at the relay from 0, the value 0 is off; at 0200 + relay the value is
	// a time in 100 ms, 1 to 7FFF, after which the board itself lets go.
	flashOn   = 0x0200
	flashUnit = 100 * time.Millisecond
	flashMost = 0x7FFF * flashUnit
	// R413: function 6 at the relay from 1; the high byte is the command: 02 off, 06 on for as many
	// seconds as the low byte says.
	r413Off  = 0x0200
	r413On   = 0x0600
	r413Most = 255 * time.Second
)

func families() map[string]family {
	return map[string]family{
		DialectWaveshare: {
			relays: 8, inputs: 8, step: flashUnit, most: flashMost,
			alive: func(unit byte) []byte { return modbus.Request(unit, modbus.ReadCoils, 0, 8) },
			drive: func(unit byte, relay int, d time.Duration) []byte {
				if d == 0 {
					return modbus.Request(unit, modbus.WriteCoil, uint16(relay-1), 0)
				}
				return modbus.Request(unit, modbus.WriteCoil, flashOn+uint16(relay-1), uint16(d/flashUnit))
			},
		},
		DialectR413: {
			relays: 16, step: time.Second, most: r413Most,
			alive: func(unit byte) []byte { return modbus.Request(unit, modbus.ReadHolding, 1, 1) },
			drive: func(unit byte, relay int, d time.Duration) []byte {
				if d == 0 {
					return modbus.Request(unit, modbus.WriteRegister, uint16(relay), r413Off)
				}
				return modbus.Request(unit, modbus.WriteRegister, uint16(relay), r413On+uint16(d/time.Second))
			},
		},
		DialectInputs: {inputs: 48},
	}
}

// Dialects names them all.
func Dialects() []string { return []string{DialectWaveshare, DialectR413, DialectInputs} }

// Check tells what is wrong with the boards of all lines of a cabinet.
func Check(lines ...[]Board) error {
	var errs []error
	names, outputs, contacts := map[string]bool{}, map[models.Output]bool{}, map[models.Tamper]bool{}
	for _, boards := range lines {
		units := map[int]bool{}
		for _, b := range boards {
			say := func(format string, args ...any) {
				errs = append(errs, fmt.Errorf("relay: board %s: %s", b.Name, fmt.Sprintf(format, args...)))
			}
			f, ok := families()[b.Dialect]
			if !ok {
				say("there is no dialect %q; there are %v", b.Dialect, Dialects())
				continue
			}
			if b.Name == "" || names[b.Name] {
				say("each board needs a name of its own")
			}
			if b.Address < 1 || b.Address > maxUnit || units[b.Address] {
				say("address is from 1 to %d, and no other board of the line has it", maxUnit)
			}
			if len(b.Outputs)+len(b.Inputs) == 0 {
				say("it has neither outputs nor inputs")
			}
			names[b.Name], units[b.Address] = true, true
			b.checkOutputs(f, outputs, say)
			b.checkInputs(f, contacts, say)
		}
	}
	return errors.Join(errs...)
}

func (b Board) checkOutputs(f family, known map[models.Output]bool, say func(string, ...any)) {
	used := map[int]bool{}
	for _, o := range b.Outputs {
		switch {
		case !slices.Contains(models.Outputs(), o.Name):
			say("there is no output %q; there are %v", o.Name, models.Outputs())
		case known[o.Name]:
			say("output %s is named twice", o.Name)
		}
		if o.Relay < 1 || o.Relay > f.relays {
			say("output %s: relay is from 1 to %d", o.Name, f.relays)
		} else if used[o.Relay] {
			say("relay %d drives two outputs", o.Relay)
		}
		if d := time.Duration(o.ForMS) * time.Millisecond; d < 0 || d > f.most {
			say("output %s: for_ms is from 1 to %d", o.Name, f.most.Milliseconds())
		}
		if o.ForMS != 0 && o.Name != models.OutputGate && !o.Name.CutsPower() {
			say("output %s: for_ms is not for siren and light, which last as long as the alarm", o.Name)
		}
		known[o.Name], used[o.Relay] = true, true
	}
}

func (b Board) checkInputs(f family, known map[models.Tamper]bool, say func(string, ...any)) {
	used := map[int]bool{}
	for _, in := range b.Inputs {
		switch {
		case !slices.Contains(models.Tampers(), in.Name):
			say("there is no contact %q; there are %v", in.Name, models.Tampers())
		case known[in.Name]:
			say("contact %s is named twice", in.Name)
		}
		if in.Input < 1 || in.Input > f.inputs {
			say("contact %s: input is from 1 to %d", in.Name, f.inputs)
		} else if used[in.Input] {
			say("input %d is of two contacts", in.Input)
		}
		if in.Alarm != AlarmOpen && in.Alarm != AlarmShut {
			say("contact %s: alarm is %s or %s", in.Name, AlarmOpen, AlarmShut)
		}
		known[in.Name], used[in.Input] = true, true
	}
}

// lasts is how long an output is driven that is wanted for a time, by the board's own steps.
func (o Output) lasts(f family, d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	if o.ForMS > 0 {
		d = time.Duration(o.ForMS) * time.Millisecond
	}
	return min((d+f.step-1)/f.step*f.step, f.most)
}

// look lists the requests that together read a board.
func (b Board) look(f family) (requests [][]byte) {
	if len(b.Outputs) > 0 {
		requests = append(requests, f.alive(byte(b.Address)))
	}
	last := 0
	for _, in := range b.Inputs {
		last = max(last, in.Input)
	}
	if last > 0 {
		requests = append(requests, modbus.Request(byte(b.Address), modbus.ReadInputs, 0, uint16(last)))
	}
	return requests
}
