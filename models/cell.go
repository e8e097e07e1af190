package models

// CellState is what a cabinet knows of a cell's content. The flag doubtful stands
// beside it: a doubtful cell is never offered, yet still opens for its own parcel.
type CellState string

// The states of a cell.
const (
	CellFree         CellState = "free"
	CellReserved     CellState = "reserved"
	CellOccupied     CellState = "occupied"
	CellOutOfService CellState = "out_of_service"
)

// CellStates lists them all.
func CellStates() []CellState {
	return []CellState{CellFree, CellReserved, CellOccupied, CellOutOfService}
}

// CellEvent is something that happens to a cell.
type CellEvent string

// The events of a cell.
const (
	CellReserve    CellEvent = "reserve"      // the allocator picked it for a deposit
	CellRelease    CellEvent = "release"      // the deposit ended before its door opened
	CellDeposited  CellEvent = "deposited"    // a courier closed the door on a parcel
	CellTaken      CellEvent = "taken"        // a pickup or withdrawal took the last parcel; the reopen window runs
	CellProved     CellEvent = "proved_empty" // evidence: window over after a finished pickup, sensor, or a check
	CellFoundFull  CellEvent = "found_full"   // a check, or a late objection, says something is inside
	CellDoubt      CellEvent = "doubt"        // jam, power cut, walk-away, objection
	CellBreak      CellEvent = "break"        // lock or board does not work, or staff closed it
	CellRepair     CellEvent = "repair"       // works again; what is inside is not known by that
	CellCheckEmpty CellEvent = "check_empty"  // a courier or technician on site looked: empty
)

// CellEvents lists them all.
func CellEvents() []CellEvent {
	return []CellEvent{CellReserve, CellRelease, CellDeposited, CellTaken, CellProved,
		CellFoundFull, CellDoubt, CellBreak, CellRepair, CellCheckEmpty}
}

// Occupancy is a cell's state with its doubt.
type Occupancy struct {
	State    CellState `json:"state"`
	Doubtful bool      `json:"doubtful,omitempty"`
}

// Offerable reports whether the allocator may give the cell to a parcel.
func (o Occupancy) Offerable() bool { return o.State == CellFree && !o.Doubtful }

// Next answers what an event makes of a cell. It answers every pair: ok is false where
// the event has no meaning in the state, and the occupancy is then unchanged.
//
// The one rule behind the table: a cell becomes free only on evidence (principle 6).
func (o Occupancy) Next(e CellEvent) (next Occupancy, ok bool) {
	switch e {
	case CellDoubt:
		return Occupancy{o.State, true}, true
	case CellBreak:
		// Doubt survives, and what was inside when the lock died is still inside.
		inside := o.State == CellReserved || o.State == CellOccupied
		return Occupancy{CellOutOfService, o.Doubtful || inside}, true
	case CellCheckEmpty:
		if o.State == CellOutOfService {
			return Occupancy{CellOutOfService, false}, true
		}
		return Occupancy{CellFree, false}, true
	case CellFoundFull:
		if o.State == CellOutOfService {
			return Occupancy{CellOutOfService, true}, true
		}
		return Occupancy{CellOccupied, o.Doubtful}, true
	}
	switch o.State {
	case CellFree:
		if e == CellReserve && !o.Doubtful {
			return Occupancy{CellReserved, false}, true
		}
	case CellReserved:
		switch e {
		case CellRelease:
			// Released without its door having opened: nothing can have been put in.
			return Occupancy{CellFree, o.Doubtful}, true
		case CellDeposited:
			return Occupancy{CellOccupied, false}, true
		case CellProved:
			// In doubt the end of a window proves nothing: a check must clear it.
			if !o.Doubtful {
				return Occupancy{CellFree, false}, true
			}
		}
	case CellOccupied:
		switch e {
		case CellDeposited:
			// Another parcel of the same shipment in the same cell.
			return Occupancy{CellOccupied, o.Doubtful}, true
		case CellTaken:
			// Reserved until the reopen window is over.
			return Occupancy{CellReserved, o.Doubtful}, true
		}
	case CellOutOfService:
		if e == CellRepair {
			// Free only if it was known to be empty when it broke.
			if o.Doubtful {
				return Occupancy{CellOccupied, true}, true
			}
			return Occupancy{CellFree, false}, true
		}
	}
	return o, false
}
