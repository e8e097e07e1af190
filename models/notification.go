package models

import "time"

// NoticeKind is a message's kind; with the language it names the template.
type NoticeKind string

// The kinds.
const (
	NoticeReady        NoticeKind = "ready"
	NoticeCodeReissued NoticeKind = "code_reissued"
	NoticeReminder     NoticeKind = "reminder"
	NoticeExtended     NoticeKind = "storage_extended"
	NoticeIncident     NoticeKind = "incident"
	// NoticeContactChanged tells a contact that was replaced. It has no code.
	NoticeContactChanged NoticeKind = "contact_changed"
)

// CarriesCode reports whether the message tells the pickup code.
func (k NoticeKind) CarriesCode() bool {
	switch k {
	case NoticeReady, NoticeCodeReissued, NoticeReminder, NoticeExtended:
		return true
	}
	return false
}

// MayWait reports whether the message keeps the quiet hours of its place. Those that answer
// what someone has just asked for do not.
func (k NoticeKind) MayWait() bool { return k == NoticeReady || k == NoticeReminder }

// NotificationState is how far a message got.
type NotificationState string

// The states. Sending is written just before the text leaves: a process that dies there
// leaves it behind, and the next attempt knows that the message may have gone.
const (
	NotificationQueued  NotificationState = "queued"
	NotificationSending NotificationState = "sending"
	NotificationSent    NotificationState = "sent"
	NotificationFailed  NotificationState = "failed"
	// NotificationDropped is one that waited until nobody needed it any more.
	NotificationDropped NotificationState = "dropped"
)

// Notification is a message to one recipient. It holds ids only; the text is rendered in
// memory at sending. (Shipment or incident, kind, n) is unique, so telling twice of the
// same thing is impossible.
type Notification struct {
	ID        NotificationID `gorm:"primaryKey"`
	Subject   string         // the shipment's or incident's id
	Kind      NoticeKind
	N         int
	Channel   string // "email"
	Template  string // "<kind>/<version>"
	State     NotificationState
	Uncertain bool // may have been sent twice, with the same Message-ID
	Attempts  int
	Problem   string // the last error's class and SMTP code; never an address
	CreatedAt time.Time
	SentAt    *time.Time
}

// SendInput is the activity that sends a message. Over: it waited for the end of the quiet
// hours, and by now nothing waits for the client any more.
type SendInput struct {
	Notification NotificationID `json:"notification"`
	Over         bool           `json:"over,omitempty"`
}

// SendResult says when to try again, if the message was not sent since people sleep.
type SendResult struct {
	NotBefore time.Time `json:"not_before,omitzero"`
}

// Notice is a notification with what its template needs, read at sending.
type Notice struct {
	Notification Notification
	To           string // the address, in memory only
	Language     string
	Shipment     Shipment
	Incident     Incident
	Locker       Locker
	Location     Location
}
