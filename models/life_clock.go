package models

import "time"

const (
	// pausesTold bounds what a cabinet that comes and goes adds to a life's history. All of
	// its pauses count; those after these are not told.
	pausesTold = 20
	// waitLeast and waitMost bound how long a life waits before it asks again whether its
	// cabinet is back; in between it is a quarter of what it has waited already.
	waitLeast = 5 * time.Second
	waitMost  = 30 * time.Minute
)

// NeedsClock reports whether time is about to remind the client or to end storage. Whether it
// may is not known to a life alone: see TakeClock.
func (l *Life) NeedsClock(now time.Time) bool {
	if l.State != StateReady && l.State != StatePartlyPickedUp || l.count(ParcelInCell) == 0 {
		return false
	}
	at, _, ok := l.Deadline()
	return ok && !now.Before(at)
}

// AskClock is the question to which TakeClock takes the answer.
func (l *Life) AskClock() ClockInput {
	return ClockInput{Shipment: l.Shipment, Locker: l.Locker, Clock: l.storageClock()}
}

// Waits reports whether something waits in a cell for the client, who may come for it.
func (l *Life) Waits() bool {
	switch l.State {
	case StateReady, StatePartlyPickedUp, StateExpired:
		return l.wanted() > 0
	}
	return false
}

// TakeEnd takes in the end of storage as it was reckoned. What the client was told is never
// taken back.
func (l *Life) TakeEnd(end time.Time) {
	if end.After(l.storageEnd()) && !l.ReadyAt.IsZero() {
		l.EndsAt = end
	}
}

// TakeClock takes in how the storage clock stands, and tells of the pauses that are new. While
// the cabinet is away, or has facts that are not here yet, nobody is reminded and nothing
// expires: the parcel may be with the client already.
func (l *Life) TakeClock(c ClockResult, now time.Time) []Event {
	l.TakeEnd(c.EndsAt)
	if c.Current {
		l.WaitFrom, l.WaitUntil = time.Time{}, time.Time{}
	} else {
		if l.WaitFrom.IsZero() {
			l.WaitFrom = now
		}
		l.WaitUntil = now.Add(min(max(now.Sub(l.WaitFrom)/4, waitLeast), waitMost))
	}
	events := l.tellPauses(c.Outages)
	l.tellDown(now)
	return events
}

func (l *Life) tellPauses(outages []Span) []Event {
	var events []Event
	for _, o := range outages {
		i := l.pause(o.From)
		if i < 0 && len(l.Pauses) < pausesTold {
			i = len(l.Pauses)
			l.Pauses = append(l.Pauses, Span{From: o.From})
			events = append(events, l.event(EventClockPaused, FactSignal{At: o.From, Locker: l.Locker}))
		}
		if i >= 0 && l.Pauses[i].Until.IsZero() && !o.Until.IsZero() {
			l.Pauses[i].Until = o.Until
			events = append(events, l.event(EventClockResumed, FactSignal{At: o.Until, Locker: l.Locker}))
		}
	}
	return events
}
