package workflows

import (
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

// Retention removes what is past its time. A schedule starts it daily.
func Retention(ctx workflow.Context) (models.PruneResult, error) {
	var a *activities.Retention
	var res models.PruneResult
	err := workflow.ExecuteActivity(long(ctx, "remove rows past their retention"), a.PruneRows).Get(ctx, &res)
	return res, err
}

// Seal seals a cabinet's key to its computer: the way by which a gateway, which never
// sees the key, has the worker do it.
func Seal(ctx workflow.Context, in models.SealInput) (models.SealResult, error) {
	var a *activities.Cabinet
	var res models.SealResult
	err := workflow.ExecuteActivity(short(ctx, "seal the key of "+string(in.Locker)), a.SealKey, in).Get(ctx, &res)
	return res, err
}
