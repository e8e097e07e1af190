package activities

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"cubby/models"
)

// providerSkew is what a provider's clock may differ by from ours.
const providerSkew = 2 * time.Minute

// text sends an SMS, after having asked what became of an attempt of which nothing is known.
func (a *Notify) text(ctx context.Context, n models.Notice) (models.SendResult, error) {
	row := n.Notification
	if a.Texter == nil {
		return a.refused(ctx, row, models.Refusal{By: "SMS is switched off", Final: true})
	}
	if row.State.MayHaveLeft() {
		if known, err := a.askBack(ctx, n); known || err != nil {
			return models.SendResult{}, err
		}
	}
	phone := models.PhoneHash(a.TextKey, n.To)
	if out, err := a.Notices.OptedOut(ctx, phone); err != nil {
		return models.SendResult{}, failure(err)
	} else if out {
		return a.refused(ctx, row, models.Refusal{By: "the phone wants no SMS", Final: true})
	}
	msg, err := a.render(n)
	if err != nil {
		return models.SendResult{}, err
	}
	err = a.Notices.Sending(ctx, row.ID, row.Attempts, models.TextMark(a.TextKey, msg.Text))
	if models.ErrorCode(err) == models.CodeConflict {
		return a.overtaken(ctx, row.ID)
	}
	if err != nil {
		return models.SendResult{}, failure(err)
	}
	ref, err := a.Texter.Send(ctx, Text{Notification: row.ID, Attempt: row.Attempts + 1, To: n.To, Body: msg.Text})
	if err == nil {
		return models.SendResult{}, failure(a.Notices.Sent(ctx, row.ID, ref))
	}
	var no *Rejected
	var away *NotTaken
	switch {
	case errors.As(err, &no) && no.OptedOut:
		if err := a.Notices.OptOut(ctx, phone, true); err != nil {
			return models.SendResult{}, failure(err)
		}
		return a.refused(ctx, row, no.Refusal)
	case errors.As(err, &no):
		return a.refused(ctx, row, no.Refusal)
	case errors.As(err, &away):
		return a.refused(ctx, row, models.Refusal{By: away.Reason})
	}
	if err := a.Notices.Uncertain(ctx, row.ID, row.Attempts+1); err != nil {
		return models.SendResult{}, failure(err)
	}
	return models.SendResult{}, later(err, a.Settle)
}

// askBack asks the provider what became of the latest attempt. known: it has the text, and the
// row says so by now.
func (a *Notify) askBack(ctx context.Context, n models.Notice) (known bool, err error) {
	row := n.Notification
	began := a.Now()
	if row.SendingAt != nil {
		began = *row.SendingAt
	}
	if wait := began.Add(a.Settle).Sub(a.Now()); wait > 0 {
		return false, later(errors.New("the provider may have the text: it is asked in a while"), wait)
	}
	ref, err := a.Texter.Find(ctx, n.To, began.Add(-providerSkew), func(body string) bool {
		return subtle.ConstantTimeCompare([]byte(models.TextMark(a.TextKey, body)), []byte(row.Mark)) == 1
	})
	if err != nil || ref == "" {
		return false, err
	}
	return true, failure(a.Notices.Sent(ctx, row.ID, ref))
}
