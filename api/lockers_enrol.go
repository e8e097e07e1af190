package api

import (
	"context"
	"time"

	"cubby/models"
)

// Enrolments decides which computers are cabinets.
type Enrolments interface {
	// CreateClaim makes a claim in place of the one before and returns its code, which is
	// not kept. It returns not_found, or invalid_state for a locker that is decommissioned.
	CreateClaim(ctx context.Context, r models.Request, l models.LockerID) (code string, expires time.Time, err error)
	// RevokeCertificates ends every certificate of a cabinet and returns how many, or
	// not_found.
	RevokeCertificates(ctx context.Context, r models.Request, l models.LockerID, reason string) (int, error)
	// ReleaseIdentity lets a held cabinet connect again. It returns not_found, or invalid_state
	// for one that is not held.
	ReleaseIdentity(ctx context.Context, r models.Request, l models.LockerID, reason string) error
	// Enrolments returns a page of computers that somebody has to accept, the newest first.
	Enrolments(ctx context.Context, q models.EnrolmentQuery) ([]models.Enrolment, error)
	// DecideEnrolment accepts a computer, or refuses it for a reason. It returns not_found, or
	// invalid_state for one that is decided.
	DecideEnrolment(ctx context.Context, r models.Request, id models.EnrolmentID, accept bool, reason string) (models.Enrolment, error)
}

// CreateClaim makes a claim for a locker.
func (s *server) CreateClaim(ctx context.Context, request CreateClaimRequestObject) (CreateClaimResponseObject, error) {
	if err := known(models.PrefixLocker, request.Id, "locker"); err != nil {
		return nil, err
	}
	code, expires, err := s.Enrolment.CreateClaim(ctx, callOf(ctx).request(), models.LockerID(request.Id))
	if err != nil {
		return nil, err
	}
	return CreateClaim201JSONResponse{Code: code, ExpiresAt: expires}, nil
}

// RevokeCertificates takes a locker's certificates back.
func (s *server) RevokeCertificates(ctx context.Context, request RevokeCertificatesRequestObject) (RevokeCertificatesResponseObject, error) {
	if err := known(models.PrefixLocker, request.Id, "locker"); err != nil {
		return nil, err
	}
	n, err := s.Enrolment.RevokeCertificates(ctx, callOf(ctx).request(), models.LockerID(request.Id), request.Body.Reason)
	if err != nil {
		return nil, err
	}
	return RevokeCertificates200JSONResponse{Revoked: n}, nil
}

// ReleaseIdentity lets a held cabinet connect again.
func (s *server) ReleaseIdentity(ctx context.Context, request ReleaseIdentityRequestObject) (ReleaseIdentityResponseObject, error) {
	if err := known(models.PrefixLocker, request.Id, "locker"); err != nil {
		return nil, err
	}
	err := s.Enrolment.ReleaseIdentity(ctx, callOf(ctx).request(), models.LockerID(request.Id), request.Body.Reason)
	return ReleaseIdentity204Response{}, err
}
