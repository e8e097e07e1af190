package boards

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"time"
)

// The frames of the Kerong KR-CU48, by the vendor's "CU48 protocol and introduction v2.1".
const (
	frameStart    = 0x02
	frameEnd      = 0x03
	askStatus     = 0x50
	askUnlock     = 0x51
	giveStatus    = 0x65
	everyBoard    = 0x0A
	everyLock     = 0x30
	locksPerBoard = 48
	requestBytes  = 6
)

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
	FaultInverted Fault = "inverted" // its contacts are wired the other way
)

// Board is a simulated lock board: its lock 1 is the cell First.
type Board struct{ Address, First, Locks int }

// Bus is a serial line with lock boards on it.
type Bus struct {
	path   string
	steel  *Steel
	boards []Board

	mu       sync.Mutex
	line     *pty // nil: the cable is out
	faults   map[int]Fault
	looks    int
	unlocked func(cell int)
	served   sync.WaitGroup
}

// NewBus puts boards on a line at a path.
func NewBus(path string, steel *Steel, boards []Board) (*Bus, error) {
	b := &Bus{path: path, steel: steel, boards: boards, faults: map[int]Fault{}}
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

// heard notes a request, and returns what to call on an unlock.
func (b *Bus) heard(status bool) func(cell int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if status {
		b.looks++
	}
	return b.unlocked
}

// serve answers requests until the line is closed.
func (b *Bus) serve(line *pty) {
	var have []byte
	var buffer [256]byte
	for {
		n, err := line.master.Read(buffer[:])
		if err != nil {
			if errors.Is(err, os.ErrClosed) {
				return
			}
			continue
		}
		have = append(have, buffer[:n]...)
		for {
			var request []byte
			if request, have = nextRequest(have); request == nil {
				break
			}
			b.take(line, request)
		}
	}
}

// nextRequest cuts the first whole request off; what cannot be one is dropped.
func nextRequest(have []byte) (request, rest []byte) {
	for {
		start := bytes.IndexByte(have, frameStart)
		if start < 0 {
			return nil, nil
		}
		have = have[start:]
		if len(have) < requestBytes {
			return nil, have
		}
		if have[4] == frameEnd && have[5] == checksum(have[:5]) {
			return have[:requestBytes:requestBytes], have[requestBytes:]
		}
		have = have[1:]
	}
}

func checksum(b []byte) (s byte) {
	for _, c := range b {
		s += c
	}
	return s
}

func (b *Bus) take(line *pty, request []byte) {
	address, lock := int(request[1]), int(request[2])
	unlocked := b.heard(request[3] == askStatus)
	for i, board := range b.boards {
		if address != board.Address && address != everyBoard {
			continue
		}
		fault := b.Fault(i)
		if fault == FaultEcho {
			send(line, request)
		}
		if fault == FaultSilence {
			continue
		}
		switch request[3] {
		case askStatus:
			b.answer(line, board, fault)
		case askUnlock: // never answered
			for n := range board.Locks {
				if n == lock || lock == everyLock {
					if unlocked != nil {
						unlocked(board.First + n)
					}
					b.steel.pulse(board.First + n)
				}
			}
		}
	}
}

func (b *Bus) answer(line *pty, board Board, fault Fault) {
	frame := b.status(board, fault)
	switch fault {
	case FaultLate:
		time.AfterFunc(300*time.Millisecond, func() { send(line, frame) })
	case FaultSplit:
		for i := range frame {
			send(line, frame[i:i+1])
			time.Sleep(500 * time.Microsecond) // a pty has no timing of its own
		}
	case FaultGarbage:
		send(line, append([]byte{0xFA, frameStart, 0x99, frameStart}, frame...))
	default:
		send(line, frame)
	}
}

// status is a board's answer: a set bit is a lock that is shut.
func (b *Bus) status(board Board, fault Fault) []byte {
	frame := []byte{frameStart, byte(board.Address), 0, giveStatus, 0, 0, 0, 0, 0, 0, frameEnd}
	if fault == FaultAddress {
		frame[1]++
	}
	for n := range min(board.Locks, locksPerBoard) {
		if b.steel.shut(board.First+n) != (fault == FaultInverted) {
			frame[4+n/8] |= 1 << (n % 8)
		}
	}
	sum := checksum(frame)
	if fault == FaultSum {
		sum ^= 0xFF
	}
	return append(frame, sum)
}

// send writes to the line; one that is being unplugged takes nothing.
func send(line *pty, frame []byte) { _, _ = line.master.Write(frame) }
