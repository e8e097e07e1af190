package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"cubby/models"
)

// Limits returns what carriers may count on at a locker.
func (s *Store) Limits(ctx context.Context, id models.LockerID) ([]models.Limit, error) {
	if _, err := s.Locker(ctx, id); err != nil {
		return nil, err
	}
	limits, err := gorm.G[models.Limit](s.read).Where("locker = ?", id).Order("carrier, regime, size").Find(ctx)
	return limits, mapError(err)
}

// PutLimits puts limits in the place of all that the locker has.
func (s *Store) PutLimits(ctx context.Context, r models.Request, id models.LockerID, limits []models.Limit) ([]models.Limit, error) {
	err := s.tx(ctx, "limits", func(t *tx) error {
		// Under the lock of announcements: none is made by half of the limits.
		row, err := forUpdate[models.Locker](t).Where("id = ?", id).Take(t.ctx)
		if _, err = take(row, err, "There is no such locker."); err != nil {
			return err
		}
		if err := t.checkLimits(id, limits); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM carrier_limits WHERE locker = ?", id); err != nil {
			return err
		}
		if len(limits) > 0 {
			if err := insert(t, limits...); err != nil {
				return err
			}
		}
		return t.audit(r, "locker.limits", string(id), "")
	})
	slices.SortFunc(limits, func(a, b models.Limit) int {
		return cmp.Or(cmp.Compare(a.Carrier, b.Carrier), cmp.Compare(a.Regime, b.Regime), cmp.Compare(a.Size, b.Size))
	})
	return limits, err
}

func (t *tx) checkLimits(id models.LockerID, limits []models.Limit) error {
	carriers, err := gorm.G[models.Organization](t.db).Where("kind = ?", models.KindCarrier).Find(t.ctx)
	if err != nil {
		return err
	}
	var fields models.Fields
	for i, l := range limits {
		if !slices.ContainsFunc(carriers, func(o models.Organization) bool { return o.ID == l.Carrier }) {
			fields.Add("/items/"+strconv.Itoa(i)+"/carrier", "is not a carrier of this network")
		}
	}
	if err := fields.Err(); err != nil {
		return err
	}
	cells, err := gorm.G[models.StoredCell](t.db).Where("locker = ?", id).Find(t.ctx)
	if err != nil {
		return err
	}
	has := models.Demand{}
	for _, c := range cells {
		has.Add(c.Class(), 1)
	}
	return models.CheckLimits(limits, has)
}
