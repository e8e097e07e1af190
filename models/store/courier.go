package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"cubby/models"
)

// CreateCourier makes a courier and has a worker tell the cabinets where he may work: those
// that are named, or all by the scope of his organization.
func (s *Store) CreateCourier(ctx context.Context, n models.NewCourier) (models.Courier, error) {
	c := n.Courier
	c.ID = models.CourierID(s.ids.New(models.PrefixCourier))
	c.ValidFrom, c.ValidUntil = utc(c.ValidFrom), utc(c.ValidUntil)
	// Scopes are locked in one order by every transaction.
	c.Lockers = slices.Compact(slices.Sorted(slices.Values(c.Lockers)))
	err := s.tx(ctx, "courier", func(t *tx) error {
		o, err := gorm.G[models.Organization](t.db).Where("id = ?", c.Organization).Take(t.ctx)
		if _, err = take(o, err, "There is no such organization."); err != nil {
			return err
		}
		c.Test = n.Actor.Test
		if err := t.knownLockers(n.Actor, c.Lockers); err != nil {
			return err
		}
		c.CreatedAt, c.Rev = t.now, t.revAfter(0)
		if err := insert(t, c); err != nil {
			return err
		}
		if err := t.audit(n.Request, "courier.create", string(c.ID), string(c.Organization)); err != nil {
			return err
		}
		return t.post(startGrant(c))
	})
	if err != nil {
		return models.Courier{}, err
	}
	return c, nil
}

// startGrant has a worker sign what the cabinets are told of a courier: nothing that is not
// signed lets anyone in.
func startGrant(c models.Courier) models.OutboxRow {
	in := models.GrantInput{Courier: c.ID, Rev: c.Rev}
	return startOf(models.WorkflowGrant, models.GrantWorkflowID(in), in)
}

// revAfter is the revision of a grant that follows one. Cabinets remember the highest that they
// saw: after the database was put back it must still be above those that are lost with it, so
// it is never below the time in Unix milliseconds.
func (t *tx) revAfter(rev int64) int64 { return max(rev+1, t.now.UnixMilli()) }

// knownLockers checks that the actor sees the lockers. With a test key a courier is for those that
// are named: none would be all.
func (t *tx) knownLockers(a models.Actor, ids []models.LockerID) error {
	if len(ids) == 0 {
		if a.Test {
			var fields models.Fields
			fields.Add("/lockers", "must name test lockers: the key is a test key")
			return fields.Err()
		}
		return nil
	}
	found, err := gorm.G[models.Locker](t.db).Where("id IN ?", ids).Find(t.ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(found, func(l models.Locker) bool { return l.ID == id && a.Sees(l.Test) }) {
			return models.Errorf(models.CodeNotFound, "There is no locker %s.", id)
		}
	}
	return nil
}

// SuspendCourier suspends a courier, or ends the suspension. One of another organization is
// not_found, unless an operator asks. Asking for what is so already tells the cabinets again:
// they may have heard otherwise before the database was put back.
func (s *Store) SuspendCourier(ctx context.Context, r models.Request, id models.CourierID, suspended bool) (models.Courier, error) {
	var c models.Courier
	err := s.tx(ctx, "suspend", func(t *tx) error {
		row, err := forUpdate[models.Courier](t).Where("id = ?", id).Take(t.ctx)
		if c, err = take(row, err, "There is no such courier."); err != nil {
			return err
		}
		if !r.Actor.Sees(c.Test) || !r.Actor.Operator() && c.Organization != r.Actor.Organization {
			return models.Errorf(models.CodeNotFound, "There is no such courier.")
		}
		c.Suspended, c.Rev = suspended, t.revAfter(c.Rev)
		if _, err := t.exec("UPDATE couriers SET suspended = ?, rev = ? WHERE id = ?", c.Suspended, c.Rev, id); err != nil {
			return err
		}
		action := "courier.suspend"
		if !suspended {
			action = "courier.resume"
		}
		if err := t.audit(r, action, string(id), string(c.Organization)); err != nil {
			return err
		}
		return t.post(startGrant(c))
	})
	return c, err
}

// PublishCourier implements activities.Couriers.
func (s *Store) PublishCourier(ctx context.Context, id models.CourierID, sign func(models.Grant) models.SignedGrant) error {
	return s.tx(ctx, "grant", func(t *tx) error {
		// Under the row's lock, so that the newest revision is the last to be written.
		row, err := forUpdate[models.Courier](t).Where("id = ?", id).Take(t.ctx)
		c, err := take(row, err, "There is no such courier.")
		if err != nil {
			return err
		}
		o, err := gorm.G[models.Organization](t.db).Where("id = ?", c.Organization).Take(t.ctx)
		if err != nil {
			return err
		}
		known, err := gorm.G[models.DirectoryRow](t.db).
			Where("kind = ? AND key = ? AND rev >= ?", models.EntryCourier, id, c.Rev).Count(t.ctx, "*")
		if err != nil || known > 0 {
			return err
		}
		entry := sign(models.Grant{Kind: models.EntryCourier, Key: string(id), Rev: c.Rev, Body: encode(models.DirectoryCourier{
			Courier: c.ID, Organization: c.Organization, Operator: o.Kind == models.KindOperator, Role: c.Role,
			Badge: c.Badge, PINHash: c.PINHash, ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil,
			Lockers: c.Lockers, Suspended: c.Suspended, Unannounced: c.Unannounced,
		})}).Row()
		if len(c.Lockers) == 0 {
			return t.writeDirectory(models.ScopeOfOrganization(c.Organization), entry)
		}
		for _, l := range c.Lockers {
			if err := t.writeLocker(l, entry); err != nil {
				return err
			}
		}
		return nil
	})
}
