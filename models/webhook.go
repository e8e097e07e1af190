package models

import (
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
		scopes = append(scopes, f.Scope(w.Organization))
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
