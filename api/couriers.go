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
	return CreateCourier201JSONResponse(courierBody(made)), nil
}

// ListCouriers lists couriers.
func (s *server) ListCouriers(ctx context.Context, request ListCouriersRequestObject) (ListCouriersResponseObject, error) {
	p := request.Params
	actor := callOf(ctx).actor
	q := models.CourierQuery{Page: page(p.Cursor, p.Limit, p.Search), Organization: models.OrganizationID(or(p.Organization, ""))}
	if q.Organization != "" && !actor.Operator() && q.Organization != actor.Organization {
		return nil, noOrganization()
	}
	couriers, err := s.Network.Couriers(ctx, actor, q)
	if err != nil {
		return nil, err
	}
	return ListCouriers200JSONResponse{
		Items:      each(couriers, courierBody),
		NextCursor: nextCursor(couriers, q.Limit, func(c models.Courier) string { return string(c.ID) }),
	}, nil
}

// GetCourier reads a courier.
func (s *server) GetCourier(ctx context.Context, request GetCourierRequestObject) (GetCourierResponseObject, error) {
	if err := known(models.PrefixCourier, request.Id, "courier"); err != nil {
		return nil, err
	}
	c, err := s.Network.Courier(ctx, callOf(ctx).actor, models.CourierID(request.Id))
	if err != nil {
		return nil, err
	}
	return GetCourier200JSONResponse(courierBody(c)), nil
}

// UpdateCourier changes a courier.
func (s *server) UpdateCourier(ctx context.Context, request UpdateCourierRequestObject) (UpdateCourierResponseObject, error) {
	if err := known(models.PrefixCourier, request.Id, "courier"); err != nil {
		return nil, err
	}
	b := request.Body
	u := models.CourierUpdate{Badge: b.Badge, ValidFrom: b.ValidFrom, ValidUntil: b.ValidUntil, Unannounced: b.Unannounced}
	if b.Lockers != nil {
		u.Lockers = each(*b.Lockers, func(l LockerRef) models.LockerID { return models.LockerID(l) })
	}
	for _, name := range or(b.Unset, nil) {
		switch name {
		case ValidFrom:
			u.NoValidFrom = true
		case ValidUntil:
			u.NoValidUntil = true
		}
	}
	var f models.Fields
	if u.NoValidFrom && u.ValidFrom != nil || u.NoValidUntil && u.ValidUntil != nil {
		f.Add("/unset", "must not name what is set")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if b.Pin != nil {
		hash, err := models.HashPIN(*b.Pin, s.Rand)
		if err != nil {
			return nil, err
		}
		u.PINHash = &hash
	}
	c, err := s.Network.UpdateCourier(ctx, callOf(ctx).request(), models.CourierID(request.Id), u)
	if err != nil {
		return nil, err
	}
	return UpdateCourier200JSONResponse(courierBody(c)), nil
}

func courierBody(c models.Courier) Courier {
	return Courier{
		Id: string(c.ID), Organization: string(c.Organization), Role: CourierRole(c.Role), Badge: c.Badge,
		Lockers:   each(c.Lockers, func(l models.LockerID) string { return string(l) }),
		ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil, Unannounced: c.Unannounced, Suspended: c.Suspended, CreatedAt: c.CreatedAt,
	}
}

// SuspendCourier lets a courier in nowhere any more.
func (s *server) SuspendCourier(ctx context.Context, request SuspendCourierRequestObject) (SuspendCourierResponseObject, error) {
	c, err := s.suspend(ctx, request.Id, true)
	if err != nil {
		return nil, err
	}
	return SuspendCourier200JSONResponse(courierBody(c)), nil
}

// ResumeCourier ends a suspension.
func (s *server) ResumeCourier(ctx context.Context, request ResumeCourierRequestObject) (ResumeCourierResponseObject, error) {
	c, err := s.suspend(ctx, request.Id, false)
	if err != nil {
		return nil, err
	}
	return ResumeCourier200JSONResponse(courierBody(c)), nil
}

func (s *server) suspend(ctx context.Context, id string, suspended bool) (models.Courier, error) {
	if err := known(models.PrefixCourier, id, "courier"); err != nil {
		return models.Courier{}, err
	}
	return s.Network.SuspendCourier(ctx, callOf(ctx).request(), models.CourierID(id), suspended)
}

// newCourier makes a courier of a body that fits its schema: a carrier makes its own, an
// operator anyone's.
func newCourier(a models.Actor, now time.Time, b NewCourier) (models.Courier, error) {
	c := models.Courier{
		Organization: models.OrganizationID(or(b.Organization, string(a.Organization))),
		Role:         models.CourierRole(or(b.Role, NewCourierRole(models.RoleCourier))), Badge: b.Badge,
		Lockers:   each(or(b.Lockers, nil), func(l LockerRef) models.LockerID { return models.LockerID(l) }),
		ValidFrom: b.ValidFrom, ValidUntil: b.ValidUntil, Unannounced: or(b.Unannounced, false),
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
