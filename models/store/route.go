package store

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"cubby/models"
)

const noRoute = "There is no such route."

// CreateRoute makes a route of the courier's own organization. It returns not_found for a courier
// of another one, and invalid_request for stops that cannot be. A repeat of a request with an
// Idempotency-Key returns the route that it made.
func (s *Store) CreateRoute(ctx context.Context, n models.NewRoute) (models.RouteView, error) {
	r, id := n.Request, models.RouteID(s.ids.New(models.PrefixRoute))
	made := id
	err := s.tx(ctx, "route", func(t *tx) error {
		before, err := t.madeBefore(r.Actor.Organization, n.IdempotencyKey, n.Fingerprint, string(id))
		if err != nil || before != "" {
			made = models.RouteID(before)
			return err
		}
		route := n.Route
		route.ID, made = id, id
		row, err := gorm.G[models.Courier](t.db).Where("id = ?", route.Courier).Take(t.ctx)
		c, err := take(row, err, noCourier)
		if err != nil {
			return err
		}
		if err := ownCourier(r.Actor, c); err != nil {
			return err
		}
		route.Carrier, route.CreatedAt = c.Organization, t.now
		if err := t.checkStops(r.Actor, route, c); err != nil {
			return err
		}
		if err := insert(t, route); err != nil {
			return err
		}
		return t.audit(r, "route.create", string(route.ID), string(route.Courier))
	})
	if err != nil {
		return models.RouteView{}, err
	}
	return s.Route(ctx, r.Actor, made)
}

// checkStops refuses lockers that do not exist or where the courier may not come, and shipments
// that are not the carrier's. What the actor does not see does not exist.
func (t *tx) checkStops(a models.Actor, route models.Route, c models.Courier) error {
	var lockers []models.LockerID
	for _, stop := range route.Stops {
		lockers = append(lockers, stop.Locker)
	}
	var known []models.LockerID
	if err := t.db.Raw("SELECT id FROM lockers WHERE id IN ? AND (test = ? OR ?)", lockers, a.Test, a.Operator()).Scan(&known).Error; err != nil {
		return err
	}
	var own []models.ShipmentID
	if err := t.db.Raw("SELECT id FROM shipments WHERE id IN ? AND carrier = ? AND (test = ? OR ?)", route.Shipments(), route.Carrier, a.Test, a.Operator()).
		Scan(&own).Error; err != nil {
		return err
	}
	var f models.Fields
	for i, stop := range route.Stops {
		switch {
		case !slices.Contains(known, stop.Locker):
			f.Add(fmt.Sprintf("/stops/%d/locker", i), "does not exist")
		case len(c.Lockers) > 0 && !slices.Contains(c.Lockers, stop.Locker):
			f.Add(fmt.Sprintf("/stops/%d/locker", i), "is not one where the courier may come")
		}
		foreign := func(name string, ids []models.ShipmentID) {
			for j, id := range ids {
				if !slices.Contains(own, id) {
					f.Add(fmt.Sprintf("/stops/%d/%s/%d", i, name, j), "is not a shipment of the carrier")
				}
			}
		}
		foreign("bring", stop.Bring)
		foreign("take", stop.Take)
	}
	return f.Err()
}

// seenRoute is what an actor other than an operator sees of routes: those of its couriers.
const seenRoute = "carrier = ? AND courier IN (SELECT id FROM couriers WHERE test = ?)"

// Routes returns a page ordered by id: the actor's own, an operator's of any carrier.
func (s *Store) Routes(ctx context.Context, a models.Actor, q models.RouteQuery) ([]models.RouteView, error) {
	query := gorm.G[models.Route](s.read).Where("id > ?", q.Cursor)
	if !a.Operator() {
		query = query.Where(seenRoute, a.Organization, a.Test)
	}
	if q.Courier != "" {
		query = query.Where("courier = ?", q.Courier)
	}
	if q.Date != "" {
		query = query.Where("date = ?", q.Date)
	}
	routes, err := query.Order("id").Limit(q.Limit).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	return s.routeViews(ctx, routes...)
}

// Route returns one; that of another carrier is not_found, unless an operator asks.
func (s *Store) Route(ctx context.Context, a models.Actor, id models.RouteID) (models.RouteView, error) {
	query := gorm.G[models.Route](s.read).Where("id = ?", id)
	if !a.Operator() {
		query = query.Where(seenRoute, a.Organization, a.Test)
	}
	row, err := query.Take(ctx)
	route, err := take(row, err, noRoute)
	if err != nil {
		return models.RouteView{}, err
	}
	views, err := s.routeViews(ctx, route)
	if err != nil {
		return models.RouteView{}, err
	}
	return views[0], nil
}

// routeViews works out what came of routes.
func (s *Store) routeViews(ctx context.Context, routes ...models.Route) ([]models.RouteView, error) {
	var ids []models.ShipmentID
	for _, r := range routes {
		ids = append(ids, r.Shipments()...)
	}
	slices.Sort(ids)
	parcels, events := map[models.ShipmentID][]models.ParcelID{}, map[models.ShipmentID][]models.Event{}
	for some := range slices.Chunk(slices.Compact(ids), insertBatch) {
		rows, err := gorm.G[models.Parcel](s.read).Select("id, shipment").Where("shipment IN ?", some).Order("id").Find(ctx)
		if err != nil {
			return nil, mapError(err)
		}
		for _, p := range rows {
			parcels[p.Shipment] = append(parcels[p.Shipment], p.ID)
		}
		told, err := gorm.G[models.Event](s.read).Where("shipment IN ? AND parcel <> ''", some).Order("shipment, seq").Find(ctx)
		if err != nil {
			return nil, mapError(err)
		}
		for _, e := range told {
			events[e.Shipment] = append(events[e.Shipment], e)
		}
	}
	views := make([]models.RouteView, 0, len(routes))
	for _, r := range routes {
		views = append(views, r.View(parcels, events))
	}
	return views, nil
}
