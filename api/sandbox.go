package api

import (
	"context"
	"time"

	"cubby/models"
)

// testLocker is a locker whose cabinet the caller may move.
func (s *server) testLocker(ctx context.Context, id string) (models.LockerID, error) {
	v, err := s.locker(ctx, id)
	if err != nil {
		return "", err
	}
	if !v.Locker.Test || s.Sandbox == nil {
		return "", models.Errorf(models.CodeNotFound, "There is no such test locker.")
	}
	return v.Locker.ID, nil
}

// moving is how long a person may take before a cabinet: longer than any other call.
const moving = 50 * time.Second

// moves has a cabinet moved. The act is on record before it is done.
func (s *server) moves(ctx context.Context, id, act string, move func(context.Context, models.LockerID) error) error {
	locker, err := s.testLocker(ctx, id)
	if err != nil {
		return err
	}
	if err := s.Shipments.Audit(ctx, callOf(ctx).request(), "sandbox."+act, string(locker), ""); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), moving)
	defer cancel()
	return move(ctx, locker)
}

// SandboxDeposit has a courier bring a shipment's parcels.
func (s *server) SandboxDeposit(ctx context.Context, request SandboxDepositRequestObject) (SandboxDepositResponseObject, error) {
	v, err := s.shipment(ctx, request.Body.Shipment)
	if err != nil {
		return nil, err
	}
	err = s.moves(ctx, request.Id, "deposit", func(ctx context.Context, locker models.LockerID) error {
		if v.Shipment.Locker != locker {
			return models.Errorf(models.CodeConflict, "The shipment is for another locker.")
		}
		var labels []string
		for _, p := range v.Parcels {
			if p.State == models.ParcelExpected {
				labels = append(labels, p.Barcode)
			}
		}
		if len(labels) == 0 {
			return models.Errorf(models.CodeConflict, "No parcel of the shipment is expected any more.")
		}
		return s.Sandbox.Deposit(ctx, locker, labels)
	})
	return SandboxDeposit204Response{}, err
}

// SandboxPickup has a client collect with a code.
func (s *server) SandboxPickup(ctx context.Context, request SandboxPickupRequestObject) (SandboxPickupResponseObject, error) {
	return SandboxPickup204Response{}, s.moves(ctx, request.Id, "pickup", func(ctx context.Context, locker models.LockerID) error {
		return s.Sandbox.Pickup(ctx, locker, request.Body.Code)
	})
}

// SandboxJam has a lock stick, or mends it.
func (s *server) SandboxJam(ctx context.Context, request SandboxJamRequestObject) (SandboxJamResponseObject, error) {
	return SandboxJam204Response{}, s.moves(ctx, request.Id, "jam", func(ctx context.Context, locker models.LockerID) error {
		return s.Sandbox.Jam(ctx, locker, request.Body.Cell, or(request.Body.Jammed, true))
	})
}

// SandboxOffline pulls a cabinet's network cable, or plugs it in.
func (s *server) SandboxOffline(ctx context.Context, request SandboxOfflineRequestObject) (SandboxOfflineResponseObject, error) {
	return SandboxOffline204Response{}, s.moves(ctx, request.Id, "offline", func(ctx context.Context, locker models.LockerID) error {
		return s.Sandbox.Offline(ctx, locker, request.Body.Offline)
	})
}

// SandboxAdvanceClock has time pass at a test locker.
func (s *server) SandboxAdvanceClock(ctx context.Context, request SandboxAdvanceClockRequestObject) (SandboxAdvanceClockResponseObject, error) {
	locker, err := s.testLocker(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	ahead, err := s.Clocks.AdvanceClock(ctx, callOf(ctx).request(), locker, models.Seconds(request.Body.Seconds))
	return SandboxAdvanceClock200JSONResponse{AheadSeconds: int64(ahead)}, err
}
