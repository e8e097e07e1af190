package page

import (
	"sync"
	"time"
)

// What a visit costs of a bucket. An address of no page costs more: somebody is trying.
const (
	costKnown   = 1
	costUnknown = 20
	// mostBuckets bounds the memory for strangers: beyond it the buckets that are full are
	// forgotten, which changes nothing, and then all.
	mostBuckets = 20_000
)

// limits keep floods away, by the address that they come from and by page. Many people may come
// from one address, behind a carrier's or our own proxy.
type limits struct{ address, token *buckets }

func newLimits(now func() time.Time) *limits {
	return &limits{
		address: &buckets{now: now, size: 400, perSecond: 20, held: map[string]bucket{}},
		token:   &buckets{now: now, size: 30, perSecond: 0.5, held: map[string]bucket{}},
	}
}

// buckets are token buckets in memory.
type buckets struct {
	now       func() time.Time
	size      float64
	perSecond float64

	mu   sync.Mutex
	held map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// take takes a cost out of a bucket, if it has that much.
func (b *buckets) take(key string, cost float64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if _, known := b.held[key]; !known && len(b.held) >= mostBuckets {
		b.forget(now)
	}
	left := b.leftIn(key, now)
	enough := left >= cost
	if enough {
		left -= cost
	}
	b.held[key] = bucket{left, now}
	return enough
}

func (b *buckets) leftIn(key string, now time.Time) float64 {
	have, known := b.held[key]
	if !known {
		return b.size
	}
	return min(b.size, have.left+b.perSecond*max(0, now.Sub(have.at).Seconds()))
}

func (b *buckets) forget(now time.Time) {
	for key := range b.held {
		if b.leftIn(key, now) >= b.size {
			delete(b.held, key)
		}
	}
	if len(b.held) >= mostBuckets {
		clear(b.held)
	}
}
