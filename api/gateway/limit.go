package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// rate is how much of something is allowed: so many at once, so many a second for long.
type rate struct{ burst, perSecond float64 }

// bucket holds what is left of a rate.
type bucket struct {
	tokens float64
	at     time.Time
}

func (r rate) full(now time.Time) bucket { return bucket{tokens: r.burst, at: now} }

// take spends a token, if there is one.
func (b *bucket) take(r rate, now time.Time) bool {
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.tokens = min(r.burst, b.tokens+d*r.perSecond)
		b.at = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// maxLimited bounds what is remembered of who calls.
const maxLimited = 20_000

// limiter bounds the rate of each of many callers.
type limiter struct {
	rate rate

	mu      sync.Mutex
	buckets map[string]bucket
}

func newLimiter(r rate) *limiter { return &limiter{rate: r, buckets: map[string]bucket{}} }

// allow spends a caller's token, if there is one.
func (l *limiter) allow(caller string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[caller]
	if !ok {
		if len(l.buckets) >= maxLimited {
			l.forget(now)
		}
		b = l.rate.full(now)
	}
	allowed := b.take(l.rate, now)
	l.buckets[caller] = b
	return allowed
}

// refund gives a caller's token back.
func (l *limiter) refund(caller string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[caller]; ok {
		b.tokens = min(l.rate.burst, b.tokens+1)
		l.buckets[caller] = b
	}
}

// forget drops those who have been quiet for long enough to have a full bucket again; when
// everyone has been busy, all of them: memory has a limit, and a new start is fair.
func (l *limiter) forget(now time.Time) {
	for caller, b := range l.buckets {
		if b.tokens+now.Sub(b.at).Seconds()*l.rate.perSecond >= l.rate.burst {
			delete(l.buckets, caller)
		}
	}
	if len(l.buckets) >= maxLimited {
		clear(l.buckets)
	}
}

// addressOf is the network address of a caller; for IPv6 the /64, which is one customer's.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil || address.Unmap().Is4() {
		return host
	}
	prefix, err := address.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return prefix.String()
}
