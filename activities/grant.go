package activities

import (
	"context"

	"cubby/models"
)

// Grant are the activities that sign what cabinets are told of people.
type Grant struct {
	Couriers Couriers
	Signer   models.Signer
}

// PublishCourier tells cabinets of a courier as he is now. It may be repeated.
func (a *Grant) PublishCourier(ctx context.Context, in models.GrantInput) error {
	return failure(a.Couriers.PublishCourier(ctx, in.Courier, a.Signer.Sign))
}
