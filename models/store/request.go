package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"cubby/models"
)

// courierAt is a courier who may work at a locker now, and whether for every carrier; not_found for
// any other.
func (s *Store) courierAt(ctx context.Context, l models.LockerID, id models.CourierID) (c models.Courier, operator bool, err error) {
	c, err = gorm.G[models.Courier](s.read).Where("id = ?", id).Take(ctx)
	if c, err = take(c, err, "There is no such courier."); err != nil {
		return c, false, err
	}
	locker, err := s.Locker(ctx, l)
	if err != nil {
		return c, false, err
	}
	if !c.Allowed(l, s.now()) || c.Test && !locker.Locker.Test {
		return c, false, models.Errorf(models.CodeNotFound, "There is no such courier.")
	}
	o, err := gorm.G[models.Organization](s.read).Where("id = ?", c.Organization).Take(ctx)
	return c, o.Kind == models.KindOperator, mapError(err)
}

// bringing is a shipment of a locker of which the courier may put parcels in; not_found for any
// other.
func (s *Store) bringing(ctx context.Context, l models.LockerID, c models.CourierID, id models.ShipmentID) (models.Shipment, error) {
	courier, operator, err := s.courierAt(ctx, l, c)
	if err != nil {
		return models.Shipment{}, err
	}
	row, err := gorm.G[models.Shipment](s.read).Where("id = ? AND locker = ? AND ended_at IS NULL", id, l).Take(ctx)
	if row, err = take(row, err, "There is no such shipment."); err == nil && !operator && row.Carrier != courier.Organization {
		err = models.Errorf(models.CodeNotFound, "There is no such shipment.")
	}
	return row, err
}

// LookUp finds what a label in a courier's hands is, of the courier's carrier. Nothing is found of
// another's, nor for a courier who may not work at the cabinet.
func (s *Store) LookUp(ctx context.Context, l models.LockerID, c models.CourierID, label string) (found models.LookedUp, err error) {
	courier, operator, err := s.courierAt(ctx, l, c)
	if models.ErrorCode(err) == models.CodeNotFound {
		return found, nil
	}
	if err != nil {
		return found, err
	}
	var rows []models.Shipment
	// What is for this locker first, then what was announced last.
	err = s.read.WithContext(ctx).Raw(`SELECT s.* FROM shipments s JOIN parcels p ON p.shipment = s.id
		WHERE p.barcode = ? AND p.open AND (p.carrier = ? OR ?) AND s.ended_at IS NULL AND s.test = (SELECT test FROM lockers WHERE id = ?)
		ORDER BY CASE WHEN s.locker = ? THEN 0 ELSE 1 END, s.id DESC LIMIT 1`, label, courier.Organization, operator, l, l).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return found, mapError(err)
	}
	if rows[0].Locker == l {
		return models.LookedUp{Here: true}, nil
	}
	to, err := s.Locker(ctx, rows[0].Locker)
	return models.LookedUp{Place: to.Locker.Number + ", " + to.Location.Address}, err
}

// NearbyFor returns the nearest other lockers with room for what is still to come of a shipment of
// the cabinet; not_found for one that the courier may not bring.
func (s *Store) NearbyFor(ctx context.Context, l models.LockerID, c models.CourierID, id models.ShipmentID) ([]models.NearbyLocker, error) {
	row, err := s.bringing(ctx, l, c, id)
	if err != nil {
		return nil, err
	}
	parcels, err := gorm.G[models.Parcel](s.read).Where("shipment = ? AND state = ?", id, models.ParcelExpected).Find(ctx)
	if err != nil || len(parcels) == 0 {
		return nil, mapError(err)
	}
	policy, err := policyOf(ctx, s.read, row)
	if err != nil {
		return nil, mapError(err)
	}
	return s.nearby(ctx, l, row.Carrier, demandOf(row, parcels), s.now().Add(policy.Horizon().Duration()))
}

// SendThere checks, and records, that a courier sends what is still to come of a shipment of the
// cabinet to another locker, one that NearbyFor offers; not_found for one that the courier may not
// bring, no_capacity for another locker.
func (s *Store) SendThere(ctx context.Context, l models.LockerID, c models.CourierID, id models.ShipmentID, to models.LockerID) error {
	near, err := s.NearbyFor(ctx, l, c, id)
	if err != nil {
		return err
	}
	return s.tx(ctx, "send_there", func(t *tx) error {
		if !slices.ContainsFunc(near, func(n models.NearbyLocker) bool { return n.Locker == to }) {
			// One that was asked for before may keep the last of its room for the shipment itself.
			kept, err := gorm.G[models.Promise](t.db).Where("shipment = ? AND locker = ?", id, to).Count(t.ctx, "*")
			if err != nil {
				return err
			}
			if kept == 0 || to == l {
				return models.Errorf(models.CodeNoCapacity, "That locker has no room for it.")
			}
		}
		return t.audit(models.Request{}, "shipment.reroute", string(id), string(to)+": "+string(c)+" found no room at "+string(l))
	})
}

// CallBack has the support call the client of what lies at a cabinet, who names a session to them;
// not_found if no phone is known.
func (s *Store) CallBack(ctx context.Context, l models.LockerID, id models.ShipmentID, session string) error {
	return s.tx(ctx, "call_back", func(t *tx) error {
		row, err := gorm.G[models.Shipment](t.db).Where("id = ? AND locker = ?", id, l).Take(t.ctx)
		if row, err = take(row, err, "There is no such shipment."); err != nil {
			return err
		}
		callable, err := t.callable(row)
		if err != nil {
			return err
		}
		if !callable {
			return models.Errorf(models.CodeNotFound, "No phone is known.")
		}
		open, err := t.openedIncident(models.Incident{Kind: models.IncidentCallBack, Locker: l, Shipment: id, Evidence: session})
		if err != nil {
			return err
		}
		// Of a wish that is open already the client has the newest number.
		_, err = t.exec("UPDATE incidents SET evidence = ? WHERE id = ?", session, open)
		return err
	})
}

// callable reports whether the support knows a phone of the shipment's client.
func (t *tx) callable(row models.Shipment) (bool, error) {
	if row.NotifyBy != models.NotifyContact {
		return false, nil
	}
	n, err := gorm.G[models.Contact](t.db).Where("shipment = ? AND phone <> ''", row.ID).Count(t.ctx, "*")
	return n > 0, err
}
