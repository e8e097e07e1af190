package boards

import (
	"errors"
	"os"
	"sync"
	"time"
)

const (
	flashOff    = 0 // of function 5 at the relay itself
	r413Off     = 0x02
	r413For     = 0x06
	relayInputs = 8
)

// Relays is a board of relays and inputs that drives no locks, on a line of its own: a Waveshare
// IO 8CH (unit 1), or an R413D08 without inputs.
type Relays struct {
	path string
	r413 bool
	now  func() time.Time

	mu     sync.Mutex
	line   *pty // nil: the cable is out
	fault  Fault
	echo   bool
	until  map[int]time.Time // by relay, from 1: the board holds it until then
	drives []RelayDrive
	open   map[int]bool // by input, from 1: its circuit
	served sync.WaitGroup
}

// RelayDrive is an order that a relay board has taken: so long a relay was to be driven; 0: it was
// let go at once.
type RelayDrive struct {
	Relay int
	For   time.Duration
}

// NewRelays makes one at a path. All circuits of its inputs are shut. now is its own clock.
func NewRelays(path string, r413 bool, now func() time.Time) (*Relays, error) {
	r := &Relays{path: path, r413: r413, now: now, until: map[int]time.Time{}, open: map[int]bool{}}
	return r, r.Plug()
}

// Plug puts the cable in.
func (r *Relays) Plug() error {
	line, err := openPTY(r.path)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line = line
	r.served.Go(func() { r.serve(line) })
	return nil
}

// Unplug pulls it out: what a relay holds it holds to its end all the same.
func (r *Relays) Unplug() error {
	r.mu.Lock()
	line := r.line
	r.line = nil
	r.mu.Unlock()
	if line == nil {
		return nil
	}
	err := line.close()
	r.served.Wait()
	return err
}

// Misbehave gives the board a fault; FaultNone ends it.
func (r *Relays) Misbehave(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = f
}

// Echo has the adapter give back what is sent, beside any other fault.
func (r *Relays) Echo(echo bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.echo = echo
}

// Circuit opens the circuit of an input, counted from 1, or shuts it.
func (r *Relays) Circuit(input int, open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open[input] = open
}

// Driven lists what was driven since it was asked last.
func (r *Relays) Driven() []RelayDrive {
	r.mu.Lock()
	defer r.mu.Unlock()
	drives := r.drives
	r.drives = nil
	return drives
}

// Holds reports whether a relay is driven now.
func (r *Relays) Holds(relay int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now().Before(r.until[relay])
}

func (r *Relays) serve(line *pty) {
	var have []byte
	var buffer [256]byte
	for {
		n, err := line.master.Read(buffer[:])
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		r.mu.Lock()
		if r.echo || r.fault == FaultEcho {
			send(line, buffer[:n])
		}
		have = append(have, buffer[:n]...)
		for {
			var request []byte
			if request, have = (unit{}).cut(have); request == nil {
				break
			}
			r.say(line, request)
		}
		r.mu.Unlock()
	}
}

// say answers, as well as the fault allows.
func (r *Relays) say(line *pty, request []byte) {
	write := request[1] == writeCoil || request[1] == writeRegister
	if request[0] != 1 || r.fault == FaultSilence {
		return
	}
	answer := r.answer(request)
	switch {
	case r.fault == FaultMute && write:
	case r.fault == FaultLate:
		time.AfterFunc(lateBy, func() { send(line, answer) })
	case r.fault == FaultSum:
		send(line, damaged(answer))
	case r.fault == FaultGarbage:
		send(line, append([]byte{0xFA, 1, 5, 2}, answer...))
	case r.fault == FaultSplit:
		for i := range answer {
			send(line, answer[i:i+1])
			time.Sleep(500 * time.Microsecond) // a pty has no timing of its own
		}
	default:
		send(line, answer)
	}
}

func (r *Relays) answer(request []byte) []byte {
	function, address, value := fields(request)
	refuse := func(code byte) []byte { return sealCRC(request[0], function|0x80, code) }
	held := func(relay int) bool { return r.now().Before(r.until[relay]) }
	switch {
	case r.r413 && function == readHolding && address >= 1 && address <= waveshareLocks && value == 1:
		state := byte(0)
		if held(address) {
			state = 1
		}
		return sealCRC(request[0], function, 2, 0, state)
	case r.r413 && function == writeRegister && address >= 1 && address <= waveshareLocks:
		switch {
		case value>>8 == r413Off:
			return r.driven(request, address, 0)
		case value>>8 == r413For && value&0xFF > 0:
			return r.driven(request, address, time.Duration(value&0xFF)*time.Second)
		}
		return refuse(noSuchValue)
	case r.r413:
		return refuse(noSuchFunction)
	case function == readCoils && address+value <= waveshareLocks:
		return sealCRC(append([]byte{request[0], function, 1}, bitmap(1, func(n int) bool { return n <= value && held(address+n) })...)...)
	case function == readInputs && address+value <= relayInputs:
		return sealCRC(append([]byte{request[0], function, 1}, bitmap(1, func(n int) bool { return n <= value && !r.open[address+n] })...)...)
	case function == writeCoil && address < waveshareLocks && value == flashOff:
		return r.driven(request, address+1, 0)
	case function == writeCoil && address >= flashOn && address < flashOn+waveshareLocks && value >= 1 && value <= flashMost:
		return r.driven(request, address-flashOn+1, time.Duration(value)*100*time.Millisecond)
	case function == readCoils, function == readInputs, function == writeCoil:
		return refuse(noSuchAddress)
	}
	return refuse(noSuchFunction)
}

// driven carries a write out.
func (r *Relays) driven(request []byte, relay int, d time.Duration) []byte {
	if r.fault == FaultRefuse {
		return sealCRC(request[0], request[1]|0x80, deviceFailed)
	}
	r.until[relay] = r.now().Add(d)
	r.drives = append(r.drives, RelayDrive{relay, d})
	return request
}
