package workflows

import (
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

// Enroll gives a cabinet's computer its certificate and key: the way by which a gateway,
// which holds none of the keys, has the worker do it.
func Enroll(ctx workflow.Context, in models.EnrollInput) (models.EnrollResult, error) {
	var a *activities.Cabinet
	var res models.EnrollResult
	err := workflow.ExecuteActivity(short(ctx, "certificate for a cabinet's computer"), a.EnrollComputer, in).Get(ctx, &res)
	return res, err
}
