package models

import "time"

// expectedSince is since when the shipment is on its way to its locker.
func (l *Life) expectedSince() time.Time {
	if l.ReroutedAt.After(l.Created) {
		return l.ReroutedAt
	}
	return l.Created
}

// CheckReroute returns invalid_state when the shipment cannot go to another locker.
func (l *Life) CheckReroute() error {
	if _, ok := l.State.Next(DoReroute); !ok {
		return Errorf(CodeInvalidState, "The shipment is %s and cannot go to another locker.", l.State)
	}
	if l.Frozen() {
		return Errorf(CodeInvalidState, "The shipment is frozen.")
	}
	return nil
}

// Reroute has the shipment go to another locker, which has kept room for it. What lies in a
// cell has to be taken out first, and the client's code opens nothing any more.
func (l *Life) Reroute(to LockerID, now time.Time) []Event {
	f := FactSignal{At: now, Locker: l.Locker, Reason: LeaveRerouted}
	l.To = to
	if l.count(ParcelInCell) == 0 {
		if l.State == StateCreated {
			return nil // it moves at once
		}
		return l.move(nil, OnEmptiedReroute, f) // so it does: the rest is still with the carrier
	}
	l.leave(LeaveRerouted, now)
	return l.move(nil, DoReroute, f)
}

// Moves reports where the shipment goes now: nothing of it lies at its locker any more.
func (l *Life) Moves() (to LockerID, ok bool) {
	free := l.State == StateCreated || l.State == StateInTransit
	return l.To, l.To != "" && free && l.count(ParcelInCell) == 0
}

// Moved takes in that the shipment belongs to its new locker, with a new code.
func (l *Life) Moved(issue int, now time.Time) []Event {
	l.Locker, l.To, l.Issue, l.ReroutedAt = l.To, "", issue, now
	l.Leave, l.LeaveAt = "", time.Time{}
	l.Informed = l.Informed || !l.ReadyAt.IsZero()
	l.Down, l.Back = 0, 0
	l.ReadyAt, l.EndsAt, l.FirstClose, l.LastClose = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	l.Clock, l.Reckon, l.Pauses, l.WaitFrom, l.WaitUntil = StorageClock{}, false, nil, time.Time{}, time.Time{}
	l.Reminded, l.Extended, l.Rerouted = 0, 0, l.Rerouted+1
	for i := range l.Parcels {
		p := &l.Parcels[i]
		p.Failed = false
		if p.State == ParcelWithdrawn && !p.Refused {
			*p = ParcelLife{ID: p.ID, State: ParcelExpected, Moves: p.Moves}
		}
	}
	return []Event{l.event(EventRerouted, FactSignal{At: now, Locker: l.Locker})}
}
