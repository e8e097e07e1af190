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
