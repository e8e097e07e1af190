package workflows

import (
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

// Grant tells cabinets of a courier: only a worker may sign what lets people in.
func Grant(ctx workflow.Context, in models.GrantInput) error {
	var a *activities.Grant
	return workflow.ExecuteActivity(short(ctx, "tell cabinets of "+string(in.Courier)), a.PublishCourier, in).Get(ctx, nil)
}

// CellOrder tells a cabinet what is wanted of one of its cells: only a worker may sign that.
func CellOrder(ctx workflow.Context, in models.CellOrderInput) error {
	var a *activities.Grant
	return workflow.ExecuteActivity(short(ctx, "tell "+string(in.Locker)+" of an order"), a.PublishCellOrder, in).Get(ctx, nil)
}
