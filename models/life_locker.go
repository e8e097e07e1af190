package models

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
	case NewsAdvanced:
		l.advance(s)
	}
	return nil
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
