package store

import (
	"context"

	"gorm.io/gorm"

	"cubby/models"
)

// timelineRead bounds each kind of line of a timeline.
const timelineRead = 1000

// LockerSummaries returns a page of lockers ordered by id, with what is in their cells and what is
// open about them.
func (s *Store) LockerSummaries(ctx context.Context, q models.LockerSearch) ([]models.LockerSummary, error) {
	views, err := s.deskLockers(ctx, q)
	if err != nil {
		return nil, err
	}
	ids := make([]models.LockerID, len(views))
	for i, v := range views {
		ids[i] = v.Locker.ID
	}
	cells, err := s.cellCounts(ctx, ids)
	if err != nil {
		return nil, err
	}
	var open []struct {
		Locker models.LockerID
		N      int
	}
	err = s.read.WithContext(ctx).Raw("SELECT locker, count(*) AS n FROM incidents WHERE resolved IS NULL AND locker IN ? GROUP BY locker", ids).Scan(&open).Error
	if err != nil {
		return nil, mapError(err)
	}
	incidents := map[models.LockerID]int{}
	for _, o := range open {
		incidents[o.Locker] = o.N
	}
	summaries := make([]models.LockerSummary, len(views))
	for i, v := range views {
		summaries[i] = models.LockerSummary{LockerView: v, Cells: cells[v.Locker.ID], OpenIncidents: incidents[v.Locker.ID]}
	}
	return summaries, nil
}

// deskLockers returns a page of lockers, or of those that a filter leaves.
func (s *Store) deskLockers(ctx context.Context, q models.LockerSearch) ([]models.LockerView, error) {
	if q.Only == "" {
		all := models.Actor{Scopes: []models.Scope{models.ScopeOperator}}
		return s.Lockers(ctx, all, models.LockerQuery{Page: q.Page})
	}
	condition := map[models.LockerFilter]string{
		models.LockersAway:         "state = 'active' AND id NOT IN (" + s.onlineLockers() + ")",
		models.LockersDoubtful:     "id IN (SELECT locker FROM cells WHERE doubtful AND state <> 'out_of_service')",
		models.LockersOutOfService: "id IN (SELECT locker FROM cells WHERE state = 'out_of_service')",
	}[q.Only]
	search, args := contains(q.Search, "id", "number")
	var ids []models.LockerID
	err := s.read.WithContext(ctx).Raw("SELECT id FROM lockers WHERE id > ? AND "+condition+" AND "+search+" ORDER BY id LIMIT ?",
		append(append([]any{q.Cursor}, args...), q.Limit)...).Scan(&ids).Error
	if err != nil {
		return nil, mapError(err)
	}
	views := make([]models.LockerView, 0, len(ids))
	for _, id := range ids {
		v, err := s.Locker(ctx, id)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

// onlineLockers is SQL for the ids of the lockers that are connected.
func (s *Store) onlineLockers() string {
	return `SELECT c.locker FROM locker_connections c JOIN gateway_instances g ON g.instance = c.instance AND g.run = c.run
		WHERE c.ended_at IS NULL AND g.expires_ms > ` + s.clockMS()
}

// cellCounts counts the cells of lockers.
func (s *Store) cellCounts(ctx context.Context, lockers []models.LockerID) (map[models.LockerID]models.CellCounts, error) {
	var groups []struct {
		Locker   models.LockerID
		State    models.CellState
		Doubtful bool
		N        int
	}
	err := s.read.WithContext(ctx).Raw(`SELECT locker, state, doubtful, count(*) AS n FROM cells WHERE locker IN ?
		GROUP BY locker, state, doubtful`, lockers).Scan(&groups).Error
	counts := map[models.LockerID]models.CellCounts{}
	for _, g := range groups {
		c := counts[g.Locker]
		c.Add(models.Occupancy{State: g.State, Doubtful: g.Doubtful}, g.N)
		counts[g.Locker] = c
	}
	return counts, mapError(err)
}

// NetworkCounts counts what the front page tells.
func (s *Store) NetworkCounts(ctx context.Context) (models.NetworkCounts, error) {
	n := models.NetworkCounts{Shipments: map[models.ShipmentState]int{}}
	var totals struct{ Lockers, Active, Online, OpenIncidents, Enrolments int }
	err := s.read.WithContext(ctx).Raw(`SELECT (SELECT count(*) FROM lockers) AS lockers,
		(SELECT count(*) FROM lockers WHERE state = ?) AS active,
		(SELECT count(*) FROM lockers WHERE state = ? AND id IN (`+s.onlineLockers()+`)) AS online,
		(SELECT count(*) FROM incidents WHERE resolved IS NULL) AS open_incidents,
		(SELECT count(*) FROM enrolments WHERE state = ?) AS enrolments`,
		models.LockerActive, models.LockerActive, models.EnrolmentWaiting).Scan(&totals).Error
	if err != nil {
		return n, mapError(err)
	}
	n.Lockers, n.Away, n.OpenIncidents = totals.Lockers, totals.Active-totals.Online, totals.OpenIncidents
	n.Enrolments = totals.Enrolments
	var cells []struct {
		State    models.CellState
		Doubtful bool
		N        int
	}
	err = s.read.WithContext(ctx).Raw("SELECT state, doubtful, count(*) AS n FROM cells GROUP BY state, doubtful").Scan(&cells).Error
	if err != nil {
		return n, mapError(err)
	}
	for _, c := range cells {
		n.Cells.Add(models.Occupancy{State: c.State, Doubtful: c.Doubtful}, c.N)
	}
	var shipments []struct {
		State models.ShipmentState
		N     int
	}
	err = s.read.WithContext(ctx).Raw("SELECT state, count(*) AS n FROM shipments WHERE ended_at IS NULL GROUP BY state").Scan(&shipments).Error
	for _, c := range shipments {
		n.Shipments[c.State] = c.N
	}
	return n, mapError(err)
}

// Timeline tells the story of a shipment that the actor may see: acts, facts, events and messages
// in one order.
func (s *Store) Timeline(ctx context.Context, a models.Actor, id models.ShipmentID) ([]models.TimelineLine, error) {
	events, err := s.ShipmentEvents(ctx, a, id, -1, timelineRead)
	if err != nil {
		return nil, err
	}
	facts, err := gorm.G[models.StoredFact](s.read).Where("shipment = ?", id).Order("received_at, epoch, seq").Limit(timelineRead).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	messages, err := gorm.G[models.Notification](s.read).Where("subject = ?", id).Order("id").Limit(timelineRead).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	acts, err := gorm.G[models.AuditEntry](s.read).Where("object = ?", id).Order("id").Limit(timelineRead).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	lines := make([]models.TimelineLine, 0, len(events)+len(facts)+len(messages)+len(acts))
	for _, r := range acts {
		lines = append(lines, models.TimelineLine{Kind: models.LineAct, At: r.At.UTC(), Act: &r})
	}
	for _, f := range facts {
		lines = append(lines, models.TimelineLine{Kind: models.LineFact, At: f.Body.At(), Fact: &f})
	}
	for _, e := range events {
		lines = append(lines, models.TimelineLine{Kind: models.LineEvent, At: e.At.UTC(), Event: &e})
	}
	for _, m := range messages {
		at := m.CreatedAt
		if m.SentAt != nil {
			at = *m.SentAt
		}
		lines = append(lines, models.TimelineLine{Kind: models.LineMessage, At: at.UTC(), Message: &m})
	}
	models.SortTimeline(lines)
	return lines, nil
}

// MaskedContact returns a shipment's contact with most of it hidden; empty where it was erased.
func (s *Store) MaskedContact(ctx context.Context, a models.Actor, id models.ShipmentID) (models.Contact, error) {
	if _, err := s.visible(ctx, a, id); err != nil {
		return models.Contact{}, err
	}
	c, err := s.contact(ctx, s.read, id)
	return c.Masked(), err
}

// RevealContact returns a shipment's contact to an operator, and records that it did.
func (s *Store) RevealContact(ctx context.Context, r models.Request, id models.ShipmentID) (c models.Contact, err error) {
	if !r.Actor.Operator() {
		return c, models.Errorf(models.CodeForbidden, "Only an operator may see a contact.")
	}
	if _, err := s.visible(ctx, r.Actor, id); err != nil {
		return c, err
	}
	err = s.tx(ctx, "contact", func(t *tx) error {
		if c, err = s.contact(t.ctx, t.db, id); err != nil {
			return err
		}
		return t.audit(r, "contact.show", string(id), "")
	})
	return c, err
}

func (s *Store) contact(ctx context.Context, db *gorm.DB, id models.ShipmentID) (models.Contact, error) {
	c, err := gorm.G[models.Contact](db).Where("shipment = ?", id).Take(ctx)
	if c, err = take(c, err, ""); models.ErrorCode(err) == models.CodeNotFound {
		return models.Contact{}, nil
	}
	return c, err
}

// LastFacts returns what a cabinet told last, the newest first.
func (s *Store) LastFacts(ctx context.Context, l models.LockerID, limit int) ([]models.StoredFact, error) {
	facts, err := gorm.G[models.StoredFact](s.read).Where("locker = ?", l).Order("epoch DESC, seq DESC").Limit(limit).Find(ctx)
	return facts, mapError(err)
}
