package api

import (
	"context"

	"cubby/models"
)

// GetWorklist tells what lies in a locker and what it expects.
func (s *server) GetWorklist(ctx context.Context, request GetWorklistRequestObject) (GetWorklistResponseObject, error) {
	v, err := s.locker(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	w, err := s.Lockers.Worklist(ctx, callOf(ctx).actor, v.Locker.ID)
	if err != nil {
		return nil, err
	}
	return GetWorklist200JSONResponse{Inside: each(w.Inside, insideBody), Expected: each(w.Expected, expectedBody)}, nil
}

func insideBody(c models.InCell) WorklistCell {
	b := WorklistCell{
		Cell: c.Number, State: string(c.State), Doubtful: c.Doubtful, Since: c.Since, Reason: optional(c.Reason),
	}
	if of := c.Of; of != nil {
		b.Shipment, b.Number, b.Carrier = optional(string(of.ID)), optional(of.Number), optional(string(of.Carrier))
		b.ShipmentState, b.Frozen = optional(string(of.State)), optional(of.Frozen)
	}
	return b
}

func expectedBody(o models.Shipment) WorklistShipment {
	return WorklistShipment{
		Shipment: string(o.ID), Number: o.Number, Carrier: string(o.Carrier), State: string(o.State), ExpectedAt: o.ExpectedAt,
	}
}
