package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

// Message sends one message apart from the life that brought it, and what takes its place.
func Message(ctx workflow.Context, in models.MessageInput) error {
	if wait := in.NotBefore.Sub(workflow.Now(ctx)); wait > 0 {
		if err := workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "not before its time"}).Get(ctx, nil); err != nil {
			return err
		}
	}
	for id := in.Notification; id != ""; {
		instead, err := sendInTime(ctx, id, func() bool { return true })
		if err != nil {
			// Refused for good: the row says why, and an incident tells the operator.
			workflow.GetLogger(ctx).Warn("message was refused", "notification", id, "error", err)
		}
		id = instead
	}
	return nil
}

// sendInTime sends a message, after the quiet hours of its place. One that has waited while
// nothing waits for the client any more is not sent. instead is the message by another channel
// that is to be sent in its place, if any.
func sendInTime(ctx workflow.Context, id models.NotificationID, waits func() bool) (instead models.NotificationID, err error) {
	in := models.SendInput{Notification: id}
	for {
		var a *activities.Notify
		var res models.SendResult
		err := workflow.ExecuteActivity(message(ctx, "send message "+string(id)), a.SendNotification, in).Get(ctx, &res)
		if err != nil || res.NotBefore.IsZero() {
			return res.Instead, err
		}
		_, err = workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
			Timeout:      max(res.NotBefore.Sub(workflow.Now(ctx)), time.Millisecond),
			TimerOptions: workflow.TimerOptions{Summary: "quiet hours"},
		}, func() bool { return !res.Outlasts && !waits() })
		if err != nil {
			return "", err
		}
		in.Over = !res.Outlasts && !waits()
	}
}
