package store

import (
	"context"

	"gorm.io/gorm"

	"cubby/models"
)

// Facts returns a page of what a cabinet told, newest first, or not_found.
func (s *Store) Facts(ctx context.Context, id models.LockerID, q models.FactQuery) ([]models.StoredFact, error) {
	if _, err := s.Head(ctx, id); err != nil {
		return nil, err
	}
	query := gorm.G[models.StoredFact](s.read).Where("locker = ?", id)
	if q.BeforeEpoch > 0 {
		query = query.Where("(epoch, seq) < (?, ?)", q.BeforeEpoch, q.BeforeSeq)
	}
	found, err := query.Order("epoch DESC, seq DESC").Limit(q.Limit).Find(ctx)
	return found, mapError(err)
}
