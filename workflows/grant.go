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
