package api

import (
	"context"

	"cubby/models"
)

// ListEnrolments lists computers that somebody has to accept.
func (s *server) ListEnrolments(ctx context.Context, request ListEnrolmentsRequestObject) (ListEnrolmentsResponseObject, error) {
	p := request.Params
	q := models.EnrolmentQuery{
		Page: page(p.Cursor, p.Limit, nil), Locker: models.LockerID(or(p.Locker, "")), State: models.EnrolmentState(or(p.State, "")),
	}
	found, err := s.Enrolment.Enrolments(ctx, q)
	if err != nil {
		return nil, err
	}
	return ListEnrolments200JSONResponse{
		Items:      each(found, enrolmentBody),
		NextCursor: nextCursor(found, q.Limit, func(e models.Enrolment) string { return string(e.ID) }),
	}, nil
}

// AcceptEnrolment accepts a computer as a cabinet's.
func (s *server) AcceptEnrolment(ctx context.Context, request AcceptEnrolmentRequestObject) (AcceptEnrolmentResponseObject, error) {
	e, err := s.decideEnrolment(ctx, request.Id, true, "")
	return AcceptEnrolment200JSONResponse(enrolmentBody(e)), err
}

// RefuseEnrolment refuses one.
func (s *server) RefuseEnrolment(ctx context.Context, request RefuseEnrolmentRequestObject) (RefuseEnrolmentResponseObject, error) {
	e, err := s.decideEnrolment(ctx, request.Id, false, request.Body.Reason)
	return RefuseEnrolment200JSONResponse(enrolmentBody(e)), err
}

func (s *server) decideEnrolment(ctx context.Context, id string, accept bool, reason string) (models.Enrolment, error) {
	if err := known(models.PrefixEnrolment, id, "enrolment"); err != nil {
		return models.Enrolment{}, err
	}
	return s.Enrolment.DecideEnrolment(ctx, callOf(ctx).request(), models.EnrolmentID(id), accept, reason)
}

func enrolmentBody(e models.Enrolment) Enrolment {
	return Enrolment{
		Id: string(e.ID), Locker: string(e.Locker), Number: e.LockerName, Fingerprint: e.Fingerprint(), Returning: e.Serial != "",
		Address: e.Address, State: EnrolmentState(e.State), CreatedAt: e.CreatedAt, AskedAt: e.AskedAt,
		DecidedAt: e.DecidedAt, DecidedBy: optional(e.DecidedBy), Reason: optional(e.Reason),
	}
}
