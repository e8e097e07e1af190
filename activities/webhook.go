package activities

import (
	"context"
	"crypto/ecdh"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"cubby/models"
)

// Endpoints is what posting events needs of the store.
type Endpoints interface {
	// NextPost returns what is to be posted to an endpoint now, looking in its scopes in a circle
	// from the one after the scope named.
	NextPost(ctx context.Context, id models.WebhookID, after string) (models.WebhookPost, error)
	// Posted records an attempt, and what follows from it for the endpoint's cursor at from: with
	// hold, nothing is sent to it before NextAt; with a reason, it is disabled.
	Posted(ctx context.Context, d models.WebhookDelivery, from int64, hold bool, disable string) error
}

// Poster posts a body to a receiver, once, and tells what came of it: a receiver that does not
// answer is an answer too.
type Poster interface {
	Post(ctx context.Context, url string, header map[string]string, body []byte) models.WebhookAnswer
}

// Webhook are the activities that post events to endpoints.
type Webhook struct {
	Endpoints Endpoints
	Poster    Poster
	Key       *ecdh.PrivateKey // see models.DeriveWebhookSealKey
	Now       func() time.Time
	// Chance is from 0 to 1, for the waits; nil: at random.
	Chance func() float64
}

const (
	// postsAtOnce and postFor bound a round: history gets a few events for many posts, and an
	// activity ends in time.
	postsAtOnce = 50
	postFor     = 20 * time.Second
	// beatEvery is between heartbeats, also while a receiver takes its time: a round of which they
	// stop has died with its process, and another one takes its place.
	beatEvery = time.Second
)

// EventBody is the body of what is posted.
type EventBody struct {
	Type      models.EventType `json:"type"`
	Timestamp time.Time        `json:"timestamp"`
	Data      models.EventData `json:"data"`
}

// PostEvents posts what an endpoint has not got yet, one after the other. A process that dies
// between a post and its record posts the event again, under the same id.
func (a *Webhook) PostEvents(ctx context.Context, in models.WebhookInput) (models.PostResult, error) {
	defer beat(ctx)()
	began, scope := a.Now(), ""
	for range postsAtOnce {
		post, err := a.Endpoints.NextPost(ctx, in.Webhook, scope)
		switch {
		case err != nil:
			return models.PostResult{}, failure(err)
		case post.Over:
			return models.PostResult{Over: true}, nil
		case post.Event == nil && post.NextAt.IsZero():
			return models.PostResult{}, nil
		case post.Event == nil:
			return models.PostResult{Wait: max(post.NextAt.Sub(a.Now()), time.Millisecond)}, nil
		}
		scope = post.Event.Scope
		if err := a.post(ctx, post); err != nil {
			return models.PostResult{}, failure(err)
		}
		if a.Now().Sub(began) >= postFor {
			break
		}
	}
	return models.PostResult{More: true}, nil
}

// beat records heartbeats until stop, which returns when there will be no more.
func beat(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() {
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	})
	return func() { cancel(); beating.Wait() }
}

func (a *Webhook) post(ctx context.Context, p models.WebhookPost) error {
	w, e := p.Webhook, *p.Event
	var keys []models.WebhookKey
	for _, sealed := range [][]byte{w.Secret, w.Previous} {
		if len(sealed) == 0 {
			continue
		}
		key, err := models.OpenWebhookKey(sealed, w.ID, a.Key)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	body, err := json.Marshal(EventBody{Type: e.Type, Timestamp: e.At.UTC(), Data: e.Data})
	if err != nil {
		return err
	}
	at := a.Now()
	signature, err := models.SignWebhook(e.ID, at, body, keys...)
	if err != nil {
		return err
	}
	// A post that has begun is not cut off, and recorded also while the worker stops or Temporal is
	// away: a receiver is not to be blamed for that. It ends by its own deadline.
	ctx = context.WithoutCancel(ctx)
	answer := a.Poster.Post(ctx, w.URL, map[string]string{
		"webhook-id": string(e.ID), "webhook-timestamp": models.WebhookTimestamp(at), "webhook-signature": signature,
	}, body)
	d := models.WebhookDelivery{
		Webhook: w.ID, Scope: e.Scope, Position: e.Position, Event: e.ID, Type: e.Type, Attempt: p.Attempt, At: at,
		Status: answer.Status, LatencyMS: answer.Latency.Milliseconds(), Reply: answer.Reply, Problem: answer.Failure(),
	}
	disable := ""
	if d.Problem != "" {
		wait, giveUp := answer.Wait(p.Attempt, a.chance())
		switch next := a.Now().Add(wait); {
		case answer.Gone():
			disable = models.DisabledGone
		case giveUp:
			disable = "an event could not be delivered in " + models.WebhookAttempts() + " attempts"
		default:
			d.NextAt = &next
		}
	}
	record, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return a.Endpoints.Posted(record, d, p.From, answer.Throttles(), disable)
}

func (a *Webhook) chance() float64 {
	if a.Chance == nil {
		return rand.Float64()
	}
	return a.Chance()
}
