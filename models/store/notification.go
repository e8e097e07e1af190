package store

import (
	"context"

	"gorm.io/gorm"

	"cubby/models"
)

// languageOfStaff is the language of messages to operators.
const languageOfStaff = "en"

// unsent are the states of a message that still has to leave.
func unsent() []models.NotificationState {
	return []models.NotificationState{models.NotificationQueued, models.NotificationSending}
}

// notify makes a message unless there is one for (subject, kind, n).
func (t *tx) notify(subject string, kind models.NoticeKind, n int) error {
	_, err := insertNew(t, models.Notification{
		ID: models.NotificationID(t.ids.New(models.PrefixNotification)), Subject: subject, Kind: kind, N: n,
		Channel: "email", Template: string(kind) + "/1", State: models.NotificationQueued, CreatedAt: t.now,
	})
	return err
}

// toSend returns the messages of a subject that still have to leave.
func (t *tx) toSend(subject string, kinds ...models.NoticeKind) ([]models.NotificationID, error) {
	var ids []models.NotificationID
	err := t.db.Raw("SELECT id FROM notifications WHERE subject = ? AND kind IN ? AND state IN ? ORDER BY kind, n",
		subject, kinds, unsent()).Scan(&ids).Error
	return ids, err
}

// Notice returns a notification with what its template needs; not_found when there is no
// address (any more).
func (s *Store) Notice(ctx context.Context, id models.NotificationID) (models.Notice, error) {
	row, err := gorm.G[models.Notification](s.read).Where("id = ?", id).Take(ctx)
	row, err = take(row, err, "There is no such notification.")
	if err != nil {
		return models.Notice{}, err
	}
	n := models.Notice{Notification: row}
	if row.Kind == models.NoticeIncident {
		err = s.incidentNotice(ctx, &n)
	} else {
		err = s.shipmentNotice(ctx, &n)
	}
	if err == nil && n.To == "" {
		err = models.Errorf(models.CodeNotFound, "There is no address for this notification.")
	}
	if err != nil {
		return models.Notice{}, mapError(err)
	}
	return n, nil
}

func (s *Store) shipmentNotice(ctx context.Context, n *models.Notice) (err error) {
	if n.Shipment, err = gorm.G[models.Shipment](s.read).Where("id = ?", n.Notification.Subject).Take(ctx); err != nil {
		return err
	}
	if n.Notification.Kind == models.NoticeContactChanged {
		former, err := gorm.G[models.FormerContact](s.read).Where("shipment = ? AND n = ?", n.Shipment.ID, n.Notification.N).Take(ctx)
		if err != nil {
			return err
		}
		n.To, n.Language = former.Email, former.Language
		return s.placeNotice(ctx, n, n.Shipment.Locker)
	}
	contact, err := gorm.G[models.Contact](s.read).Where("shipment = ?", n.Shipment.ID).Take(ctx)
	if err != nil {
		return err
	}
	n.To, n.Language = contact.Email, n.Shipment.Language
	return s.placeNotice(ctx, n, n.Shipment.Locker)
}

func (s *Store) incidentNotice(ctx context.Context, n *models.Notice) (err error) {
	if n.Incident, err = gorm.G[models.Incident](s.read).Where("id = ?", n.Notification.Subject).Take(ctx); err != nil {
		return err
	}
	operators, err := s.operators(ctx)
	if err != nil || n.Notification.N >= len(operators) {
		return err
	}
	n.To, n.Language = operators[n.Notification.N].Email, languageOfStaff
	if n.Incident.Locker == "" {
		return nil
	}
	return s.placeNotice(ctx, n, n.Incident.Locker)
}

func (s *Store) placeNotice(ctx context.Context, n *models.Notice, l models.LockerID) error {
	view, err := s.Locker(ctx, l)
	n.Locker, n.Location = view.Locker, view.Location
	return err
}

// Sending marks a message as leaving now. One that was leaving already may have left: it
// is uncertain from then on. It returns conflict for one that is sent or given up.
func (s *Store) Sending(ctx context.Context, id models.NotificationID) error {
	return s.tx(ctx, "sending", func(t *tx) error {
		n, err := t.exec(`UPDATE notifications SET uncertain = (uncertain OR state = ?), attempts = attempts + 1, state = ?
			WHERE id = ? AND state IN ?`, models.NotificationSending, models.NotificationSending, id, unsent())
		if err != nil || n == 1 {
			return err
		}
		row, err := gorm.G[models.Notification](t.db).Where("id = ?", id).Take(t.ctx)
		if row, err = take(row, err, "There is no such notification."); err != nil {
			return err
		}
		return models.Errorf(models.CodeConflict, "The notification is %s.", row.State)
	})
}

// Sent records that the other side took it.
func (s *Store) Sent(ctx context.Context, id models.NotificationID) error {
	if err := s.at("send.before_sent"); err != nil {
		return err
	}
	return s.tx(ctx, "sent", func(t *tx) error {
		_, err := t.exec("UPDATE notifications SET state = ?, sent_at = ?, problem = '' WHERE id = ? AND state <> ?",
			models.NotificationSent, t.now, id, models.NotificationSent)
		return err
	})
}

// NotSent records a failure: queued again, or failed for good.
func (s *Store) NotSent(ctx context.Context, id models.NotificationID, final bool, problem string) error {
	state := models.NotificationQueued
	if final {
		state = models.NotificationFailed
	}
	return s.tx(ctx, "notsent", func(t *tx) error {
		n, err := t.exec("UPDATE notifications SET state = ?, problem = ? WHERE id = ? AND state IN ?", state, problem, id, unsent())
		if err != nil || n == 0 || !final {
			return err
		}
		return t.messageFailed(id, problem)
	})
}

// Drop records that a message is not sent, since nobody needs it any more.
func (s *Store) Drop(ctx context.Context, id models.NotificationID) error {
	return s.tx(ctx, "drop", func(t *tx) error {
		_, err := t.exec("UPDATE notifications SET state = ? WHERE id = ? AND state IN ?", models.NotificationDropped, id, unsent())
		return err
	})
}

// messageFailed opens an incident for a message to a client. That an operator cannot be
// told is not told to the operator.
func (t *tx) messageFailed(id models.NotificationID, problem string) error {
	row, err := gorm.G[models.Notification](t.db).Where("id = ?", id).Take(t.ctx)
	if err != nil || row.Kind == models.NoticeIncident {
		return err
	}
	shipment, err := gorm.G[models.Shipment](t.db).Where("id = ?", row.Subject).Take(t.ctx)
	if err != nil {
		return err
	}
	return t.openIncident(models.Incident{
		Kind: models.IncidentUnsent, Locker: shipment.Locker, Shipment: shipment.ID, Evidence: string(id) + ": " + problem,
	})
}

// IncidentNotices makes a message for each operator that has an address. Its n is the
// operator's place among all operators, so an address that is set later shifts nobody.
func (s *Store) IncidentNotices(ctx context.Context, id models.IncidentID) (ids []models.NotificationID, err error) {
	operators, err := s.operators(ctx)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, "notices", func(t *tx) error {
		_, err := gorm.G[models.Incident](t.db).Where("id = ?", id).Take(t.ctx)
		if _, err = take(0, err, "There is no such incident."); err != nil {
			return err
		}
		for n, o := range operators {
			if o.Email == "" {
				continue
			}
			if err := t.notify(string(id), models.NoticeIncident, n); err != nil {
				return err
			}
		}
		ids, err = t.toSend(string(id), models.NoticeIncident)
		return err
	})
	return ids, err
}
