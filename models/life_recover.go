package models

import (
	"slices"
	"time"
)

// ToldFact is a parcel's fact that a lost life had told of already.
type ToldFact struct {
	Type      EventType   `json:"type"`
	Parcel    ParcelID    `json:"parcel"`
	Operation OperationID `json:"operation,omitempty"`
	At        time.Time   `json:"at"`
}

// RecoverLife makes the life of a shipment whose workflow was lost with the engine's
// database: it goes on from what readers have seen. Facts that are delivered again change
// nothing where their events are written; the others are taken in.
func RecoverLife(s Shipment, parcels []Parcel, p Policy, events []Event) *Life {
	l := NewLife(s, parcels, p)
	l.State = s.State
	if s.ReadyAt != nil {
		l.ReadyAt = *s.ReadyAt
	}
	if s.ExpiresAt != nil {
		l.EndsAt = *s.ExpiresAt
	}
	l.Announced = true // if the policy says so, it was done at the first start
	l.Clock = StorageClock{From: l.ReadyAt, For: p.Storage.Duration()}
	if s.Frozen {
		l.FrozenAt = s.UpdatedAt
	}
	for i, p := range parcels {
		l.Parcels[i].State, l.Parcels[i].Cell = p.State, p.Cell
		if p.State == ParcelRefused {
			l.Parcels[i].State, l.Parcels[i].Refused = ParcelInCell, true
		}
	}
	if l.State == StateExpired {
		l.leave(LeaveExpired, l.storageEnd())
	}
	for _, e := range events {
		l.NextEvent = max(l.NextEvent, e.Seq+1)
		if said(e.Type) > said(l.Said) {
			l.Said = e.Type
		}
		l.recoverStorage(e)
		told := e.Type == EventCancelled || e.Type == EventWithdrawing
		if told && slices.Contains([]string{LeaveCancelled, LeaveRerouted, LeaveRefused, LeaveClosed}, e.Reason) {
			l.leave(e.Reason, e.At)
		}
		if !slices.Contains(parcelEvents(), e.Type) {
			continue
		}
		l.Told = append(l.Told, ToldFact{Type: e.Type, Parcel: e.Parcel, Operation: e.Operation, At: e.At})
		if p := l.parcel(e.Parcel); p != nil {
			p.recoverPlace(e)
			p.recoverRefusal(e.Type)
		}
		if e.Type == EventParcelIn {
			l.LastClose = e.At
			if l.FirstClose.IsZero() {
				l.FirstClose = e.At
			}
		}
	}
	if l.State == StateInTransit {
		l.onItsWay()
	}
	// What couriers were told was written together with the state.
	if w, told := l.withdrawal(); told {
		l.Granted = &w
	}
	return l
}

// ShowAgain is a projection of all that a life knows, for a database that was put back to an
// earlier state. Nothing is told again: what was, was told to people.
func (l *Life) ShowAgain(events []Event) Projection {
	p := l.Projection(events)
	if w, granted := l.withdrawal(); granted || l.Granted != nil {
		l.Granted, p.Withdrawal = &w, &w
	}
	p.Again = &Again{Locker: l.Locker, Room: l.Locker, Issue: l.Issue, Contacts: l.ContactHeard}
	if l.To != "" {
		p.Again.Room = l.To
	}
	return p
}

// onItsWay has what was taken out for another locker be expected there, though the move to it
// was not told.
func (l *Life) onItsWay() {
	l.Leave, l.LeaveAt = "", time.Time{}
	for i := range l.Parcels {
		if p := &l.Parcels[i]; p.State == ParcelWithdrawn && !p.Refused {
			p.State = ParcelExpected
		}
	}
}

// recoverStorage takes in what an event says of the storage time and what followed it.
func (l *Life) recoverStorage(e Event) {
	switch e.Type {
	case EventReady:
		l.Informed = true
	case EventReminderSent:
		l.Reminded++
	case EventStorageExtended:
		l.Extended++
		l.Reminded = 0
		if l.Clock.For == 0 {
			l.Clock = StorageClock{From: e.At}
		}
		l.Clock.For += l.Policy.Extension.Duration()
	case EventExpired:
		l.Clock.For = 0 // longer storage begins anew
	case EventClockPaused:
		l.Pauses = append(l.Pauses, Span{From: e.At})
	case EventClockResumed:
		if n := len(l.Pauses); n > 0 {
			l.Pauses[n-1].Until = e.At
			l.Down, l.Back = n, n // nobody knows; of this pause nothing is told any more
		}
	case EventWithdrawalLate:
		l.LateTold = true
	case EventFrozen:
		l.FrozenAt = e.At
	case EventUnfrozen:
		l.Clock.Held = append(l.Clock.Held, Span{From: l.FrozenAt, Until: e.At})
		l.FrozenAt = time.Time{}
	case EventReturning:
		l.OutAt = e.At
	case EventCapacityLost:
		l.LostRoomAt = e.At
	case EventDelayed:
		l.Delayed = e.At
	case EventRerouted:
		l.ReroutedAt, l.Reminded, l.Extended, l.Rerouted = e.At, 0, 0, l.Rerouted+1
		l.FirstClose, l.LastClose = time.Time{}, time.Time{}
		l.Clock, l.Pauses = StorageClock{From: l.ReadyAt, For: l.Policy.Storage.Duration()}, nil
	}
}

func parcelEvents() []EventType {
	return []EventType{EventParcelIn, EventParcelTaken, EventParcelOut, EventParcelMissing,
		EventParcelRefused, EventParcelDamaged, EventLoadFailed}
}

// recoverPlace takes in where an event says that the parcel is. Of one that lies in a cell another
// cabinet may have told later, and moved nothing.
func (p *ParcelLife) recoverPlace(e Event) {
	if p.State != ParcelInCell || e.Type == EventParcelIn && !e.At.Before(p.At) {
		p.Locker, p.At = e.Locker, e.At
	}
}

// recoverRefusal takes in what an event says of whether the client wants the parcel, and
// whether a courier has failed to load it.
func (p *ParcelLife) recoverRefusal(t EventType) {
	switch t {
	case EventLoadFailed:
		p.Failed = p.State == ParcelExpected
	case EventParcelRefused, EventParcelDamaged:
		p.Refused = p.State == ParcelInCell || p.State == ParcelWithdrawn
	case EventParcelIn, EventParcelTaken:
		p.Refused, p.Failed = false, false
	}
}

// told reports whether a lost life has told of the fact.
func (l *Life) told(f FactSignal) bool {
	tells, _ := parcelEvent(f)
	for _, t := range l.Told {
		if t.Type == tells && t.Parcel == f.Parcel && t.Operation == f.Operation && t.At.Equal(f.At) {
			return true
		}
	}
	return false
}

// overtaken reports whether a later fact of the same cabinet has moved the parcel already:
// the older one, delivered again after a loss, is history and moves nothing.
func (p *ParcelLife) overtaken(f FactSignal) bool {
	return p.Locker == f.Locker && (f.Epoch < p.Epoch || f.Epoch == p.Epoch && f.Seq < p.Seq)
}
