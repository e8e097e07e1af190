package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
	"cubby/workflows"
)

// Parts are the activities of the worker role.
type Parts struct {
	Shipment  *activities.Shipment
	Notify    *activities.Notify
	Cabinet   *activities.Cabinet
	Grant     *activities.Grant
	Incident  *activities.Incident
	Retention *activities.Retention
	Closing   *activities.Closing
	Page      *activities.Page
	Webhook   *activities.Webhook
	Remote    *activities.Remote
	Signing   *activities.Signing
}

// Client connects to Temporal at the first call, not before: announcements are taken
// while it is down.
func Client(address, namespace string, logger *slog.Logger) (client.Client, error) {
	return client.NewLazyClient(client.Options{
		HostPort: address, Namespace: namespace,
		Logger: log.NewStructuredLogger(logger),
	})
}

// options are those of every worker.
func options(fatal func(error)) sdk.Options {
	return sdk.Options{
		// A killed worker's cached lives must move to another within the 2 s that a screen
		// waits.
		StickyScheduleToStartTimeout: 500 * time.Millisecond,
		WorkerStopTimeout:            5 * time.Second,
		OnFatalError:                 fatal,
	}
}

// Lives is the worker of the life cycles and their activities.
func Lives(c client.Client, p Parts, fatal func(error)) sdk.Worker {
	w := sdk.New(c, models.QueueLives, options(fatal))
	w.RegisterWorkflowWithOptions(workflows.Shipment, workflow.RegisterOptions{Name: models.WorkflowShipment})
	w.RegisterWorkflowWithOptions(workflows.Incident, workflow.RegisterOptions{Name: models.WorkflowIncident})
	w.RegisterWorkflowWithOptions(workflows.Message, workflow.RegisterOptions{Name: models.WorkflowMessage})
	w.RegisterWorkflowWithOptions(workflows.Retention, workflow.RegisterOptions{Name: models.WorkflowRetention})
	w.RegisterWorkflowWithOptions(workflows.Enroll, workflow.RegisterOptions{Name: models.WorkflowEnroll})
	w.RegisterWorkflowWithOptions(workflows.Grant, workflow.RegisterOptions{Name: models.WorkflowGrant})
	w.RegisterWorkflowWithOptions(workflows.CellOrder, workflow.RegisterOptions{Name: models.WorkflowCellOrder})
	w.RegisterWorkflowWithOptions(workflows.Closing, workflow.RegisterOptions{Name: models.WorkflowClosing})
	w.RegisterWorkflowWithOptions(workflows.SealCode, workflow.RegisterOptions{Name: models.WorkflowSealCode})
	w.RegisterWorkflowWithOptions(workflows.Webhook, workflow.RegisterOptions{Name: models.WorkflowWebhook})
	w.RegisterWorkflowWithOptions(workflows.RemoteOpen, workflow.RegisterOptions{Name: models.WorkflowRemoteOpen})
	for _, a := range []any{p.Shipment, p.Notify, p.Cabinet, p.Grant, p.Incident, p.Retention, p.Closing, p.Page, p.Remote} {
		w.RegisterActivity(a)
	}
	return w
}

// postsAtOnce is how many rounds of posting a worker runs: more than a network has receivers that
// are slow. Each is little more than a connection that waits.
const postsAtOnce = 250

// tellBeats is how often the heartbeats of rounds of posting are told to Temporal, and how long it is
// tried to tell one, before the round is given up: a Temporal that restarts is back within that.
const tellBeats = 4 * time.Second

// Webhooks is the worker of the activities that post events: they wait for strangers, and take no
// slot from the lives.
func Webhooks(c client.Client, p Parts, fatal func(error)) sdk.Worker {
	o := options(fatal)
	o.DisableWorkflowWorker = true
	o.MaxConcurrentActivityExecutionSize = postsAtOnce
	o.MaxHeartbeatThrottleInterval = tellBeats
	w := sdk.New(c, models.QueueWebhooks, o)
	w.RegisterActivity(p.Webhook)
	return w
}

// Signer is the worker of the activity that signs remote openings. It must run where the signer's
// budget is held, and there alone.
func Signer(c client.Client, p Parts, fatal func(error)) sdk.Worker {
	o := options(fatal)
	o.DisableWorkflowWorker = true
	w := sdk.New(c, models.QueueSigner, o)
	w.RegisterActivity(p.Signing)
	return w
}

// Gateway is the worker of one gateway instance: the activities that go to the cabinets
// connected to it.
func Gateway(c client.Client, instance string, a *activities.Locker, fatal func(error)) sdk.Worker {
	o := options(fatal)
	o.DisableWorkflowWorker = true
	w := sdk.New(c, models.QueueGateway(instance), o)
	w.RegisterActivity(a)
	return w
}

// Run starts a worker, as soon as Temporal can be reached, and stops it with the context.
func Run(ctx context.Context, w sdk.Worker, logger *slog.Logger) error {
	for {
		err := w.Start()
		if err == nil {
			break
		}
		logger.Warn("Temporal cannot be reached; trying again", "error", err)
		if !pause(ctx, time.Second) {
			return nil
		}
	}
	<-ctx.Done()
	w.Stop()
	return nil
}

// EnsureSchedules makes the schedules that are missing, as soon as Temporal can be
// reached.
func EnsureSchedules(ctx context.Context, c client.Client, logger *slog.Logger) error {
	for {
		_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
			ID: models.ScheduleRetention,
			// At night, by UTC; a run that is missed is made up for within the day.
			Spec:          client.ScheduleSpec{Calendars: []client.ScheduleCalendarSpec{{Hour: []client.ScheduleRange{{Start: 2}}}}},
			CatchupWindow: 20 * time.Hour,
			Action: &client.ScheduleWorkflowAction{
				ID: models.WorkflowRetention, Workflow: models.WorkflowRetention, TaskQueue: models.QueueLives,
			},
		})
		var exists *serviceerror.AlreadyExists
		var started *serviceerror.WorkflowExecutionAlreadyStarted
		if err == nil || errors.As(err, &exists) || errors.As(err, &started) || errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		logger.Warn("the retention schedule could not be made; trying again", "error", err)
		if !pause(ctx, 5*time.Second) {
			return nil
		}
	}
}

// pause waits; false means that the context ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
