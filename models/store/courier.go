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
		if c.Role == models.RoleTechnician && o.Kind != models.KindOperator {
			return fieldError("/organization", "must be the operator: technicians are its people")
		}
		c.Test = n.Actor.Test
		if err := t.knownLockers(n.Actor, c); err != nil {
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

// knownLockers checks that the actor sees a courier's lockers. One of a test key is for those that
// are named: none would be all.
func (t *tx) knownLockers(a models.Actor, c models.Courier) error {
	ids := c.Lockers
	if len(ids) == 0 {
		if c.Test {
			return fieldError("/lockers", "must name test lockers: the courier is one of a test key")
		}
		return nil
	}
	found, err := gorm.G[models.Locker](t.db).Where("id IN ?", ids).Find(t.ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(found, func(l models.Locker) bool { return l.ID == id && a.Sees(l.Test) && (l.Test || !c.Test) }) {
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
		if c, err = take(row, err, noCourier); err != nil {
			return err
		}
		if err := ownCourier(r.Actor, c); err != nil {
			return err
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
		c, err := take(row, err, noCourier)
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
		return t.tellCourier(c, entry)
	})
}

// tellCourier writes a courier's entry where he may work, and wherever it stands already: a
// cabinet where he may not come any more has to learn that.
func (t *tx) tellCourier(c models.Courier, entry models.DirectoryRow) error {
	stands, err := gorm.G[models.DirectoryRow](t.db).Select("scope").Where("kind = ? AND key = ?", models.EntryCourier, c.ID).Find(t.ctx)
	if err != nil {
		return err
	}
	var scopes []string
	for _, row := range stands {
		scopes = append(scopes, row.Scope)
	}
	if len(c.Lockers) == 0 {
		scopes = append(scopes, models.ScopeOfOrganization(c.Organization))
	}
	for _, l := range c.Lockers {
		scopes = append(scopes, models.ScopeOfLocker(l))
	}
	// Scopes are locked in one order by every transaction.
	slices.Sort(scopes)
	for _, scope := range slices.Compact(scopes) {
		write := func(row models.DirectoryRow) error { return t.writeDirectory(scope, row) }
		if l, own := models.LockerOfScope(scope); own {
			write = func(row models.DirectoryRow) error { return t.writeLocker(l, row) }
		}
		if err := write(entry); err != nil {
			return err
		}
	}
	return nil
}

// Couriers returns a page ordered by id: the actor's own, or an operator's choice. The operator's
// people are listed to an operator alone, see ownCourier.
func (s *Store) Couriers(ctx context.Context, a models.Actor, q models.CourierQuery) ([]models.Courier, error) {
	query := gorm.G[models.Courier](s.read).Where("id > ?", q.Cursor)
	switch {
	case !a.Operator() && a.Kind == models.KindOperator:
		return nil, nil
	case !a.Operator():
		query = query.Where("organization = ? AND test = ?", a.Organization, a.Test)
	case q.Organization != "":
		query = query.Where("organization = ?", q.Organization)
	}
	if q.Role != "" {
		query = query.Where("role = ?", q.Role)
	}
	if q.Search != "" {
		search, args := contains(q.Search, "id", "badge")
		query = query.Where(search, args...)
	}
	found, err := query.Order("id").Limit(q.Limit).Find(ctx)
	return found, mapError(err)
}

// Courier returns one. That of another organization is not_found, unless an operator asks.
func (s *Store) Courier(ctx context.Context, a models.Actor, id models.CourierID) (models.Courier, error) {
	row, err := gorm.G[models.Courier](s.read).Where("id = ?", id).Take(ctx)
	c, err := take(row, err, noCourier)
	if err != nil {
		return c, err
	}
	return c, ownCourier(a, c)
}

const noCourier = "There is no such courier."

// ownCourier returns not_found for who may neither see nor change a courier. A badge of the
// operator's people, technicians and couriers, is good for every carrier's parcels: a key of the
// operator's that may not make one may not take one over either.
func ownCourier(a models.Actor, c models.Courier) error {
	own := c.Organization == a.Organization && c.Role != models.RoleTechnician && a.Kind != models.KindOperator
	if !a.Sees(c.Test) || !a.Operator() && !own {
		return models.Errorf(models.CodeNotFound, noCourier)
	}
	return nil
}

// UpdateCourier changes a courier and has the cabinets told: those where he may come, and those
// where he may not any more. A badge in use is a conflict.
func (s *Store) UpdateCourier(ctx context.Context, r models.Request, id models.CourierID, u models.CourierUpdate) (models.Courier, error) {
	var c models.Courier
	err := s.tx(ctx, "courier_update", func(t *tx) error {
		row, err := forUpdate[models.Courier](t).Where("id = ?", id).Take(t.ctx)
		if c, err = take(row, err, noCourier); err != nil {
			return err
		}
		if err := ownCourier(r.Actor, c); err != nil {
			return err
		}
		if err := u.Apply(&c); err != nil {
			return err
		}
		c.ValidFrom, c.ValidUntil = utc(c.ValidFrom), utc(c.ValidUntil)
		if err := t.knownLockers(r.Actor, c); err != nil {
			return err
		}
		c.Rev = t.revAfter(c.Rev)
		if err := t.db.Save(&c).Error; err != nil {
			return err
		}
		if err := t.audit(r, "courier.update", string(id), string(c.Organization)); err != nil {
			return err
		}
		return t.post(startGrant(c))
	})
	return c, err
}
