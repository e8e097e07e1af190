package models

import "time"

// CellAction is what the operator wants of a cell, as REST spells it.
type CellAction string

// The actions on a cell.
const (
	CellTakeOut  CellAction = "out-of-service" // nothing more is to be put in
	CellPutBack  CellAction = "in-service"     // it may be used again
	CellMarkSeen CellAction = "mark-checked"   // a person looked into it
)

// CellChange is an action on a cell, for a reason. Generation and Found go with CellMarkSeen: of
// which occupancy it is, and what the person found (FoundEmpty, FoundParcel).
type CellChange struct {
	Action     CellAction
	Reason     string
	Generation int64
	Found      string
}

// CellOrder is what is wanted of a cell. The server never writes a cell's state: the cabinet
// gets the order by its directory and answers with facts.
type CellOrder struct {
	Locker       LockerID `gorm:"primaryKey"`
	Number       int      `gorm:"primaryKey"`
	OutOfService bool
	Reason       string    // of the last order in or out of service
	PutBack      PutBack   `gorm:"serializer:json"` // of the last order in service; its zero value: none
	Looked       CellCheck `gorm:"serializer:json"` // the last one; its zero value: none
	Rev          int64     // from 1; each order raises it
	UpdatedAt    time.Time
}

// Entry is the order as its cabinet is told of it.
func (o CellOrder) Entry() DirectoryCell {
	d := DirectoryCell{Locker: o.Locker, Cell: o.Number, OutOfService: o.OutOfService}
	if o.PutBack != (PutBack{}) {
		d.PutBack = &o.PutBack
	}
	if o.Looked != (CellCheck{}) {
		d.Check = &o.Looked
	}
	return d
}

// CellView is a cell as its cabinet told of it, with what is wanted of it.
type CellView struct {
	StoredCell
	Order CellOrder // its zero value: nothing
}

// Order is the order that an action makes, after the one before. The journal is known up to
// head. It returns invalid_state for a check that cannot be of this cell, and conflict for one
// of an older occupancy.
func (c StoredCell) Order(before CellOrder, change CellChange, head Head) (CellOrder, error) {
	o := before
	o.Locker, o.Number = c.Locker, c.Number
	switch change.Action {
	case CellTakeOut:
		o.OutOfService, o.PutBack, o.Reason = true, PutBack{}, change.Reason
		return o, nil
	case CellPutBack:
		o.OutOfService, o.PutBack, o.Reason = false, PutBack{Epoch: head.Epoch, Seq: head.Seq}, change.Reason
		return o, nil
	case CellMarkSeen:
	default:
		return o, Errorf(CodeInvalid, "There is no action %s.", change.Action)
	}
	// What a cell that is out of service would be otherwise the cabinet alone knows.
	known := c.State != CellOutOfService
	switch {
	case change.Generation != c.Generation:
		return o, Errorf(CodeConflict, "The cell is of generation %d by now. Please look again.", c.Generation)
	case !c.Doubtful:
		return o, Errorf(CodeInvalidState, "The cell is not in doubt.")
	case change.Found == FoundEmpty && c.State == CellOccupied:
		return o, Errorf(CodeInvalidState, "A parcel is recorded in the cell: that it is gone is for a check at the cabinet to say.")
	case change.Found == FoundParcel && known && c.State != CellOccupied:
		return o, Errorf(CodeInvalidState, "No parcel is recorded in the cell: whose it is, is for a check at the cabinet to say.")
	}
	o.Looked = CellCheck{Generation: c.Generation, Found: change.Found, Epoch: head.Epoch, Seq: head.Seq}
	return o, nil
}
