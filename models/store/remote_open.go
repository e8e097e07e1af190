package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"cubby/models"
)

// RemoteTarget implements activities.Remotes.
func (s *Store) RemoteTarget(ctx context.Context, l models.LockerID, cell int) (models.RemoteTarget, error) {
	var row models.StoredCell
	if cell != models.GateCell {
		var err error
		row, err = gorm.G[models.StoredCell](s.read).Where("locker = ? AND number = ?", l, cell).Take(ctx)
		if row, err = take(row, err, noCell); err != nil {
			return models.RemoteTarget{}, err
		}
	}
	var instances []string
	err := s.read.WithContext(ctx).Raw(`SELECT c.instance FROM locker_connections c
		JOIN gateway_instances g ON g.instance = c.instance AND g.run = c.run AND g.expires_ms > `+s.clockMS()+`
		WHERE c.locker = ? AND c.ended_at IS NULL`, l).Scan(&instances).Error
	to := models.RemoteTarget{Generation: row.Generation}
	if len(instances) > 0 {
		to.Queue = models.QueueGateway(instances[0])
	}
	return to, mapError(err)
}

// ShowRemote implements activities.Remotes. What a cabinet's fact said of a door stays.
func (s *Store) ShowRemote(ctx context.Context, p models.RemoteProjection) error {
	return s.tx(ctx, "remote_show", func(t *tx) error {
		row, err := forUpdate[models.RemoteOpening](t).Where("id = ?", p.Opening).Take(t.ctx)
		o, err := take(row, err, noRemote)
		if err != nil || p.Rev <= o.Rev {
			return err
		}
		o.Rev, o.State, o.UpdatedAt = p.Rev, p.State, t.now
		if p.DecidedBy != "" && o.DecidedBy == "" {
			o.DecidedBy, o.DecidedAt = p.DecidedBy, &t.now
		}
		if p.State != models.RemoteStateOpening && p.State != models.RemoteStateWaiting {
			o.EndedAt = &t.now
		}
		if err := t.db.Save(&o).Error; err != nil {
			return err
		}
		for _, d := range p.Doors {
			_, err := t.exec(`UPDATE remote_doors SET attempts = ?,
				outcome = CASE WHEN opened_at IS NULL THEN ? ELSE outcome END,
				reason = CASE WHEN opened_at IS NULL THEN ? ELSE reason END WHERE opening = ? AND cell = ?`,
				d.Attempts, d.Outcome, d.Reason, p.Opening, d.Cell)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoteAlarm implements activities.Remotes.
func (s *Store) RemoteAlarm(ctx context.Context, evidence string) error {
	return s.tx(ctx, "remote_alarm", func(t *tx) error {
		return t.openIncident(models.Incident{Kind: models.IncidentRemote, Evidence: evidence})
	})
}

// openedFromAfar links a door or gate that was opened from afar with the request for it. One that
// nobody asked for tells of a key in wrong hands.
func (in *intake) openedFromAfar(f models.Fact, d models.FactData) error {
	gate := f.Type == models.FactOutput && d.Reason == models.PurposeOpenGate
	if !gate && (f.Operation == "" || !slices.Contains(models.RemotePurposes(), d.Reason)) {
		return nil
	}
	n, err := in.exec(`UPDATE remote_doors SET outcome = ?, reason = '', opened_at = ?, fact_epoch = ?, fact_seq = ?
		WHERE (operation = ? OR again = ?) AND cell = ? AND opening IN (SELECT id FROM remote_openings WHERE locker = ?)`,
		models.Opened, f.At(), f.Epoch, f.Seq, f.Operation, f.Operation, f.Cell, in.locker)
	if err != nil || n > 0 {
		return err
	}
	return in.openIncident(models.Incident{
		Kind: models.IncidentRemote, Locker: in.locker, Cell: f.Cell, Evidence: f.Key(in.locker) + ": opened from afar, and nobody asked for it",
	})
}
