package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"cubby/models"
)

// CancelShipment gives a shipment up.
func (s *server) CancelShipment(ctx context.Context, request CancelShipmentRequestObject) (CancelShipmentResponseObject, error) {
	v, err := s.act(ctx, request.Id, "shipment.cancel", s.Engine.Cancel)
	if err != nil {
		return nil, err
	}
	return CancelShipment200JSONResponse(shipmentBody(v)), nil
}

// ReissueCode gives a shipment a new pickup code.
func (s *server) ReissueCode(ctx context.Context, request ReissueCodeRequestObject) (ReissueCodeResponseObject, error) {
	v, err := s.act(ctx, request.Id, "shipment.reissue_code", s.Engine.ReissueCode)
	if err != nil {
		return nil, err
	}
	return ReissueCode200JSONResponse(shipmentBody(v)), nil
}

// ExtendStorage lengthens a shipment's storage time.
func (s *server) ExtendStorage(ctx context.Context, request ExtendStorageRequestObject) (ExtendStorageResponseObject, error) {
	v, err := s.act(ctx, request.Id, "shipment.extend", s.Engine.Extend)
	if err != nil {
		return nil, err
	}
	return ExtendStorage200JSONResponse(shipmentBody(v)), nil
}

// FreezeShipment holds a shipment's parcels back.
func (s *server) FreezeShipment(ctx context.Context, request FreezeShipmentRequestObject) (FreezeShipmentResponseObject, error) {
	v, err := s.actFor(ctx, request.Id, "shipment.freeze", request.Body.Reason, plain(s.Engine.Freeze))
	if err != nil {
		return nil, err
	}
	return FreezeShipment200JSONResponse(shipmentBody(v)), nil
}

// UnfreezeShipment lets a shipment's parcels go.
func (s *server) UnfreezeShipment(ctx context.Context, request UnfreezeShipmentRequestObject) (UnfreezeShipmentResponseObject, error) {
	v, err := s.actFor(ctx, request.Id, "shipment.unfreeze", request.Body.Reason, plain(s.Engine.Unfreeze))
	if err != nil {
		return nil, err
	}
	return UnfreezeShipment200JSONResponse(shipmentBody(v)), nil
}

// RerouteShipment has a shipment go to another locker.
func (s *server) RerouteShipment(ctx context.Context, request RerouteShipmentRequestObject) (RerouteShipmentResponseObject, error) {
	v, err := s.shipment(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	to, err := s.lockerNamed(ctx, v.Shipment.Carrier, request.Body.Locker)
	if err != nil {
		return nil, err
	}
	v, err = s.actFor(ctx, request.Id, "shipment.reroute", string(to),
		func(ctx context.Context, id models.ShipmentID, request string) (models.ActionResult, error) {
			return s.Engine.Reroute(ctx, id, models.RerouteInput{Request: request, To: to})
		})
	if err != nil {
		return nil, err
	}
	return RerouteShipment200JSONResponse(shipmentBody(v)), nil
}

type (
	// plainAction is an action of the engine that needs no more than its name.
	plainAction func(context.Context, models.ShipmentID, models.ActionInput) (models.ActionResult, error)
	// action is any; request is its id.
	action func(ctx context.Context, id models.ShipmentID, request string) (models.ActionResult, error)
)

func plain(do plainAction) action {
	return func(ctx context.Context, id models.ShipmentID, request string) (models.ActionResult, error) {
		return do(ctx, id, models.ActionInput{Request: request})
	}
}

func (s *server) act(ctx context.Context, id, name string, do plainAction) (models.ShipmentView, error) {
	return s.actFor(ctx, id, name, "", plain(do))
}

// actFor has the engine carry out an action on a shipment of the caller's, and reads what came
// of it.
func (s *server) actFor(ctx context.Context, id, name, detail string, do action) (models.ShipmentView, error) {
	v, err := s.shipment(ctx, id)
	if err != nil {
		return v, err
	}
	info := callOf(ctx)
	if err := s.Shipments.ClaimKey(ctx, info.actor.Organization, info.idempotencyKey, claimed(info, name, id)); err != nil {
		return v, err
	}
	// The act is on record before it is done: one that was done is never missing there.
	if err := s.Shipments.Audit(ctx, info.request(), name, string(v.Shipment.ID), detail); err != nil {
		return v, err
	}
	sum := sha256.Sum256([]byte(string(info.actor.Organization) + "\n" + info.idempotencyKey))
	_, err = do(ctx, v.Shipment.ID, hex.EncodeToString(sum[:16]))
	return s.after(ctx, v, err)
}

// claimed is what an action's key stands for: the action and its object are of the request too.
func claimed(info *call, name, id string) string {
	sum := sha256.Sum256([]byte(info.fingerprint + "\n" + name + "\n" + id))
	return hex.EncodeToString(sum[:])
}

// after reads a shipment after what the engine did with it, and names in a refusal what would
// be allowed.
func (s *server) after(ctx context.Context, v models.ShipmentView, err error) (models.ShipmentView, error) {
	if models.ErrorCode(err) == models.CodeNotFound {
		err = notRunning(v.Shipment, err)
	}
	if models.ErrorCode(err) == models.CodeInvalidState {
		return v, s.notAllowed(ctx, v, err)
	}
	if err != nil {
		return v, err
	}
	return s.shipment(ctx, string(v.Shipment.ID))
}

// notAllowed names the state and what it allows: the one that the caller knew may be old.
func (s *server) notAllowed(ctx context.Context, v models.ShipmentView, err error) error {
	if now, failed := s.shipment(ctx, string(v.Shipment.ID)); failed == nil {
		v = now
	}
	state := v.Shipment.State
	return &models.Error{
		Code: models.CodeInvalidState, Message: models.ErrorMessage(err), Cause: err,
		Details: map[string]any{"state": state, "allowed_actions": state.AllowedActions(v.Shipment.Frozen)},
	}
}
