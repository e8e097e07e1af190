package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

// gatewayInstance is the lease of a gateway: while it lasts, its connections are.
type gatewayInstance struct {
	Instance  string `gorm:"primaryKey"`
	Run       string // one start of it
	ExpiresMs int64
}

// beat is when its gateway last renewed it.
func (g gatewayInstance) beat() time.Time {
	return time.UnixMilli(g.ExpiresMs).Add(-models.GatewayLease).UTC()
}

// connection is where a cabinet's stream is, or was.
type connection struct {
	Locker   models.LockerID `gorm:"primaryKey"`
	Instance string
	Run      string
	N        int64
	At       time.Time
	SeenAt   *time.Time
	EndedAt  *time.Time
	// CurrentAt is since when all of the cabinet's journal is here.
	CurrentAt *time.Time
	// DownSince is since when the cabinet is away, as the lives there were told; nil: they were not.
	DownSince *time.Time
	// Boot is which boot of its computer it came from last; EarlierBoots are those before, the
	// oldest first.
	Boot         string
	EarlierBoots []string `gorm:"serializer:json"`
	// HeldAt is since when no computer is taken for it: two spoke for it.
	HeldAt *time.Time
	// Told is whether others were told last that it is online or offline; empty: neither yet.
	Told string
}

// TableName is the table of connections.
func (connection) TableName() string { return "locker_connections" }

func (t *tx) clock() (ms int64, err error) {
	err = t.db.Raw("SELECT " + t.clockMS()).Scan(&ms).Error
	return ms, err
}

// Beat renews the lease of a gateway for models.GatewayLease, by the database's clock, and
// ends the connections of gateways whose lease ran out, at their last beat. The first beat
// of a run takes over from an earlier run of the instance. lost: another gateway has ended
// this one's connections. It returns conflict when a later run has taken over from this.
func (s *Store) Beat(ctx context.Context, instance, run string, first bool) (lost bool, err error) {
	err = s.tx(ctx, "beat", func(t *tx) error {
		now, err := t.clock()
		if err != nil {
			return err
		}
		mine := gatewayInstance{instance, run, now + models.GatewayLease.Milliseconds()}
		old, err := forUpdate[gatewayInstance](t).Where("instance = ?", instance).Take(t.ctx)
		lost = false
		switch {
		case errors.Is(err, gorm.ErrRecordNotFound):
			lost = !first
			return t.db.Create(&mine).Error
		case err != nil:
			return err
		case old.Run != run && !first:
			return models.Errorf(models.CodeConflict, "another process runs as gateway %q", instance)
		case old.Run != run:
			if err := t.endConnections(old); err != nil {
				return err
			}
		}
		if _, err := t.exec("UPDATE gateway_instances SET run = ?, expires_ms = ? WHERE instance = ?", run, mine.ExpiresMs, instance); err != nil {
			return err
		}
		if old.Run != run || old.ExpiresMs <= now {
			// Just begun, or late: the database may have been away for everyone, and the others
			// are about to beat.
			return nil
		}
		return t.bury(instance, now)
	})
	return lost, err
}

// bury removes dead gateways and ends their connections. One that is beating at this moment
// is locked and passed over.
func (t *tx) bury(instance string, now int64) error {
	dead, err := gorm.G[gatewayInstance](t.db, clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).
		Where("instance <> ? AND expires_ms <= ?", instance, now).Find(t.ctx)
	if err != nil {
		return err
	}
	for _, d := range dead {
		if err := t.endConnections(d); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM gateway_instances WHERE instance = ?", d.Instance); err != nil {
			return err
		}
	}
	return nil
}

// endConnections ends those of a gateway's run at its last beat.
func (t *tx) endConnections(g gatewayInstance) error {
	at := g.beat()
	_, err := t.exec("UPDATE locker_connections SET ended_at = ?, seen_at = ? WHERE instance = ? AND run = ? AND ended_at IS NULL",
		at, at, g.Instance, g.Run)
	return err
}

// Leave ends a gateway's lease and connections.
func (s *Store) Leave(ctx context.Context, instance, run string) error {
	return s.tx(ctx, "leave", func(t *tx) error {
		if _, err := t.exec("DELETE FROM gateway_instances WHERE instance = ? AND run = ?", instance, run); err != nil {
			return err
		}
		_, err := t.exec("UPDATE locker_connections SET ended_at = ?, seen_at = ? WHERE instance = ? AND run = ? AND ended_at IS NULL",
			t.now, t.now, instance, run)
		return err
	})
}

// Connect takes the next connection number of a cabinet: the one before is fenced off. A
// gateway without a lease connects nobody: unavailable. A cabinet for which two computers
// speak, as the boots of them show, is held and an incident tells of it: cabinet_cloned.
func (s *Store) Connect(ctx context.Context, l models.LockerID, instance, run, boot string) (n int64, err error) {
	cloned := ""
	err = s.tx(ctx, "connect", func(t *tx) error {
		n = 0
		var boots string
		var err error
		if boots, cloned, err = t.recognise(l, boot); err != nil || cloned != "" {
			return err
		}
		if err := t.outageEnds(l); err != nil {
			return err
		}
		err = t.db.Raw(`INSERT INTO locker_connections (locker, instance, run, n, at, seen_at, boot, earlier_boots)
			SELECT ?, instance, run, 1, ?, ?, ?, ? FROM gateway_instances WHERE instance = ? AND run = ? AND expires_ms > `+t.clockMS()+`
			ON CONFLICT (locker) DO UPDATE SET instance = excluded.instance, run = excluded.run,
				n = locker_connections.n + 1, at = excluded.at, seen_at = excluded.seen_at,
				boot = excluded.boot, earlier_boots = excluded.earlier_boots, ended_at = NULL, current_at = NULL
			RETURNING n`, l, t.now, t.now, boot, boots, instance, run).Scan(&n).Error
		if err == nil && n == 0 {
			return models.Errorf(models.CodeUnavailable, "This gateway has no lease at the moment.")
		}
		return err
	})
	if err == nil && cloned != "" {
		err = models.Errorf(models.CodeCabinetCloned, "%s", cloned)
	}
	return n, err
}

// ConnectedElsewhere returns the newest connection of each cabinet that connected at a time or
// later, but not to this run of the instance.
func (s *Store) ConnectedElsewhere(ctx context.Context, instance, run string, since time.Time) (map[models.LockerID]int64, error) {
	rows, err := gorm.G[connection](s.read).Select("locker, n").
		Where("at >= ? AND NOT (instance = ? AND run = ?)", *utc(&since), instance, run).Find(ctx)
	newest := make(map[models.LockerID]int64, len(rows))
	for _, r := range rows {
		newest[r.Locker] = r.N
	}
	return newest, mapError(err)
}

// Disconnect records that a cabinet's connection ended, unless there is a newer one, and
// when the cabinet was last seen on it.
func (s *Store) Disconnect(ctx context.Context, l models.LockerID, n int64, seen time.Time) error {
	return s.tx(ctx, "disconnect", func(t *tx) error {
		_, err := t.exec("UPDATE locker_connections SET ended_at = ?, seen_at = ? WHERE locker = ? AND n = ? AND ended_at IS NULL",
			t.now, *utc(&seen), l, n)
		return err
	})
}

// links says of each cabinet whether and how it is connected.
func (s *Store) links(ctx context.Context, lockers []models.LockerID) (map[models.LockerID]models.LockerLink, error) {
	found := make(map[models.LockerID]models.LockerLink, len(lockers))
	var rows []struct {
		Locker    models.LockerID
		SeenAt    *time.Time
		EndedAt   *time.Time
		HeldAt    *time.Time
		ExpiresMs *int64
		NowMs     int64
	}
	err := s.read.WithContext(ctx).Raw(`SELECT c.locker, c.seen_at, c.ended_at, c.held_at, g.expires_ms, `+s.clockMS()+` AS now_ms
		FROM locker_connections c LEFT JOIN gateway_instances g ON g.instance = c.instance AND g.run = c.run
		WHERE c.locker IN ?`, lockers).Scan(&rows).Error
	if err != nil {
		return nil, mapError(err)
	}
	for _, r := range rows {
		link := models.LockerLink{LastSeen: utc(r.SeenAt), HeldSince: utc(r.HeldAt)}
		if r.EndedAt == nil && r.ExpiresMs != nil {
			// The gateway hears from each of its cabinets every few seconds, or ends it.
			beat := gatewayInstance{ExpiresMs: *r.ExpiresMs}.beat()
			link.LastSeen, link.Online = &beat, *r.ExpiresMs > r.NowMs
		}
		found[r.Locker] = link
	}
	certificates, err := gorm.G[models.Certificate](s.read).Select("locker, not_after").
		Where("locker IN ? AND revoked_at IS NULL", lockers).Order("not_after").Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	for _, c := range certificates {
		link, until := found[c.Locker], c.NotAfter.UTC()
		link.CertificateUntil = &until
		found[c.Locker] = link
	}
	return found, nil
}

// Snapshot returns what the server believes of a cabinet, all of one moment: how far its
// journal was taken in, its cells in order, and the parcels in them.
func (s *Store) Snapshot(ctx context.Context, l models.LockerID) (head models.Head, cells []models.StoredCell, parcels []models.Parcel, err error) {
	err = s.tx(ctx, "snapshot", func(t *tx) error {
		var err error
		parcels = nil
		head, err = forUpdate[models.Head](t).Where("locker = ?", l).Take(t.ctx)
		if head, err = take(head, err, "There is no such locker."); err != nil {
			return err
		}
		if cells, err = gorm.G[models.StoredCell](t.db).Where("locker = ?", l).Order("number").Find(t.ctx); err != nil {
			return err
		}
		var shipments []models.ShipmentID
		for _, c := range cells {
			if c.Shipment != "" {
				shipments = append(shipments, c.Shipment)
			}
		}
		if len(shipments) == 0 {
			return nil
		}
		parcels, err = gorm.G[models.Parcel](t.db).Where("shipment IN ? AND state IN ? AND cell > 0", shipments,
			[]models.ParcelState{models.ParcelInCell, models.ParcelRefused}).Order("id").Find(t.ctx)
		return err
	})
	return head, cells, parcels, err
}

// InventoryDiffers opens an incident: the cabinet knows its cells otherwise than its facts
// told them.
func (s *Store) InventoryDiffers(ctx context.Context, l models.LockerID, evidence string) error {
	return s.tx(ctx, "inventory", func(t *tx) error {
		return t.openIncident(models.Incident{Kind: models.IncidentInventoryDiffers, Locker: l, Evidence: evidence})
	})
}
