package workflows

import (
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

// Incident tells the operators that something needs a person.
func Incident(ctx workflow.Context, in models.IncidentInput) error {
	var a *activities.Incident
	var res models.ProjectResult
	err := workflow.ExecuteActivity(short(ctx, "who is to be told"), a.MakeIncidentNotices, in).Get(ctx, &res)
	if err != nil {
		return err
	}
	var n *activities.Notify
	var sent []workflow.Future
	for _, id := range res.Notifications {
		sent = append(sent, workflow.ExecuteActivity(message(ctx, "tell an operator"), n.SendNotification, models.SendInput{Notification: id}))
	}
	for _, f := range sent {
		if err := f.Get(ctx, nil); err != nil {
			workflow.GetLogger(ctx).Warn("an operator could not be told", "incident", in.Incident, "error", err)
		}
	}
	return nil
}
