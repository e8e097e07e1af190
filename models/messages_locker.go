package models

// QueueGateway is the activity queue of one gateway instance: locker commands run where
// the cabinet's socket is.
func QueueGateway(instance string) string { return "gateway-" + instance }

// OpenCell is one door of an operation. Generation is the occupancy that is meant: a
// command for an older one never opens the cell.
type OpenCell struct {
	Cell       int      `json:"cell"`
	Generation int64    `json:"generation"`
	Parcel     ParcelID `json:"parcel"`
}

// OpenInput is the activity that has a cabinet open the doors of an operation that waits
// in its ledger.
type OpenInput struct {
	Locker    LockerID      `json:"locker"`
	Operation OperationID   `json:"operation"`
	Kind      OperationKind `json:"kind"`
	Shipment  ShipmentID    `json:"shipment"`
	Cells     []OpenCell    `json:"cells"`
}

// OpenOutcome is what came of it.
type OpenOutcome string

// The outcomes. Unknown changes nothing: the fact will tell.
const (
	Opened    OpenOutcome = "opened"
	NotOpened OpenOutcome = "not_opened"
	Refused   OpenOutcome = "refused"
	Unknown   OpenOutcome = "unknown"
)

// OpenResult is the activity's result: the recorded outcome for each cell, in which the
// whole is opened when any door did.
type OpenResult struct {
	Outcome OpenOutcome   `json:"outcome"`
	Reason  string        `json:"reason,omitempty"`
	Cells   []CellOutcome `json:"cells,omitempty"`
}

// CellOutcome is one door's outcome.
type CellOutcome struct {
	Cell    int         `json:"cell"`
	Outcome OpenOutcome `json:"outcome"`
	Reason  string      `json:"reason,omitempty"`
}
