package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

const (
	// sealedFor is how long a sealed code waits for its reader.
	sealedFor = time.Minute
	// reportsMost bounds what one client can tell about one shipment.
	reportsMost = 20
)

// clientPage says which shipment's page an address shows. It holds no token.
type clientPage struct {
	Hash      string `gorm:"primaryKey"`
	Shipment  models.ShipmentID
	Rev       int
	CreatedAt time.Time
}

// TableName is the table of clients' pages.
func (clientPage) TableName() string { return "pages" }

// sealedCode is a pickup code that only who asked for it can open.
type sealedCode struct {
	ID        models.SealedID `gorm:"primaryKey"`
	Shipment  models.ShipmentID
	Sealed    []byte
	CreatedAt time.Time
}

// TableName is the table of sealed codes.
func (sealedCode) TableName() string { return "sealed_codes" }

// OpenPage makes the page of a shipment's client, if there is none at the address yet. hash is
// that of the token for a revision.
func (s *Store) OpenPage(ctx context.Context, id models.ShipmentID, hash func(models.Shipment) (string, error)) error {
	return s.tx(ctx, "page", func(t *tx) error {
		row, err := gorm.G[models.Shipment](t.db).Where("id = ?", id).Take(t.ctx)
		if row, err = take(row, err, "There is no such shipment."); err != nil {
			return err
		}
		return t.openPage(row, hash)
	})
}

func (t *tx) openPage(row models.Shipment, hash func(models.Shipment) (string, error)) error {
	sum, err := hash(row)
	if err != nil {
		return err
	}
	_, err = insertNew(t, clientPage{Hash: sum, Shipment: row.ID, Rev: row.PageRev, CreatedAt: t.now})
	return err
}

// SealCode keeps what seal makes of a shipment, under an id, for who asked; again for the same id
// it changes nothing. It returns not_found, or invalid_state when no code opens anything for the
// client now.
func (s *Store) SealCode(ctx context.Context, id models.SealedID, shipment models.ShipmentID,
	hash func(models.Shipment) (string, error), seal func(models.Shipment) ([]byte, error)) error {
	return s.tx(ctx, "seal", func(t *tx) error {
		row, err := gorm.G[models.Shipment](t.db).Where("id = ?", shipment).Take(t.ctx)
		if row, err = take(row, err, "There is no such shipment."); err != nil {
			return err
		}
		parcels, err := parcelsOf(t.ctx, t.db, shipment)
		if err != nil {
			return err
		}
		if err := row.CheckCode(parcels); err != nil {
			return err
		}
		if err := t.openPage(row, hash); err != nil {
			return err
		}
		sealed, err := seal(row)
		if err != nil {
			return err
		}
		_, err = insertNew(t, sealedCode{ID: id, Shipment: shipment, Sealed: sealed, CreatedAt: t.now})
		return err
	})
}

// TakeSealed reads a sealed code, once; not_found when it was read, or waited for too long.
func (s *Store) TakeSealed(ctx context.Context, id models.SealedID) ([]byte, error) {
	var rows []sealedCode
	err := s.tx(ctx, "take", func(t *tx) error {
		return t.db.Raw("DELETE FROM sealed_codes WHERE id = ? AND created_at > ? RETURNING *", id, t.now.Add(-sealedFor)).Scan(&rows).Error
	})
	if err == nil && len(rows) == 0 {
		err = models.Errorf(models.CodeNotFound, "There is no such sealed code.")
	}
	if err != nil {
		return nil, err
	}
	return rows[0].Sealed, nil
}

// EraseSealed erases the sealed codes that nobody came for.
func (s *Store) EraseSealed(ctx context.Context) error {
	return s.tx(ctx, "erase", func(t *tx) error {
		_, err := t.exec("DELETE FROM sealed_codes WHERE created_at <= ?", t.now.Add(-sealedFor))
		return err
	})
}

// ClientPage returns what the page with a token of the hash shows, or not_found.
func (s *Store) ClientPage(ctx context.Context, hash string) (models.ClientPage, error) {
	var v models.ClientPage
	at, err := gorm.G[clientPage](s.read).Where("hash = ?", hash).Take(ctx)
	if at, err = take(at, err, "There is no such page."); err != nil {
		return v, err
	}
	row, err := gorm.G[models.Shipment](s.read).Where("id = ?", at.Shipment).Take(ctx)
	if err != nil {
		return v, mapError(err)
	}
	if row.PageRev != at.Rev {
		return models.ClientPage{Replaced: true}, nil
	}
	v.Shipment = row
	if v.Parcels, err = parcelsOf(ctx, s.read, row.ID); err != nil {
		return v, mapError(err)
	}
	if v.Policy, err = policyOf(ctx, s.read, row); err != nil {
		return v, mapError(err)
	}
	extended, err := gorm.G[models.Event](s.read).Where("shipment = ? AND type = ?", row.ID, models.EventStorageExtended).Count(ctx, "*")
	if err != nil {
		return v, mapError(err)
	}
	v.Extended = int(extended)
	place, err := s.Locker(ctx, row.Locker)
	if err != nil {
		return v, err
	}
	v.Locker, v.Location = place.Locker, place.Location
	outages, _, err := s.outagesSince(ctx, s.read, row.Locker, s.now())
	if n := len(outages); err == nil && n > 0 && outages[n-1].Until.IsZero() {
		v.AwaySince = &outages[n-1].From
	}
	return v, mapError(err)
}

// ReportProblem keeps what a client tells, and opens an incident about it unless one is open. It
// returns too_many_requests for a client who told enough.
func (s *Store) ReportProblem(ctx context.Context, r models.ClientReport) error {
	return s.tx(ctx, "report", func(t *tx) error {
		row, err := forUpdate[models.Shipment](t).Where("id = ?", r.Shipment).Take(t.ctx)
		if row, err = take(row, err, "There is no such shipment."); err != nil {
			return err
		}
		told, err := gorm.G[models.ClientReport](t.db).Where("shipment = ?", r.Shipment).Count(t.ctx, "*")
		if err != nil {
			return err
		}
		if told >= reportsMost {
			return models.Errorf(models.CodeTooMany, "Enough was told about this shipment.")
		}
		r.ID, r.CreatedAt = models.ReportID(t.ids.New(models.PrefixReport)), t.now
		i := models.Incident{Kind: models.IncidentClientReport, Locker: row.Locker, Shipment: row.ID, Evidence: string(r.ID) + ": " + string(r.Problem)}
		if err := t.openIncident(i); err != nil {
			return err
		}
		open, err := gorm.G[models.Incident](t.db).
			Where("key = ? AND resolved IS NULL", models.IncidentKey(i.Locker, i.Kind, 0, i.Shipment)).Take(t.ctx)
		if err != nil {
			return err
		}
		r.Incident = open.ID
		return insert(t, r)
	})
}

// ClientReports lists what clients told that an incident is about; not_found for an unknown one.
func (s *Store) ClientReports(ctx context.Context, r models.Request, id models.IncidentID) ([]models.ClientReport, error) {
	i, err := gorm.G[models.Incident](s.read).Where("id = ?", id).Take(ctx)
	if _, err = take(i, err, "There is no such incident."); err != nil {
		return nil, err
	}
	// A client's own words may be personal: who reads them is on record.
	if err := s.Audit(ctx, r, "incident.read_reports", string(id), ""); err != nil {
		return nil, err
	}
	reports, err := gorm.G[models.ClientReport](s.read).Where("incident = ?", id).Order("id").Find(ctx)
	return reports, mapError(err)
}
