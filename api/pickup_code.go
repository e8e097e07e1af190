package api

import (
	"context"

	"cubby/models"
)

// GetPickupCode reads what opens a shipment's cells.
func (s *server) GetPickupCode(ctx context.Context, request GetPickupCodeRequestObject) (GetPickupCodeResponseObject, error) {
	v, err := s.shipment(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	if err := v.Shipment.CheckCode(v.Parcels); err != nil {
		return nil, s.notAllowed(ctx, v, err)
	}
	// The act is on record before it is done: one that was done is never missing there.
	if err := s.Shipments.Audit(ctx, callOf(ctx).request(), "shipment.read_code", string(v.Shipment.ID), ""); err != nil {
		return nil, err
	}
	c, err := s.codes.Read(ctx, v.Shipment.ID)
	if models.ErrorCode(err) == models.CodeInvalidState {
		return nil, s.notAllowed(ctx, v, err) // since it was looked at
	}
	if err != nil {
		return nil, err
	}
	return GetPickupCode200JSONResponse{Code: c.Code, Qr: c.QR, Page: s.PublicURL + models.PagePath + c.Page}, nil
}
