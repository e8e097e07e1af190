package api

import (
	"context"
	"time"

	"cubby/models"
)

// CreateCourier gives a courier access to cabinets.
func (s *server) CreateCourier(ctx context.Context, request CreateCourierRequestObject) (CreateCourierResponseObject, error) {
	info := callOf(ctx)
	c, err := newCourier(info.actor, s.Now(), *request.Body)
	if err != nil {
		return nil, err
	}
	if c.PINHash, err = models.HashPIN(request.Body.Pin, s.Rand); err != nil {
		return nil, err
	}
	made, err := s.Network.CreateCourier(ctx, models.NewCourier{Request: info.request(), Courier: c})
	if err != nil {
		return nil, err
	}
	return CreateCourier201JSONResponse{
		Id: string(made.ID), Organization: string(made.Organization), Role: CourierRole(made.Role), Badge: made.Badge,
		Lockers:   each(made.Lockers, func(l models.LockerID) string { return string(l) }),
		ValidFrom: made.ValidFrom, ValidUntil: made.ValidUntil, Suspended: made.Suspended, CreatedAt: made.CreatedAt,
	}, nil
}

// newCourier makes a courier of a body that fits its schema: a carrier makes its own, an
// operator anyone's.
func newCourier(a models.Actor, now time.Time, b NewCourier) (models.Courier, error) {
	c := models.Courier{
		Organization: models.OrganizationID(or(b.Organization, string(a.Organization))),
		Role:         models.CourierRole(or(b.Role, NewCourierRole(models.RoleCourier))), Badge: b.Badge,
		Lockers:   each(or(b.Lockers, nil), func(l LockerRef) models.LockerID { return models.LockerID(l) }),
		ValidFrom: b.ValidFrom, ValidUntil: b.ValidUntil,
	}
	var f models.Fields
	if !a.Operator() {
		if a.Kind != models.KindCarrier {
			return c, models.Errorf(models.CodeForbidden, "Only carriers and operators make couriers.")
		}
		if c.Organization != a.Organization {
			f.Add("/organization", "must be your own organization or missing")
		}
		if c.Role != models.RoleCourier {
			f.Add("/role", "must be courier: an operator alone makes technicians")
		}
	}
	if c.ValidUntil != nil && !c.ValidUntil.After(now) {
		f.Add("/valid_until", "must be in the future")
	}
	if c.ValidFrom != nil && c.ValidUntil != nil && !c.ValidUntil.After(*c.ValidFrom) {
		f.Add("/valid_until", "must be after valid_from")
	}
	return c, f.Err()
}
