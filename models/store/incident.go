package store

import (
	"context"

	"gorm.io/gorm"

	"cubby/models"
)

// openIncident opens an incident and starts its workflow, unless one is open for the key.
func (t *tx) openIncident(i models.Incident) error {
	i.ID = models.IncidentID(t.ids.New(models.PrefixIncident))
	if i.Key == "" {
		i.Key = models.IncidentKey(i.Locker, i.Kind, i.Cell, i.Shipment)
	}
	i.Opened = t.now
	added, err := insertNew(t, i)
	if err != nil || added == 0 {
		return err
	}
	return t.post(startOf(models.WorkflowIncident, models.IncidentWorkflowID(i.ID), models.IncidentInput{Incident: i.ID}))
}

// unannounced opens the incident of a parcel that nobody announced, and resolves it once the
// parcel is announced or out of its cell.
func (in *intake) unannounced(f models.Fact, d models.FactData) error {
	key := models.UnannouncedKey(in.locker, f.Cell, f.Generation)
	reason := ""
	switch f.Type {
	case models.FactHeld:
		return in.openIncident(models.Incident{
			Key: key, Kind: models.IncidentUnannounced, Locker: in.locker, Cell: f.Cell, Evidence: f.Key(in.locker) + ": " + d.Label,
		})
	case models.FactDeposited:
		reason = "the parcel was announced"
	case models.FactWithdrawn:
		reason = "the parcel was taken out"
	case models.FactMissing:
		reason = "the parcel is not in its cell"
	default:
		return nil
	}
	_, err := in.exec("UPDATE incidents SET resolved = ?, reason = ? WHERE key = ? AND resolved IS NULL", in.now, reason, key)
	return err
}

// boardUp resolves what is open about a lock board that answers again.
func (t *tx) boardUp(l models.LockerID, firstCell int) error {
	_, err := t.exec("UPDATE incidents SET resolved = ?, reason = ? WHERE key = ? AND resolved IS NULL",
		t.now, "the board answers again", models.IncidentKey(l, models.IncidentBoard, firstCell, ""))
	return err
}

// cellChecked resolves what is open about a cell's content and door.
func (t *tx) cellChecked(l models.LockerID, cell int) error {
	keys := []string{
		models.IncidentKey(l, models.IncidentDoubt, cell, ""),
		models.IncidentKey(l, models.IncidentJam, cell, ""),
	}
	_, err := t.exec("UPDATE incidents SET resolved = ?, reason = ? WHERE key IN ? AND resolved IS NULL",
		t.now, "the cabinet reports it checked", keys)
	return err
}

// Incident returns one, or not_found.
func (s *Store) Incident(ctx context.Context, id models.IncidentID) (models.Incident, error) {
	i, err := gorm.G[models.Incident](s.read).Where("id = ?", id).Take(ctx)
	return take(i, err, "There is no such incident.")
}

// Incidents returns a page ordered by id.
func (s *Store) Incidents(ctx context.Context, q models.IncidentQuery) ([]models.Incident, error) {
	query, order := gorm.G[models.Incident](s.read).Where("id > ?", q.Cursor), "id"
	if q.Newest {
		order = "id DESC"
		query = gorm.G[models.Incident](s.read).Where("? = '' OR id < ?", q.Cursor, q.Cursor)
	}
	if q.Open {
		query = query.Where("resolved IS NULL")
	}
	if q.Resolved {
		query = query.Where("resolved IS NOT NULL")
	}
	if q.Locker != "" {
		query = query.Where("locker = ?", q.Locker)
	}
	if q.Kind != "" {
		query = query.Where("kind = ?", q.Kind)
	}
	if q.Shipment != "" {
		query = query.Where("shipment = ?", q.Shipment)
	}
	if q.Search != "" {
		search, args := contains(q.Search, "id", "key")
		query = query.Where(search, args...)
	}
	found, err := query.Order(order).Limit(q.Limit).Find(ctx)
	return found, mapError(err)
}

// ResolveIncident closes one with a reason.
func (s *Store) ResolveIncident(ctx context.Context, r models.Request, id models.IncidentID, reason string) (models.Incident, error) {
	var resolved models.Incident
	err := s.tx(ctx, "incident", func(t *tx) error {
		i, err := forUpdate[models.Incident](t).Where("id = ?", id).Take(t.ctx)
		if i, err = take(i, err, "There is no such incident."); err != nil {
			return err
		}
		if i.Resolved != nil {
			return models.Errorf(models.CodeInvalidState, "The incident is resolved already.")
		}
		i.Resolved, i.Reason = &t.now, reason
		resolved = i
		if _, err := t.exec("UPDATE incidents SET resolved = ?, reason = ? WHERE id = ?", t.now, reason, id); err != nil {
			return err
		}
		return t.audit(r, "incident.resolve", string(id), i.Key)
	})
	return resolved, err
}
