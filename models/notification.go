package models

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// NoticeKind is a message's kind; with channel and language it names the template.
type NoticeKind string

// The kinds.
const (
	NoticeAnnounced    NoticeKind = "announced"
	NoticeReady        NoticeKind = "ready"
	NoticeCodeReissued NoticeKind = "code_reissued"
	// NoticeCodeAgain tells the code once more, to who asks for it at the cabinet.
	NoticeCodeAgain  NoticeKind = "code_again"
	NoticeReminder   NoticeKind = "reminder"
	NoticeExtended   NoticeKind = "storage_extended"
	NoticeExpired    NoticeKind = "expired"
	NoticeLockerDown NoticeKind = "locker_down"
	NoticeLockerBack NoticeKind = "locker_back"
	NoticeMoved      NoticeKind = "moved"
	NoticePickedUp   NoticeKind = "picked_up"
	NoticeWithdrawn  NoticeKind = "withdrawn"
	NoticeIncident   NoticeKind = "incident"
	// NoticeWebhook tells an organization that its endpoint was given up.
	NoticeWebhook NoticeKind = "webhook_disabled"
	// NoticeContactChanged tells a contact that was replaced. It has no code.
	NoticeContactChanged NoticeKind = "contact_changed"
)

// ClientKinds are the kinds that clients get, in the order of a shipment's life.
func ClientKinds() []NoticeKind {
	return []NoticeKind{NoticeAnnounced, NoticeReady, NoticeCodeReissued, NoticeCodeAgain, NoticeReminder, NoticeExtended, NoticeExpired,
		NoticeLockerDown, NoticeLockerBack, NoticeMoved, NoticePickedUp, NoticeWithdrawn, NoticeContactChanged}
}

// OptionalKinds are those that clients get only under a policy that says so.
func OptionalKinds() []NoticeKind { return []NoticeKind{NoticeAnnounced, NoticePickedUp} }

// OfIncident reports whether the message is about an incident, and not to a client.
func (k NoticeKind) OfIncident() bool { return k == NoticeIncident || k == NoticeWebhook }

// CarriesCode reports whether the message tells the pickup code.
func (k NoticeKind) CarriesCode() bool {
	switch k {
	case NoticeReady, NoticeCodeReissued, NoticeCodeAgain, NoticeReminder, NoticeExtended, NoticeExpired, NoticeLockerBack:
		return true
	}
	return false
}

// NeedsCode reports whether the message is of no use without the pickup code.
func (k NoticeKind) NeedsCode() bool {
	return k == NoticeReady || k == NoticeCodeReissued || k == NoticeCodeAgain
}

// MayWait reports whether the message keeps the quiet hours of its place. Those that answer
// what someone has just asked for or done do not.
func (k NoticeKind) MayWait() bool {
	switch k {
	case NoticeAnnounced, NoticeReady, NoticeReminder, NoticeExpired, NoticeLockerDown, NoticeLockerBack, NoticeMoved:
		return true
	}
	return false
}

// Outlasts reports whether a message that has waited is of use also when nothing waits in a cell
// for its client.
func (k NoticeKind) Outlasts() bool { return k == NoticeAnnounced || k == NoticeMoved }

// Channel is a way to a recipient.
type Channel string

// The channels.
const (
	ChannelEmail Channel = "email"
	ChannelSMS   Channel = "sms"
)

// Channels are the ways by which a client is told: by SMS whoever has a phone, by e-mail who
// has none. What the client cannot do without, "ready", goes both ways; what asks nothing of
// who has both goes by e-mail, which costs nothing.
func (k NoticeKind) Channels(c Contact) []Channel {
	switch {
	case c.Phone == "" && c.Email == "":
		return nil
	case c.Phone == "":
		return []Channel{ChannelEmail}
	case c.Email != "" && k == NoticeReady:
		return []Channel{ChannelSMS, ChannelEmail}
	case c.Email != "" && (k == NoticeAnnounced || k == NoticePickedUp || k == NoticeWithdrawn):
		return []Channel{ChannelEmail}
	}
	return []Channel{ChannelSMS}
}

// NotificationState is how far a message got.
type NotificationState string

// The states. Sending is written just before the text leaves: a process that dies there
// leaves it behind, and the next attempt knows that the message may have gone.
const (
	NotificationQueued  NotificationState = "queued"
	NotificationSending NotificationState = "sending"
	// NotificationUncertain is an SMS that the provider may have: it is asked before any repeat.
	NotificationUncertain NotificationState = "uncertain"
	NotificationSent      NotificationState = "sent"
	// NotificationDelivered and NotificationUndelivered are what the provider tells after "sent".
	NotificationDelivered   NotificationState = "delivered"
	NotificationUndelivered NotificationState = "undelivered"
	NotificationFailed      NotificationState = "failed"
	// NotificationDropped is one that waited until nobody needed it any more.
	NotificationDropped NotificationState = "dropped"
	// NotificationSandboxed is one of a test shipment: it was made, and never left.
	NotificationSandboxed NotificationState = "sandboxed"
)

// Unsent are the states of a message that still has to leave.
func Unsent() []NotificationState {
	return []NotificationState{NotificationQueued, NotificationSending, NotificationUncertain}
}

// Unsent reports whether the message still has to leave.
func (s NotificationState) Unsent() bool { return slices.Contains(Unsent(), s) }

// MayBeResent reports whether the message may be sent again: it did not arrive, and nothing more is tried.
func (s NotificationState) MayBeResent() bool {
	return s == NotificationFailed || s == NotificationUndelivered
}

// MayHaveLeft reports whether nobody knows if the message has left.
func (s NotificationState) MayHaveLeft() bool {
	return s == NotificationSending || s == NotificationUncertain
}

// NotificationView is a notification as its organizations see it: the recipient is masked, and
// empty once erased.
type NotificationView struct {
	Notification
	Recipient string
	Shipment  ShipmentID
}

// NotificationQuery asks for a page of notifications, the newest first; empty fields ask for all.
// Cursor is the last id of the page before.
type NotificationQuery struct {
	Page
	Actor    Actor
	Shipment ShipmentID
	State    NotificationState
	Kind     NoticeKind
	Channel  Channel
}

// TemplatePreview is a template filled in with an example.
type TemplatePreview struct {
	Subject  string
	Text     string
	HTML     string
	Segments int         // of an SMS
	Encoding SMSEncoding // of an SMS
	Unknown  []string    // placeholders that nothing fills in
}

// Notification is a message to one recipient by one channel. It holds ids only; the text is
// rendered in memory at sending. (Shipment or incident, kind, n, channel) is unique, so
// telling twice of the same thing is impossible.
type Notification struct {
	ID        NotificationID `gorm:"primaryKey"`
	Subject   string         // the shipment's or incident's id
	Kind      NoticeKind
	N         int
	Channel   Channel
	Template  string // "<kind>/<version>"
	State     NotificationState
	Uncertain bool // may have been sent twice
	Attempts  int
	Problem   string // the last error's class and code; never an address
	CreatedAt time.Time
	SentAt    *time.Time

	SendingAt *time.Time // when the latest attempt began
	// Mark is a keyed hash of the text that the latest attempt sent: by it the message is
	// found again at the provider.
	Mark string
	Ref  string // the provider's name of the message
	// Retries counts messages that were not delivered and are sent again.
	Retries int
	// Instead is the message by another channel that took this one's place.
	Instead     NotificationID
	DeliveredAt *time.Time
}

// SendInput is the activity that sends a message. Over: it waited for the end of the quiet
// hours, and by now nothing waits for the client any more.
type SendInput struct {
	Notification NotificationID `json:"notification"`
	Over         bool           `json:"over,omitempty"`
}

// SendResult says when to try again, if the message was not sent since people sleep, or which
// message by another channel is to be sent instead. Outlasts: it is of use then in any case.
type SendResult struct {
	NotBefore time.Time      `json:"not_before,omitzero"`
	Outlasts  bool           `json:"outlasts,omitempty"`
	Instead   NotificationID `json:"instead,omitempty"`
}

// Notice is a notification with what its template needs, read at sending.
type Notice struct {
	Notification Notification
	To           string // the address or phone, in memory only
	Language     string
	Shipment     Shipment
	Incident     Incident
	Webhook      Webhook // of an incident about one
	Locker       Locker
	Location     Location
	// Over: what it tells of is over before it has left, as a locker that is down is back.
	Over bool
	// Own is the organization's or network's own text, if there is one.
	Own *Template
}

// Refusal is what a mail server or SMS provider said no with.
type Refusal struct {
	By   string // who: "mail server", "SMS provider"
	Code int    // SMTP reply or the provider's code
	// Final: the same again would be refused again.
	Final bool
	// After is how long to wait before the next attempt, where that is known, and Retries how
	// often one that was taken and not delivered may be sent again.
	After   time.Duration
	Retries int
	// OptedOut: the recipient wants no more of these.
	OptedOut bool
	// Alarm: our account or settings are at fault, not the message.
	Alarm bool
}

// Problem names a refusal, without any address.
func (r Refusal) Problem() string {
	if r.Code == 0 {
		return r.By
	}
	return r.By + " answered " + itoa(r.Code)
}

// SMSReport is what a provider tells of a message after it took it.
type SMSReport struct {
	Notification NotificationID
	Attempt      int
	Ref          string
	Phone        string            // hashed, see PhoneHash
	State        NotificationState // sent, delivered or undelivered
	Refusal      Refusal           // of one that is undelivered
}

// SMSReply is a text that a phone sent to us.
type SMSReply struct {
	Phone string // hashed, see PhoneHash
	Stop  bool   // no more SMS; false: they are welcome again
}

// SMSHook is what a provider's call tells: a report, a reply, or nothing of interest.
type SMSHook struct {
	Report *SMSReport
	Reply  *SMSReply
}

// Masked shows enough of an address or phone to recognise it, and no more.
func Masked(to string) string {
	if at := strings.LastIndexByte(to, '@'); at > 0 {
		_, first := utf8.DecodeRuneInString(to) // half a letter is no text that a database takes
		return to[:first] + "…" + to[at:]
	}
	if len(to) > 5 {
		return to[:2] + "…" + to[len(to)-2:]
	}
	return ""
}
