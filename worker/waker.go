package worker

import (
	"context"
	"log/slog"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"cubby/models"
)

// Feeds is what the waker needs of the store.
type Feeds interface {
	// WebhooksDue lists the endpoints for which there is something to post now.
	WebhooksDue(ctx context.Context) ([]models.WebhookDue, error)
	// TellLinks tells which cabinets came and went, up to a number, and how many those were.
	TellLinks(ctx context.Context) (int, error)
	// TellOutages tells the lives at cabinets that are away for at least so long, and at those that are back, up to a
	// number of cabinets, and how many those were.
	TellOutages(ctx context.Context, least time.Duration) (int, error)
	// Lease and ReleaseLease are those of Outbox.
	Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	ReleaseLease(ctx context.Context, name, holder string) error
}

const (
	wakerLease = "waker"
	wakeEvery  = 500 * time.Millisecond
	linksEvery = 5 * time.Second
	// wakeAgain: an endpoint that is still behind is woken again, should a wake-up be lost.
	wakeAgain = 30 * time.Second
)

// Waker wakes the workflows of endpoints for which there are new events: one look at the database
// for all of them, and nothing where nothing is new. It also has those told whom cabinets that come and go concern. One waker of the network is active at a time.
type Waker struct {
	Feeds  Feeds
	Client client.Client
	Holder string // this process, for the lease
	Logger *slog.Logger
	// Outage is for how long of its opening hours a cabinet is away before the lives there are told.
	Outage time.Duration

	renewed, linked time.Time
	woken           map[models.WebhookID]wakened
}

// wakened is when an endpoint was woken, and for what.
type wakened struct {
	mark int64
	at   time.Time
}

// Run wakes until the context ends.
func (w *Waker) Run(ctx context.Context) error {
	defer func() {
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := w.Feeds.ReleaseLease(release, wakerLease, w.Holder); err != nil {
			w.Logger.Warn("the waker's lease stays until it runs out", "error", err)
		}
	}()
	for pause(ctx, wakeEvery) {
		if err := w.turn(ctx); err != nil && ctx.Err() == nil {
			w.Logger.Warn("endpoints cannot be woken; trying again", "error", err)
			pause(ctx, 2*time.Second)
		}
	}
	return nil
}

func (w *Waker) turn(ctx context.Context) error {
	if time.Since(w.renewed) > renewEvery {
		held, err := w.Feeds.Lease(ctx, wakerLease, w.Holder, leaseTTL)
		if err != nil || !held {
			return err
		}
		w.renewed = time.Now()
	}
	if time.Since(w.linked) > linksEvery {
		told, err := w.Feeds.TellLinks(ctx)
		if err != nil {
			return err
		}
		outages, err := w.Feeds.TellOutages(ctx, w.Outage)
		if err != nil {
			return err
		}
		if told+outages == 0 {
			w.linked = time.Now()
		}
	}
	due, err := w.Feeds.WebhooksDue(ctx)
	if err != nil {
		return err
	}
	return w.wake(ctx, due)
}

// wake wakes those that are behind, unless they were woken for as much.
func (w *Waker) wake(ctx context.Context, due []models.WebhookDue) error {
	before := w.woken
	w.woken = make(map[models.WebhookID]wakened, len(due))
	var first error
	for _, d := range due {
		last, ok := before[d.Webhook]
		if ok && last.mark == d.Mark && time.Since(last.at) < wakeAgain {
			w.woken[d.Webhook] = last
			continue
		}
		if err := w.signal(ctx, d.Webhook); err != nil {
			first = err
			continue
		}
		w.woken[d.Webhook] = wakened{d.Mark, time.Now()}
	}
	return first
}

func (w *Waker) signal(ctx context.Context, id models.WebhookID) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	name := models.WebhookWorkflowID(id)
	_, err := w.Client.SignalWithStartWorkflow(ctx, name, models.SignalWake, nil, client.StartWorkflowOptions{
		ID: name, TaskQueue: models.QueueLives, StaticSummary: name,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, models.WorkflowWebhook, models.WebhookInput{Webhook: id})
	return err
}
