package models

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Signing is how what is posted to an endpoint is signed.
type Signing string

// The ways of Standard Webhooks: HMAC-SHA256 with a shared secret, or Ed25519.
const (
	SigningHMAC    Signing = "v1"
	SigningEd25519 Signing = "v1a"
)

// Webhook is an endpoint of an organization that events are posted to. Secret and Previous are
// sealed to the worker: see SealWebhookSecret.
type Webhook struct {
	ID           WebhookID `gorm:"primaryKey"`
	Organization OrganizationID
	URL          string
	Description  string
	Types        []string `gorm:"serializer:json"` // patterns; empty: every type
	Feeds        []Feed   `gorm:"serializer:json"`
	Test         bool     // of a test key: it is posted what happens at test lockers alone
	Signing      Signing
	PublicKey    string // whpk_…, of v1a
	Secret       []byte
	// Previous signs too until PreviousUntil, so that a receiver has time to change over.
	Previous       []byte
	PreviousUntil  *time.Time
	Paused         bool
	DisabledAt     *time.Time // given up by us
	DisabledReason string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// DisabledGone is the reason of an endpoint whose receiver said that it wants nothing more.
const DisabledGone = "the receiver answered 410 Gone"

// Host is where the endpoint is, without the path, which may hold a secret.
func (w Webhook) Host() string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Active reports whether events are posted to it.
func (w Webhook) Active() bool { return !w.Paused && w.DisabledAt == nil }

// Wants reports whether the endpoint asks for a type. A pattern is a type, or begins with one and
// ends in ".*"; "*" is every type. What was asked for by hand (a test, a replay) is always wanted.
func (w Webhook) Wants(t EventType) bool {
	return len(w.Types) == 0 || slices.ContainsFunc(w.Types, func(pattern string) bool {
		prefix, wild := strings.CutSuffix(pattern, "*")
		return pattern == string(t) || wild && strings.HasPrefix(string(t), prefix)
	})
}

// Scopes are those that the endpoint is sent, its own for tests and replays among them.
func (w Webhook) Scopes() []string {
	scopes := []string{ScopeOfWebhook(w.ID)}
	for _, f := range w.Feeds {
		scopes = append(scopes, f.Scope(w.Organization, w.Test))
	}
	return scopes
}

// WebhookCursor is how far an endpoint got in a scope, and how often the event after that was
// tried.
type WebhookCursor struct {
	Webhook  WebhookID `gorm:"primaryKey"`
	Scope    string    `gorm:"primaryKey"`
	Position int64
	Attempt  int
	NextAt   *time.Time // of the next attempt; nil: at once
}

// WebhookDelivery is one attempt to post an event.
type WebhookDelivery struct {
	ID        DeliveryID `gorm:"primaryKey"`
	Webhook   WebhookID
	Scope     string
	Position  int64
	Event     EventID
	Type      EventType
	Attempt   int // 1 is the first
	At        time.Time
	Status    int // of HTTP; 0: there was no answer
	LatencyMS int64
	Reply     string // the first kilobyte
	Problem   string // why it counts as failed; empty: delivered
	NextAt    *time.Time
}

// WebhookChange is what is to be changed of an endpoint; nil: as it is.
type WebhookChange struct {
	URL         *string
	Description *string
	Types       *[]string
	Feeds       *[]Feed
	Paused      *bool
}

// WebhookReplay is from where on an endpoint is sent events again: in one feed those after a
// position, or in all of its feeds those since a moment.
type WebhookReplay struct {
	Feed  Feed
	After int64
	Since *time.Time
}

// WebhookPost is what is to be posted to an endpoint, if anything. From is the cursor that it was
// read from.
type WebhookPost struct {
	Over    bool
	Webhook Webhook
	Event   *FeedEvent
	From    int64
	Attempt int
	NextAt  time.Time // if there is no event: when one is to be tried again; zero: never
}

// WebhookDue is an endpoint for which there is something to look at.
type WebhookDue struct {
	Webhook WebhookID
	Mark    int64
}
