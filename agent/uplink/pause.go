package uplink

import (
	"context"
	"encoding/binary"
	"io"
	"time"
)

// pause waits between two tries, longer each time and never in step with other cabinets.
type pause struct {
	timing
	rand io.Reader
	next time.Duration
}

func (p *pause) reset() { p.next = 0 }

// grow is the next pause: at least as long as the server asked for, and longer than that
// by a random part.
func (p *pause) grow(least time.Duration) time.Duration {
	p.next = min(max(2*p.next, p.retryFirst), p.retryLast)
	return max(least, p.next/2) + jitter(p.rand, p.next/2)
}

// wait waits the next pause; false means that the context ended.
func (p *pause) wait(ctx context.Context, least time.Duration) bool { return wait(ctx, p.grow(least)) }

// wait waits; false means that the context ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jitter is a random time below a limit.
func jitter(random io.Reader, below time.Duration) time.Duration {
	var raw [8]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil || below <= 0 {
		return 0 // without randomness all cabinets come at once, and still come
	}
	return time.Duration(binary.BigEndian.Uint64(raw[:]) % uint64(below))
}
