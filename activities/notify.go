package activities

import (
	"context"
	"errors"
	"strconv"
	"time"

	"go.temporal.io/sdk/temporal"

	"cubby/models"
)

// Message is a rendered message. It lives in memory only.
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

// Rejected is a mail server's refusal. Permanent ones (5yz) are not tried again. Code is
// the SMTP reply code; the text is left out, as it may quote the address.
type Rejected struct {
	Code      int
	Permanent bool
}

// Error implements error.
func (r *Rejected) Error() string { return "mail server answered " + strconv.Itoa(r.Code) }

// Renderer makes a message from a notice. code is the pickup code for messages that
// carry one.
type Renderer interface {
	// Render returns invalid_request for a kind that it has no template for.
	Render(n models.Notice, code string) (Message, error)
}

// Notify are the activities that send messages.
type Notify struct {
	Notices  Notices
	Mailer   Mailer
	Renderer Renderer
	Keys     Keyring
	Now      func() time.Time
}

// SendNotification sends one message. The row says "sending" just before the text leaves
// and "sent" after the server took it: a process that dies in between leaves a row whose
// next attempt is marked uncertain and carries the same Message-ID.
//
// A message that may wait is not sent in the quiet hours of its place: the result says when
// they end.
func (a *Notify) SendNotification(ctx context.Context, in models.SendInput) (models.SendResult, error) {
	n, err := a.Notices.Notice(ctx, in.Notification)
	if models.ErrorCode(err) == models.CodeNotFound {
		return models.SendResult{}, failure(a.Notices.Drop(ctx, in.Notification)) // erased meanwhile: there is nobody to tell
	}
	if err != nil {
		return models.SendResult{}, failure(err)
	}
	switch {
	case n.Notification.State == models.NotificationSent:
		return models.SendResult{}, nil
	case in.Over:
		return models.SendResult{}, failure(a.Notices.Drop(ctx, in.Notification))
	}
	if until, quiet := quietUntil(n, a.Now()); quiet {
		return models.SendResult{NotBefore: until}, nil
	}
	return models.SendResult{}, a.send(ctx, n)
}

// quietUntil is when the quiet hours end that hold a message back.
func quietUntil(n models.Notice, now time.Time) (until time.Time, quiet bool) {
	if !n.Notification.Kind.MayWait() || n.Notification.State != models.NotificationQueued {
		return time.Time{}, false
	}
	return n.Location.QuietHours.Until(n.Location.Zone(), now)
}

// send sends a message now.
func (a *Notify) send(ctx context.Context, n models.Notice) error {
	id := n.Notification.ID
	var code string
	if n.Notification.Kind.CarriesCode() {
		key, err := a.Keys.CabinetKey(n.Shipment.Locker)
		if err != nil {
			return err
		}
		code = models.PickupCode(key, n.Shipment.ID, n.Shipment.Issue)
	}
	msg, err := a.Renderer.Render(n, code)
	if err != nil {
		return failure(err)
	}
	err = a.Mailer.Send(ctx, msg, func() error { return a.Notices.Sending(ctx, id) })
	if models.ErrorCode(err) == models.CodeConflict {
		return nil // another attempt of this activity has sent it
	}
	if err == nil {
		return failure(a.Notices.Sent(ctx, id))
	}
	var no *Rejected
	if !errors.As(err, &no) {
		// Nothing is known of the text if it had begun to leave: the row stays as it is.
		return err
	}
	if err := a.Notices.NotSent(ctx, id, no.Permanent, no.Error()); err != nil {
		return failure(err)
	}
	if no.Permanent {
		return temporal.NewNonRetryableApplicationError(no.Error(), "rejected", nil)
	}
	return no
}
