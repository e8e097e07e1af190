package models

import (
	"net/http"
	"time"
)

// webhookDelays are how long after the attempt before each one is made: ten in three days.
var webhookDelays = [...]time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	// webhookJitter is the part of a delay that is left to chance, up or down.
	webhookJitter = 0.1
	// webhookThrottled is the least wait for a receiver that says that it has too much to do.
	webhookThrottled = time.Minute
	// webhookAfter is the longest wait that a receiver may ask for.
	webhookAfter = 24 * time.Hour
)

// WebhookAnswer is what came of an attempt to post.
type WebhookAnswer struct {
	Status     int           // of HTTP; 0: there was no answer
	RetryAfter time.Duration // that the receiver asks for
	Latency    time.Duration
	Reply      string // the first kilobyte
	Problem    string // why there was no answer; never the secret
}

// Delivered reports whether the receiver took it: 2xx and nothing else.
func (a WebhookAnswer) Delivered() bool { return a.Status/100 == 2 }

// Failure says why an attempt counts as failed; empty: it was delivered.
func (a WebhookAnswer) Failure() string {
	switch {
	case a.Delivered():
		return ""
	case a.Status == 0:
		return a.Problem
	case a.Status/100 == 3:
		return "redirected: an endpoint must answer itself"
	}
	return "answered " + itoa(a.Status)
}

// Gone reports whether the receiver wants no more, ever.
func (a WebhookAnswer) Gone() bool { return a.Status == http.StatusGone }

// Throttles reports whether the receiver has too much to do.
func (a WebhookAnswer) Throttles() bool {
	switch a.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// WebhookAttempts is how often an event is tried, as text.
func WebhookAttempts() string { return itoa(len(webhookDelays)) }

// Wait is how long to wait after an attempt that failed, the first being 1; giveUp: there is no
// other. chance is from 0 to 1.
func (a WebhookAnswer) Wait(attempt int, chance float64) (wait time.Duration, giveUp bool) {
	if attempt >= len(webhookDelays) {
		return 0, true
	}
	wait = webhookDelays[attempt]
	wait += time.Duration(float64(wait) * webhookJitter * (2*chance - 1))
	if a.Throttles() {
		wait = max(wait, webhookThrottled)
	}
	return max(wait, min(a.RetryAfter, webhookAfter)), false
}
