package models

import (
	"slices"
	"time"
)

// ApplyLocker takes in what became of a locker, and returns the events to write. News of a locker
// that the shipment has left, or that was taken in before, changes nothing.
func (l *Life) ApplyLocker(s LockerSignal) []Event {
	if s.Locker != l.Locker && s.Locker != l.To || l.State.Final() {
		return nil
	}
	switch s.News {
	case NewsCapacityLost:
		return l.lostRoom(s)
	case NewsClosed:
		return l.closed(s)
	case NewsDown:
		return l.lockerDown(s)
	case NewsBack:
		return l.lockerBack(s)
	case NewsAdvanced:
		l.advance(s)
	}
	return nil
}

// tellsOfOutages reports whether an outage concerns the client: something waits for it, and time would run.
func (l *Life) tellsOfOutages(s LockerSignal) bool {
	return l.Locker == s.Locker && (l.State == StateReady || l.State == StatePartlyPickedUp) && !l.Frozen() && l.wanted() > 0
}

// lockerDown has the client told, once for each outage, that the locker is away and time has stopped. One that is over,
// or of which a reminder that was due has told, is told no more.
func (l *Life) lockerDown(s LockerSignal) []Event {
	if !l.tellsOfOutages(s) {
		return nil
	}
	events := l.tellPauses([]Span{{From: s.At}})
	if i := l.pause(s.At); i >= 0 && l.Pauses[i].Until.IsZero() && l.Down <= i && l.Notify == NotifyContact {
		l.Down = i + 1
		l.Tell = append(l.Tell, NoticeLockerDown)
	}
	return events
}

// lockerBack has the client told that the locker is back, if it was told that it was away, and has the end of storage
// reckoned with the outage in it. One of which nothing was told is told when it moves the end.
func (l *Life) lockerBack(s LockerSignal) []Event {
	i := l.pause(s.Since)
	if i < 0 || !l.Pauses[i].Until.IsZero() || !l.tellsOfOutages(s) {
		return nil
	}
	events := l.tellPauses([]Span{{From: s.Since, Until: s.At}})
	l.Reckon = true
	if l.Down == i+1 && l.Back <= i && l.Notify == NotifyContact {
		l.Back = i + 1
		l.Tell = append(l.Tell, NoticeLockerBack)
	}
	return events
}

// pause is the place of the pause that began at a moment among those that were told; -1: there is none.
func (l *Life) pause(from time.Time) int {
	return slices.IndexFunc(l.Pauses, func(p Span) bool { return p.From.Equal(from) })
}

// closed has what lies at a closed locker taken out, to go back. What is held back stays, until
// it is held back no more and the locker asks again.
func (l *Life) closed(s LockerSignal) []Event {
	_, leaves := l.State.Next(DoClose)
	if !leaves || l.Frozen() || l.Locker != s.Locker || l.count(ParcelInCell) == 0 {
		return nil
	}
	l.leave(LeaveClosed, s.At)
	return l.move(nil, DoClose, FactSignal{At: s.At, Locker: s.Locker, Reason: LeaveClosed})
}

// lostRoom tells the carrier once, however often the signal comes.
func (l *Life) lostRoom(s LockerSignal) []Event {
	if !s.At.After(l.LostRoomAt) || l.count(ParcelExpected) == 0 && l.To == "" {
		return nil
	}
	l.LostRoomAt = s.At
	return []Event{l.event(EventCapacityLost, FactSignal{At: s.At, Locker: s.Locker})}
}
