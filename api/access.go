package api

import (
	"context"
	"encoding/json"

	"cubby/models"
)

// LocationAccess keeps sealed instructions: how couriers get to lockers.
type LocationAccess interface {
	// PutAccess puts them in the place of those before, or returns not_found.
	PutAccess(ctx context.Context, r models.Request, a models.SealedAccess) error
	// Access returns them and records who looked. It returns not_found to a carrier that has
	// nothing to do there today.
	Access(ctx context.Context, r models.Request, id models.LocationID) (models.SealedAccess, error)
}

// GetAccess shows how couriers get to lockers.
func (s *server) GetAccess(ctx context.Context, request GetAccessRequestObject) (GetAccessResponseObject, error) {
	if err := s.accessOf(request.Id); err != nil {
		return nil, err
	}
	sealed, err := s.Access.Access(ctx, callOf(ctx).request(), models.LocationID(request.Id))
	if err != nil {
		return nil, err
	}
	raw, err := s.DataKey.Open(models.PurposeAccess, request.Id, sealed.Sealed)
	if err != nil {
		return nil, err
	}
	var a models.Access
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, models.Wrap(models.CodeInternal, err, "access instructions cannot be read")
	}
	return GetAccess200JSONResponse(accessBody(a, sealed)), nil
}

// PutAccess says how couriers get to lockers.
func (s *server) PutAccess(ctx context.Context, request PutAccessRequestObject) (PutAccessResponseObject, error) {
	if err := s.accessOf(request.Id); err != nil {
		return nil, err
	}
	b := request.Body
	if b.ValidFrom != nil && b.ValidUntil != nil && !b.ValidUntil.After(*b.ValidFrom) {
		var f models.Fields
		f.Add("/valid_until", "must be after valid_from")
		return nil, f.Err()
	}
	a := models.Access{GateCodes: or(b.GateCodes, ""), KeyBox: or(b.KeyBox, ""), Intercom: or(b.Intercom, ""), Steps: or(b.Steps, "")}
	raw, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	sealed := models.SealedAccess{Location: models.LocationID(request.Id), ValidFrom: b.ValidFrom, ValidUntil: b.ValidUntil}
	if sealed.Sealed, err = s.DataKey.Seal(s.Rand, models.PurposeAccess, request.Id, raw); err != nil {
		return nil, err
	}
	if err := s.Access.PutAccess(ctx, callOf(ctx).request(), sealed); err != nil {
		return nil, err
	}
	return PutAccess200JSONResponse(accessBody(a, sealed)), nil
}

// accessOf refuses what nobody can be told of.
func (s *server) accessOf(location string) error {
	if err := known(models.PrefixLocation, location, "location"); err != nil {
		return err
	}
	if s.DataKey == nil {
		return models.Errorf(models.CodeUnavailable, "This server has no data key, so it keeps no access instructions.")
	}
	return nil
}

func accessBody(a models.Access, sealed models.SealedAccess) Access {
	return Access{
		GateCodes: optional(a.GateCodes), KeyBox: optional(a.KeyBox), Intercom: optional(a.Intercom), Steps: optional(a.Steps),
		ValidFrom: sealed.ValidFrom, ValidUntil: sealed.ValidUntil,
	}
}
