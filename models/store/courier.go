package store

import (
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"

	"cubby/models"
)

// CreateCourier makes a courier and tells the cabinets where he may work: those that are
// named, or all by the scope of his organization.
func (s *Store) CreateCourier(ctx context.Context, n models.NewCourier) (models.Courier, error) {
	c := n.Courier
	c.ID = models.CourierID(s.ids.New(models.PrefixCourier))
	c.ValidFrom, c.ValidUntil = utc(c.ValidFrom), utc(c.ValidUntil)
	// Scopes are locked in one order by every transaction.
	c.Lockers = slices.Compact(slices.Sorted(slices.Values(c.Lockers)))
	err := s.tx(ctx, "courier", func(t *tx) error {
		o, err := gorm.G[models.Organization](t.db).Where("id = ?", c.Organization).Take(t.ctx)
		if o, err = take(o, err, "There is no such organization."); err != nil {
			return err
		}
		c.CreatedAt = t.now
		if err := insert(t, c); err != nil {
			return err
		}
		if err := t.audit(n.Request, "courier.create", string(c.ID), string(c.Organization)); err != nil {
			return err
		}
		return t.writeCourier(c, o)
	})
	if err != nil {
		return models.Courier{}, err
	}
	return c, nil
}

func (t *tx) writeCourier(c models.Courier, o models.Organization) error {
	entry := models.DirectoryRow{Kind: models.EntryCourier, Key: string(c.ID), Deleted: c.Suspended}
	if !c.Suspended {
		entry.Body = encode(models.DirectoryCourier{
			Courier: c.ID, Organization: c.Organization, Operator: o.Kind == models.KindOperator, Role: c.Role,
			Badge: c.Badge, PINHash: c.PINHash, ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil,
		})
	}
	if len(c.Lockers) == 0 {
		return t.writeDirectory(models.ScopeOfOrganization(c.Organization), entry)
	}
	for _, l := range c.Lockers {
		err := t.writeLocker(l, entry)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return models.Errorf(models.CodeNotFound, "There is no locker %s.", l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
