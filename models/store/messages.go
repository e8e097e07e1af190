package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// Notifications returns a page of messages, the newest first: an operator's of all, an
// organization's of its own shipments.
func (s *Store) Notifications(ctx context.Context, q models.NotificationQuery) ([]models.NotificationView, error) {
	query := s.read.WithContext(ctx).Table("notifications n").
		Select(`n.*, s.id AS shipment, CASE WHEN n.kind = @former AND n.channel = @sms THEN f.phone WHEN n.kind = @former THEN f.email
			WHEN n.channel = @sms THEN c.phone ELSE c.email END AS recipient`,
			map[string]any{"former": models.NoticeContactChanged, "sms": models.ChannelSMS}).
		Joins("LEFT JOIN shipments s ON s.id = n.subject").Joins("LEFT JOIN contacts c ON c.shipment = n.subject").
		Joins("LEFT JOIN former_contacts f ON f.shipment = n.subject AND f.n = n.n")
	if !q.Actor.Operator() {
		if q.Actor.Organization == "" {
			return nil, nil // a shipment without a shop is not everybody's
		}
		query = query.Where("(s.carrier = ? OR s.shop = ?) AND s.test = ?", q.Actor.Organization, q.Actor.Organization, q.Actor.Test)
	}
	if q.Cursor != "" {
		query = query.Where("n.id < ?", q.Cursor)
	}
	for _, f := range []struct{ column, value string }{
		{"n.subject", string(q.Shipment)}, {"n.state", string(q.State)}, {"n.kind", string(q.Kind)}, {"n.channel", string(q.Channel)},
	} {
		if f.value != "" {
			query = query.Where(f.column+" = ?", f.value)
		}
	}
	var found []struct {
		models.Notification
		Shipment  *models.ShipmentID
		Recipient *string
	}
	if err := query.Order("n.id DESC").Limit(q.Limit).Scan(&found).Error; err != nil {
		return nil, mapError(err)
	}
	views := make([]models.NotificationView, len(found))
	for i, f := range found {
		views[i].Notification = f.Notification
		if f.Shipment != nil {
			views[i].Shipment = *f.Shipment
		}
		if f.Recipient != nil {
			views[i].Recipient = models.Masked(*f.Recipient)
		}
	}
	return views, nil
}

// Resend has a message sent again that failed or was not delivered. It returns not_found for one
// that the actor may not see, invalid_state for one in another state, or whose client is erased.
func (s *Store) Resend(ctx context.Context, r models.Request, id models.NotificationID) (models.NotificationView, error) {
	var view models.NotificationView
	err := s.tx(ctx, "resend", func(t *tx) error {
		row, err := forUpdate[models.Notification](t).Where("id = ?", id).Take(t.ctx)
		if row, err = take(row, err, "There is no such notification."); err != nil {
			return err
		}
		if row.Kind.OfIncident() {
			if !r.Actor.Operator() {
				return models.Errorf(models.CodeNotFound, "There is no such notification.")
			}
		} else if view.Shipment, view.Recipient, err = t.recipient(r.Actor, row); err != nil {
			return err
		}
		if !row.State.MayBeResent() {
			return models.Errorf(models.CodeInvalidState, "The notification is %s: only failed and undelivered ones are sent again.", row.State)
		}
		row.State, row.Instead, row.Retries = models.NotificationQueued, "", 0
		if _, err := t.exec("UPDATE notifications SET state = ?, instead = '', retries = 0 WHERE id = ?", row.State, id); err != nil {
			return err
		}
		view.Notification = row
		// A sending of its own: a request's id may come again, as callers choose it, and what was
		// started before is not started again.
		if err := t.sendApart(id, t.ids.New("again"), time.Time{}); err != nil {
			return err
		}
		return t.audit(r, "notification.resend", string(id), string(row.Channel))
	})
	return view, err
}

// recipient is whose shipment a message is of, for who may see it, and the recipient, masked.
func (t *tx) recipient(a models.Actor, row models.Notification) (models.ShipmentID, string, error) {
	of, err := gorm.G[models.Shipment](t.db).Select("id", "carrier", "shop", "test").Where("id = ?", row.Subject).Take(t.ctx)
	if of, err = take(of, err, "There is no such notification."); err != nil {
		return "", "", err
	}
	if !a.Sees(of.Test) || !a.Operator() && (a.Organization == "" || a.Organization != of.Carrier && a.Organization != of.Shop) {
		return "", "", models.Errorf(models.CodeNotFound, "There is no such notification.")
	}
	var contact models.Contact
	if row.Kind == models.NoticeContactChanged {
		var former models.FormerContact
		former, err = gorm.G[models.FormerContact](t.db).Where("shipment = ? AND n = ?", of.ID, row.N).Take(t.ctx)
		contact.Phone, contact.Email = former.Phone, former.Email
	} else {
		contact, err = gorm.G[models.Contact](t.db).Where("shipment = ?", of.ID).Take(t.ctx)
	}
	to := contact.Email
	if row.Channel == models.ChannelSMS {
		to = contact.Phone
	}
	if contact, err = take(contact, err, ""); models.ErrorCode(err) == models.CodeNotFound || err == nil && to == "" {
		return "", "", models.Errorf(models.CodeInvalidState, "There is no address any more to send this to.")
	}
	return of.ID, models.Masked(to), err
}
