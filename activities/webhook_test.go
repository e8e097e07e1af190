package activities_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"cubby/activities"
	"cubby/models"
)

// endpoint is one with events to post, of one feed.
type endpoint struct {
	webhook models.Webhook
	events  []models.FeedEvent
	attempt int
	next    time.Time
	log     []models.WebhookDelivery
	held    bool
	disable string
	after   []string // the scopes that were looked behind
	stop    context.CancelFunc
	beats   chan struct{}
}

func (e *endpoint) NextPost(_ context.Context, _ models.WebhookID, after string) (models.WebhookPost, error) {
	e.after = append(e.after, after)
	switch {
	case e.disable != "":
		return models.WebhookPost{Over: true}, nil
	case len(e.events) == 0 || !e.next.IsZero():
		return models.WebhookPost{NextAt: e.next}, nil
	}
	return models.WebhookPost{Webhook: e.webhook, Event: &e.events[0], From: e.events[0].Position - 1, Attempt: e.attempt + 1}, nil
}

func (e *endpoint) Posted(ctx context.Context, d models.WebhookDelivery, from int64, hold bool, disable string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.log, e.held, e.disable = append(e.log, d), hold, disable
	if d.Problem == "" {
		e.events, e.attempt = e.events[1:], 0
		return nil
	}
	e.attempt = d.Attempt
	if d.NextAt != nil {
		e.next = *d.NextAt
	}
	return nil
}

// post posts to an endpoint whose receiver answers as told.
func post(t *testing.T, e *endpoint, keys []models.WebhookKey, answer func(url string, h http.Header, body []byte) models.WebhookAnswer) models.PostResult {
	t.Helper()
	private, err := models.DeriveWebhookSealKey(make([]byte, 32))
	require.NoError(t, err)
	e.webhook = models.Webhook{ID: "whk_1", URL: "https://example.com/"}
	for i, into := range []*[]byte{&e.webhook.Secret, &e.webhook.Previous}[:len(keys)] {
		*into, err = models.SealWebhookKey(keys[i], "whk_1", private.PublicKey().Bytes())
		require.NoError(t, err)
	}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	e.stop = stop
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) {
		if e.beats != nil {
			e.beats <- struct{}{}
		}
	})
	a := &activities.Webhook{Endpoints: e, Key: private, Now: time.Now, Chance: func() float64 { return 0.5 }, Poster: answers(answer)}
	env.RegisterActivity(a)
	var res models.PostResult
	v, err := env.ExecuteActivity(a.PostEvents, models.WebhookInput{Webhook: "whk_1"})
	require.NoError(t, err)
	require.NoError(t, v.Get(&res))
	return res
}

type answers func(url string, h http.Header, body []byte) models.WebhookAnswer

func (a answers) Post(ctx context.Context, url string, header map[string]string, body []byte) models.WebhookAnswer {
	h := http.Header{}
	for name, value := range header {
		h.Set(name, value)
	}
	answer := a(url, h, body)
	if err := ctx.Err(); err != nil {
		return models.WebhookAnswer{Problem: err.Error()}
	}
	return answer
}

func eventsOf(n int) []models.FeedEvent {
	var made []models.FeedEvent
	for i := range n {
		made = append(made, models.FeedEvent{
			Scope: "s", Position: int64(i + 1), ID: "evt_1", Type: models.EventReady, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
			Data: models.EventData{Shipment: "shp_1", Number: "N1"},
		})
	}
	return made
}

// TestWhatIsPostedVerifies: a receiver that knows the key of before, or the one after it, verifies
// with the standard's own library.
func TestWhatIsPostedVerifies(t *testing.T) {
	t.Parallel()
	keys := []models.WebhookKey{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}
	e := &endpoint{events: eventsOf(3)}
	posted := 0
	res := post(t, e, keys, func(url string, h http.Header, body []byte) models.WebhookAnswer {
		posted++
		for _, k := range keys {
			receiver, err := standardwebhooks.NewWebhook(string(k))
			require.NoError(t, err)
			require.NoError(t, receiver.Verify(body, h))
		}
		require.Equal(t, "evt_1", h.Get("webhook-id"))
		require.JSONEq(t, `{"type":"shipment.ready_for_pickup","timestamp":"2026-03-01T12:00:00Z","data":{"shipment":"shp_1","number":"N1"}}`, string(body))
		require.True(t, json.Valid(body))
		return models.WebhookAnswer{Status: 204}
	})
	require.Equal(t, 3, posted)
	require.Equal(t, []string{"", "s", "s", "s"}, e.after, "each feed has its turn")
	require.Equal(t, models.PostResult{}, res, "nothing is left to do")
	require.Len(t, e.log, 3)
}

func TestARoundIsBounded(t *testing.T) {
	t.Parallel()
	e := &endpoint{events: eventsOf(60)}
	res := post(t, e, []models.WebhookKey{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, func(string, http.Header, []byte) models.WebhookAnswer {
		return models.WebhookAnswer{Status: 200}
	})
	require.Equal(t, models.PostResult{More: true}, res)
	require.Len(t, e.log, 50)
}

// TestARoundBeats: while a receiver takes its time, it shows that the round is alive.
func TestARoundBeats(t *testing.T) {
	t.Parallel()
	beats := make(chan struct{}, 100)
	e := &endpoint{events: eventsOf(1), beats: beats}
	post(t, e, []models.WebhookKey{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, func(string, http.Header, []byte) models.WebhookAnswer {
		select {
		case <-beats:
		case <-time.After(10 * time.Second):
			t.Error("no heartbeat")
		}
		return models.WebhookAnswer{Status: 204}
	})
	require.Len(t, e.log, 1)
}

// TestAttemptsThatFail: what follows from each class of answer.
func TestAttemptsThatFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  models.WebhookAnswer
		before  int
		wait    time.Duration
		held    bool
		problem string
		disable string
	}{
		"500":         {answer: models.WebhookAnswer{Status: 500, Reply: "oops"}, wait: 5 * time.Second, problem: "answered 500"},
		"redirect":    {answer: models.WebhookAnswer{Status: 308}, wait: 5 * time.Second, problem: "redirected: an endpoint must answer itself"},
		"no answer":   {answer: models.WebhookAnswer{Problem: "no answer within 15s"}, before: 1, wait: 5 * time.Minute, problem: "no answer within 15s"},
		"retry after": {answer: models.WebhookAnswer{Status: 503, RetryAfter: time.Hour}, wait: time.Hour, problem: "answered 503"},
		"too much":    {answer: models.WebhookAnswer{Status: 429}, wait: time.Minute, held: true, problem: "answered 429"},
		"gone":        {answer: models.WebhookAnswer{Status: 410}, problem: "answered 410", disable: "the receiver answered 410 Gone"},
		"tenth": {answer: models.WebhookAnswer{Status: 500}, before: 9, problem: "answered 500",
			disable: "an event could not be delivered in 10 attempts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &endpoint{events: eventsOf(2), attempt: c.before}
			res := post(t, e, []models.WebhookKey{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, func(string, http.Header, []byte) models.WebhookAnswer {
				return c.answer
			})
			require.Len(t, e.log, 1, "those after it wait")
			require.Equal(t, c.before+1, e.log[0].Attempt)
			require.Equal(t, []any{c.problem, c.held, c.disable, c.answer.Reply}, []any{e.log[0].Problem, e.held, e.disable, e.log[0].Reply})
			require.Equal(t, c.disable != "", res.Over)
			if c.wait > 0 {
				require.InDelta(t, c.wait.Seconds(), res.Wait.Seconds(), 2)
			}
		})
	}
}

// TestWhatWasPostedIsRecorded also where the worker stops while the receiver answers, and as the receiver answered.
func TestWhatWasPostedIsRecorded(t *testing.T) {
	t.Parallel()
	e := &endpoint{events: eventsOf(1)}
	post(t, e, []models.WebhookKey{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, func(string, http.Header, []byte) models.WebhookAnswer {
		e.stop()
		return models.WebhookAnswer{Status: 200}
	})
	require.Len(t, e.log, 1)
	require.Equal(t, []any{200, ""}, []any{e.log[0].Status, e.log[0].Problem})
}
