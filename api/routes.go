package api

import (
	"context"
	"time"

	"cubby/models"
)

// Routes are what couriers are to do.
type Routes interface {
	// CreateRoute makes one. It returns not_found for a courier of another organization, and
	// invalid_request for lockers and shipments that cannot be in it. A repeat of a request with an
	// Idempotency-Key returns the route that it made; idempotency_key_reused for another with it.
	CreateRoute(ctx context.Context, n models.NewRoute) (models.RouteView, error)
	// Routes returns a page ordered by id: the actor's own, an operator's of any carrier.
	Routes(ctx context.Context, a models.Actor, q models.RouteQuery) ([]models.RouteView, error)
	// Route returns one; that of another carrier is not_found, unless an operator asks.
	Route(ctx context.Context, a models.Actor, id models.RouteID) (models.RouteView, error)
}

// CreateRoute says what a courier is to do.
func (s *server) CreateRoute(ctx context.Context, request CreateRouteRequestObject) (CreateRouteResponseObject, error) {
	b := request.Body
	if _, err := time.Parse(time.DateOnly, b.Date); err != nil {
		var f models.Fields
		f.Add("/date", "must be a date such as 2026-12-25")
		return nil, f.Err()
	}
	ids := func(list *[]ShipmentRef) []models.ShipmentID {
		return each(or(list, nil), func(id ShipmentRef) models.ShipmentID { return models.ShipmentID(id) })
	}
	info := callOf(ctx)
	v, err := s.Routes.CreateRoute(ctx, models.NewRoute{
		Request: info.request(), IdempotencyKey: info.idempotencyKey, Fingerprint: info.fingerprint,
		Route: models.Route{
			Courier: models.CourierID(b.Courier), Date: b.Date,
			Stops: each(b.Stops, func(n NewStop) models.RouteStop {
				return models.RouteStop{Locker: models.LockerID(n.Locker), Bring: ids(n.Bring), Take: ids(n.Take)}
			}),
		},
	})
	if err != nil {
		return nil, err
	}
	return CreateRoute201JSONResponse(routeBody(v)), nil
}

// ListRoutes lists routes.
func (s *server) ListRoutes(ctx context.Context, request ListRoutesRequestObject) (ListRoutesResponseObject, error) {
	p := request.Params
	q := models.RouteQuery{Page: page(p.Cursor, p.Limit, nil), Courier: models.CourierID(or(p.Courier, "")), Date: or(p.Date, "")}
	routes, err := s.Routes.Routes(ctx, callOf(ctx).actor, q)
	if err != nil {
		return nil, err
	}
	return ListRoutes200JSONResponse{
		Items:      each(routes, routeBody),
		NextCursor: nextCursor(routes, q.Limit, func(v models.RouteView) string { return string(v.ID) }),
	}, nil
}

// GetRoute reads a route.
func (s *server) GetRoute(ctx context.Context, request GetRouteRequestObject) (GetRouteResponseObject, error) {
	if err := known(models.PrefixRoute, request.Id, "route"); err != nil {
		return nil, err
	}
	v, err := s.Routes.Route(ctx, callOf(ctx).actor, models.RouteID(request.Id))
	if err != nil {
		return nil, err
	}
	return GetRoute200JSONResponse(routeBody(v)), nil
}

func routeBody(v models.RouteView) Route {
	b := Route{
		Id: string(v.ID), Carrier: string(v.Carrier), Courier: string(v.Courier), Date: v.Date, CreatedAt: v.CreatedAt,
		Stops: make([]RouteStop, 0, len(v.Stops)),
	}
	item := func(i models.RouteItem) RouteItem {
		switch i.State {
		case models.ItemDone:
			b.Done++
		case models.ItemFailed:
			b.Failed++
		case models.ItemLeft:
			b.Left++
		}
		return RouteItem{Shipment: string(i.Shipment), State: RouteItemState(i.State), Reason: optional(i.Reason), At: i.At}
	}
	for i, stop := range v.Stops {
		b.Stops = append(b.Stops, RouteStop{Locker: string(stop.Locker), Bring: each(v.Bring[i], item), Take: each(v.Take[i], item)})
	}
	return b
}
