package hooks_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api/client"
	"cubby/cmd/cubby-demo/hooks"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rigtest"
	"cubby/cmd/cubby-demo/run"
)

// within bounds how long an event may take to a receiver that is well, on a busy machine.
const within = 20 * time.Second

// TestEventsReachAReceiver is the whole product with a shop's receiver beside it: events of the shop's shipments arrive
// signed and in order, also after the receiver failed, and with the key of before while the new one is taken up; one that
// is gone is left alone.
func TestEventsReachAReceiver(t *testing.T) {
	t.Parallel()
	bin := rigtest.Programs(t)
	var progress bytes.Buffer
	system, err := run.Start(t.Context(), run.Options{Bin: bin, Var: t.TempDir(), Progress: &progress, Env: []string{"CUBBY_WEBHOOK_ALLOW_PRIVATE=on"}})
	require.NoError(t, err, progress.String())
	defer func() { require.NoError(t, system.Stop()) }()
	receiver, err := hooks.Start(t.Context(), hooks.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, receiver.Close()) }()

	ctx := t.Context()
	operator := people.Operator{Service: people.Service{Base: system.APIURL, Key: system.OperatorKey}}
	_, key, err := operator.Organization(ctx, "Webhook shop", "shop", "shipments", "webhooks")
	require.NoError(t, err)
	c, err := client.NewClientWithResponses(system.APIURL, client.WithKey(key))
	require.NoError(t, err)

	made, err := c.CreateWebhookWithResponse(ctx, client.NewWebhook{Url: receiver.URL, Types: &[]string{"shipment.*"}})
	require.NoError(t, err)
	require.NotNil(t, made.JSON201, string(made.Body))
	hook := made.JSON201.Webhook.Id
	require.NoError(t, receiver.Trust(*made.JSON201.Secret))
	arrives := func(n int) []hooks.Message {
		t.Helper()
		require.Eventually(t, func() bool { return len(receiver.Messages()) >= n }, within, 10*time.Millisecond)
		messages := receiver.Messages()
		require.Len(t, messages, n)
		for _, m := range messages {
			require.True(t, m.Verified, m.Problem)
		}
		return messages
	}
	test, err := c.TestWebhookWithResponse(ctx, hook)
	require.NoError(t, err)
	require.NotNil(t, test.JSON202, string(test.Body))
	require.Equal(t, test.JSON202.Event, arrives(1)[0].ID)

	announce := func(number string) {
		t.Helper()
		seller := people.Carrier{Service: people.Service{Base: system.APIURL, Key: key}}
		_, err := seller.Announce(ctx, number, people.Announcement{
			Number: number, Carrier: system.Carrier, Locker: system.Lockers[0].ID, NotifyBy: "carrier", Parcels: []people.NewParcel{{Size: "S"}},
		})
		require.NoError(t, err)
	}
	began := time.Now()
	announce("H-1")
	first := arrives(2)[1]
	t.Logf("an event arrived %s after its announcement began", first.At.Sub(began))
	require.Equal(t, "shipment.created", first.Type)

	// Two of one shipment, the first of which fails: it comes again, and before the other. The new key is taken up
	// meanwhile, and the receiver knows the old one only.
	receiver.Answer(hooks.Answer{Status: http.StatusInternalServerError, Body: "oops"})
	rotated, err := c.RotateWebhookSecretWithResponse(ctx, hook)
	require.NoError(t, err)
	require.NotNil(t, rotated.JSON200, string(rotated.Body))
	announce("H-2")
	arrives(3)
	announce("H-3")
	messages := arrives(5)
	require.Equal(t, messages[2].ID, messages[3].ID)
	require.GreaterOrEqual(t, messages[3].At.Sub(messages[2].At), 4*time.Second, "the schedule's 5 s, less a tenth")
	require.NotEqual(t, messages[3].ID, messages[4].ID)

	receiver.Answer(hooks.Answer{Status: http.StatusGone})
	announce("H-4")
	arrives(6)
	require.Eventually(t, func() bool {
		read, err := c.GetWebhookWithResponse(ctx, hook)
		return err == nil && read.JSON200 != nil && read.JSON200.DisabledAt != nil
	}, within, 50*time.Millisecond)
	incidents, err := operator.Incidents(ctx)
	require.NoError(t, err)
	require.Equal(t, "webhook_disabled", incidents[len(incidents)-1].Kind)
	announce("H-5")

	paused := false
	_, err = c.ChangeWebhookWithResponse(ctx, hook, client.WebhookChange{Paused: &paused})
	require.NoError(t, err)
	messages = arrives(8)
	require.Equal(t, messages[5].ID, messages[6].ID, "what it did not take, and what it missed")

	var log *client.ListWebhookDeliveriesResponse
	require.Eventually(t, func() bool { // the last is written down after it was taken
		log, err = c.ListWebhookDeliveriesWithResponse(ctx, hook, nil)
		return err == nil && log.JSON200 != nil && len(log.JSON200.Items) == 8
	}, within, 50*time.Millisecond)
	failed := log.JSON200.Items[5]
	require.Equal(t, []any{500, "oops", 1, false}, []any{*failed.Status, *failed.Reply, failed.Attempt, failed.Delivered})
	replayed, err := c.ReplayDeliveryWithResponse(ctx, hook, failed.Id)
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, replayed.StatusCode(), string(replayed.Body))
	require.Equal(t, failed.Event, arrives(9)[8].ID)
}
