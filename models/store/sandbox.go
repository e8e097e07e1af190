package store

import (
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// AdvanceClock puts the clock of a test locker forward, has the lives there told, and returns by
// how much it was put forward in all. A locker that is not a test locker is not_found.
func (s *Store) AdvanceClock(ctx context.Context, r models.Request, id models.LockerID, by models.Seconds) (ahead models.Seconds, err error) {
	err = s.tx(ctx, "advance", func(t *tx) error {
		// The lock of announcements: a shipment either sees the clock as it was, or hears of it.
		row, err := forUpdate[models.Locker](t).Where("id = ? AND test", id).Take(t.ctx)
		if row, err = take(row, err, "There is no such test locker."); err != nil {
			return err
		}
		at := t.now
		if row.AdvancedAt != nil && !at.After(*row.AdvancedAt) {
			at = row.AdvancedAt.Add(time.Millisecond) // each is told apart by when it was made
		}
		ahead = row.Ahead + by
		if _, err := t.exec("UPDATE lockers SET ahead = ?, advanced_at = ? WHERE id = ?", ahead, at, id); err != nil {
			return err
		}
		there, err := gorm.G[models.Shipment](t.db).Where("locker = ? AND ended_at IS NULL", id).Order("id").Find(t.ctx)
		if err != nil {
			return err
		}
		var news []models.OutboxRow
		for _, shipment := range there {
			news = append(news, signalLocker(shipment.ID, models.LockerSignal{Locker: id, News: models.NewsAdvanced, At: at.UTC(), By: by}))
		}
		if err := t.post(news...); err != nil {
			return err
		}
		return t.audit(r, "sandbox.advance_clock", string(id), strconv.FormatInt(int64(by), 10))
	})
	return ahead, err
}
