package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"cubby/models"
)

// CreateLocation makes a place where lockers stand.
func (s *Store) CreateLocation(ctx context.Context, r models.Request, l models.Location) (models.Location, error) {
	l.ID = models.LocationID(s.ids.New(models.PrefixLocation))
	err := s.tx(ctx, "location", func(t *tx) error {
		l.CreatedAt, l.UpdatedAt = t.now, t.now
		if l.HowToFind == nil {
			l.HowToFind = map[string]string{}
		}
		if err := t.knownHost(l); err != nil {
			return err
		}
		if err := insert(t, l); err != nil {
			return err
		}
		return t.audit(r, "location.create", string(l.ID), "")
	})
	return l, err
}

// Locations returns a page ordered by id.
func (s *Store) Locations(ctx context.Context, p models.Page) ([]models.Location, error) {
	return page[models.Location](ctx, s, p, "id", "name", "address", "city")
}

// CreateModel makes a kind of cabinet; a name in use is a conflict.
func (s *Store) CreateModel(ctx context.Context, r models.Request, m models.CabinetModel) (models.CabinetModel, error) {
	m.ID = models.ModelID(s.ids.New(models.PrefixModel))
	err := s.tx(ctx, "model", func(t *tx) error {
		m.CreatedAt = t.now
		if err := insert(t, m); err != nil {
			return err
		}
		return t.audit(r, "model.create", string(m.ID), "")
	})
	return m, err
}

// Models returns a page ordered by id.
func (s *Store) Models(ctx context.Context, p models.Page) ([]models.CabinetModel, error) {
	return page[models.CabinetModel](ctx, s, p, "id", "name")
}

// CreateLocker makes a locker, planned where it says so and else active, with its cells free, an empty journal and its
// layout in the directory.
func (s *Store) CreateLocker(ctx context.Context, r models.Request, l models.Locker) (models.Locker, error) {
	l.ID = models.LockerID(s.ids.New(models.PrefixLocker))
	if l.State != models.LockerPlanned {
		l.State = models.LockerActive
	}
	err := s.tx(ctx, "locker", func(t *tx) error {
		place, err := gorm.G[models.Location](t.db).Where("id = ?", l.Location).Take(t.ctx)
		if place, err = take(place, err, "There is no such location."); err != nil {
			return err
		}
		model, err := gorm.G[models.CabinetModel](t.db).Where("id = ?", l.Model).Take(t.ctx)
		if model, err = take(model, err, "There is no such cabinet model."); err != nil {
			return err
		}
		l.CreatedAt, l.UpdatedAt = t.now, t.now
		if err := insert(t, l); err != nil {
			return err
		}
		if err := insert(t, models.Head{Locker: l.ID, UpdatedAt: t.now}); err != nil {
			return err
		}
		if err := t.addCells(l, model.Layout()); err != nil {
			return err
		}
		if err := t.audit(r, "locker.create", string(l.ID), string(l.Location)); err != nil {
			return err
		}
		t.tellUpdated(l)
		return t.writeLayout(l, place, model.Layout())
	})
	if err != nil {
		return models.Locker{}, err
	}
	return l, nil
}

// writeLayout tells a cabinet what it is, and what it may be used for.
func (t *tx) writeLayout(l models.Locker, place models.Location, cells []models.LayoutCell) error {
	neighbours, err := t.neighbours(l, place)
	if err != nil {
		return err
	}
	profiles, err := t.screens(l.ID)
	if err != nil {
		return err
	}
	l.WithinReach(cells)
	return t.writeLocker(l.ID, models.DirectoryRow{Kind: models.EntryLayout, Key: string(l.ID), Body: encode(models.DirectoryLayout{
		Locker: l.ID, Number: l.Number, Address: place.Address, TimeZone: place.TimeZone, State: l.State, Cells: cells,
		Neighbours: neighbours, Screen: shown(profiles, l.ID, place),
	})})
}

// neighbourDegrees bounds where neighbours are looked for: some 20 km to each side.
const neighbourDegrees = 0.2

// neighbours are the nearest lockers that clients may use now.
func (t *tx) neighbours(l models.Locker, place models.Location) ([]models.Neighbour, error) {
	var near []struct {
		models.Neighbour
		Latitude, Longitude float64
	}
	err := t.db.Raw(`SELECT l.number, p.address, p.latitude, p.longitude FROM lockers l JOIN locations p ON p.id = l.location
		WHERE p.latitude BETWEEN ? AND ? AND p.longitude BETWEEN ? AND ? AND l.state = ? AND l.id <> ? AND l.test = ?
		ORDER BY (p.latitude - ?) * (p.latitude - ?) + (p.longitude - ?) * (p.longitude - ?), l.id LIMIT ?`,
		place.Latitude-neighbourDegrees, place.Latitude+neighbourDegrees, place.Longitude-neighbourDegrees, place.Longitude+neighbourDegrees,
		models.LockerActive, l.ID, l.Test, place.Latitude, place.Latitude, place.Longitude, place.Longitude, 2*nearbyShown).Scan(&near).Error
	var neighbours []models.Neighbour
	for _, n := range near {
		n.DistanceM = distanceM(place.Latitude, place.Longitude, n.Latitude, n.Longitude)
		neighbours = append(neighbours, n.Neighbour)
	}
	slices.SortStableFunc(neighbours, func(a, b models.Neighbour) int { return a.DistanceM - b.DistanceM })
	return neighbours[:min(len(neighbours), nearbyShown)], err
}

// ChangeLocker carries out an action on a locker, for a reason, and has its cabinet told.
// Where it takes a locker out of use, or back into it, the promises there are weighed anew.
func (s *Store) ChangeLocker(ctx context.Context, r models.Request, id models.LockerID, c models.LockerChange) (models.Locker, error) {
	var l models.Locker
	err := s.tx(ctx, "locker_state", func(t *tx) error {
		row, err := forUpdate[models.Locker](t).Where("id = ?", id).Take(t.ctx)
		if l, err = take(row, err, "There is no such locker."); err != nil {
			return err
		}
		to, err := l.State.Next(c.Action)
		emptying := c.Withdraw || l.Emptying && to == models.LockerOutOfService
		if err != nil || to == l.State && emptying == l.Emptying {
			return err
		}
		before := l.State
		l.State, l.Emptying = to, emptying
		if err := t.audit(r, "locker."+string(c.Action), string(id), c.Reason); err != nil {
			return err
		}
		if to == models.LockerOutOfService {
			start := startOf(models.WorkflowClosing, models.ClosingWorkflowID(id, t.now), models.ClosingInput{Locker: id})
			if err := t.post(start); err != nil {
				return err
			}
		}
		if err := t.becomes(l); err != nil {
			return err
		}
		if to != models.LockerOutOfService && before != models.LockerOutOfService {
			return nil
		}
		return t.weighRoom(id)
	})
	return l, err
}

// tellUpdated tells every organization that what is known of a locker has changed.
func (t *tx) tellUpdated(l models.Locker) {
	t.tellNetwork(l.Test, models.FeedEvent{Type: models.EventLockerUpdated, At: t.now, Data: models.EventData{Locker: l.ID, Number: l.Number, State: l.State}})
}

// becomes writes a locker's state, and has its cabinet told.
func (t *tx) becomes(l models.Locker) error {
	t.tellUpdated(l)
	if _, err := t.exec("UPDATE lockers SET state = ?, emptying = ?, updated_at = ? WHERE id = ?", l.State, l.Emptying, t.now, l.ID); err != nil {
		return err
	}
	return t.tellLayout(l)
}

// tellLayout has a cabinet told what it is now.
func (t *tx) tellLayout(l models.Locker) error {
	place, err := gorm.G[models.Location](t.db).Where("id = ?", l.Location).Take(t.ctx)
	if err != nil {
		return err
	}
	stored, err := gorm.G[models.StoredCell](t.db).Where("locker = ?", l.ID).Order("number").Find(t.ctx)
	if err != nil {
		return err
	}
	cells := make([]models.LayoutCell, len(stored))
	for i, c := range stored {
		cells[i] = c.Layout
	}
	return t.writeLayout(l, place, cells)
}

func (t *tx) addCells(l models.Locker, layout []models.LayoutCell) error {
	if len(layout) == 0 {
		return nil
	}
	cells := make([]models.StoredCell, 0, len(layout))
	for _, c := range layout {
		cells = append(cells, models.StoredCell{
			Locker: l.ID, Number: c.Number, Size: c.Size, Regime: c.Regime, State: models.CellFree, Layout: c, Since: &t.now, UpdatedAt: t.now,
			EasyReach: slices.Contains(l.EasyReach, c.Number),
		})
	}
	return insert(t, cells...)
}
