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

// act has the engine carry out an action on a shipment of the caller's, and reads what came
// of it.
func (s *server) act(ctx context.Context, id, name string,
	do func(context.Context, models.ShipmentID, models.ActionInput) (models.ActionResult, error)) (models.ShipmentView, error) {
	v, err := s.shipment(ctx, id)
	if err != nil {
		return v, err
	}
	info := callOf(ctx)
	// The act is on record before it is done: one that was done is never missing there.
	if err := s.Shipments.Audit(ctx, info.request(), name, string(v.Shipment.ID), ""); err != nil {
		return v, err
	}
	sum := sha256.Sum256([]byte(string(info.actor.Organization) + "\n" + info.idempotencyKey))
	_, err = do(ctx, v.Shipment.ID, models.ActionInput{Request: hex.EncodeToString(sum[:16])})
	if models.ErrorCode(err) == models.CodeNotFound {
		err = notRunning(v.Shipment, err)
	}
	if models.ErrorCode(err) == models.CodeInvalidState {
		return v, s.notAllowed(ctx, v, err)
	}
	if err != nil {
		return v, err
	}
	return s.shipment(ctx, id)
}

// notAllowed names the state and what it allows: the one that the caller knew may be old.
func (s *server) notAllowed(ctx context.Context, v models.ShipmentView, err error) error {
	if now, failed := s.shipment(ctx, string(v.Shipment.ID)); failed == nil {
		v = now
	}
	state := v.Shipment.State
	return &models.Error{
		Code: models.CodeInvalidState, Message: models.ErrorMessage(err), Cause: err,
		Details: map[string]any{"state": state, "allowed_actions": state.AllowedActions()},
	}
}
