package models

import "time"

// FeedEvent is a row of a feed: something that happened, told to whoever reads the scope.
// Position is commit-ordered within the scope: whoever sees one sees all before it. It holds ids
// and the carrier's own number only, nothing personal.
type FeedEvent struct {
	Scope     string `gorm:"primaryKey"`
	Position  int64  `gorm:"primaryKey"`
	ID        EventID
	Type      EventType
	At        time.Time
	Data      EventData `gorm:"serializer:json"`
	CreatedAt time.Time
}

// TableName is the table of all feeds.
func (FeedEvent) TableName() string { return "feed" }

// EventData is what an event says; each type uses some of it.
type EventData struct {
	Shipment     ShipmentID     `json:"shipment,omitempty"`
	Number       string         `json:"number,omitempty"` // the carrier's own of a shipment; the public one of a locker
	Seq          *int           `json:"seq,omitempty"`    // within the shipment's history, if it stands there
	Parcel       ParcelID       `json:"parcel,omitempty"`
	Locker       LockerID       `json:"locker,omitempty"`
	Cell         int            `json:"cell,omitempty"`
	Operation    OperationID    `json:"operation,omitempty"`
	Reason       string         `json:"reason,omitempty"`
	Notification NotificationID `json:"notification,omitempty"`
	Incident     IncidentID     `json:"incident,omitempty"`
	Kind         string         `json:"kind,omitempty"`    // of a notification or incident
	Channel      string         `json:"channel,omitempty"` // of a notification
	Label        string         `json:"label,omitempty"`   // of a parcel that nobody announced
	State        LockerState    `json:"state,omitempty"`   // of a locker
	Regime       Regime         `json:"regime,omitempty"`
	Size         Size           `json:"size,omitempty"`
	Free         *int           `json:"free,omitempty"` // cells
	Webhook      WebhookID      `json:"webhook,omitempty"`
}

// Feed is what a reader of events asks for.
type Feed string

// The feeds.
const (
	FeedOwn       Feed = "own"       // of shipments that the organization carries or sells
	FeedNetwork   Feed = "network"   // of lockers, for every organization
	FeedOperators Feed = "operators" // of incidents and messages that failed
)

// FeedScopes is the prefix of the scopes of feeds, apart from those of directories.
const FeedScopes = "events:"

// The scopes that are no organization's.
const (
	ScopeOfNetworkFeed   = FeedScopes + "network"
	ScopeOfTestNetwork   = ScopeOfNetworkFeed + ":test" // of test lockers
	ScopeOfOperatorsFeed = FeedScopes + "operators"
)

// ScopeOfEvents is the scope of an organization's own feed.
func ScopeOfEvents(o OrganizationID) string { return FeedScopes + ScopeOfOrganization(o) }

// ScopeOfTestEvents is that of its shipments at test lockers, which test keys read.
func ScopeOfTestEvents(o OrganizationID) string { return ScopeOfEvents(o) + ":test" }

// ScopeOfWebhook is the scope of what only one endpoint is sent: tests and replays.
func ScopeOfWebhook(w WebhookID) string { return FeedScopes + "webhook:" + string(w) }

// Scope is the feed's scope for an organization; test: that of what happens at test lockers, which the feed of
// operators does not part.
func (f Feed) Scope(o OrganizationID, test bool) string {
	switch {
	case f == FeedOperators:
		return ScopeOfOperatorsFeed
	case f == FeedNetwork && test:
		return ScopeOfTestNetwork
	case f == FeedNetwork:
		return ScopeOfNetworkFeed
	case test:
		return ScopeOfTestEvents(o)
	}
	return ScopeOfEvents(o)
}

const (
	// scarceShare is the part of a size's cells, one in so many, under which its free ones are few.
	scarceShare = 10
	// scarceLeast is how many free cells are few in any case,
	scarceLeast = 2
	// scarceOf of so many; where there are fewer cells, the last free one is in use all the time.
	scarceOf = 3
)

// Scarce reports whether a locker has few free cells of a size: under a tenth of them, or under
// two. was: it had few before; then it still has until there are more again by a tenth and at
// least one, so that one parcel that comes and goes does not tell it every time.
func Scarce(was bool, free, all int) bool {
	if all < scarceOf {
		return false
	}
	least := max(scarceLeast, (all+scarceShare-1)/scarceShare)
	if was {
		least += max(1, all/scarceShare)
	}
	return free < min(least, all)
}
