package api

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"cubby/models"
)

// Quota is how many calls a key may make in a window. The zero value sets no bound.
type Quota struct {
	Calls  int
	Window time.Duration
}

// manyWindows is how many windows are kept before those that are over are looked for.
const manyWindows = 10_000

// quotas counts the calls of each key. Each process counts for itself.
type quotas struct {
	quota Quota
	mu    sync.Mutex
	keys  map[models.KeyID]*window
}

// window is the calls since a moment.
type window struct {
	since time.Time
	calls int
}

func newQuotas(q Quota) *quotas { return &quotas{quota: q, keys: map[models.KeyID]*window{}} }

// take counts a call of a key, tells the caller how the quota stands (the headers of
// draft-ietf-httpapi-ratelimit-headers), and returns too_many_requests above it. A refused
// call counts for nothing: who goes on asking is let in when the window is over.
func (q *quotas) take(h http.Header, key models.KeyID, now time.Time) error {
	if q.quota.Calls <= 0 {
		return nil
	}
	left, reset := q.count(key, now)
	h.Set("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, q.quota.Calls, seconds(q.quota.Window)))
	h.Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=%d`, max(left, 0), seconds(reset)))
	if left >= 0 {
		return nil
	}
	h.Set("Retry-After", fmt.Sprint(seconds(reset)))
	return &models.Error{
		Code: models.CodeTooMany, Message: fmt.Sprintf("This key may make %d calls in %d s. Please try again in %d s.",
			q.quota.Calls, seconds(q.quota.Window), seconds(reset)),
		Details: map[string]any{"violated-policies": []string{"default"}},
	}
}

// count returns the calls that are left, negative above the quota, and the time to the next window.
func (q *quotas) count(key models.KeyID, now time.Time) (left int, reset time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.keys[key]
	if w == nil || !now.Before(w.since.Add(q.quota.Window)) {
		if len(q.keys) >= manyWindows {
			q.sweep(now)
		}
		w = &window{since: now}
		q.keys[key] = w
	}
	reset = w.since.Add(q.quota.Window).Sub(now)
	if w.calls == q.quota.Calls {
		return -1, reset
	}
	w.calls++
	return q.quota.Calls - w.calls, reset
}

func (q *quotas) sweep(now time.Time) {
	for key, w := range q.keys {
		if !now.Before(w.since.Add(q.quota.Window)) {
			delete(q.keys, key)
		}
	}
}

// seconds rounds up: who comes back after so many is not early.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
