package models

import "time"

// HearContact takes in that the shipment's client is reached otherwise. Change counts those
// that need a new code: the client knew the one before.
func (l *Life) HearContact(c ContactSignal) {
	l.Notify = c.NotifyBy
	l.ContactHeard = max(l.ContactHeard, c.Change)
}

// NewContact reports whether a contact was replaced whose code is to die.
func (l *Life) NewContact() bool { return l.ContactHeard > l.ContactDone }

// NeedsCode reports whether a new contact needs a new code: the old one would still open.
func (l *Life) NeedsCode() bool { return l.State.hasCode() }

// TakeContact takes in the new code of a new contact, the issue that is known where none is
// needed, and has the contact before told with the next projection.
func (l *Life) TakeContact(change, issue int, now time.Time) []Event {
	if change <= l.ContactDone {
		return nil
	}
	l.ContactDone, l.TellFormer = change, change
	return l.Reissued(issue, now)
}
