package models

// ApplyLocker takes in what became of a locker, and returns the events to write. News of a locker
// that the shipment has left, or that was taken in before, changes nothing.
func (l *Life) ApplyLocker(s LockerSignal) []Event {
	if s.Locker != l.Locker && s.Locker != l.To || l.State.Final() {
		return nil
	}
	if s.News == NewsCapacityLost {
		return l.lostRoom(s)
	}
	return nil
}

// lostRoom tells the carrier once, however often the signal comes.
func (l *Life) lostRoom(s LockerSignal) []Event {
	if !s.At.After(l.LostRoomAt) || l.count(ParcelExpected) == 0 && l.To == "" {
		return nil
	}
	l.LostRoomAt = s.At
	return []Event{l.event(EventCapacityLost, FactSignal{At: s.At, Locker: s.Locker})}
}
