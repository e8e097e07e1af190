package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// reconcileBatch bounds a transaction of Reconcile.
const reconcileBatch = 500

// Reconcile has every shipment that has not ended here, however old, shown again by its life, or
// started where the engine knows of none; then it tells the engine again of couriers' grants and
// of every fact since that names a shipment, in order. The cabinets read their directory anew.
// Lives and cabinets drop what they know, so running it once too often harms nothing.
func (s *Store) Reconcile(ctx context.Context, since time.Time) (starts, signals int, err error) {
	if err := s.renumber(ctx); err != nil {
		return 0, 0, err
	}
	if starts, err = s.restart(ctx); err != nil {
		return starts, 0, err
	}
	if err := s.regrant(ctx); err != nil {
		return starts, 0, err
	}
	if err := s.reorder(ctx); err != nil {
		return starts, 0, err
	}
	signals, err = s.resignal(ctx, *utc(&since))
	return starts, signals, err
}

// renumber moves every position of a feed above all that anybody saw before the database was put
// back: by the time in milliseconds, since nobody counts as fast as that. The cabinets then read
// all of their directory, and no change hides behind a position that they have passed.
func (s *Store) renumber(ctx context.Context) error {
	return s.tx(ctx, "reconcile", func(t *tx) error {
		for _, table := range []string{"feed_scopes", "directory"} {
			if _, err := t.exec("UPDATE "+table+" SET position = position + ?", t.now.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
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
			show := startShipment(r.ID)
			show.Kind = models.OutboxShow
			messages = append(messages, show)
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

// reorder has every order about a cell told that may not have been. They are few.
func (s *Store) reorder(ctx context.Context) error {
	rows, err := gorm.G[models.CellOrder](s.read).Order("locker, number").Find(ctx)
	if err != nil || len(rows) == 0 {
		return mapError(err)
	}
	messages := make([]models.OutboxRow, 0, len(rows))
	for _, o := range rows {
		messages = append(messages, startCellOrder(o))
	}
	return s.tx(ctx, "reconcile", func(t *tx) error { return t.post(messages...) })
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
