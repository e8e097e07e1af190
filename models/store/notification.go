package store

import (
	"cmp"
	"context"

	"gorm.io/gorm"

	"cubby/models"
)

// defaultLanguage is that of messages to an organization that has not said which it reads.
const defaultLanguage = "en"

// notify makes a message unless there is one for (subject, kind, n, channel).
func (t *tx) notify(subject string, kind models.NoticeKind, n int, channel models.Channel) (models.NotificationID, error) {
	row := models.Notification{
		ID: models.NotificationID(t.ids.New(models.PrefixNotification)), Subject: subject, Kind: kind, N: n,
		Channel: channel, Template: string(kind) + "/1", State: models.NotificationQueued, CreatedAt: t.now,
	}
	added, err := insertNew(t, row)
	if added == 0 {
		return "", err
	}
	return row.ID, err
}

// toSend returns the messages of a subject that still have to leave.
func (t *tx) toSend(subject string, kinds ...models.NoticeKind) ([]models.NotificationID, error) {
	var ids []models.NotificationID
	err := t.db.Raw("SELECT id FROM notifications WHERE subject = ? AND kind IN ? AND state IN ? ORDER BY kind, n, channel DESC",
		subject, kinds, models.Unsent()).Scan(&ids).Error
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
	switch row.Kind {
	case models.NoticeIncident:
		err = s.incidentNotice(ctx, &n)
	case models.NoticeWebhook:
		err = s.webhookNotice(ctx, &n)
	default:
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
		if n.Notification.Channel == models.ChannelSMS {
			n.To = former.Phone
		}
		return s.placeNotice(ctx, n, n.Shipment.Locker)
	}
	contact, err := gorm.G[models.Contact](s.read).Where("shipment = ?", n.Shipment.ID).Take(ctx)
	if err != nil {
		return err
	}
	n.To, n.Language = contact.Email, n.Shipment.Language
	if n.Notification.Channel == models.ChannelSMS {
		n.To = contact.Phone
	}
	own, err := s.template(ctx, []models.OrganizationID{n.Shipment.Shop, n.Shipment.Carrier}, n.Notification.Kind, n.Notification.Channel, n.Language)
	if err == nil {
		n.Own = &own
	} else if models.ErrorCode(err) != models.CodeNotFound {
		return err
	}
	if n.Over, err = s.outageOver(ctx, n.Notification, n.Shipment.Locker); err != nil {
		return err
	}
	return s.placeNotice(ctx, n, n.Shipment.Locker)
}

// outageOver reports whether a message about an outage is of no use any more: that the locker is away while it is back,
// or that it is back to a client who was not told that it was away.
func (s *Store) outageOver(ctx context.Context, row models.Notification, l models.LockerID) (bool, error) {
	switch row.Kind {
	case models.NoticeLockerDown:
		links, err := s.links(ctx, []models.LockerID{l})
		return links[l].Online, err
	case models.NoticeLockerBack:
		left, err := gorm.G[models.Notification](s.read).Where("subject = ? AND kind = ? AND n = ? AND state NOT IN ?", row.Subject,
			models.NoticeLockerDown, row.N, []models.NotificationState{models.NotificationQueued, models.NotificationDropped, models.NotificationFailed}).
			Count(ctx, "*")
		return left == 0, err
	}
	return false, nil
}

func (s *Store) incidentNotice(ctx context.Context, n *models.Notice) (err error) {
	if n.Incident, err = gorm.G[models.Incident](s.read).Where("id = ?", n.Notification.Subject).Take(ctx); err != nil {
		return err
	}
	operators, err := s.operators(ctx)
	if err != nil || n.Notification.N >= len(operators) {
		return err
	}
	operator := operators[n.Notification.N]
	n.To, n.Language = operator.Email, cmp.Or(operator.Language, defaultLanguage)
	if n.Incident.Locker == "" {
		return nil
	}
	return s.placeNotice(ctx, n, n.Incident.Locker)
}

// webhookNotice is to the owner of the endpoint that an incident is about.
func (s *Store) webhookNotice(ctx context.Context, n *models.Notice) (err error) {
	if n.Incident, err = gorm.G[models.Incident](s.read).Where("id = ?", n.Notification.Subject).Take(ctx); err != nil {
		return err
	}
	if n.Webhook, err = gorm.G[models.Webhook](s.read).Where("id = ?", webhookOf(n.Incident)).Take(ctx); err != nil {
		return err
	}
	n.Over = n.Webhook.DisabledAt == nil // taken up again before it was told
	owner, err := gorm.G[models.Organization](s.read).Where("id = ?", n.Webhook.Organization).Take(ctx)
	n.To, n.Language = owner.Email, owner.Language
	return err
}

// tellOwner makes the message to the owner of an endpoint that was given up. An operator hears of the incident anyhow.
func (t *tx) tellOwner(i models.Incident) error {
	if i.Kind != models.IncidentWebhook {
		return nil
	}
	owners, err := gorm.G[models.Organization](t.db).
		Where("id = (SELECT organization FROM webhooks WHERE id = ?) AND email <> '' AND kind <> ?", webhookOf(i), models.KindOperator).Find(t.ctx)
	if err != nil || len(owners) == 0 {
		return err
	}
	_, err = t.notify(string(i.ID), models.NoticeWebhook, 0, models.ChannelEmail)
	return err
}

func (s *Store) placeNotice(ctx context.Context, n *models.Notice, l models.LockerID) error {
	view, err := s.Locker(ctx, l)
	n.Locker, n.Location = view.Locker, view.Location
	return err
}

// Sending marks a message as leaving now, by the attempt after so many. One that may have left
// before is uncertain from then on. It returns conflict for one that another attempt has, or
// that is sent or given up.
func (s *Store) Sending(ctx context.Context, id models.NotificationID, attempts int, mark string) error {
	return s.tx(ctx, "sending", func(t *tx) error {
		n, err := t.exec(`UPDATE notifications SET uncertain = (uncertain OR state IN ?), attempts = attempts + 1, state = ?,
			sending_at = ?, mark = ?, ref = '' WHERE id = ? AND state IN ? AND attempts = ?`,
			[]models.NotificationState{models.NotificationSending, models.NotificationUncertain}, models.NotificationSending,
			t.now, mark, id, models.Unsent(), attempts)
		if err != nil || n == 1 {
			return err
		}
		row, err := gorm.G[models.Notification](t.db).Where("id = ?", id).Take(t.ctx)
		if row, err = take(row, err, "There is no such notification."); err != nil {
			return err
		}
		return models.Errorf(models.CodeConflict, "The notification is %s, after %d attempts.", row.State, row.Attempts)
	})
}

// Uncertain records that nobody knows whether an attempt has left.
func (s *Store) Uncertain(ctx context.Context, id models.NotificationID, attempt int) error {
	return s.tx(ctx, "uncertain", func(t *tx) error {
		_, err := t.exec("UPDATE notifications SET state = ?, problem = 'no answer' WHERE id = ? AND state = ? AND attempts = ?",
			models.NotificationUncertain, id, models.NotificationSending, attempt)
		return err
	})
}

// Sent records that the other side took it.
func (s *Store) Sent(ctx context.Context, id models.NotificationID, ref string) error {
	if err := s.at("send.before_sent"); err != nil {
		return err
	}
	return s.tx(ctx, "sent", func(t *tx) error { return t.sent(id, ref) })
}

func (t *tx) sent(id models.NotificationID, ref string) error {
	n, err := t.exec("UPDATE notifications SET state = ?, sent_at = ?, ref = ?, problem = '' WHERE id = ? AND state IN ?",
		models.NotificationSent, t.now, ref, id, models.Unsent())
	if err != nil || n == 0 {
		return err
	}
	return t.tellNotification(id, models.EventNotificationSent, "")
}

// NotSent records a failure: queued again, or failed for good. An SMS is given up for the e-mail
// that can take its place also when only our own account is at fault.
func (s *Store) NotSent(ctx context.Context, id models.NotificationID, r models.Refusal) (again bool, instead models.NotificationID, err error) {
	err = s.tx(ctx, "notsent", func(t *tx) error {
		again, instead = false, ""
		row, err := forUpdate[models.Notification](t).Where("id = ?", id).Take(t.ctx)
		if row, err = take(row, err, "There is no such notification."); err != nil {
			return err
		}
		if !row.State.Unsent() {
			instead = row.Instead
			return nil
		}
		if r.Alarm {
			if err := t.openIncident(models.Incident{Kind: models.IncidentSMS, Evidence: r.Problem()}); err != nil {
				return err
			}
		}
		reached := false
		if row.Channel == models.ChannelSMS && (r.Final || r.Alarm) {
			if instead, reached, err = t.instead(row); err != nil {
				return err
			}
		}
		if again = !r.Final && !reached; again {
			_, err := t.exec("UPDATE notifications SET state = ?, problem = ? WHERE id = ?", models.NotificationQueued, r.Problem(), id)
			return err
		}
		state := models.NotificationFailed
		if reached && r.Code == 0 {
			state = models.NotificationDropped // nobody has refused it, and the client is told
		}
		_, err = t.exec("UPDATE notifications SET state = ?, problem = ?, instead = ? WHERE id = ?", state, r.Problem(), instead, id)
		if err != nil || state == models.NotificationDropped {
			return err
		}
		return t.messageFailed(row, r.Problem(), reached)
	})
	return again, instead, err
}

// instead makes the e-mail that takes an SMS's place, if its recipient has an address. reached:
// there is an e-mail, which was made before if no id is returned.
func (t *tx) instead(row models.Notification) (id models.NotificationID, reached bool, err error) {
	var mailed int64
	if row.Kind == models.NoticeContactChanged {
		mailed, err = gorm.G[models.FormerContact](t.db).Where("shipment = ? AND n = ? AND email <> ''", row.Subject, row.N).Count(t.ctx, "*")
	} else {
		mailed, err = gorm.G[models.Contact](t.db).Where("shipment = ? AND email <> ''", row.Subject).Count(t.ctx, "*")
	}
	if err != nil || mailed == 0 {
		return "", false, err
	}
	id, err = t.notify(row.Subject, row.Kind, row.N, models.ChannelEmail)
	return id, true, err
}

// Sandboxed records that a message was made and does not leave. It is told as one that was sent, for a reason.
func (s *Store) Sandboxed(ctx context.Context, id models.NotificationID) error {
	return s.tx(ctx, "sandboxed", func(t *tx) error {
		n, err := t.exec("UPDATE notifications SET state = ? WHERE id = ? AND state = ?", models.NotificationSandboxed, id, models.NotificationQueued)
		if err != nil || n == 0 {
			return err
		}
		return t.tellNotification(id, models.EventNotificationSent, string(models.NotificationSandboxed))
	})
}

// Drop records that a message is not sent, since nobody needs it any more.
func (s *Store) Drop(ctx context.Context, id models.NotificationID) error {
	return s.tx(ctx, "drop", func(t *tx) error {
		_, err := t.exec("UPDATE notifications SET state = ? WHERE id = ? AND state IN ?", models.NotificationDropped, id, models.Unsent())
		return err
	})
}

// tellNotification tells a shipment's parties what became of a message to its client, and the
// operators of each that failed. problem is a class and code, never an address.
func (t *tx) tellNotification(id models.NotificationID, what models.EventType, problem string) error {
	var n struct {
		Kind    models.NoticeKind
		Channel string
		Subject string
		models.Shipment
	}
	err := t.db.Raw(`SELECT n.kind, n.channel, n.subject, s.id, s.carrier, s.shop, s.number, s.test
		FROM notifications n LEFT JOIN shipments s ON s.id = n.subject WHERE n.id = ?`, id).Scan(&n).Error
	if err != nil {
		return err
	}
	e := models.FeedEvent{Type: what, At: t.now, Data: models.EventData{
		Notification: id, Kind: string(n.Kind), Channel: string(n.Channel), Reason: problem,
	}}
	var scopes []string
	if what == models.EventNotificationFailed {
		scopes = append(scopes, models.ScopeOfOperatorsFeed)
	}
	if n.Kind.OfIncident() {
		e.Data.Incident = models.IncidentID(n.Subject)
	} else {
		e.Data.Shipment, e.Data.Number = n.Shipment.ID, n.Shipment.Number
		scopes = append(scopes, partiesOf(n.Shipment)...)
	}
	t.tell(e, scopes...)
	return nil
}

// messageFailed tells of a message that failed, and opens an incident unless its client is
// reached by another. That an operator cannot be told is not told to the operator.
func (t *tx) messageFailed(row models.Notification, problem string, reached bool) error {
	if err := t.tellNotification(row.ID, models.EventNotificationFailed, problem); err != nil {
		return err
	}
	if row.Kind.OfIncident() || reached {
		return nil
	}
	shipment, err := gorm.G[models.Shipment](t.db).Where("id = ?", row.Subject).Take(t.ctx)
	if err != nil {
		return err
	}
	return t.openIncident(models.Incident{
		Kind: models.IncidentUnsent, Locker: shipment.Locker, Shipment: shipment.ID, Evidence: string(row.ID) + ": " + problem,
	})
}

// IncidentNotices makes a message for each operator that has an address, and for who else has to act. Its n is the
// operator's place among all operators, so an address that is set later shifts nobody.
func (s *Store) IncidentNotices(ctx context.Context, id models.IncidentID) (ids []models.NotificationID, err error) {
	operators, err := s.operators(ctx)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, "notices", func(t *tx) error {
		i, err := gorm.G[models.Incident](t.db).Where("id = ?", id).Take(t.ctx)
		if i, err = take(i, err, "There is no such incident."); err != nil {
			return err
		}
		for n, o := range operators {
			if o.Email == "" {
				continue
			}
			if _, err := t.notify(string(id), models.NoticeIncident, n, models.ChannelEmail); err != nil {
				return err
			}
		}
		if err := t.tellOwner(i); err != nil {
			return err
		}
		ids, err = t.toSend(string(id), models.NoticeIncident, models.NoticeWebhook)
		return err
	})
	return ids, err
}
