package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"cubby/models"
)

// Message is a rendered message. It lives in memory only. An SMS has no subject and no HTML.
type Message struct {
	ID      string // stable over attempts: the Message-ID
	To      string
	Subject string
	Text    string
	HTML    string
}

// Mailer sends e-mail.
type Mailer interface {
	// Send hands a message to the mail server. leaving is called when everything up to DATA
	// has been accepted, just before the text leaves; an error from it stops the sending. A
	// *Rejected error tells that the server said no.
	Send(ctx context.Context, m Message, leaving func() error) error
}

// Text is an SMS that leaves.
type Text struct {
	Notification models.NotificationID
	Attempt      int // counts from 1
	To           string
	Body         string
}

// Texter sends SMS through a provider. No error of it holds a phone or a text.
type Texter interface {
	// Send hands a text over and returns the provider's name of it. It returns *Rejected when
	// the provider said no, *NotTaken when it was not reached; after any other error it may
	// have the text or not.
	Send(ctx context.Context, t Text) (ref string, err error)
	// Find asks for a text to a phone that the provider took since then, and returns the
	// provider's name of it; empty: there is none.
	Find(ctx context.Context, to string, since time.Time, matches func(body string) bool) (ref string, err error)
}

// Rejected is the refusal of a mail server or SMS provider. The text of the answer is left
// out, as it may quote the address.
type Rejected struct{ models.Refusal }

// Error implements error.
func (r *Rejected) Error() string { return r.Problem() }

// NotTaken is an SMS that certainly did not reach its provider.
type NotTaken struct{ Reason string }

// Error implements error.
func (n *NotTaken) Error() string { return n.Reason }

// Renderer makes a message from a notice, for the notification's channel. code is the pickup
// code for messages that carry one.
type Renderer interface {
	// Render returns invalid_request for a kind that it has no template for.
	Render(n models.Notice, code string) (Message, error)
}

// Notify are the activities that send messages.
type Notify struct {
	Notices  Notices
	Mailer   Mailer
	Texter   Texter // nil: SMS is switched off
	Renderer Renderer
	Keys     Keyring
	// Tests: also messages of test shipments leave, as they cost nothing where mail and SMS go to stand-ins.
	Tests bool
	// TextKey is the key of the hashes of phones and texts.
	TextKey []byte
	// Settle is how long after an attempt a provider is asked what became of it: what it took
	// is on its list by then.
	Settle time.Duration
	Now    func() time.Time
}

// SendNotification sends one message. The row says "sending" just before the text leaves
// and "sent" after the other side took it: a process that dies in between leaves a row whose
// next attempt knows. An e-mail goes again with the same Message-ID and is marked uncertain;
// an SMS goes again only when the provider, asked, does not have it.
//
// A message that may wait is not sent in the quiet hours of its place: the result says when
// they end. One of a test shipment is made and goes nowhere. One that tells of what is over by then is dropped. One that its channel cannot bring names the one to be sent instead, if there is.
func (a *Notify) SendNotification(ctx context.Context, in models.SendInput) (models.SendResult, error) {
	n, err := a.Notices.Notice(ctx, in.Notification)
	if models.ErrorCode(err) == models.CodeNotFound {
		return models.SendResult{}, failure(a.Notices.Drop(ctx, in.Notification)) // erased meanwhile: there is nobody to tell
	}
	if err != nil {
		return models.SendResult{}, failure(err)
	}
	row := n.Notification
	switch {
	case !row.State.Unsent():
		return models.SendResult{Instead: row.Instead}, nil
	case (in.Over || n.Over) && row.State == models.NotificationQueued:
		return models.SendResult{}, failure(a.Notices.Drop(ctx, in.Notification))
	}
	if until, quiet := quietUntil(n, a.Now()); quiet {
		return models.SendResult{NotBefore: until, Outlasts: row.Kind.Outlasts()}, nil
	}
	if n.Shipment.Test && !a.Tests && row.State == models.NotificationQueued {
		return models.SendResult{}, a.sandbox(ctx, n)
	}
	if row.Channel == models.ChannelSMS {
		return a.text(ctx, n)
	}
	return a.mail(ctx, n)
}

// sandbox makes a message, so that a text that cannot be made fails as it would, and lets it not leave.
func (a *Notify) sandbox(ctx context.Context, n models.Notice) error {
	if _, err := a.render(n); err != nil {
		return err
	}
	return failure(a.Notices.Sandboxed(ctx, n.Notification.ID))
}

// quietUntil is when the quiet hours end that hold a message back.
func quietUntil(n models.Notice, now time.Time) (until time.Time, quiet bool) {
	if !n.Notification.Kind.MayWait() || n.Notification.State != models.NotificationQueued {
		return time.Time{}, false
	}
	return n.Location.QuietHours.Until(n.Location.Zone(), now)
}

// render makes the text in memory, with the pickup code where it belongs.
func (a *Notify) render(n models.Notice) (Message, error) {
	var code string
	if n.Notification.Kind.CarriesCode() {
		key, err := a.Keys.CabinetKey(n.Shipment.Locker)
		if err != nil {
			return Message{}, err
		}
		code = n.Shipment.Codes.Code(key, n.Shipment.ID, n.Shipment.Issue)
	}
	msg, err := a.Renderer.Render(n, code)
	return msg, failure(err)
}

func (a *Notify) mail(ctx context.Context, n models.Notice) (models.SendResult, error) {
	row := n.Notification
	msg, err := a.render(n)
	if err != nil {
		return models.SendResult{}, err
	}
	err = a.Mailer.Send(ctx, msg, func() error { return a.Notices.Sending(ctx, row.ID, row.Attempts, "") })
	if err == nil {
		return models.SendResult{}, failure(a.Notices.Sent(ctx, row.ID, ""))
	}
	var no *Rejected
	switch {
	case models.ErrorCode(err) == models.CodeConflict:
		return a.overtaken(ctx, row.ID)
	case errors.As(err, &no):
		return a.refused(ctx, row, no.Refusal)
	}
	// Nothing is known of the text if it had begun to leave: the row stays as it is.
	return models.SendResult{}, err
}

// refused records that the other side does not take a message.
func (a *Notify) refused(ctx context.Context, row models.Notification, r models.Refusal) (models.SendResult, error) {
	again, instead, err := a.Notices.NotSent(ctx, row.ID, r)
	switch {
	case err != nil:
		return models.SendResult{}, failure(err)
	case again:
		return models.SendResult{}, later(&Rejected{r}, r.After)
	case instead != "":
		return models.SendResult{Instead: instead}, nil
	}
	return models.SendResult{}, temporal.NewNonRetryableApplicationError(r.Problem(), "rejected", nil)
}

// overtaken is what comes of an attempt while another one is at the message, or has sent it. The
// other one may be cut off, and then nobody else sends the message: it is looked at again when the
// other one is over in any case.
func (a *Notify) overtaken(ctx context.Context, id models.NotificationID) (models.SendResult, error) {
	n, err := a.Notices.Notice(ctx, id)
	switch {
	case models.ErrorCode(err) == models.CodeNotFound:
		return models.SendResult{}, nil
	case err != nil:
		return models.SendResult{}, failure(err)
	case n.Notification.State.Unsent():
		return models.SendResult{}, later(errors.New("another attempt is at it"), anotherAttempt)
	}
	return models.SendResult{Instead: n.Notification.Instead}, nil
}

// anotherAttempt is longer than an attempt may take.
const anotherAttempt = 20 * time.Second

// later has the activity run again after a time; 0: after the usual one.
func later(cause error, after time.Duration) error {
	if after <= 0 {
		return cause
	}
	return temporal.NewApplicationErrorWithOptions(cause.Error(), "later", temporal.ApplicationErrorOptions{NextRetryDelay: after})
}
