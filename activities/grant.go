package activities

import (
	"context"

	"cubby/models"
)

// Grant are the activities that sign what cabinets are told of people and wanted of cells.
type Grant struct {
	Couriers Couriers
	Signer   models.Signer
}

// PublishCourier tells cabinets of a courier as he is now. It may be repeated.
func (a *Grant) PublishCourier(ctx context.Context, in models.GrantInput) error {
	return failure(a.Couriers.PublishCourier(ctx, in.Courier, a.Signer.Sign))
}

// PublishCellOrder tells a cabinet what is wanted of its cell now. It may be repeated.
func (a *Grant) PublishCellOrder(ctx context.Context, in models.CellOrderInput) error {
	return failure(a.Couriers.PublishCellOrder(ctx, in.Locker, in.Cell, a.Signer.Sign))
}
