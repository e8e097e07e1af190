package api

import (
	"context"

	"cubby/models"
)

// ListLocations lists locations.
func (s *server) ListLocations(ctx context.Context, request ListLocationsRequestObject) (ListLocationsResponseObject, error) {
	p := page(request.Params.Cursor, request.Params.Limit, request.Params.Search)
	locations, err := s.Network.Locations(ctx, p)
	if err != nil {
		return nil, err
	}
	return ListLocations200JSONResponse{
		Items:      each(locations, locationBody),
		NextCursor: nextCursor(locations, p.Limit, func(l models.Location) string { return string(l.ID) }),
	}, nil
}

// CreateLocation makes a location.
func (s *server) CreateLocation(ctx context.Context, request CreateLocationRequestObject) (CreateLocationResponseObject, error) {
	b := request.Body
	hours, quiet, err := newHours(b.Hours, b.QuietHours)
	if err != nil {
		return nil, err
	}
	l, err := s.Network.CreateLocation(ctx, callOf(ctx).request(), models.Location{
		Name: b.Name, Address: b.Address, City: b.City, Country: b.Country, TimeZone: b.TimeZone,
		Latitude: b.Latitude, Longitude: b.Longitude, Hours: hours, QuietHours: quiet,
	})
	if err != nil {
		return nil, err
	}
	return CreateLocation201JSONResponse(locationBody(l)), nil
}

func locationBody(l models.Location) Location {
	return Location{
		Id: string(l.ID), Name: l.Name, Address: l.Address, City: l.City, Country: l.Country, TimeZone: l.TimeZone,
		Latitude: l.Latitude, Longitude: l.Longitude, Hours: hoursBody(l.Hours), QuietHours: quietBody(l.QuietHours),
		CreatedAt: l.CreatedAt,
	}
}
