package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

const (
	webhookID  = "whk_01hzy3v3m2q8r4s5t6v7w8x9y0"
	deliveryID = "dlv_01hzy3v3m2q8r4s5t6v7w8x9y0"
)

func endpoint() models.Webhook {
	return models.Webhook{
		ID: webhookID, Organization: carrierA, URL: "https://example.com/hook", Types: []string{"shipment.*"}, Feeds: []models.Feed{models.FeedOwn},
		Signing: models.SigningHMAC, Secret: []byte("sealed"), CreatedAt: testNow,
	}
}

// own is the endpoint for its organization and operators, and not_found for others.
func own(a models.Actor) (models.Webhook, error) {
	if a.Organization != carrierA && !a.Operator() {
		return models.Webhook{}, models.Errorf(models.CodeNotFound, "There is no such webhook.")
	}
	return endpoint(), nil
}

func (p *ports) Events(_ context.Context, q models.EventQuery) ([]models.FeedEvent, error) {
	p.asked = q
	seq := 2
	return []models.FeedEvent{{
		Scope: "x", Position: q.After + 1, ID: "evt_1", Type: models.EventReady, At: testNow,
		Data: models.EventData{Shipment: shipID, Number: "A-1", Seq: &seq, Locker: lockerID},
	}}, nil
}

func (p *ports) CreateWebhook(_ context.Context, _ models.Request, w models.Webhook) (models.Webhook, models.WebhookKey, error) {
	p.hooked = w
	w.ID, w.CreatedAt = webhookID, testNow
	return w, "whsec_c2VjcmV0", nil
}

func (p *ports) Webhooks(context.Context, models.Actor, models.OrganizationID, models.Page) ([]models.Webhook, error) {
	return []models.Webhook{endpoint()}, nil
}

func (p *ports) Webhook(_ context.Context, a models.Actor, _ models.WebhookID) (models.Webhook, error) {
	return own(a)
}

func (p *ports) ChangeWebhook(_ context.Context, r models.Request, _ models.WebhookID, c models.WebhookChange) (models.Webhook, error) {
	w, err := own(r.Actor)
	if c.Paused != nil {
		w.Paused = *c.Paused
	}
	return w, err
}

func (p *ports) RotateWebhook(_ context.Context, r models.Request, _ models.WebhookID) (models.Webhook, models.WebhookKey, error) {
	w, err := own(r.Actor)
	return w, "whsec_YW5vdGhlcg==", err
}

func (p *ports) DeleteWebhook(_ context.Context, r models.Request, _ models.WebhookID) error {
	_, err := own(r.Actor)
	return err
}

func (p *ports) TestWebhook(_ context.Context, r models.Request, _ models.WebhookID) (models.EventID, error) {
	_, err := own(r.Actor)
	return "evt_test", err
}

func (p *ports) WebhookDeliveries(_ context.Context, a models.Actor, _ models.WebhookID, _ models.Page) ([]models.WebhookDelivery, error) {
	_, err := own(a)
	return []models.WebhookDelivery{{
		ID: deliveryID, Event: "evt_1", Type: models.EventReady, Attempt: 1, At: testNow, Status: 500, LatencyMS: 7, Reply: "oops",
		Problem: "answered 500", NextAt: &testNow,
	}}, err
}

func (p *ports) ReplayDelivery(_ context.Context, r models.Request, _ models.WebhookID, _ models.DeliveryID) error {
	_, err := own(r.Actor)
	return err
}

func (p *ports) ReplayWebhook(_ context.Context, r models.Request, _ models.WebhookID, to models.WebhookReplay) error {
	p.replayed = to
	_, err := own(r.Actor)
	return err
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	one := "/api/v1/webhooks/" + webhookID
	call := func(role, method, url, body string, status int, contains ...string) scenario {
		return scenario{name: method + " " + url + " " + body + " as " + role, role: role, method: method, url: url, body: body, status: status, contains: contains}
	}
	post, patch := http.MethodPost, http.MethodPatch
	for _, s := range []scenario{
		call("carrier", post, "/api/v1/webhooks", `{"url":"https://example.com/hook"}`, 201, `"secret":"whsec_c2VjcmV0"`, `"feeds":["own"]`, `"signing":"v1"`),
		call("carrier", post, "/api/v1/webhooks", `{"url":"https://example.com/hook","types":["shipment.*","*"],"feeds":["own","network"],"signing":"v1a"}`, 201, `"signing":"v1a"`),
		call("carrier", post, "/api/v1/webhooks", `{"url":"http://example.com/hook"}`, 400, `/url`),
		call("carrier", post, "/api/v1/webhooks", `{"url":"https://10.0.0.1/hook"}`, 400, `/url`),
		call("carrier", post, "/api/v1/webhooks", `{"url":"http://127.0.0.1:9/hook"}`, 400, `/url`),
		call("carrier", post, "/api/v1/webhooks", `{"url":"https://example.com/","types":["shipment"]}`, 400, `/types/0`),
		call("carrier", post, "/api/v1/webhooks", `{"url":"https://example.com/","feeds":[]}`, 400, `/feeds`),
		call("carrier", post, "/api/v1/webhooks", `{"url":"https://example.com/","feeds":["all"]}`, 400, `/feeds/0`),
		call("carrier", post, "/api/v1/webhooks", `{"url":"https://example.com/","organization":"`+string(carrierB)+`"}`, 400, `/organization`),
		call("operator", post, "/api/v1/webhooks", `{"url":"https://example.com/","organization":"`+string(carrierB)+`"}`, 201, string(carrierB)),
		call("shop", post, "/api/v1/webhooks", `{"url":"https://example.com/hook"}`, 403, "webhooks"),
		call("carrier", http.MethodGet, one, "", 200, `"id":"`+webhookID),
		call("carrierB", http.MethodGet, one, "", 404),
		call("operator", http.MethodGet, one, "", 200),
		call("carrier", http.MethodGet, "/api/v1/webhooks/whk_1", "", 404),
		call("carrier", patch, one, `{"paused":true}`, 200, `"paused":true`),
		call("carrier", patch, one, `{"url":"https://192.168.0.1/"}`, 400, `/url`),
		call("carrierB", patch, one, `{"paused":true}`, 404),
		call("carrier", post, one+"/rotate-secret", "", 200, `"secret":"whsec_YW5vdGhlcg=="`),
		call("carrierB", post, one+"/rotate-secret", "", 404),
		call("carrier", post, one+"/test", "", 202, `"event":"evt_test"`),
		call("carrierB", post, one+"/test", "", 404),
		call("carrier", http.MethodGet, one+"/deliveries", "", 200, `"status":500`, `"reply":"oops"`, `"delivered":false`),
		call("carrierB", http.MethodGet, one+"/deliveries", "", 404),
		call("carrier", post, one+"/deliveries/"+deliveryID+"/replay", "", 202),
		call("carrier", post, one+"/deliveries/none/replay", "", 404),
		call("carrierB", post, one+"/deliveries/"+deliveryID+"/replay", "", 404),
		call("carrier", post, one+"/replay", `{"after":7}`, 202),
		call("carrier", post, one+"/replay", `{"since":"2026-01-01T00:00:00Z"}`, 202),
		call("carrier", post, one+"/replay", `{}`, 400),
		call("carrier", post, one+"/replay", `{"after":7,"since":"2026-01-01T00:00:00Z"}`, 400),
		call("carrier", post, one+"/replay", `{"feed":"own","since":"2026-01-01T00:00:00Z"}`, 400),
		call("carrierB", post, one+"/replay", `{"after":7}`, 404),
		call("carrier", http.MethodDelete, one, "", 204),
		call("carrierB", http.MethodDelete, one, "", 404),
		call("carrier", http.MethodGet, "/api/v1/events?after=41&limit=1", "", 200, `"position":42`, `"next_cursor":"42"`, `"number":"A-1"`),
		call("carrier", http.MethodGet, "/api/v1/events?feed=other", "", 400),
		call("shop", http.MethodGet, "/api/v1/events", "", 403),
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.lacks = append(s.lacks, "sealed", "c2VhbGVk")
			s.run(t, handler(&ports{}, nil, nil))
		})
	}
}

func TestWhatTheStoreIsAsked(t *testing.T) {
	t.Parallel()
	p := &ports{}
	h := handler(p, nil, func(c *api.Config) { c.PrivateWebhooks = true })
	get("operator", "/api/v1/events?feed=operators&organization="+string(carrierB)+"&after=5", 200).run(t, h)
	require.Equal(t, models.EventQuery{
		Actor: actors()["operator"], Feed: models.FeedOperators, Organization: carrierB, After: 5, Limit: 50,
	}, p.asked)
	scenario{role: "carrier", method: http.MethodPost, url: "/api/v1/webhooks", body: `{"url":"http://localhost:9/"}`, status: 201}.run(t, h)
	require.Equal(t, models.Webhook{
		Organization: carrierA, URL: "http://localhost:9/", Types: []string{}, Feeds: []models.Feed{models.FeedOwn}, Signing: models.SigningHMAC,
	}, p.hooked)
	scenario{role: "carrier", method: http.MethodPost, url: "/api/v1/webhooks/" + webhookID + "/replay", body: `{"feed":"network","after":9}`, status: 202}.run(t, h)
	require.Equal(t, models.WebhookReplay{Feed: models.FeedNetwork, After: 9}, p.replayed)
	require.NotContains(t, strings.Join(p.audited, " "), "whsec_")
}
