package models

import (
	"io"
	"strings"
	"sync"
	"time"
)

// Identifiers are distinct types so that a locker can never be passed for a shipment.
type (
	// OrganizationID names an operator, carrier, shop, partner or host: "org_…".
	OrganizationID string
	// LocationID names a place where lockers stand: "loc_…".
	LocationID string
	// ModelID names a cabinet model: "mod_…".
	ModelID string
	// LockerID names a cabinet: "lkr_…". On the wire, in REST and in tables: "locker".
	LockerID string
	// ShipmentID names a shipment: "shp_…".
	ShipmentID string
	// ParcelID names a parcel of a shipment: "par_…".
	ParcelID string
	// CourierID names a courier or technician: "cou_…".
	CourierID string
	// OperationID names one deposit, pickup or withdrawal, made where it starts: "op_…".
	OperationID string
	// NotificationID names one message to one recipient: "ntf_…".
	NotificationID string
	// IncidentID names an incident: "inc_…".
	IncidentID string
	// KeyID names an API key: "key_…".
	KeyID string
	// EventID names something that happened, the same in every feed that tells of it: "evt_…".
	EventID string
	// WebhookID names an endpoint that events are posted to: "whk_…".
	WebhookID string
	// DeliveryID names one attempt to post an event: "dlv_…".
	DeliveryID string
)

// Prefixes of identifiers.
const (
	PrefixOrganization = "org"
	PrefixLocation     = "loc"
	PrefixModel        = "mod"
	PrefixLocker       = "lkr"
	PrefixShipment     = "shp"
	PrefixParcel       = "par"
	PrefixCourier      = "cou"
	PrefixOperation    = "op"
	PrefixNotification = "ntf"
	PrefixIncident     = "inc"
	PrefixKey          = "key"
	PrefixEvent        = "evt"
	PrefixWebhook      = "whk"
	PrefixDelivery     = "dlv"
)

// crockford is Crockford's base 32 alphabet, lower case: no i, l, o, u.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// IDs makes identifiers: a prefix, "_", and 26 base-32 characters holding 48 bits of
// milliseconds and 80 random bits (the layout of a ULID), so that ids sort by time.
// It is safe for concurrent use.
type IDs struct {
	now  func() time.Time
	mu   sync.Mutex
	rand io.Reader
}

// NewIDs makes an id source from a clock and a source of randomness.
func NewIDs(now func() time.Time, rand io.Reader) *IDs { return &IDs{now: now, rand: rand} }

// New returns a fresh id with the prefix. It panics if the source of randomness
// fails: without it no id is safe.
func (s *IDs) New(prefix string) string {
	var raw [16]byte
	ms := uint64(s.now().UnixMilli())
	for i := range 6 {
		raw[i] = byte(ms >> (40 - 8*i))
	}
	s.mu.Lock()
	_, err := io.ReadFull(s.rand, raw[6:])
	s.mu.Unlock()
	if err != nil {
		panic("models: no randomness: " + err.Error())
	}
	var b strings.Builder
	b.Grow(len(prefix) + 27)
	b.WriteString(prefix)
	b.WriteByte('_')
	// 128 bits in 26 groups of 5: the first group holds the top 3 bits.
	acc, bits := uint(0), 2
	for _, c := range raw {
		acc = acc<<8 | uint(c)
		bits += 8
		for bits >= 5 {
			bits -= 5
			b.WriteByte(crockford[acc>>bits&31])
		}
		acc &= 1<<bits - 1
	}
	return b.String()
}

// ValidID reports whether s has the form that IDs.New gives for the prefix.
func ValidID(prefix, s string) bool {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != 26 {
		return false
	}
	return strings.Trim(rest, crockford) == ""
}
