package store

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"cubby/models"
)

// openIncident opens an incident and starts its workflow, unless one is open for the key.
func (t *tx) openIncident(i models.Incident) error {
	_, err := t.openedIncident(i)
	return err
}

// openedIncident does the same, and returns the id of the one that is open.
func (t *tx) openedIncident(i models.Incident) (models.IncidentID, error) {
	i.ID = models.IncidentID(t.ids.New(models.PrefixIncident))
	if i.Key == "" {
		i.Key = models.IncidentKey(i.Locker, i.Kind, i.Cell, i.Shipment)
	}
	i.Opened = t.now
	added, err := insertNew(t, i)
	if err != nil {
		return "", err
	}
	if added == 0 {
		var open models.IncidentID
		err := t.db.Raw("SELECT id FROM incidents WHERE key = ? AND resolved IS NULL", i.Key).Scan(&open).Error
		return open, err
	}
	t.tellOperators(models.FeedEvent{Type: models.EventIncidentOpened, At: t.now, Data: dataOf(i)})
	return i.ID, t.post(startOf(models.WorkflowIncident, models.IncidentWorkflowID(i.ID), models.IncidentInput{Incident: i.ID}))
}

// dataOf is what the feed of operators tells of an incident.
func dataOf(i models.Incident) models.EventData {
	return models.EventData{Incident: i.ID, Kind: string(i.Kind), Locker: i.Locker, Cell: i.Cell, Shipment: i.Shipment}
}

// resolve closes the open incidents that a condition names.
func (t *tx) resolve(reason, where string, args ...any) error {
	var closed []models.Incident
	err := t.db.Raw("UPDATE incidents SET resolved = ?, reason = ? WHERE resolved IS NULL AND "+where+
		" RETURNING id, kind, locker, cell, shipment", append([]any{t.now, reason}, args...)...).Scan(&closed).Error
	for _, i := range closed {
		t.tellOperators(models.FeedEvent{Type: models.EventIncidentResolved, At: t.now, Data: dataOf(i)})
	}
	return err
}

// unannounced opens the incident of a parcel that nobody announced, and resolves it once the
// parcel is announced or out of its cell. The courier's carrier is told too.
func (in *intake) unannounced(f models.Fact, d models.FactData) error {
	key := models.UnannouncedKey(in.locker, f.Cell, f.Generation)
	reason := ""
	switch f.Type {
	case models.FactHeld:
		if err := in.tellUnannounced(f, d); err != nil {
			return err
		}
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
	return in.resolve(reason, "key = ?", key)
}

// tellUnannounced tells the operators, and the carrier whose courier brought it.
func (in *intake) tellUnannounced(f models.Fact, d models.FactData) error {
	var carriers []models.Shipment // as the parties of one
	if err := in.db.Raw("SELECT c.organization AS carrier, l.test FROM couriers c JOIN lockers l ON l.id = ? WHERE c.id = ?",
		in.locker, d.Courier).Scan(&carriers).Error; err != nil {
		return err
	}
	scopes := []string{models.ScopeOfOperatorsFeed}
	for _, c := range carriers {
		scopes = append(scopes, partiesOf(c)...)
	}
	in.tell(models.FeedEvent{Type: models.EventUnannounced, At: f.Signal(in.locker, d, in.now).At, Data: models.EventData{
		Locker: in.locker, Cell: f.Cell, Operation: f.Operation, Label: d.Label,
	}}, scopes...)
	return nil
}

// deviceChanged opens the incident of a device that is not as it must be, and resolves all that are
// open about it once it is.
func (in *intake) deviceChanged(f models.Fact, d models.FactData) error {
	key := func(k models.IncidentKind) string { return models.DeviceKey(in.locker, k, d.Device) }
	incident := models.Incident{Kind: models.IncidentDevice, Locker: in.locker}
	switch d.State {
	case models.DeviceOK:
		return in.resolve("the device works again", "key IN ?",
			[]string{key(models.IncidentDevice), key(models.IncidentTamper), key(models.IncidentLockSlow)})
	case models.DeviceAlarm:
		incident.Kind = models.IncidentTamper
	case models.DeviceSlow:
		incident.Kind, incident.Cell = models.IncidentLockSlow, f.Cell
	}
	incident.Key, incident.Evidence = key(incident.Kind), f.Key(in.locker)+": "+d.Device+" "+string(d.State)
	if d.Measured != nil {
		incident.Evidence += fmt.Sprintf(" %.1f °C", float64(*d.Measured)/10)
	}
	if l := d.Lock; l != nil {
		incident.Evidence += fmt.Sprintf(": %d ms, at its best %d ms; %d of %d pulses opened nothing", l.MS, l.BestMS, l.Missed, l.Pulses)
	}
	return in.openIncident(incident)
}

// boardUp resolves what is open about a lock board that answers again.
func (t *tx) boardUp(l models.LockerID, firstCell int) error {
	return t.resolve("the board answers again", "key = ?", models.IncidentKey(l, models.IncidentBoard, firstCell, ""))
}

// cellChecked resolves what is open about a cell's content and door.
func (t *tx) cellChecked(l models.LockerID, cell int) error {
	return t.resolve("the cabinet reports it checked", "key IN ?", []string{
		models.IncidentKey(l, models.IncidentDoubt, cell, ""),
		models.IncidentKey(l, models.IncidentJam, cell, ""),
	})
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
		if epoch, seq, ok := models.ParseFactNumber(strings.TrimSpace(q.Search)); ok {
			// What a cabinet's screen told somebody to name; the wish to be called back has it for its evidence.
			search = "(" + search + " OR evidence = ? OR id IN (SELECT incident FROM facts WHERE epoch = ? AND seq = ? AND incident <> ''))"
			args = append(args, strings.TrimSpace(q.Search), epoch, seq)
		}
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
		if i.Kind == models.IncidentCloned {
			held, err := isHeld(t.ctx, t.db, i.Locker)
			if err == nil && held {
				err = models.Errorf(models.CodeInvalidState, "The cabinet is held: release it, or enrol another computer.")
			}
			if err != nil {
				return err
			}
		}
		i.Resolved, i.Reason = &t.now, reason
		resolved = i
		if err := t.resolve(reason, "id = ?", id); err != nil {
			return err
		}
		return t.audit(r, "incident.resolve", string(id), i.Key)
	})
	return resolved, err
}
