package lock

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"cubby/agent/link"
)

const (
	// silence ends a frame that nothing else ends: 5 ms at 9600 baud, and what an adapter adds.
	silence = 8 * time.Millisecond
	// listenFor is how long a bus that listens does not hear of a pulse.
	listenFor = 10 * time.Millisecond
	// maxHeard bounds what is kept of somebody who talks without end.
	maxHeard = 1024
)

// errRefused says that a board did not drive a lock.
var errRefused = errors.New("it says that it failed")

// send writes a request on a line that has been still for a moment.
func (b *Bus) send(port link.Port, request []byte, tell func(Event)) error {
	time.Sleep(min(time.Until(b.free), b.timing.Settle)) // never long: a turn of the line
	if b.listens {
		if _, err := b.listen(port, time.Millisecond, tell); err != nil {
			return err
		}
	}
	if err := port.ResetInput(); err != nil {
		return err
	}
	b.heard = nil
	n, err := port.Write(request)
	if err == nil && n < len(request) {
		err = fmt.Errorf("lock: %d of %d bytes were written", n, len(request))
	}
	b.free = time.Now().Add(b.timing.Settle)
	return err
}

// look asks a board one of the requests of its look. When all are answered, what they say
// is taken.
func (b *Bus) look(port link.Port, board *board, tell func(Event)) error {
	asks := board.dialect.look()
	now := asks[board.step]
	if board.step == 0 {
		board.sofar, board.began = answer{}, time.Now()
	}
	if err := b.send(port, now.request, tell); err != nil {
		return err
	}
	a, got, err := b.await(port, board, now.request, false, tell)
	missed := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case err != nil && !missed:
		return err
	case missed && now.parcels, a.refused != nil && now.parcels:
		a = answer{}
	case missed:
		b.miss(board, why(board.family, now.request, got), tell)
		return nil
	case a.refused != nil:
		b.miss(board, a.refused.Error(), tell)
		return nil
	}
	board.sofar.doors, board.sofar.parcels = board.sofar.doors.and(a.doors), board.sofar.parcels.and(a.parcels)
	if board.step++; board.step < len(asks) {
		board.next = time.Now()
		return nil
	}
	board.step, board.missed = 0, 0
	board.next = time.Now().Add(b.every(board))
	b.mu.Lock()
	board.latency = time.Since(board.began)
	board.whole++
	b.mu.Unlock()
	b.believe(board, board.sofar, false, tell)
	return nil
}

func (b *Bus) every(board *board) time.Duration {
	if time.Now().Before(board.fast) {
		return b.timing.Fast
	}
	return b.timing.Poll
}

// came is all that came after a request.
type came struct {
	raw      []byte
	stranger int // a board of this address answered; -1: none
}

// await reads until the board's answer is whole, and passes on what boards tell unasked. An
// error that is os.ErrDeadlineExceeded: it did not come.
func (b *Bus) await(port link.Port, board *board, request []byte, unlock bool, tell func(Event)) (answer, came, error) {
	began := time.Now()
	got := came{stranger: -1}
	var buffer [256]byte
	at := 0 // what stands before is done with
	defer func() { b.free = time.Now().Add(b.timing.Settle) }()
	for {
		left := b.patience(board) - time.Since(began)
		if left <= 0 {
			return answer{}, got, os.ErrDeadlineExceeded
		}
		quiet := false
		if at < len(got.raw) {
			left = min(left, silence)
		}
		if err := port.SetReadTimeout(max(left, time.Millisecond)); err != nil {
			return answer{}, got, err
		}
		n, err := port.Read(buffer[:])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			quiet = true
		case err != nil:
			return answer{}, got, err
		}
		got.raw = append(got.raw, buffer[:n]...)
		if unlock && b.echoes && at == 0 {
			if len(got.raw) < len(request) {
				continue
			}
			if bytes.HasPrefix(got.raw, request) {
				at = len(request) // an answer may be the same as its request
			}
		}
		for {
			a, from, to, ok := board.dialect.parse(request, got.raw[at:], quiet)
			if !ok {
				break
			}
			switch {
			case a.push:
				b.pushed(board.family.name, a, tell)
			case a.address != board.Address:
				got.stranger = a.address
			default:
				if !unlock {
					b.echoes = at+from >= len(request) && bytes.HasPrefix(got.raw, request)
				}
				b.heard = append(bytes.Clone(got.raw[at:at+from]), got.raw[at+to:]...) // something unasked may be around it
				return a, got, nil
			}
			at += to
		}
		if len(got.raw) > maxHeard {
			got.raw, at = got.raw[:0], 0
		}
	}
}

// patience is how long an answer of a board may take.
func (b *Bus) patience(board *board) time.Duration {
	if b.timing.Reply > 0 {
		return b.timing.Reply
	}
	return board.family.reply
}

// listen reads for a while what boards tell unasked, and returns whether one did.
func (b *Bus) listen(port link.Port, d time.Duration, tell func(Event)) (told bool, err error) {
	var buffer [256]byte
	if err := port.SetReadTimeout(max(d, time.Millisecond)); err != nil {
		return false, err
	}
	n, err := port.Read(buffer[:])
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return false, err
	}
	b.heard = append(b.heard, buffer[:n]...)
	for _, board := range b.boards {
		if !board.family.pushes {
			continue
		}
		for {
			a, _, to, ok := board.dialect.parse(nil, b.heard, true)
			if !ok {
				break
			}
			b.heard = b.heard[to:]
			b.pushed(board.family.name, a, tell)
			told = true
		}
	}
	if len(b.heard) > maxHeard {
		b.heard = nil
	}
	return told, nil
}

// pushed takes what a board told unasked. Its word alone opens and shuts no door: the board
// is read at once, and one reading less is needed.
func (b *Bus) pushed(family string, a answer, tell func(Event)) {
	for _, board := range b.boards {
		if board.family.name == family && board.Address == a.address && board.up {
			b.believe(board, a, true, tell)
			board.next = time.Now()
		}
	}
}

// why tells in plain words what is wrong with a board that gave no answer.
func why(f family, request []byte, got came) string {
	rest := bytes.TrimPrefix(got.raw, request)
	switch {
	case got.stranger >= 0:
		return fmt.Sprintf("a board with address %d answers instead: look at its switches", got.stranger)
	case len(got.raw) == 0:
		return "nothing comes back: look at its power, its cable and its address, and whether A and B are swapped"
	case len(rest) == 0:
		return "only what was sent comes back: the adapter echoes, and no board answers"
	}
	if f.odd != nil {
		if odd := f.odd(rest); odd != "" {
			return odd
		}
	}
	return fmt.Sprintf("what comes back (% X) is no answer: another speed (its boards come with %d baud), another dialect, or a disturbed line", shorten(rest), f.baud)
}

// shorten is enough of some bytes to show.
func shorten(raw []byte) []byte { return raw[:min(len(raw), 12)] }
