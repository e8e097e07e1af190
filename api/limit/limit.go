// Package limit bounds how often each of many callers may do something, in the memory of one process.
package limit

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Rate is how much of something is allowed: so much at once, so much a second for long.
type Rate struct{ Burst, PerSecond float64 }

// Bucket holds what is left of a rate.
type Bucket struct {
	left float64
	at   time.Time
}

// Full is a bucket of which nothing was taken.
func (r Rate) Full(now time.Time) Bucket { return Bucket{left: r.Burst, at: now} }

// Take takes a cost out, if there is that much.
func (b *Bucket) Take(r Rate, cost float64, now time.Time) bool {
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.left = min(r.Burst, b.left+d*r.PerSecond)
		b.at = now
	}
	if b.left < cost {
		return false
	}
	b.left -= cost
	return true
}

// most bounds what is remembered of who calls.
const most = 20_000

// Each bounds the rate of each of many callers.
type Each struct {
	rate Rate

	mu      sync.Mutex
	buckets map[string]Bucket
}

// NewEach gives each caller a rate of its own.
func NewEach(r Rate) *Each { return &Each{rate: r, buckets: map[string]Bucket{}} }

// Take takes a cost out of a caller's bucket, if there is that much.
func (e *Each) Take(caller string, cost float64, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, known := e.buckets[caller]
	if !known {
		if len(e.buckets) >= most {
			e.forget(now)
		}
		b = e.rate.Full(now)
	}
	taken := b.Take(e.rate, cost, now)
	e.buckets[caller] = b
	return taken
}

// Refund gives a caller back what was taken.
func (e *Each) Refund(caller string, cost float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b, known := e.buckets[caller]; known {
		b.left = min(e.rate.Burst, b.left+cost)
		e.buckets[caller] = b
	}
}

// forget drops those who have been quiet for long enough to have a full bucket again; when
// everyone has been busy, all of them: memory has a limit, and a new start is fair.
func (e *Each) forget(now time.Time) {
	for caller, b := range e.buckets {
		if b.left+now.Sub(b.at).Seconds()*e.rate.PerSecond >= e.rate.Burst {
			delete(e.buckets, caller)
		}
	}
	if len(e.buckets) >= most {
		clear(e.buckets)
	}
}

// Address is the network address of a caller. Of IPv6 it is the /64, which is one customer's: whoever has one such
// address has 2^64 of them.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	address = address.Unmap()
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return prefix.String()
}
