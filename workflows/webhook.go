package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

// posting is for rounds of posting, on a queue of their own: a receiver that is slow keeps no slot
// from anything else. A round begins no post after 20 s, and a post ends within 15 s. One whose
// process died is missed by its heartbeats: events do not wait for the end of its time.
func posting(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           models.QueueWebhooks,
		StartToCloseTimeout: time.Minute,
		HeartbeatTimeout:    10 * time.Second,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second,
		},
	})
}

// Webhook posts events to one endpoint, in order, and waits between attempts as the rounds say. It
// holds no event: how far the endpoint got is in the database. It ends when the endpoint is
// gone, paused or disabled; a wake-up starts it again.
func Webhook(ctx workflow.Context, in models.WebhookInput) error {
	wake := workflow.GetSignalChannel(ctx, models.SignalWake)
	for {
		// One round sees whatever any number of wake-ups stand for.
		for wake.ReceiveAsync(nil) {
		}
		var a *activities.Webhook
		var res models.PostResult
		if err := workflow.ExecuteActivity(posting(ctx, "post to "+string(in.Webhook)), a.PostEvents, in).Get(ctx, &res); err != nil {
			return err
		}
		if wake.Len() > 0 {
			res = models.PostResult{More: true}
		}
		if res.Over {
			return nil
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() && wake.Len() == 0 {
			return workflow.NewContinueAsNewError(ctx, Webhook, in)
		}
		if res.More {
			continue
		}
		waitForWake(ctx, wake, res.Wait)
	}
}

// waitForWake waits for a wake-up, or as long as is said, if it is.
func waitForWake(ctx workflow.Context, wake workflow.ReceiveChannel, wait time.Duration) {
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	either := workflow.NewSelector(ctx).AddReceive(wake, func(workflow.ReceiveChannel, bool) {})
	if wait > 0 {
		timer := workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "until the next attempt"})
		either.AddFuture(timer, func(workflow.Future) {})
	}
	either.Select(ctx)
}
