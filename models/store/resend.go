package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// codesAgain bounds how often a day a client is sent their code at the wish of whoever stands at
// a cabinet: labels can be guessed, and nobody's phone is to ring all night.
const codesAgain = 3

// ResendCode has the pickup code of what waits at a cabinet under a label or a shipment's number
// sent to its client once more.
func (s *Store) ResendCode(ctx context.Context, l models.LockerID, label string) error {
	return s.tx(ctx, "resend_code", func(t *tx) error {
		var found []models.Shipment
		err := t.db.Raw(`SELECT s.* FROM shipments s WHERE s.locker = ? AND s.issue > 0 AND NOT s.frozen AND s.notify_by = ? AND s.state IN ?
			AND (s.number = ? OR EXISTS (SELECT 1 FROM parcels p WHERE p.shipment = s.id AND p.barcode = ?))
			AND EXISTS (SELECT 1 FROM parcels p WHERE p.shipment = s.id AND p.state = ?) ORDER BY s.id LIMIT 2`,
			l, models.NotifyContact, []models.ShipmentState{models.StateReady, models.StatePartlyPickedUp, models.StateExpired},
			label, label, models.ParcelInCell).Scan(&found).Error
		if err != nil {
			return err
		}
		for _, shipment := range found {
			if err := t.codeAgain(shipment.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// codeAgain makes the message, unless the client got enough of them.
func (t *tx) codeAgain(id models.ShipmentID) error {
	if _, err := forUpdate[models.Shipment](t).Where("id = ?", id).Take(t.ctx); err != nil {
		return err // one that is asked for twice at once is counted in turn
	}
	contact, err := gorm.G[models.Contact](t.db).Where("shipment = ?", id).Take(t.ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil // erased
	}
	if err != nil {
		return err
	}
	var told, today int
	if err := t.db.Raw("SELECT COUNT(*), COUNT(CASE WHEN created_at > ? THEN 1 END) FROM notifications WHERE subject = ? AND kind = ?",
		t.now.Add(-24*time.Hour), id, models.NoticeCodeAgain).Row().Scan(&told, &today); err != nil || today >= codesAgain {
		return err
	}
	for _, channel := range models.NoticeCodeAgain.Channels(contact) {
		notification, err := t.notify(string(id), models.NoticeCodeAgain, told+1, channel)
		if err != nil || notification == "" {
			return err
		}
		start := startOf(models.WorkflowMessage, models.MessageWorkflowID(notification, "again"), models.MessageInput{Notification: notification})
		if err := t.post(start); err != nil {
			return err
		}
	}
	return nil
}
