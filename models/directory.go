package models

import (
	"slices"
	"strings"
	"time"
)

// DirectoryKind is the kind of a directory entry.
type DirectoryKind string

// The kinds.
const (
	EntryShipment DirectoryKind = "shipment"
	EntryCourier  DirectoryKind = "courier"
	EntryLayout   DirectoryKind = "layout"
	EntryPolicy   DirectoryKind = "policy"
	// EntryWithdrawal lets couriers take a shipment's parcels out; signed.
	EntryWithdrawal DirectoryKind = "withdrawal"
	// EntryLost names a shipment in a cell that the server does not know: its database was put
	// back to before it was announced.
	EntryLost DirectoryKind = "lost"
	// EntryCell is what the operator wants of a cell; signed.
	EntryCell DirectoryKind = "cell"
)

// DirectoryShipment is what a cabinet knows of a shipment expected or stored there: no
// contact, no code.
type DirectoryShipment struct {
	Shipment ShipmentID        `json:"shipment"`
	Carrier  OrganizationID    `json:"carrier"`
	Number   string            `json:"number"`
	Issue    int               `json:"issue"` // 0: not to be picked up yet
	Codes    CodeAlphabet      `json:"codes,omitempty"`
	Frozen   bool              `json:"frozen,omitempty"`
	Policy   Policy            `json:"policy"`
	Parcels  []DirectoryParcel `json:"parcels"`
	// Callable: the support knows a phone of its client, and may call it.
	Callable bool `json:"callable,omitempty"`
	// DueMinor is what is to be paid at pickup, in the smallest unit of Currency (ISO 4217).
	DueMinor int64  `json:"due_minor,omitempty"`
	Currency string `json:"currency,omitempty"`
}

// DirectoryParcel is a parcel of it.
type DirectoryParcel struct {
	Parcel     ParcelID   `json:"parcel"`
	Barcode    string     `json:"barcode"`
	Size       Size       `json:"size"`
	SizeFrom   SizeFrom   `json:"size_from,omitempty"`
	Regime     Regime     `json:"regime"`
	Dimensions Dimensions `json:"dimensions"`
	WeightG    int        `json:"weight_g,omitempty"` // 0: not told
	// EasyReach: it goes into a cell that everybody reaches, and into no other.
	EasyReach bool `json:"easy_reach,omitempty"`
	// Promised: the locker keeps room for it until it comes.
	Promised bool `json:"promised,omitempty"`
}

// AsksSize reports whether a courier is to say how large it is.
func (p DirectoryParcel) AsksSize() bool { return p.SizeFrom != SizeTold || p.Size == "" }

// DirectoryCourier is what a cabinet knows of a courier. It is a signed grant: one who may
// not come any more is told as suspended, never by a deletion.
type DirectoryCourier struct {
	Courier      CourierID      `json:"courier"`
	Organization OrganizationID `json:"organization"`
	Operator     bool           `json:"operator,omitempty"` // may load any carrier's parcels
	Role         CourierRole    `json:"role"`
	Badge        string         `json:"badge"`
	PINHash      string         `json:"pin_hash"`
	ValidFrom    *time.Time     `json:"valid_from,omitempty"`
	ValidUntil   *time.Time     `json:"valid_until,omitempty"`
	Lockers      []LockerID     `json:"lockers,omitempty"` // empty: every locker
	Suspended    bool           `json:"suspended,omitempty"`
	Unannounced  bool           `json:"unannounced,omitempty"` // may leave parcels that nobody announced
}

// DirectoryWithdrawal is a signed grant: the shipment's parcels, or those that it lists, are
// to be taken out of their cells by a courier of its carrier or of the operator.
type DirectoryWithdrawal struct {
	Shipment ShipmentID `json:"shipment"`
	Locker   LockerID   `json:"locker"`
	Reason   string     `json:"reason"` // cancelled, expired, refused, rerouted, closed
	// Collectable: the client's code works until a courier's first door opens for it.
	Collectable bool `json:"collectable,omitempty"`
	// To is the locker that it goes to, for LeaveRerouted, and Place its number and address.
	To    LockerID `json:"to,omitempty"`
	Place string   `json:"place,omitempty"`
	// Parcels are the only ones to be taken out, in order; empty: all of them are.
	Parcels []ParcelID `json:"parcels,omitempty"`
	// Over takes the grant back: the shipment is not to be withdrawn any more.
	Over bool `json:"over,omitempty"`
}

// Equal reports whether both grant the same; where the shipment goes to is no part of it.
func (w DirectoryWithdrawal) Equal(o DirectoryWithdrawal) bool {
	return w.Shipment == o.Shipment && w.Locker == o.Locker && w.Reason == o.Reason &&
		w.Collectable == o.Collectable && w.Over == o.Over && slices.Equal(w.Parcels, o.Parcels)
}

// Allows reports whether all of the parcels may be taken out.
func (w DirectoryWithdrawal) Allows(parcels []ParcelID) bool {
	if w.Over {
		return false
	}
	return len(w.Parcels) == 0 || !slices.ContainsFunc(parcels, func(p ParcelID) bool { return !slices.Contains(w.Parcels, p) })
}

// What a person found who looked into a cell.
const (
	FoundEmpty  = "empty"  // nothing is inside
	FoundParcel = "parcel" // what is recorded there is inside
)

// DirectoryCell is a signed order: what the operator wants of a cell. The cabinet owns the cell;
// it does what it can, and its facts say what came of it.
type DirectoryCell struct {
	Locker LockerID `json:"locker"`
	Cell   int      `json:"cell"`
	// OutOfService: nothing more is to be put in. What is inside is given out as before.
	OutOfService bool       `json:"out_of_service,omitempty"`
	PutBack      *PutBack   `json:"put_back,omitempty"`
	Check        *CellCheck `json:"check,omitempty"`
}

// PutBack says that a cell is to be used again, whoever took it out of service: a technician on
// site too, as far as that was known, up to the fact (Epoch, Seq) of the cabinet's journal.
type PutBack struct {
	Epoch int64 `json:"epoch"`
	Seq   int64 `json:"seq"`
}

// CellCheck says that a person looked into a cell in doubt, of the generation, and what they
// found. It is of what was known up to the fact (Epoch, Seq) of the cabinet's journal: of what
// came later nobody has said anything.
type CellCheck struct {
	Generation int64  `json:"generation"`
	Found      string `json:"found"` // FoundEmpty, FoundParcel
	Epoch      int64  `json:"epoch"`
	Seq        int64  `json:"seq"`
}

// DirectoryLayout is the cabinet itself.
type DirectoryLayout struct {
	Locker  LockerID    `json:"locker"`
	Number  string      `json:"number"`
	Address string      `json:"address"`
	State   LockerState `json:"state"`
	// TimeZone is the IANA name of the place's.
	TimeZone string        `json:"time_zone,omitempty"`
	Cells    []LayoutCell  `json:"cells"`
	Screen   ScreenProfile `json:"screen"`
	// Neighbours are the nearest other lockers, the nearest first, by the time when this was told.
	Neighbours []Neighbour `json:"neighbours,omitempty"`
}

// LookedUp is where a parcel goes whose label a courier holds: to the cabinet that asks, or to a
// place; neither: nothing is known.
type LookedUp struct {
	Here  bool
	Place string
}

// Neighbour is another locker near by.
type Neighbour struct {
	Number    string `json:"number"`
	Address   string `json:"address"`
	DistanceM int    `json:"distance_m"`
}

// DirectoryRow is one entry of a scope's directory, the latest of its key. Position is
// commit-ordered within the scope.
type DirectoryRow struct {
	Scope     string        `gorm:"primaryKey"`
	Kind      DirectoryKind `gorm:"primaryKey"`
	Key       string        `gorm:"primaryKey"`
	Position  int64
	Deleted   bool
	SeenEpoch int64
	SeenSeq   int64
	Body      []byte
	// Rev, Signer and Signature are set for kinds that grant: see Grant.
	Rev       int64
	Signer    string
	Signature []byte
	UpdatedAt time.Time
}

// TableName is the table of directory entries.
func (DirectoryRow) TableName() string { return "directory" }

// ScopeNetwork is the scope of what every cabinet reads.
const ScopeNetwork = "network"

// ScopeOfLocker is the scope of one cabinet.
func ScopeOfLocker(l LockerID) string { return "locker:" + string(l) }

// ScopeOfOrganization is the scope of one organization's couriers.
func ScopeOfOrganization(o OrganizationID) string { return "organization:" + string(o) }

// LockerOfScope is the cabinet whose scope it is; ok is false for every other scope.
func LockerOfScope(scope string) (l LockerID, ok bool) {
	id, ok := strings.CutPrefix(scope, ScopeOfLocker(""))
	return LockerID(id), ok
}
