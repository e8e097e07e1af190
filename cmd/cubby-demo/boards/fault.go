package boards

import "time"

// Fault is how a bus or a board misbehaves.
type Fault string

// The faults of a board, one at a time.
const (
	FaultNone     Fault = ""
	FaultSilence  Fault = "silence"      // it does not answer: unplugged or dead
	FaultLate     Fault = "late"         // it answers after the asker has given up
	FaultSplit    Fault = "split"        // it answers in small pieces
	FaultEcho     Fault = "echo"         // the adapter repeats what was sent
	FaultSum      Fault = "bad_checksum" // its answers are damaged
	FaultGarbage  Fault = "garbage"      // noise before each answer
	FaultAddress  Fault = "wrong_address"
	FaultInverted Fault = "inverted"  // its contacts are wired the other way
	FaultPush     Fault = "push"      // it tells a door unasked between a request and its answer
	FaultCollide  Fault = "collision" // every second answer is damaged by what another tells unasked
	FaultMute     Fault = "mute"      // it does not answer an unlock, though its family does
	FaultRefuse   Fault = "refuse"    // it says that it does not drive the lock, and does not
)

// lateBy is longer than anybody waits.
const lateBy = 700 * time.Millisecond

// say answers, as well as the board's fault allows.
func (s *socket) say(line *pty, asked int, reply []byte) {
	s.bus.mu.Lock()
	speed, paced := s.bus.speeds[s.number], s.bus.paced
	s.bus.mu.Unlock()
	s.answers++
	if speed != 0 && speed != line.speed() {
		reply = misread(reply)
	}
	if paced != 0 {
		time.Sleep(time.Duration(10*(asked+len(reply))) * time.Second / time.Duration(paced))
	}
	switch s.fault() {
	case FaultLate:
		time.AfterFunc(lateBy, func() { send(line, reply) })
	case FaultSplit:
		for i := range reply {
			send(line, reply[i:i+1])
			time.Sleep(500 * time.Microsecond) // a pty has no timing of its own
		}
	case FaultGarbage:
		send(line, append([]byte{0xFA, 0x02, 0x99, 0x02}, reply...))
	case FaultSum:
		send(line, damaged(reply))
	case FaultCollide:
		if s.answers%2 == 1 {
			reply = damaged(reply)
		}
		send(line, reply)
	case FaultPush:
		if p, ok := s.voice.(pusher); ok && s.Pushes {
			set, _ := s.shut(1)
			send(line, p.push(s, 1, set))
		}
		send(line, reply)
	default:
		send(line, reply)
	}
}

// damaged is a frame whose last byte is another.
func damaged(frame []byte) []byte {
	d := append([]byte{}, frame...)
	d[len(d)-1] ^= 0xFF
	return d
}

// misread is what a line of another speed makes of a frame. Which bytes come of which is
// known of 02 and 03 alone.
func misread(frame []byte) []byte {
	wrong := make([]byte, len(frame))
	for i, c := range frame {
		switch c {
		case 0x02:
			wrong[i] = 0xFB
		case 0x03:
			wrong[i] = 0xF2
		default:
			wrong[i] = c | 0x80
		}
	}
	return wrong
}

// moved has the boards that do so tell unasked that a door moved.
func (b *Bus) moved(contact int) {
	b.mu.Lock()
	line := b.line
	b.mu.Unlock()
	for _, s := range b.sockets {
		p, ok := s.voice.(pusher)
		channel := contact - s.First + 1
		if ok && s.Pushes && line != nil && channel >= 1 && channel <= s.Locks && s.fault() != FaultSilence {
			set, _ := s.shut(channel)
			send(line, p.push(s, channel, set))
		}
	}
}
