package store

import (
	"context"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

// ChangeLocation changes what is told of a location. Where its address or time zone is
// another, the cabinets there are told, who go by them.
func (s *Store) ChangeLocation(ctx context.Context, r models.Request, id models.LocationID, c models.LocationChange) (models.Location, error) {
	var l models.Location
	err := s.tx(ctx, "location_change", func(t *tx) error {
		row, err := forUpdate[models.Location](t).Where("id = ?", id).Take(t.ctx)
		if l, err = take(row, err, "There is no such location."); err != nil {
			return err
		}
		before := l
		c.Apply(&l)
		if err := t.knownHost(l); err != nil {
			return err
		}
		l.UpdatedAt = t.now
		if err := t.db.Save(&l).Error; err != nil {
			return err
		}
		if err := t.audit(r, "location.change", string(id), ""); err != nil || l.Address == before.Address && l.TimeZone == before.TimeZone {
			return err
		}
		here, err := t.lockersAt(id)
		if err != nil {
			return err
		}
		return t.tellLayouts(here)
	})
	return l, err
}

// lockersAt reads a location's lockers to be written. They, and scopes, are locked in one order by
// every transaction.
func (t *tx) lockersAt(l models.LocationID) ([]models.Locker, error) {
	return forUpdate[models.Locker](t).Where("location = ?", l).Order("id").Find(t.ctx)
}

// tellLayouts has cabinets told what they are now.
func (t *tx) tellLayouts(lockers []models.Locker) error {
	for _, l := range lockers {
		if err := t.tellLayout(l); err != nil {
			return err
		}
	}
	return nil
}

// knownHost refuses a host that is none.
func (t *tx) knownHost(l models.Location) error {
	if l.Host == "" {
		return nil
	}
	o, err := gorm.G[models.Organization](t.db).Where("id = ? AND kind = ?", l.Host, models.KindHost).Take(t.ctx)
	_, err = take(o, err, "There is no such host.")
	return err
}

// UpdateLocker changes what a locker is called and good for; a number in use is a conflict.
func (s *Store) UpdateLocker(ctx context.Context, r models.Request, id models.LockerID, u models.LockerUpdate) (models.Locker, error) {
	var l models.Locker
	err := s.tx(ctx, "locker_update", func(t *tx) error {
		row, err := forUpdate[models.Locker](t).Where("id = ?", id).Take(t.ctx)
		if l, err = take(row, err, "There is no such locker."); err != nil {
			return err
		}
		cells, err := gorm.G[models.StoredCell](t.db).Where("locker = ?", id).Count(t.ctx, "*")
		if err != nil {
			return err
		}
		number, reach := l.Number, l.EasyReach
		if err := u.Apply(&l, int(cells)); err != nil {
			return err
		}
		l.UpdatedAt = t.now
		if err := t.db.Save(&l).Error; err != nil {
			return err
		}
		if err := t.audit(r, "locker.update", string(id), l.Number); err != nil {
			return err
		}
		another := !slices.Equal(l.EasyReach, reach)
		if another {
			if err := t.reachCells(l); err != nil {
				return err
			}
		}
		if another || l.Number != number {
			return t.tellLayout(l)
		}
		return nil
	})
	return l, err
}

// reachCells marks the cells that everybody reaches, and weighs the promises of such cells anew.
func (t *tx) reachCells(l models.Locker) error {
	if _, err := t.exec("UPDATE cells SET easy_reach = number IN ? WHERE locker = ?", append([]int{0}, l.EasyReach...), l.ID); err != nil {
		return err
	}
	return t.weighRoom(l.ID)
}

// SetAlias has a carrier call a locker so; empty: by its number alone. One that the carrier has
// for another locker is a conflict, and so is the number of another locker, for which it could never stand.
func (s *Store) SetAlias(ctx context.Context, r models.Request, a models.Alias) error {
	return s.tx(ctx, "alias", func(t *tx) error {
		l, err := gorm.G[models.Locker](t.db).Where("id = ?", a.Locker).Take(t.ctx)
		if _, err = take(l, err, "There is no such locker."); err != nil {
			return err
		}
		o, err := gorm.G[models.Organization](t.db).Where("id = ? AND kind = ?", a.Carrier, models.KindCarrier).Take(t.ctx)
		if _, err = take(o, err, "There is no such carrier."); err != nil {
			return err
		}
		if err := t.audit(r, "locker.alias", string(a.Locker), string(a.Carrier)+" "+a.Alias); err != nil {
			return err
		}
		if a.Alias == "" {
			_, err := t.exec("DELETE FROM locker_aliases WHERE locker = ? AND carrier = ?", a.Locker, a.Carrier)
			return err
		}
		taken, err := gorm.G[models.Locker](t.db).Where("id <> ? AND (number = ? OR id = ?)", a.Locker, a.Alias, a.Alias).Count(t.ctx, "*")
		if err != nil {
			return err
		}
		if taken > 0 {
			return models.Errorf(models.CodeConflict, "That is the number of another locker.")
		}
		return t.db.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "locker"}, {Name: "carrier"}}, DoUpdates: clause.AssignmentColumns([]string{"alias"}),
		}).Create(&a).Error
	})
}
