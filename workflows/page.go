package workflows

import (
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

// SealCode has a shipment's code sealed: the way by which an instance that serves people, and holds
// no key, has the worker do it.
func SealCode(ctx workflow.Context, in models.SealCodeInput) error {
	var a *activities.Page
	return workflow.ExecuteActivity(short(ctx, "seal a code of "+string(in.Shipment)), a.SealCode, in).Get(ctx, nil)
}
