package models

import "time"

// Frozen reports whether nobody may take the parcels now.
func (l *Life) Frozen() bool { return !l.FrozenAt.IsZero() }

// mayFreeze reports whether a parcel may lie in a cell in the state.
func (s ShipmentState) mayFreeze() bool {
	switch s {
	case StateLoading, StateReady, StatePartlyPickedUp, StateExpired, StateWithdrawing:
		return true
	}
	return false
}

// CheckFreeze returns invalid_state when there is nothing in a cell to hold back, or it is
// held back already.
func (l *Life) CheckFreeze() error {
	switch {
	case l.Frozen():
		return Errorf(CodeInvalidState, "The shipment is frozen already.")
	case !l.State.mayFreeze() || l.count(ParcelInCell) == 0:
		return Errorf(CodeInvalidState, "The shipment is %s: nothing of it lies in a cell.", l.State)
	}
	return nil
}

// Freeze holds the parcels back: neither the client's code nor a courier opens their cells,
// and no clock of the life runs.
func (l *Life) Freeze(now time.Time) []Event {
	l.FrozenAt = now
	return []Event{l.event(EventFrozen, FactSignal{At: now, Locker: l.Locker})}
}

// CheckUnfreeze returns invalid_state when the shipment is not frozen.
func (l *Life) CheckUnfreeze() error {
	if !l.Frozen() {
		return Errorf(CodeInvalidState, "The shipment is not frozen.")
	}
	return nil
}

// Unfreeze lets the parcels go. The clocks go on with what was left of them.
func (l *Life) Unfreeze(now time.Time) []Event {
	held := now.Sub(l.FrozenAt)
	clock := l.storageClock()
	for _, at := range []*time.Time{&l.EndsAt, &l.LeaveAt, &l.LastClose, &l.FirstClose} {
		if !at.IsZero() {
			*at = at.Add(held)
		}
	}
	if !l.EndsAt.IsZero() {
		l.Clock = clock
		l.Clock.Held, l.Reckon = append(l.Clock.Held, Span{From: l.FrozenAt, Until: now}), true
	}
	l.FrozenAt = time.Time{}
	return []Event{l.event(EventUnfrozen, FactSignal{At: now, Locker: l.Locker})}
}
