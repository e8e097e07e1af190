package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

const noAccess = "There are no access instructions for you at this location."

// PutAccess puts sealed instructions in the place of those before; not_found for an unknown
// location.
func (s *Store) PutAccess(ctx context.Context, r models.Request, a models.SealedAccess) error {
	a.ValidFrom, a.ValidUntil = utc(a.ValidFrom), utc(a.ValidUntil)
	return s.tx(ctx, "access", func(t *tx) error {
		l, err := gorm.G[models.Location](t.db).Where("id = ?", a.Location).Take(t.ctx)
		if _, err = take(l, err, "There is no such location."); err != nil {
			return err
		}
		put := a
		put.UpdatedAt = t.now
		if err := t.db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "location"}}, UpdateAll: true}).Create(&put).Error; err != nil {
			return err
		}
		return t.audit(r, "location.access.put", string(a.Location), "")
	})
}

// Access returns a location's sealed instructions, and records who looked. To others than
// operators they are not_found outside of their time, and without a parcel of theirs that lies in
// a locker there or is expected by the end of the day there.
func (s *Store) Access(ctx context.Context, r models.Request, id models.LocationID) (models.SealedAccess, error) {
	var a models.SealedAccess
	err := s.tx(ctx, "access_view", func(t *tx) error {
		row, err := gorm.G[models.SealedAccess](t.db).Where("location = ?", id).Take(t.ctx)
		if a, err = take(row, err, noAccess); err != nil {
			return err
		}
		if !r.Actor.Operator() {
			may, err := t.mayEnter(r.Actor, id)
			if err != nil {
				return err
			}
			if !may || !a.Valid(t.now) {
				return models.Errorf(models.CodeNotFound, noAccess)
			}
		}
		return t.audit(r, "location.access.view", string(id), "")
	})
	if err != nil {
		return models.SealedAccess{}, err
	}
	return a, nil
}

// mayEnter reports whether a carrier has something to do at a location today, at a locker that it
// sees: what was promised room, what lies there, and what comes without a promise.
func (t *tx) mayEnter(a models.Actor, id models.LocationID) (bool, error) {
	place, err := gorm.G[models.Location](t.db).Where("id = ?", id).Take(t.ctx)
	if err != nil {
		return false, err
	}
	today := t.now.In(place.Zone())
	tomorrow := time.Date(today.Year(), today.Month(), today.Day()+1, 0, 0, 0, 0, place.Zone()).UTC()
	var n int
	err = t.db.Raw(`SELECT (SELECT count(*) FROM promises p JOIN lockers l ON l.id = p.locker
			WHERE l.location = @place AND l.test = @test AND p.carrier = @carrier AND (p."from" IS NULL OR p."from" < @tomorrow))
		+ (SELECT count(*) FROM cells c JOIN lockers l ON l.id = c.locker JOIN shipments s ON s.id = c.shipment
			WHERE l.location = @place AND l.test = @test AND s.carrier = @carrier)
		+ (SELECT count(*) FROM shipments s JOIN lockers l ON l.id = s.locker
			WHERE l.location = @place AND l.test = @test AND s.carrier = @carrier AND s.ended_at IS NULL AND NOT s.guaranteed
			AND (s.expected_at IS NULL OR s.expected_at < @tomorrow)
			AND EXISTS (SELECT 1 FROM parcels p WHERE p.shipment = s.id AND p.state = @expected))`,
		map[string]any{"place": id, "test": a.Test, "carrier": a.Organization, "tomorrow": tomorrow, "expected": models.ParcelExpected}).Scan(&n).Error
	return n > 0, err
}
