package models

import "time"

// store begins the storage time: the client is told now, or has taken something.
func (l *Life) store(at time.Time) {
	l.ReadyAt, l.EndsAt = at, at.Add(l.Policy.Storage.Duration())
	l.Clock, l.Reckon = StorageClock{From: at, For: l.Policy.Storage.Duration()}, true
}

// storageEnd is the end of storage. Lives that began before it could be lengthened have
// none of their own.
func (l *Life) storageEnd() time.Time {
	if l.EndsAt.IsZero() {
		return l.ReadyAt.Add(l.Policy.Storage.Duration())
	}
	return l.EndsAt
}

// storageClock is what the end of storage is reckoned from. Lives that began before clocks
// were fair have none of their own.
func (l *Life) storageClock() StorageClock {
	if l.Clock.From.IsZero() {
		return StorageClock{From: l.ReadyAt, For: l.storageEnd().Sub(l.ReadyAt)}
	}
	return l.Clock
}

// nextReminder is when the client is reminded next. One that would come before the message
// that the parcel is ready is left out.
func (l *Life) nextReminder() (at time.Time, ok bool) {
	if l.wanted() == 0 {
		return time.Time{}, false
	}
	for i := l.Reminded; i < len(l.Policy.Reminders); i++ {
		if at = l.storageEnd().Add(-l.Policy.Reminders[i].Duration()); at.After(l.ReadyAt) {
			return at, true
		}
	}
	return time.Time{}, false
}

// remind tells the client once, however many reminders are due: after an outage several may
// be.
func (l *Life) remind(now time.Time, f FactSignal) []Event {
	for l.Reminded < len(l.Policy.Reminders) && !now.Before(l.storageEnd().Add(-l.Policy.Reminders[l.Reminded].Duration())) {
		l.Reminded++
	}
	return []Event{l.event(EventReminderSent, f)}
}

// leave has the parcels leave their cells from now on, for a reason.
func (l *Life) leave(reason string, at time.Time) {
	l.Leave, l.LeaveAt, l.LateTold = reason, at, false
}

// overdue is when it is told that no courier came for what has to leave.
func (l *Life) overdue() (at time.Time, summary string, ok bool) {
	if l.LateTold || l.LeaveAt.IsZero() || l.Policy.WithdrawalOverdue <= 0 {
		return time.Time{}, "", false
	}
	return l.LeaveAt.Add(l.Policy.WithdrawalOverdue.Duration()), "told that nobody took the parcels out", true
}

// CheckExtend returns invalid_state when storage cannot be lengthened.
func (l *Life) CheckExtend() error {
	if _, ok := l.State.Next(DoExtend); !ok {
		return Errorf(CodeInvalidState, "The shipment is %s: there is no storage time to lengthen.", l.State)
	}
	if l.Extended >= l.Policy.Extensions {
		return Errorf(CodeInvalidState, "Storage was lengthened %d times already, which is as often as the policy %s allows.", l.Extended, l.Policy.Name)
	}
	return nil
}

// Extend lengthens the storage time. After its end it runs from now: the client's code works
// on, and couriers do not take the parcels out any more.
func (l *Life) Extend(now time.Time) []Event {
	longer := l.Policy.Extension.Duration()
	l.Clock = l.storageClock()
	if now.After(l.storageEnd()) {
		l.EndsAt, l.Clock = now, StorageClock{From: now}
	} else {
		l.EndsAt = l.storageEnd()
	}
	l.EndsAt, l.Clock.For, l.Reckon = l.EndsAt.Add(longer), l.Clock.For+longer, true
	l.Extended++
	l.Reminded = 0 // those that are still to come before the new end
	for l.Reminded < len(l.Policy.Reminders) && !now.Before(l.EndsAt.Add(-l.Policy.Reminders[l.Reminded].Duration())) {
		l.Reminded++
	}
	l.Leave, l.LeaveAt = "", time.Time{}
	f := FactSignal{At: now, Locker: l.Locker}
	return l.move([]Event{l.event(EventStorageExtended, f)}, DoExtend, f)
}
