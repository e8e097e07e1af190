package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"cubby/models"
)

// Remotes are requests to open doors from afar.
type Remotes interface {
	// RequestRemote asks for doors to be opened and has a workflow carry it out. It returns
	// not_found for an unknown locker, invalid_request for cells that it does not have, and
	// idempotency_key_reused.
	RequestRemote(ctx context.Context, n models.NewRemote) (models.RemoteView, error)
	// Remote returns one, or not_found.
	Remote(ctx context.Context, id models.RemoteID) (models.RemoteView, error)
	// MayApprove returns forbidden for who may not be the second person of a request, or not_found.
	MayApprove(ctx context.Context, r models.Request, id models.RemoteID) error
	// Remotes returns a page, the newest first.
	Remotes(ctx context.Context, q models.RemoteQuery) ([]models.RemoteView, error)
}

// OpenCell opens one door from afar.
func (s *server) OpenCell(ctx context.Context, request OpenCellRequestObject) (OpenCellResponseObject, error) {
	b := request.Body
	v, err := s.openRemotely(ctx, request.Id, []int{request.N}, string(b.Purpose), b.Reason)
	return OpenCell202JSONResponse(remoteBody(v)), err
}

// OpenCells opens several.
func (s *server) OpenCells(ctx context.Context, request OpenCellsRequestObject) (OpenCellsResponseObject, error) {
	b := request.Body
	v, err := s.openRemotely(ctx, request.Id, b.Cells, string(b.Purpose), b.Reason)
	return OpenCells202JSONResponse(remoteBody(v)), err
}

// OpenGate opens the gate of a locker's site.
func (s *server) OpenGate(ctx context.Context, request OpenGateRequestObject) (OpenGateResponseObject, error) {
	v, err := s.openRemotely(ctx, request.Id, nil, models.PurposeOpenGate, request.Body.Reason)
	return OpenGate202JSONResponse(remoteBody(v)), err
}

func (s *server) openRemotely(ctx context.Context, locker string, cells []int, purpose, reason string) (models.RemoteView, error) {
	if err := known(models.PrefixLocker, locker, "locker"); err != nil {
		return models.RemoteView{}, err
	}
	info := callOf(ctx)
	// The address is of the request too: one key must not open another door.
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%v", info.fingerprint, locker, cells))
	return s.Remotes.RequestRemote(ctx, models.NewRemote{
		Request: info.request(), IdempotencyKey: info.idempotencyKey, Fingerprint: hex.EncodeToString(sum[:]),
		Locker: models.LockerID(locker), Cells: cells, Purpose: purpose, Reason: reason,
	})
}

// ListRemoteOpenings lists what was asked for.
func (s *server) ListRemoteOpenings(ctx context.Context, request ListRemoteOpeningsRequestObject) (ListRemoteOpeningsResponseObject, error) {
	p := request.Params
	q := models.RemoteQuery{
		Page: page(p.Cursor, p.Limit, nil), Locker: models.LockerID(or(p.Locker, "")), State: models.RemoteState(or(p.State, "")),
	}
	views, err := s.Remotes.Remotes(ctx, q)
	if err != nil {
		return nil, err
	}
	return ListRemoteOpenings200JSONResponse{
		Items:      each(views, remoteBody),
		NextCursor: nextCursor(views, q.Limit, func(v models.RemoteView) string { return string(v.ID) }),
	}, nil
}

// GetRemoteOpening says what came of a request.
func (s *server) GetRemoteOpening(ctx context.Context, request GetRemoteOpeningRequestObject) (GetRemoteOpeningResponseObject, error) {
	v, err := s.remote(ctx, request.Id)
	return GetRemoteOpening200JSONResponse(remoteBody(v)), err
}

func (s *server) remote(ctx context.Context, id string) (models.RemoteView, error) {
	if err := known(models.PrefixRemote, id, "remote opening"); err != nil {
		return models.RemoteView{}, err
	}
	return s.Remotes.Remote(ctx, models.RemoteID(id))
}

// ApproveRemoteOpening is a second person's yes.
func (s *server) ApproveRemoteOpening(ctx context.Context, request ApproveRemoteOpeningRequestObject) (ApproveRemoteOpeningResponseObject, error) {
	v, err := s.decideRemote(ctx, request.Id, true, "")
	return ApproveRemoteOpening200JSONResponse(remoteBody(v)), err
}

// RejectRemoteOpening is a no.
func (s *server) RejectRemoteOpening(ctx context.Context, request RejectRemoteOpeningRequestObject) (RejectRemoteOpeningResponseObject, error) {
	v, err := s.decideRemote(ctx, request.Id, false, request.Body.Reason)
	return RejectRemoteOpening200JSONResponse(remoteBody(v)), err
}

func (s *server) decideRemote(ctx context.Context, id string, approve bool, reason string) (models.RemoteView, error) {
	v, err := s.remote(ctx, id)
	if err != nil {
		return v, err
	}
	info := callOf(ctx)
	action := map[bool]string{true: "remote.approve", false: "remote.reject"}[approve]
	// On record before it is done: a decision that was made is never missing there.
	if err := s.Shipments.Audit(ctx, info.request(), action, string(v.ID), reason); err != nil {
		return v, err
	}
	if approve {
		if err := s.Remotes.MayApprove(ctx, info.request(), v.ID); err != nil {
			return v, err
		}
	}
	sum := sha256.Sum256([]byte(string(info.actor.Organization) + "\n" + info.idempotencyKey))
	err = s.Engine.DecideRemote(ctx, v.ID, models.DecideInput{Request: hex.EncodeToString(sum[:16]), By: info.request().By(), Approve: approve})
	if models.ErrorCode(err) == models.CodeNotFound {
		err = v.NotRunning(err)
	}
	if err != nil {
		return v, err
	}
	return s.Remotes.Remote(ctx, v.ID)
}

func remoteBody(v models.RemoteView) RemoteOpening {
	return RemoteOpening{
		Id: string(v.ID), Locker: string(v.Locker), Purpose: RemoteAskedFor(v.Purpose), Reason: v.Reason, RequestedBy: v.RequestedBy,
		State: RemoteState(v.State), DecidedBy: optional(v.DecidedBy), DecidedAt: v.DecidedAt, CreatedAt: v.CreatedAt,
		NotAfter: v.NotAfter, EndedAt: v.EndedAt,
		Doors: each(v.Doors, func(d models.RemoteDoor) RemoteDoor {
			return RemoteDoor{
				Cell: d.Cell, Attempts: d.Attempts, Operation: optional(string(d.Last())), Reason: optional(d.Reason),
				Outcome: optional(RemoteDoorOutcome(d.Outcome)), OpenedAt: d.OpenedAt,
			}
		}),
	}
}
