package lock

import (
	"bytes"

	"cubby/agent/modbus"
)

// wiring is a run of a Modbus module's inputs: one for each channel of a board.
type wiring struct {
	what  string
	unit  int
	first int // input, counted from 1
}

const (
	ofDoors   = "doors"
	ofParcels = "parcels"
)

// wired lists the runs of inputs of a board.
func wired(b Board, f family) (all []wiring) {
	at := func(what string, in Inputs) wiring {
		w := wiring{what, in.Address, max(1, in.First)}
		if w.unit == 0 {
			w.unit = b.Address
		}
		return w
	}
	if f.relays {
		var in Inputs
		if b.Inputs != nil {
			in = *b.Inputs
		}
		all = append(all, at(ofDoors, in))
	}
	if b.Parcels != nil && (b.Parcels.Address != 0 || !f.sensors) {
		all = append(all, at(ofParcels, b.Parcels.Inputs))
	}
	return all
}

// inputs reads the runs of a board's inputs. Each module is read with one request and from
// its first input on: an answer that comes too late, for another board of the same module,
// then says of each input what it would say in time.
type inputs struct {
	address  int // of the board
	channels int
	runs     []wiring
	asks     []ask
}

func inputsOf(b Board, runs []wiring) inputs {
	in := inputs{address: b.Address, channels: b.Channels, runs: runs}
	for _, w := range runs {
		last, doors, asked := 0, false, false
		for _, other := range runs {
			if other.unit == w.unit {
				last, doors = max(last, other.first+b.Channels-1), doors || other.what == ofDoors
			}
		}
		request := modbus.Request(byte(w.unit), modbus.ReadInputs, 0, uint16(last))
		for _, a := range in.asks {
			asked = asked || bytes.Equal(a.request, request)
		}
		if !asked {
			in.asks = append(in.asks, ask{request: request, parcels: !doors})
		}
	}
	return in
}

// parse reads the answer to one of the asks.
func (in inputs) parse(request, have []byte) (a answer, from, to int, ok bool) {
	found, ok := modbus.Find(request, have)
	if !ok {
		return answer{}, 0, 0, false
	}
	a.address, a.refused = in.address, found.Refused
	if found.Refused == nil && modbus.Function(request[1]) == modbus.ReadInputs {
		for _, w := range in.runs {
			if w.unit != int(request[0]) {
				continue
			}
			for ch := 1; ch <= in.channels; ch++ {
				set := found.Bit(w.first + ch - 2)
				if w.what == ofDoors {
					a.doors.tell(ch, set)
				} else {
					a.parcels.tell(ch, set)
				}
			}
		}
	}
	return a, found.From, found.To, true
}

// sensing is a board of any family whose parcel sensors hang on an input module.
type sensing struct {
	dialect
	inputs inputs
}

func (d sensing) look() []ask { return append(d.dialect.look(), d.inputs.asks...) }

func (d sensing) parse(request, have []byte, quiet bool) (a answer, from, to int, ok bool) {
	for _, ask := range d.inputs.asks {
		if bytes.Equal(ask.request, request) {
			return d.inputs.parse(request, have)
		}
	}
	a, from, to, ok = d.dialect.parse(request, have, quiet)
	a.parcels = bits{} // the board's own inputs are not the sensors
	return a, from, to, ok
}
