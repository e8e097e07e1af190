package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// reconcileBatch bounds a transaction of Reconcile.
const reconcileBatch = 500

// Reconcile tells the engine again what happened since: the start of every shipment that
// has not ended, however old, the grants of couriers, then every later fact that names a
// shipment, in order. Lives and cabinets drop what they know, so running it once too often
// harms nothing.
func (s *Store) Reconcile(ctx context.Context, since time.Time) (starts, signals int, err error) {
	if starts, err = s.restart(ctx); err != nil {
		return starts, 0, err
	}
	if err := s.regrant(ctx); err != nil {
		return starts, 0, err
	}
	signals, err = s.resignal(ctx, *utc(&since))
	return starts, signals, err
}

func (s *Store) restart(ctx context.Context) (n int, err error) {
	for after := models.ShipmentID(""); ; {
		rows, err := gorm.G[models.Shipment](s.read).Where("ended_at IS NULL AND id > ?", after).
			Order("id").Limit(reconcileBatch).Find(ctx)
		if err != nil || len(rows) == 0 {
			return n, mapError(err)
		}
		messages := make([]models.OutboxRow, 0, len(rows))
		for _, r := range rows {
			messages = append(messages, startShipment(r.ID))
		}
		if err := s.tx(ctx, "reconcile", func(t *tx) error { return t.post(messages...) }); err != nil {
			return n, err
		}
		n, after = n+len(rows), rows[len(rows)-1].ID
	}
}

func (s *Store) regrant(ctx context.Context) error {
	for after := models.CourierID(""); ; {
		rows, err := gorm.G[models.Courier](s.read).Where("id > ?", after).Order("id").Limit(reconcileBatch).Find(ctx)
		if err != nil || len(rows) == 0 {
			return mapError(err)
		}
		messages := make([]models.OutboxRow, 0, len(rows))
		for _, c := range rows {
			messages = append(messages, startGrant(c))
		}
		if err := s.tx(ctx, "reconcile", func(t *tx) error { return t.post(messages...) }); err != nil {
			return err
		}
		after = rows[len(rows)-1].ID
	}
}

func (s *Store) resignal(ctx context.Context, since time.Time) (n int, err error) {
	after := models.StoredFact{ReceivedAt: since}
	for {
		rows, err := gorm.G[models.StoredFact](s.read).
			Where("quarantined = '' AND shipment <> '' AND received_at >= ?", after.ReceivedAt).
			Where("(received_at, locker, epoch, seq) > (?, ?, ?, ?)", after.ReceivedAt, after.Locker, after.Epoch, after.Seq).
			Order("received_at, locker, epoch, seq").Limit(reconcileBatch).Find(ctx)
		if err != nil || len(rows) == 0 {
			return n, mapError(err)
		}
		messages := make([]models.OutboxRow, 0, len(rows))
		for _, r := range rows {
			d, err := r.Body.Payload()
			if err != nil {
				return n, err
			}
			messages = append(messages, signalFact(r.Shipment, r.Body.Signal(r.Locker, d, r.ReceivedAt)))
		}
		if err := s.tx(ctx, "reconcile", func(t *tx) error { return t.post(messages...) }); err != nil {
			return n, err
		}
		n, after = n+len(rows), rows[len(rows)-1]
	}
}
