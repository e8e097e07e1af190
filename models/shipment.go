package models

import (
	"slices"
	"time"
)

// Shipment is what a carrier or shop announces: one or more parcels for one client at
// one locker. State, Rev and the columns below them are a projection that the
// shipment's workflow writes; Rev guards it, so an older projection never overwrites
// a newer one.
type Shipment struct {
	ID            ShipmentID `gorm:"primaryKey"`
	Carrier       OrganizationID
	Shop          OrganizationID // empty: none
	Number        string         // the carrier's own number, unique within the carrier
	Locker        LockerID
	PolicyName    string
	PolicyVersion int
	NotifyBy      NotifyBy
	Language      string
	ExpectedAt    *time.Time
	Test          bool // its locker is a test locker
	Guaranteed    bool // room was promised for it
	EasyReach     bool // its parcels go into cells that everybody reaches, and into no others
	Issue         int  // issue of the pickup code; 0: not yet set by a worker
	Codes         CodeAlphabet
	// PageRev is the revision of the client's page's address. Raising it has the former address
	// show nothing any more: somebody else has it.
	PageRev int
	// ContactChanges counts the contacts that were replaced after their client knew the code,
	// and ContactTold those of them whose code is dead since.
	ContactChanges int
	ContactTold    int
	CreatedAt      time.Time

	State     ShipmentState
	Rev       int64
	Frozen    bool // nobody may take its parcels now
	ReadyAt   *time.Time
	ExpiresAt *time.Time
	EndedAt   *time.Time
	UpdatedAt time.Time
	// Life is the workflow's whole state, stored when it ends, so that a late fact can
	// resume it. It holds ids only.
	Life *Life `gorm:"serializer:json"`
}

// CheckCode returns invalid_state when no code opens anything for the client now.
func (s Shipment) CheckCode(parcels []Parcel) error {
	inside := slices.ContainsFunc(parcels, func(p Parcel) bool { return p.State == ParcelInCell })
	switch {
	case s.Frozen:
		return Errorf(CodeInvalidState, "The shipment is held back: its code opens nothing now.")
	case !s.State.hasCode() || s.Issue < 1 || !inside:
		return Errorf(CodeInvalidState, "The shipment is %s: there is nothing to collect with a code now.", s.State)
	}
	return nil
}

// NotifyBy says how the client learns of the shipment.
type NotifyBy string

// The ways. Carrier: the carrier tells its client itself.
const (
	NotifyContact NotifyBy = "contact"
	NotifyCarrier NotifyBy = "carrier"
)

// Guarantee says what an announcement asks of the locker.
type Guarantee string

// The guarantees.
const (
	// GuaranteeRequired: room for all parcels is promised, or the announcement is refused.
	GuaranteeRequired Guarantee = "required"
	// GuaranteeBestEffort: it is taken without room too, see MostUnguaranteed; room is promised if
	// there is any.
	GuaranteeBestEffort Guarantee = "best_effort"
)

// MostUnguaranteed is how many shipments of a carrier may be under way to a locker without a promise
// of room. Its cabinet has to know every one of them, and could never hold more.
func MostUnguaranteed(cells int) int { return max(100, 10*cells) }

// ParcelState is where a parcel is.
type ParcelState string

// The states of a parcel.
const (
	ParcelExpected  ParcelState = "expected"
	ParcelInCell    ParcelState = "in_cell"
	ParcelPickedUp  ParcelState = "picked_up"
	ParcelWithdrawn ParcelState = "withdrawn"
	ParcelMissing   ParcelState = "missing" // not where it should be
	// ParcelRefused is how one in its cell is shown that its client does not want.
	ParcelRefused ParcelState = "refused"
)

// Parcel is one physical thing with a label. State and cell are a projection.
type Parcel struct {
	ID         ParcelID `gorm:"primaryKey"`
	Shipment   ShipmentID
	Carrier    OrganizationID
	Barcode    string // unique among the parcels that are not gone yet
	Size       Size
	SizeFrom   SizeFrom
	Regime     Regime
	Dimensions Dimensions `gorm:"serializer:json"`
	WeightG    int
	State      ParcelState
	Cell       int // 0: none
	Open       bool
	CreatedAt  time.Time
}

// Contact is how to reach a shipment's client: the one place of personal data, erased
// 30 days after the end.
type Contact struct {
	Shipment  ShipmentID `gorm:"primaryKey"`
	Name      string
	Phone     string // E.164
	Email     string
	CreatedAt time.Time
}

// Promise is a cell's worth of capacity kept for a parcel at a locker.
type Promise struct {
	Parcel    ParcelID `gorm:"primaryKey"`
	Shipment  ShipmentID
	Locker    LockerID
	Carrier   OrganizationID
	Size      Size
	Regime    Regime
	EasyReach bool       // the cell is to be one that everybody reaches
	From      *time.Time // since when a cell is needed; nil: since it was made
	Horizon   Seconds    // how long a cell may be needed from then on
	CreatedAt time.Time
	// BrokenAt is since when no usable cell is left for it; nil: there is one.
	BrokenAt *time.Time
}

// EventType is the name of something that happened, fixed once for feeds and webhooks.
type EventType string

// The events that a shipment's life writes so far.
const (
	EventCreated         EventType = "shipment.created"
	EventAccepted        EventType = "shipment.accepted"
	EventInTransit       EventType = "shipment.in_transit"
	EventOutForLocker    EventType = "shipment.out_for_locker"
	EventNeverDeposited  EventType = "shipment.never_deposited"
	EventLoading         EventType = "shipment.loading"
	EventReady           EventType = "shipment.ready_for_pickup"
	EventExpired         EventType = "shipment.expired"
	EventWithdrawing     EventType = "shipment.withdrawing"
	EventReturning       EventType = "shipment.returning"
	EventPartlyPickedUp  EventType = "shipment.partly_picked_up"
	EventPickedUp        EventType = "shipment.picked_up"
	EventCancelled       EventType = "shipment.cancelled"
	EventReturned        EventType = "shipment.returned"
	EventLost            EventType = "shipment.lost"
	EventDelayed         EventType = "shipment.carrier_delayed"
	EventReminderSent    EventType = "shipment.reminder_sent"
	EventStorageExtended EventType = "shipment.storage_extended"
	EventWithdrawalLate  EventType = "shipment.withdrawal_overdue"
	EventRerouted        EventType = "shipment.rerouted"
	EventFrozen          EventType = "shipment.frozen"
	EventUnfrozen        EventType = "shipment.unfrozen"
	EventCodeReissued    EventType = "shipment.code_reissued"
	// EventCapacityLost: cells died, and none is left for a parcel that room was promised for.
	EventCapacityLost  EventType = "locker.capacity_lost"
	EventClockPaused   EventType = "shipment.clock_paused"
	EventClockResumed  EventType = "shipment.clock_resumed"
	EventParcelIn      EventType = "parcel.deposited"
	EventParcelTaken   EventType = "parcel.picked_up"
	EventParcelOut     EventType = "parcel.withdrawn"
	EventParcelMissing EventType = "parcel.missing"
	EventParcelRefused EventType = "parcel.refused"
	EventParcelDamaged EventType = "parcel.damaged"
	EventLoadFailed    EventType = "parcel.load_failed"
)

// The events that are of no shipment's history.
const (
	// EventUnannounced: a parcel that nobody announced was left in a cell.
	EventUnannounced           EventType = "parcel.unannounced"
	EventNotificationSent      EventType = "notification.sent"
	EventNotificationDelivered EventType = "notification.delivered"
	EventNotificationFailed    EventType = "notification.failed"
	EventLockerUpdated         EventType = "locker.updated"
	EventLockerOnline          EventType = "locker.online"
	EventLockerOffline         EventType = "locker.offline"
	EventCapacityLow           EventType = "locker.capacity_low"
	EventIncidentOpened        EventType = "incident.opened"
	EventIncidentResolved      EventType = "incident.resolved"
	EventWebhookTest           EventType = "webhook.test"
)

// Event is one line of a shipment's history, told in its organizations' feeds too, under ID. Seq
// counts from 0 within the shipment and makes writing it twice harmless.
type Event struct {
	Shipment  ShipmentID  `gorm:"primaryKey" json:"shipment"`
	Seq       int         `gorm:"primaryKey" json:"seq"`
	ID        EventID     `json:"-"`
	Type      EventType   `json:"type"`
	At        time.Time   `json:"at"`
	Parcel    ParcelID    `json:"parcel,omitempty"`
	Locker    LockerID    `json:"locker,omitempty"`
	Cell      int         `json:"cell,omitempty"`
	Operation OperationID `json:"operation,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	CreatedAt time.Time   `json:"-"`
}
