package api

import (
	"context"

	"cubby/models"
)

// ListLockers lists lockers.
func (s *server) ListLockers(ctx context.Context, request ListLockersRequestObject) (ListLockersResponseObject, error) {
	p := page(request.Params.Cursor, request.Params.Limit, request.Params.Search)
	lockers, err := s.Lockers.Lockers(ctx, callOf(ctx).actor, p)
	if err != nil {
		return nil, err
	}
	return ListLockers200JSONResponse{
		Items:      each(lockers, lockerDetail(callOf(ctx).actor)),
		NextCursor: nextCursor(lockers, p.Limit, func(v models.LockerView) string { return string(v.Locker.ID) }),
	}, nil
}

// GetLocker reads a locker.
func (s *server) GetLocker(ctx context.Context, request GetLockerRequestObject) (GetLockerResponseObject, error) {
	v, err := s.locker(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	return GetLocker200JSONResponse(lockerDetail(callOf(ctx).actor)(v)), nil
}

// locker reads one that the caller sees.
func (s *server) locker(ctx context.Context, id string) (models.LockerView, error) {
	if err := known(models.PrefixLocker, id, "locker"); err != nil {
		return models.LockerView{}, err
	}
	v, err := s.Lockers.Locker(ctx, models.LockerID(id))
	if err == nil && !callOf(ctx).actor.Sees(v.Locker.Test) {
		return models.LockerView{}, models.Errorf(models.CodeNotFound, "There is no such locker.")
	}
	return v, err
}

// GetAvailability tells how much room a locker has.
func (s *server) GetAvailability(ctx context.Context, request GetAvailabilityRequestObject) (GetAvailabilityResponseObject, error) {
	if _, err := s.locker(ctx, request.Id); err != nil {
		return nil, err
	}
	lines, err := s.Lockers.Availability(ctx, models.LockerID(request.Id), callOf(ctx).actor.Organization)
	if err != nil {
		return nil, err
	}
	return GetAvailability200JSONResponse{Items: each(lines, func(a models.Availability) Availability {
		return Availability{Regime: Regime(a.Regime), Size: Size(a.Size), Free: a.Free, Room: a.Room}
	})}, nil
}

// CreateLocker makes a locker.
func (s *server) CreateLocker(ctx context.Context, request CreateLockerRequestObject) (CreateLockerResponseObject, error) {
	b := request.Body
	l, err := s.Network.CreateLocker(ctx, callOf(ctx).request(), models.Locker{
		Number: b.Number, Location: models.LocationID(b.Location), Model: models.ModelID(b.Model),
		Test: or(b.Test, false),
	})
	if err != nil {
		return nil, err
	}
	return CreateLocker201JSONResponse(lockerBody(l)), nil
}

// PauseLocker has nothing more come into a locker.
func (s *server) PauseLocker(ctx context.Context, request PauseLockerRequestObject) (PauseLockerResponseObject, error) {
	l, err := s.changeLocker(ctx, request.Id, models.LockerChange{Action: models.LockerPause, Reason: request.Body.Reason})
	return PauseLocker200JSONResponse(lockerBody(l)), err
}

// ResumeLocker puts a locker to use again.
func (s *server) ResumeLocker(ctx context.Context, request ResumeLockerRequestObject) (ResumeLockerResponseObject, error) {
	l, err := s.changeLocker(ctx, request.Id, models.LockerChange{Action: models.LockerResume, Reason: request.Body.Reason})
	return ResumeLocker200JSONResponse(lockerBody(l)), err
}

// CloseLocker takes a locker out of use.
func (s *server) CloseLocker(ctx context.Context, request CloseLockerRequestObject) (CloseLockerResponseObject, error) {
	l, err := s.changeLocker(ctx, request.Id, models.LockerChange{
		Action: models.LockerClose, Reason: request.Body.Reason, Withdraw: or(request.Body.Withdraw, false),
	})
	return CloseLocker200JSONResponse(lockerBody(l)), err
}

func (s *server) changeLocker(ctx context.Context, id string, c models.LockerChange) (models.Locker, error) {
	if err := known(models.PrefixLocker, id, "locker"); err != nil {
		return models.Locker{}, err
	}
	return s.Network.ChangeLocker(ctx, callOf(ctx).request(), models.LockerID(id), c)
}

func lockerBody(l models.Locker) Locker {
	return Locker{
		Id: string(l.ID), Number: l.Number, Location: string(l.Location), Model: string(l.Model),
		State: LockerState(l.State), Test: optional(l.Test), CreatedAt: l.CreatedAt,
	}
}

// lockerDetail is a locker as an actor sees it.
func lockerDetail(a models.Actor) func(models.LockerView) LockerDetail {
	return func(v models.LockerView) LockerDetail {
		l := v.Locker
		d := LockerDetail{
			Id: string(l.ID), Number: l.Number, Location: locationBody(v.Location), Model: string(l.Model),
			State: LockerState(l.State), Test: optional(l.Test), CreatedAt: l.CreatedAt, Online: v.Link.Online, LastSeen: v.Link.LastSeen,
		}
		if a.Operator() {
			d.CertificateUntil = v.Link.CertificateUntil
		}
		return d
	}
}
