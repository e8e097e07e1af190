package models

import (
	"slices"
	"time"
)

// downLeast is how long a locker is away before its clients are told: most come back by themselves.
const downLeast = 10 * time.Minute

// WantsShow reports whether the client is to be told something that no event brings.
func (l *Life) WantsShow() bool { return len(l.Tell) > 0 }

// Announce has the client told of the announcement once, if the policy says so.
func (l *Life) Announce() {
	if l.Policy.Tells(NoticeAnnounced) && l.Notify == NotifyContact && !l.Announced && l.State == StateCreated {
		l.Announced = true
		l.Tell = append(l.Tell, NoticeAnnounced)
	}
}

// notices adds the messages to a projection that it brings.
func (l *Life) notices(p *Projection) {
	add := func(k NoticeKind) {
		if slices.Contains(p.Notify, k) {
			return
		}
		p.Notify = append(p.Notify, k)
		l.Informed = true
		if n := l.numberOf(k); n > 0 {
			if p.Numbers == nil {
				p.Numbers = map[NoticeKind]int{}
			}
			p.Numbers[k] = n
		}
	}
	for _, e := range p.Events {
		if kind, ok := l.noticeOf(e.Type); ok {
			add(kind)
		}
	}
	for _, kind := range l.Tell {
		add(kind)
	}
	l.Tell = nil
}

// noticeOf is the message to the client that an event brings. A code that nobody was told
// of yet needs no message that it has changed, and a parcel of which the client has not heard
// none of where it went.
func (l *Life) noticeOf(t EventType) (k NoticeKind, ok bool) {
	heard := !l.ReadyAt.IsZero()
	switch t {
	case EventReady:
		k = NoticeReady
	case EventCodeReissued:
		k = NoticeCodeReissued
	case EventReminderSent:
		k = NoticeReminder
	case EventStorageExtended:
		k = NoticeExtended
	case EventExpired:
		k = NoticeExpired
	case EventRerouted:
		k, heard = NoticeMoved, l.Informed
	case EventPickedUp:
		k, heard = NoticePickedUp, heard && l.Policy.Tells(NoticePickedUp)
	case EventReturning, EventCancelled:
		k = NoticeWithdrawn
	}
	return k, k != "" && l.Notify == NotifyContact && heard
}

// tellDown has the client told that the locker is away, once for each pause that lasts, and that
// it is back if the client was told that it was away.
func (l *Life) tellDown(now time.Time) {
	n := len(l.Pauses)
	if n == 0 || l.Notify != NotifyContact || l.wanted() == 0 {
		return
	}
	last := l.Pauses[n-1]
	switch {
	case last.Until.IsZero() && l.Down < n && now.Sub(last.From) >= downLeast:
		l.Down = n
		l.Tell = append(l.Tell, NoticeLockerDown)
	case !last.Until.IsZero() && l.Down == n && l.Back < n:
		l.Back = n
		l.Tell = append(l.Tell, NoticeLockerBack)
	}
}

// numberOf is which of its kind a message is, where a client may get several. Each locker that
// the shipment goes to begins anew.
func (l *Life) numberOf(k NoticeKind) int {
	const perLocker = 1000
	n := perLocker * l.Rerouted
	switch k {
	case NoticeReady, NoticeMoved, NoticeWithdrawn:
		return n
	case NoticeReminder:
		return n + l.Extended*len(l.Policy.Reminders) + l.Reminded
	case NoticeExtended, NoticeExpired:
		return n + l.Extended
	case NoticeLockerDown:
		return n + l.Down
	case NoticeLockerBack:
		return n + l.Back
	}
	return 0
}
