package uplink

import (
	"context"
	"encoding/binary"
	"io"
	"time"
)

const (
	retryFirst = 200 * time.Millisecond
	retryLast  = 30 * time.Second
)

// pause waits between two tries, longer each time and never in step with other cabinets.
type pause struct {
	rand io.Reader
	next time.Duration
}

func (p *pause) reset() { p.next = 0 }

// wait waits a random time that has grown, and at least as long as the server asked for;
// false means that the context ended.
func (p *pause) wait(ctx context.Context, least time.Duration) bool {
	p.next = min(max(2*p.next, retryFirst), retryLast)
	t := time.NewTimer(max(least, p.next/2) + jitter(p.rand, p.next/2))
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
