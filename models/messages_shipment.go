package models

import "time"

// The names below are on the wire and in running histories. Do not rename one: add the
// new name beside the old, move the callers, and take the old one out when no history
// has it any more.
const (
	// QueueLives is where shipments' workflows and their activities run.
	QueueLives = "lives"
	// WorkflowShipment is the life of a shipment.
	WorkflowShipment = "shipment"
	// UpdateAsk asks whether the server leads an operation at a screen.
	UpdateAsk = "ask"
	// UpdateCarrierEvent tells what the carrier says.
	UpdateCarrierEvent = "carrier_event"
	// UpdateCancel gives a shipment up.
	UpdateCancel = "cancel"
	// UpdateExtend lengthens the storage time.
	UpdateExtend = "extend"
	// UpdateFreeze and UpdateUnfreeze hold a shipment's parcels back, and let them go.
	UpdateFreeze   = "freeze"
	UpdateUnfreeze = "unfreeze"
	// UpdateReroute has a shipment go to another locker.
	UpdateReroute = "reroute"
	// UpdateReissueCode gives a shipment a new pickup code.
	UpdateReissueCode = "reissue_code"
	// SignalFact tells what happened at a cabinet.
	SignalFact = "fact"
	// SignalLocker tells what became of the locker that a shipment is for.
	SignalLocker = "locker"
	// SignalContact tells that a shipment's client is reached otherwise.
	SignalContact = "contact"
	// SignalShow has a life write again what it shows: the database was put back.
	SignalShow = "show"
	// QueryLife asks for the whole life, also one that has ended.
	QueryLife = "life"

	// Search attributes, all keywords.
	AttributeNumber  = "Number"
	AttributeLocker  = "Locker"
	AttributeCarrier = "Carrier"
	AttributeState   = "State"
)

// ShipmentWorkflowID is the workflow id of a shipment's life.
func ShipmentWorkflowID(id ShipmentID) string { return "shipment-" + string(id) }

// ShipmentFromWorkflowID is the inverse; ok is false for another workflow's id.
func ShipmentFromWorkflowID(id string) (s ShipmentID, ok bool) {
	const prefix = "shipment-"
	if len(id) <= len(prefix) || id[:len(prefix)] != prefix {
		return "", false
	}
	return ShipmentID(id[len(prefix):]), true
}

// ShipmentInput starts a life. Life is set by continue-as-new, and for a life that has ended and
// is to be shown again; otherwise the first activity loads the shipment, or the state in which
// an earlier life ended.
type ShipmentInput struct {
	Shipment ShipmentID `json:"shipment"`
	Life     *Life      `json:"life,omitempty"`
}

// OperationKind is what someone does at a cabinet.
type OperationKind string

// The kinds.
const (
	Deposit    OperationKind = "deposit"
	Pickup     OperationKind = "pickup"
	Withdrawal OperationKind = "withdrawal"
	// Check and RemoteOpen are never led by a life: they name no shipment.
	Check      OperationKind = "check"
	RemoteOpen OperationKind = "remote_open"
)

// AskInput is the update by which a cabinet's operation is led by the server. The
// update's id is the operation's. NotAfter is by the gateway's clock.
type AskInput struct {
	Operation OperationID   `json:"operation"`
	Kind      OperationKind `json:"kind"`
	Locker    LockerID      `json:"locker"`
	Queue     string        `json:"queue"` // of the gateway instance that holds the socket
	Cells     []OpenCell    `json:"cells"`
	NotAfter  time.Time     `json:"not_after"`
}

// AskResult is the update's answer, once the doors were tried.
type AskResult struct {
	Outcome OpenOutcome `json:"outcome"`
}

// FactSignal is a fact as a life needs it.
type FactSignal struct {
	Locker     LockerID    `json:"locker"`
	Epoch      int64       `json:"epoch"`
	Seq        int64       `json:"seq"`
	At         time.Time   `json:"at"`
	Type       FactType    `json:"type"`
	Operation  OperationID `json:"operation,omitempty"`
	Cell       int         `json:"cell,omitempty"`
	Generation int64       `json:"generation,omitempty"`
	Parcel     ParcelID    `json:"parcel,omitempty"`
	Reason     string      `json:"reason,omitempty"`
}

// LockerNews is what becomes of a locker and concerns a shipment there.
type LockerNews string

// The news.
const (
	// NewsCapacityLost: no usable cell is left for a parcel that room was promised for.
	NewsCapacityLost LockerNews = "capacity_lost"
	// NewsClosed: the locker is closed, and what lies there is to be taken out.
	NewsClosed LockerNews = "closed"
	// NewsDown: its cabinet is away, since At, and for so long that clients are told; NewsBack: the one that was away
	// since Since is back, since At.
	NewsDown LockerNews = "down"
	NewsBack LockerNews = "back"
	// NewsAdvanced: the clock of a test locker was put forward.
	NewsAdvanced LockerNews = "advanced"
)

// LockerSignal tells a life news of a locker.
type LockerSignal struct {
	Locker LockerID   `json:"locker"`
	News   LockerNews `json:"news"`
	At     time.Time  `json:"at"`
	By     Seconds    `json:"by,omitempty"`   // with NewsAdvanced
	Since  time.Time  `json:"since,omitzero"` // with NewsBack
}

// ContactSignal tells a life how its client hears of it from now on. Change counts the contacts
// that were replaced after their client knew the code; nothing else is said of them.
type ContactSignal struct {
	Change   int      `json:"change"`
	NotifyBy NotifyBy `json:"notify_by"`
}

// CarrierEventInput is what a carrier says of a shipment under way. Type is accepted,
// in_transit, out_for_locker, carrier_delayed, lost or returned with the prefix "shipment.".
type CarrierEventInput struct {
	Type EventType `json:"type"`
	At   time.Time `json:"at"`
	// Undated: the carrier did not say when, and At is when it said so.
	Undated bool `json:"undated,omitempty"`
}

// ActionInput is an action that needs no more than its name. Request is the id of the call
// that asked for it.
type ActionInput struct {
	Request string `json:"request"`
}

// RerouteInput has a shipment go to another locker. Request is as in ActionInput.
type RerouteInput struct {
	Request string   `json:"request"`
	To      LockerID `json:"to"`
}

// PromiseInput asks another locker to keep room for a shipment's parcels.
type PromiseInput struct {
	Shipment ShipmentID `json:"shipment"`
	To       LockerID   `json:"to"`
}

// MoveInput makes a shipment that of another locker, which has kept room for it. After is the
// issue of the code by which it could be collected before.
type MoveInput struct {
	Shipment ShipmentID `json:"shipment"`
	To       LockerID   `json:"to"`
	After    int        `json:"after"`
}

// ActionResult answers an action on a shipment, after its projection is written.
type ActionResult struct {
	State ShipmentState `json:"state"`
}

// LoadInput asks for a shipment's life.
type LoadInput struct {
	Shipment ShipmentID `json:"shipment"`
}

// LoadResult is a fresh life, or the stored end of an earlier one.
type LoadResult struct {
	Life Life `json:"life"`
}

// ReissueInput asks for an issue of the pickup code after the one that is known.
type ReissueInput struct {
	Shipment ShipmentID `json:"shipment"`
	After    int        `json:"after"`
}

// ReissueResult is the issue by now.
type ReissueResult struct {
	Issue int `json:"issue"`
}

// Projection is what an activity writes of a life: the row's columns, its parcels, the
// events since the last one, and the messages they bring. A projection whose Rev is not
// above the row's changes nothing.
type Projection struct {
	Shipment  ShipmentID    `json:"shipment"`
	Rev       int64         `json:"rev"`
	State     ShipmentState `json:"state"`
	Frozen    bool          `json:"frozen,omitempty"`
	NoRoom    bool          `json:"no_room,omitempty"` // none is to be kept for it any more
	Parcels   []ParcelLife  `json:"parcels"`
	ReadyAt   *time.Time    `json:"ready_at,omitempty"`
	ExpiresAt *time.Time    `json:"expires_at,omitempty"`
	Events    []Event       `json:"events,omitempty"`
	Notify    []NoticeKind  `json:"notify,omitempty"`
	// Numbers says which of its kind a message is, where a client may get several.
	Numbers map[NoticeKind]int `json:"numbers,omitempty"`
	// Withdrawal is set when what couriers may take out has changed. The activity has
	// it signed.
	Withdrawal *DirectoryWithdrawal `json:"withdrawal,omitempty"`
	// Clock is set when the end of storage is to be reckoned anew: ExpiresAt is then the
	// least that it can be.
	Clock *ClockInput `json:"clock,omitempty"`
	// Final holds the whole life when it ends here.
	Final *Life `json:"final,omitempty"`
	// Again is set when all is shown again after the database was put back.
	Again *Again `json:"again,omitempty"`
}

// Again is what else the database knew of a life. Room is the locker that keeps room for it.
type Again struct {
	Locker LockerID `json:"locker"`
	Room   LockerID `json:"room"`
	Issue  int      `json:"issue"`
	// Contacts counts those that were replaced.
	Contacts int `json:"contacts,omitempty"`
}

// ProjectResult names the messages to send, and the end of storage if it was reckoned.
type ProjectResult struct {
	Notifications []NotificationID `json:"notifications,omitempty"`
	EndsAt        time.Time        `json:"ends_at,omitzero"`
}

// ClockInput asks how a shipment's storage clock stands at a locker.
type ClockInput struct {
	Shipment ShipmentID   `json:"shipment"`
	Locker   LockerID     `json:"locker"`
	Clock    StorageClock `json:"clock"`
}

// ClockResult is how it stands. Outages of the cabinet overlap with the clock's time, in
// order. Current: everything that the cabinet knew a minute ago has reached the life.
type ClockResult struct {
	EndsAt  time.Time `json:"ends_at"`
	Outages []Span    `json:"outages,omitempty"`
	Current bool      `json:"current"`
}
