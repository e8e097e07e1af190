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

// ChangeLocation changes what is told of a location.
func (s *server) ChangeLocation(ctx context.Context, request ChangeLocationRequestObject) (ChangeLocationResponseObject, error) {
	if err := known(models.PrefixLocation, request.Id, "location"); err != nil {
		return nil, err
	}
	b := request.Body
	l, err := s.Network.ChangeLocation(ctx, callOf(ctx).request(), models.LocationID(request.Id), models.LocationChange{
		Name: b.Name, Address: b.Address, City: b.City, Country: b.Country, TimeZone: b.TimeZone, Latitude: b.Latitude, Longitude: b.Longitude,
		Kind: (*models.PlaceKind)(b.Kind), Indoor: b.Indoor, StepFree: b.StepFree, HowToFind: newTexts(b.HowToFind), Photo: b.Photo,
		Host: (*models.OrganizationID)(b.Host),
	})
	if err != nil {
		return nil, err
	}
	return ChangeLocation200JSONResponse(locationBody(l)), nil
}

// newTexts are texts by language; nil: none were given.
func newTexts(b *LocalTexts) map[string]string {
	if b == nil {
		return nil
	}
	texts := map[string]string{}
	if b.En != nil {
		texts["en"] = *b.En
	}
	if b.Ru != nil {
		texts["ru"] = *b.Ru
	}
	return texts
}

func textsBody(texts map[string]string) *LocalTexts {
	if len(texts) == 0 {
		return nil
	}
	return &LocalTexts{En: optional(texts["en"]), Ru: optional(texts["ru"])}
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
		Kind: models.PlaceKind(or(b.Kind, "")), Indoor: or(b.Indoor, false), StepFree: or(b.StepFree, false),
		HowToFind: newTexts(b.HowToFind), Photo: or(b.Photo, ""), Host: models.OrganizationID(or(b.Host, "")),
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
		Kind: (*PlaceKind)(optional(l.Kind)), Indoor: l.Indoor, StepFree: l.StepFree, HowToFind: textsBody(l.HowToFind), Photo: optional(l.Photo),
		Host:      optional(string(l.Host)),
		CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt,
	}
}
