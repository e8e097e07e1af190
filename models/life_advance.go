package models

import "time"

// advance takes in that the clock of its test locker was put forward: all that ever happened to
// the shipment did so that much earlier, and so does what time brings. Each advance counts once,
// by when it was made.
func (l *Life) advance(s LockerSignal) {
	if !s.At.After(l.AdvancedAt) {
		return
	}
	l.AdvancedAt = s.At
	if l.Clock.Since.IsZero() {
		l.Clock.Since = l.Clock.From
	}
	by := s.By.Duration()
	moments := []*time.Time{
		&l.Created, &l.LastClose, &l.FirstClose, &l.ReadyAt, &l.EndsAt, &l.Clock.From, &l.LeaveAt, &l.OutAt, &l.ReroutedAt, &l.FrozenAt,
	}
	for i := range l.Clock.Held {
		moments = append(moments, &l.Clock.Held[i].From, &l.Clock.Held[i].Until)
	}
	for _, at := range moments {
		if !at.IsZero() {
			*at = at.Add(-by)
		}
	}
	l.WaitFrom, l.WaitUntil = time.Time{}, time.Time{}
	l.Reckon = l.Reckon || !l.ReadyAt.IsZero()
}
