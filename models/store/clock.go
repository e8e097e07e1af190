package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

const (
	// outageLeast is how long a cabinet is away before it counts: it changes its gateway
	// faster than that. Until then what it told last is good enough.
	outageLeast = 30 * time.Second
	outagesRead = 1000
)

// outage is when a cabinet could not be reached.
type outage struct {
	Locker models.LockerID `gorm:"primaryKey"`
	Began  time.Time       `gorm:"primaryKey"`
	Ended  time.Time
}

// TableName is the table of outages.
func (outage) TableName() string { return "outages" }

// outageEnds records that a cabinet is back, if it was away for long enough to count.
func (t *tx) outageEnds(l models.LockerID) error {
	_, err := t.exec(`INSERT INTO outages (locker, began, ended) SELECT locker, seen_at, ? FROM locker_connections
		WHERE locker = ? AND ended_at IS NOT NULL AND seen_at <= ? ON CONFLICT DO NOTHING`, t.now, l, t.now.Add(-outageLeast))
	return err
}

// outagesSince lists a cabinet's outages that ended after a moment, with the one that goes on,
// and how fresh what it told is; current: it has told everything that it knew then.
func (s *Store) outagesSince(ctx context.Context, db *gorm.DB, l models.LockerID, since time.Time) (spans []models.Span, current bool, err error) {
	rows, err := gorm.G[outage](db).Where("locker = ? AND ended > ?", l, since.UTC()).Order("began").Limit(outagesRead).Find(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, o := range rows {
		spans = append(spans, models.Span{From: o.Began.UTC(), Until: o.Ended.UTC()})
	}
	var links []struct {
		SeenAt    *time.Time
		EndedAt   *time.Time
		CurrentAt *time.Time
		ExpiresMs *int64
		NowMs     int64
	}
	err = db.WithContext(ctx).Raw(`SELECT c.seen_at, c.ended_at, c.current_at, g.expires_ms, `+s.clockMS()+` AS now_ms
		FROM locker_connections c LEFT JOIN gateway_instances g ON g.instance = c.instance AND g.run = c.run
		WHERE c.locker = ?`, l).Scan(&links).Error
	if err != nil || len(links) == 0 || links[0].SeenAt == nil {
		return spans, false, err
	}
	link := links[0]
	seen := link.SeenAt.UTC()
	if link.EndedAt == nil && link.ExpiresMs != nil {
		seen = gatewayInstance{ExpiresMs: *link.ExpiresMs}.beat()
	}
	away := time.UnixMilli(link.NowMs).Sub(seen)
	if away >= outageLeast {
		spans = append(spans, models.Span{From: seen})
	}
	return spans, link.CurrentAt != nil && away < outageLeast, nil
}

// StorageClock reckons the end of a shipment's storage by all that is known now.
func (s *Store) StorageClock(ctx context.Context, in models.ClockInput) (models.ClockResult, error) {
	var res models.ClockResult
	outages, current, err := s.outagesSince(ctx, s.read, in.Locker, in.Clock.Began())
	if err != nil {
		return res, mapError(err)
	}
	if current {
		// A fact that is taken in may still be on its way to the life.
		waiting, err := gorm.G[models.OutboxRow](s.read).Where("workflow_id = ?", models.ShipmentWorkflowID(in.Shipment)).Count(ctx, "*")
		if err != nil {
			return res, mapError(err)
		}
		current = waiting == 0
	}
	end, err := s.clockEnd(ctx, s.read, in, outages)
	return models.ClockResult{EndsAt: end, Outages: outages, Current: current}, mapError(err)
}

// clockEnd reckons the end of a storage clock with outages, and with the hours of its locker's
// place.
func (s *Store) clockEnd(ctx context.Context, db *gorm.DB, in models.ClockInput, outages []models.Span) (time.Time, error) {
	place, err := gorm.G[models.Location](db).Where("id = (SELECT location FROM lockers WHERE id = ?)", in.Locker).Take(ctx)
	return in.Clock.End(place.Hours, place.Zone(), outages, s.now()).UTC(), err
}

// JournalCurrent records whether all of a cabinet's journal is here, as its connection n says.
func (s *Store) JournalCurrent(ctx context.Context, l models.LockerID, n int64, current bool) error {
	return s.tx(ctx, "current", func(t *tx) error {
		var since *time.Time
		if current {
			since = &t.now
		}
		_, err := t.exec("UPDATE locker_connections SET current_at = ? WHERE locker = ? AND n = ?", since, l, n)
		return err
	})
}

// SetHours sets when people may come to a location, and when they get no messages that can
// wait; nil: always, and never.
func (s *Store) SetHours(ctx context.Context, r models.Request, id models.LocationID, hours *models.Hours, quiet *models.QuietHours) (models.Location, error) {
	var l models.Location
	err := s.tx(ctx, "hours", func(t *tx) error {
		row, err := forUpdate[models.Location](t).Where("id = ?", id).Take(t.ctx)
		if l, err = take(row, err, "There is no such location."); err != nil {
			return err
		}
		l.Hours, l.QuietHours, l.UpdatedAt = hours, quiet, t.now
		if err := t.db.Select("hours", "quiet_hours", "updated_at").Save(&l).Error; err != nil {
			return err
		}
		here, err := t.lockersAt(id)
		if err != nil {
			return err
		}
		for _, stands := range here {
			t.tellUpdated(stands)
		}
		if err := t.tellLayouts(here); err != nil {
			return err
		}
		return t.audit(r, "location.hours", string(id), "")
	})
	return l, err
}
