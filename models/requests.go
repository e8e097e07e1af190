package models

import "time"

// Request says who acts, for the audit table.
type Request struct {
	Actor Actor
	ID    string // the request's id
}

// NewShipment is a validated announcement.
type NewShipment struct {
	Request
	// IdempotencyKey and Fingerprint (SHA-256 of the body) make a repeat harmless: the
	// same key and body replay the first answer for 24 hours.
	IdempotencyKey string
	Fingerprint    string
	Carrier        OrganizationID
	Shop           OrganizationID
	Number         string
	// Locker is its id or, in place of it, its public number, or what the caller's organization calls it.
	Locker     LockerID
	Policy     string // name; the newest version is taken
	NotifyBy   NotifyBy
	Language   string
	ExpectedAt *time.Time
	Guarantee  Guarantee
	EasyReach  bool // its parcels go into cells that everybody reaches, and into no others
	Contact    Contact
	Parcels    []NewParcel
}

// NewParcel is a parcel of an announcement. Without a barcode one is issued; without a
// size it has that of its policy, corrected by the courier.
type NewParcel struct {
	Barcode    string
	Size       Size
	Regime     Regime
	Dimensions Dimensions
	WeightG    int
}

// ShipmentView is a shipment as its organizations see it. It has no contact.
type ShipmentView struct {
	Shipment Shipment `json:"shipment"`
	Parcels  []Parcel `json:"parcels"`
	// LockerAlias is what the reader's organization calls the locker; empty: nothing of its own.
	LockerAlias string `json:"locker_alias,omitempty"`
}

// ShipmentQuery narrows the list of shipments; what is empty narrows nothing. The list is newest
// first. With UpdatedSince it is in the order of changes, the oldest first, so that a shipment
// that changes meanwhile comes again at the end and is never passed over.
type ShipmentQuery struct {
	State        ShipmentState
	Locker       LockerID
	Number       string // all of it
	Barcode      string // of one of its parcels, all of it
	Ends         string // of the number or a barcode: its last characters, 4 or more
	UpdatedSince *time.Time
	Cursor       string // what the page before named as next; empty: from the start
	Limit        int    // 1 to 200
}

// Page asks for a part of a list: at most Limit (1 to 200) items after Cursor, which is
// the last id of the page before, or empty.
type Page struct {
	Cursor string
	Limit  int
	// Search narrows a list to items whose name, number or id contains it.
	Search string
}

// LockerView is a locker with its place, and how it is connected.
type LockerView struct {
	Locker   Locker
	Location Location
	Link     LockerLink
	Kinds    []CellKind
	Aliases  []Alias // of all carriers, in their order
	// DistanceM is how far it is from the point that was asked for, in metres; nil: none was.
	DistanceM *int
}

// UpdatedAt is when it, or its place, last changed.
func (v LockerView) UpdatedAt() time.Time {
	if v.Location.UpdatedAt.After(v.Locker.UpdatedAt) {
		return v.Location.UpdatedAt
	}
	return v.Locker.UpdatedAt
}

// LockerQuery narrows the list of lockers.
type LockerQuery struct {
	Page
	Near         *Point // nearest first; else by id
	Box          *Box
	Size         Size
	Function     LockerFunction
	UpdatedSince *time.Time
}

// Point is a place on Earth, in degrees.
type Point struct{ Latitude, Longitude float64 }

// Box is all between two parallels and two meridians, which it holds. East may be less than
// West: the box then crosses the meridian of 180 degrees.
type Box struct{ South, West, North, East float64 }

// Availability is how much room a locker has for a size: Free cells of just that size,
// and Room for more parcels of it beside what is promised. EasyFree and EasyRoom are the same of
// cells that everybody reaches, and of parcels that ask for one.
type Availability struct {
	Regime   Regime
	Size     Size
	Free     int
	Room     int
	EasyFree int
	EasyRoom int
}

// NewKey is a key to be made.
type NewKey struct {
	Request
	Organization OrganizationID
	Name         string
	Scopes       []Scope
	Test         bool
	ExpiresAt    *time.Time
}

// NewCourier is a courier to be made. PINHash comes from HashPIN.
type NewCourier struct {
	Request
	Courier Courier
}

// EventQuery asks for a page of a feed: at most Limit events with a position above After. An
// operator may name another organization, whose own feed it then is.
type EventQuery struct {
	Actor        Actor
	Feed         Feed
	Organization OrganizationID
	After        int64
	Limit        int
}

// FactQuery asks for up to Limit facts before (BeforeEpoch, BeforeSeq); zero: the newest.
type FactQuery struct {
	BeforeEpoch, BeforeSeq int64
	Limit                  int
}

// IncidentQuery narrows the list of incidents.
type IncidentQuery struct {
	Page
	Open     bool // only those not resolved
	Resolved bool // only those resolved
	Locker   LockerID
	Kind     IncidentKind
	Shipment ShipmentID
	// Newest: the list begins with the newest.
	Newest bool
}
