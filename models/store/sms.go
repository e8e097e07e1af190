package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// optOut is a phone that wants no SMS.
type optOut struct {
	Phone string `gorm:"primaryKey"` // a keyed hash
	Since time.Time
}

// TableName is the table of phones that want no SMS.
func (optOut) TableName() string { return "sms_opt_outs" }

// OptedOut reports whether a phone wants no SMS.
func (s *Store) OptedOut(ctx context.Context, phone string) (bool, error) {
	n, err := gorm.G[optOut](s.read).Where("phone = ?", phone).Count(ctx, "*")
	return n > 0, mapError(err)
}

// OptOut records that a phone wants no SMS, or wants them again.
func (s *Store) OptOut(ctx context.Context, phone string, out bool) error {
	return s.tx(ctx, "optout", func(t *tx) error { return t.optOut(phone, out) })
}

func (t *tx) optOut(phone string, out bool) error {
	var err error
	if out {
		_, err = insertNew(t, optOut{Phone: phone, Since: t.now})
	} else {
		_, err = t.exec("DELETE FROM sms_opt_outs WHERE phone = ?", phone)
	}
	return err
}

// Report takes in what the provider tells of an SMS. It moves forward only: what is told
// twice, late, or of an earlier attempt changes nothing.
func (s *Store) Report(ctx context.Context, r models.SMSReport) error {
	return s.tx(ctx, "report", func(t *tx) error {
		row, err := forUpdate[models.Notification](t).Where("id = ? AND channel = ?", r.Notification, models.ChannelSMS).Take(t.ctx)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil // past its retention
		}
		if err != nil {
			return err
		}
		if r.Attempt != row.Attempts {
			if r.Attempt < row.Attempts && r.State == models.NotificationDelivered {
				_, err = t.exec("UPDATE notifications SET uncertain = ? WHERE id = ?", true, row.ID)
			}
			return err
		}
		if row.State.MayHaveLeft() { // the report proves that the provider took it
			if err := t.sent(row.ID, r.Ref); err != nil {
				return err
			}
			row.State = models.NotificationSent
		}
		switch {
		case row.State != models.NotificationSent:
			return nil
		case r.State == models.NotificationDelivered:
			_, err = t.exec("UPDATE notifications SET state = ?, delivered_at = ?, problem = '' WHERE id = ?", r.State, t.now, row.ID)
			if err != nil {
				return err
			}
			return t.tellNotification(row.ID, models.EventNotificationDelivered, "")
		case r.State == models.NotificationUndelivered:
			return t.undelivered(row, r)
		}
		return nil
	})
}

// undelivered has an SMS sent again later, an e-mail in its place, or an operator told.
func (t *tx) undelivered(row models.Notification, r models.SMSReport) error {
	if r.Refusal.OptedOut {
		if err := t.optOut(r.Phone, true); err != nil {
			return err
		}
	}
	if r.Refusal.Alarm {
		if err := t.openIncident(models.Incident{Kind: models.IncidentSMS, Evidence: r.Refusal.Problem()}); err != nil {
			return err
		}
	}
	problem := r.Refusal.Problem()
	if r.Refusal.After > 0 && row.Retries < r.Refusal.Retries {
		_, err := t.exec("UPDATE notifications SET state = ?, problem = ?, retries = retries + 1 WHERE id = ?",
			models.NotificationQueued, problem, row.ID)
		if err != nil {
			return err
		}
		return t.sendApart(row.ID, row.Attempts, t.now.Add(r.Refusal.After))
	}
	instead, reached, err := t.instead(row)
	if err != nil {
		return err
	}
	if _, err := t.exec("UPDATE notifications SET state = ?, problem = ?, instead = ? WHERE id = ?",
		models.NotificationUndelivered, problem, instead, row.ID); err != nil {
		return err
	}
	if instead != "" {
		if err := t.sendApart(instead, 0, time.Time{}); err != nil {
			return err
		}
	}
	return t.messageFailed(row, problem, reached)
}

// sendApart has a message sent beside the life that brought it.
func (t *tx) sendApart(id models.NotificationID, attempts int, notBefore time.Time) error {
	return t.post(startOf(models.WorkflowMessage, models.MessageWorkflowID(id, attempts),
		models.MessageInput{Notification: id, NotBefore: notBefore}))
}
