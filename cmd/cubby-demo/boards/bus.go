package boards

import (
	"errors"
	"os"
	"sync"
)

// Board is a simulated lock board, or a module of inputs: its channel 1 is the cell First.
type Board struct {
	Family                string // one of Families; empty: FamilyKerongCU48
	Address, First, Locks int
	HighFirst             bool // shuoming-8a: the last byte of a status has channels 1 to 8
	Swapped               bool // winnsen: a state's answer has the lock before the status
	Contacts, Sensors     int  // FamilyInputs: the inputs, from 1, of the first contact and the first parcel sensor; 0: none
	Pushes                bool // its firmware tells doors unasked
}

// The families.
const (
	FamilyKerongCU48     = "kerong-cu48"
	FamilyKerongCU16     = "kerong-cu16"
	FamilyKerongCU48x60  = "kerong-cu48-60"
	FamilyWinnsen        = "winnsen"
	FamilyShuoming8A     = "shuoming-8a"
	FamilyWKLY           = "wkly"
	FamilyWaveshareRelay = "waveshare-relay"
	FamilyR413Relay      = "r413-relay"
	FamilyInputs         = "inputs" // no lock board, but a Modbus module beside one
)

// Families names all families.
func Families() []string {
	return []string{FamilyKerongCU48, FamilyKerongCU16, FamilyKerongCU48x60, FamilyShuoming8A, FamilyWKLY, FamilyWinnsen, FamilyWaveshareRelay, FamilyR413Relay, FamilyInputs}
}

// longest is longer than half a request of any family.
const longest = 300

// voice is how a family speaks.
type voice interface {
	// cut takes the first whole request off; what cannot be one is dropped. nil: none is whole.
	cut(have []byte) (request, rest []byte)
	// answer carries a request out, if it is for the board, and says what it answers; nil: nothing.
	answer(at *socket, request []byte) []byte
}

// pusher is a family that tells doors unasked.
type pusher interface {
	push(at *socket, channel int, shut bool) []byte
}

func voiceOf(family string) voice {
	switch family {
	case FamilyKerongCU16:
		return kerongCU16{}
	case FamilyKerongCU48x60:
		return kerongCU48x60{}
	case FamilyShuoming8A:
		return shuoming8A{}
	case FamilyWinnsen:
		return winnsen{}
	case FamilyWaveshareRelay:
		return waveshare{}
	case FamilyR413Relay:
		return r413{}
	case FamilyInputs:
		return module{}
	case FamilyWKLY:
		return wkly{}
	default:
		return kerongCU48{}
	}
}

// Bus is a serial line with lock boards on it.
type Bus struct {
	path    string
	steel   *Steel
	sockets []*socket

	mu       sync.Mutex
	line     *pty // nil: the cable is out
	faults   map[int]Fault
	speeds   map[int]int
	paced    int // baud; 0: as fast as may be
	looks    int
	unlocked func(cell int)
	served   sync.WaitGroup
}

// socket is a board's place on the bus: what it heard, and its wires to the steel.
type socket struct {
	Board
	voice   voice
	bus     *Bus
	number  int
	have    []byte
	answers int
}

// NewBus puts boards on a line at a path.
func NewBus(path string, steel *Steel, boards []Board) (*Bus, error) {
	b := &Bus{path: path, steel: steel, faults: map[int]Fault{}, speeds: map[int]int{}}
	for i, board := range boards {
		b.sockets = append(b.sockets, &socket{Board: board, voice: voiceOf(board.Family), bus: b, number: i})
	}
	steel.watch(b.moved)
	return b, b.Plug()
}

// Plug puts the cable in.
func (b *Bus) Plug() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line != nil {
		return nil
	}
	line, err := openPTY(b.path)
	if err != nil {
		return err
	}
	b.line = line
	b.served.Go(func() { b.serve(line) })
	return nil
}

// Unplug pulls the cable out: the line is gone until Plug.
func (b *Bus) Unplug() error {
	b.mu.Lock()
	line := b.line
	b.line = nil
	b.mu.Unlock()
	if line == nil {
		return nil
	}
	err := line.close()
	b.served.Wait()
	return err
}

// Misbehave gives a board, by its place on the bus from 0, a fault; FaultNone ends it.
func (b *Bus) Misbehave(board int, f Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults[board] = f
}

// Fault is what is wrong with a board now.
func (b *Bus) Fault(board int) Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults[board]
}

// Speed has a board speak at a baud rate of its own: a line of another shows only noise. 0:
// it speaks as the line does.
func (b *Bus) Speed(board, baud int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.speeds[board] = baud
}

// Pace has answers take as long as their bytes, and those of the requests, take on a line of
// a baud rate: a pseudo-terminal has no time of its own. 0: none.
func (b *Bus) Pace(baud int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paced = baud
}

// Path is where the line is.
func (b *Bus) Path() string { return b.path }

// Looks counts the requests for a status that came.
func (b *Bus) Looks() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.looks
}

// OnUnlock has f called when an unlock comes off the line.
func (b *Bus) OnUnlock(f func(cell int)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unlocked = f
}

func (b *Bus) echoes() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		if f == FaultEcho {
			return true
		}
	}
	return false
}

// serve answers requests until the line is closed.
func (b *Bus) serve(line *pty) {
	var buffer [256]byte
	for {
		n, err := line.master.Read(buffer[:])
		if err != nil {
			if errors.Is(err, os.ErrClosed) {
				return
			}
			continue
		}
		if b.echoes() {
			send(line, buffer[:n])
		}
		for _, s := range b.sockets {
			s.hear(line, buffer[:n])
		}
	}
}

// hear takes in what came off the line: every board hears everything.
func (s *socket) hear(line *pty, came []byte) {
	s.have = append(s.have, came...)
	for {
		var request []byte
		if request, s.have = s.voice.cut(s.have); request == nil {
			return
		}
		if s.fault() == FaultSilence {
			continue
		}
		if reply := s.voice.answer(s, request); reply != nil {
			s.say(line, len(request), reply)
		}
	}
}

func (s *socket) fault() Fault { return s.bus.Fault(s.number) }

// says is the address that the board gives as its own.
func (s *socket) says() byte {
	if s.fault() == FaultAddress {
		return byte(s.Address + 1)
	}
	return byte(s.Address)
}

// shut is what the contact of a channel, counted from 1, tells; ok: there is such a channel.
func (s *socket) shut(channel int) (set, ok bool) {
	if channel < 1 || channel > s.Locks {
		return false, false
	}
	return s.bus.steel.shut(s.First+channel-1) != (s.fault() == FaultInverted), true
}

// parcel is what the parcel sensor of a channel, counted from 1, tells.
func (s *socket) parcel(channel int) bool {
	return channel >= 1 && channel <= s.Locks && s.bus.steel.occupied(s.First+channel-1)
}

// bitmap is some channels' contacts, the lowest in the lowest bit.
func bitmap(bytes int, of func(channel int) bool) []byte {
	b := make([]byte, bytes)
	for i := range 8 * bytes {
		if of(i + 1) {
			b[i/8] |= 1 << (i % 8)
		}
	}
	return b
}

// contacts is a bitmap of the doors.
func (s *socket) contacts(bytes int) []byte {
	return bitmap(bytes, func(channel int) bool { set, _ := s.shut(channel); return set })
}

// looked notes a request for a status.
func (s *socket) looked() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.bus.looks++
}

// unlock drives the lock of a channel, counted from 1. done: there is one, and it was driven.
func (s *socket) unlock(channel int) (done bool) {
	if channel < 1 || channel > s.Locks || s.fault() == FaultRefuse {
		return false
	}
	s.bus.mu.Lock()
	unlocked := s.bus.unlocked
	s.bus.mu.Unlock()
	if unlocked != nil {
		unlocked(s.First + channel - 1)
	}
	s.bus.steel.pulse(s.First + channel - 1)
	return true
}

// send writes to the line; one that is being unplugged takes nothing.
func send(line *pty, frame []byte) { _, _ = line.master.Write(frame) }

// Push has a board tell unasked that a door moved, whatever is true.
func (b *Bus) Push(board, channel int, shut bool) {
	b.mu.Lock()
	line := b.line
	b.mu.Unlock()
	if p, ok := b.sockets[board].voice.(pusher); ok && line != nil {
		send(line, p.push(b.sockets[board], channel, shut))
	}
}
