package api

import (
	"context"

	"cubby/models"
)

// ListLimits tells what carriers may count on at a locker.
func (s *server) ListLimits(ctx context.Context, request ListLimitsRequestObject) (ListLimitsResponseObject, error) {
	if err := known(models.PrefixLocker, request.Id, "locker"); err != nil {
		return nil, err
	}
	limits, err := s.Network.Limits(ctx, models.LockerID(request.Id))
	if err != nil {
		return nil, err
	}
	return ListLimits200JSONResponse{Items: each(limits, limitBody)}, nil
}

// PutLimits sets what carriers may count on at a locker.
func (s *server) PutLimits(ctx context.Context, request PutLimitsRequestObject) (PutLimitsResponseObject, error) {
	if err := known(models.PrefixLocker, request.Id, "locker"); err != nil {
		return nil, err
	}
	id := models.LockerID(request.Id)
	limits, err := s.Network.PutLimits(ctx, callOf(ctx).request(), id, each(request.Body.Items, func(b NewCarrierLimit) models.Limit {
		return models.Limit{
			Locker: id, Carrier: models.OrganizationID(b.Carrier), Regime: models.Regime(or(b.Regime, Ambient)), Size: models.Size(b.Size),
			Minimum: or(b.Minimum, 0), Maximum: b.Maximum,
		}
	}))
	if err != nil {
		return nil, err
	}
	return PutLimits200JSONResponse{Items: each(limits, limitBody)}, nil
}

func limitBody(l models.Limit) CarrierLimit {
	return CarrierLimit{Carrier: string(l.Carrier), Regime: Regime(l.Regime), Size: Size(l.Size), Minimum: l.Minimum, Maximum: l.Maximum}
}
