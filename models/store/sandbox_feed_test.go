package store_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestTestLockersAreToldToTestKeysAlone: that they are made, come and go and run short of cells, in the feed of the network.
func TestTestLockersAreToldToTestKeysAlone(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, live := t.Context(), f.locker(t, "L-1")
		trial, err := f.CreateLocker(ctx, models.Request{}, models.Locker{Number: "T-1", Location: live.Location, Model: live.Model, Test: true})
		require.NoError(t, err)
		f.beat(t, "one", "r1", true)
		for _, l := range []models.Locker{live, trial} {
			_, err := f.Connect(ctx, l.ID, "one", "r1", "boot")
			require.NoError(t, err)
		}
		_, err = f.TellLinks(ctx)
		require.NoError(t, err)
		for _, l := range []models.Locker{live, trial} {
			j := &journal{at: f.clock()}
			var cells []models.CellReport
			for cell := range 3 { // of four
				cells = append(cells, models.CellReport{Cell: cell + 1, State: models.CellOccupied, Generation: 1})
			}
			_, err := f.TakeIn(ctx, l.ID, []models.Fact{j.fact(models.FactInventory, 0, models.FactData{Cells: cells})})
			require.NoError(t, err)
		}
		operator := models.Actor{Organization: f.operator.ID, Kind: models.KindOperator, Scopes: []models.Scope{models.ScopeOperator}}
		for _, reader := range []struct {
			actor models.Actor
			of    models.LockerID
		}{{f.actor(f.shop), live.ID}, {operator, live.ID}, {f.testKey().Actor, trial.ID}} {
			events, err := f.Events(ctx, models.EventQuery{Actor: reader.actor, Feed: models.FeedNetwork, Limit: 20})
			require.NoError(t, err)
			for _, e := range events {
				require.Equal(t, reader.of, e.Data.Locker, "%s", e.Type)
			}
			require.Equal(t, []models.EventType{models.EventLockerUpdated, models.EventLockerOnline, models.EventCapacityLow}, typesOf(events))
		}
	})
}

// TestEndpointsOfTestKeys are posted what happens at test lockers, and others nothing of it; each key sees its own kind.
func TestEndpointsOfTestKeys(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.publish(t)
		feeds := []models.Feed{models.FeedOwn, models.FeedNetwork}
		hook := f.webhook(t, f.carrier, feeds)
		trying, _, err := f.CreateWebhook(ctx, f.testKey(), models.Webhook{Organization: f.carrier.ID, URL: "https://example.com/", Feeds: feeds, Signing: models.SigningHMAC})
		require.NoError(t, err)
		_, _, err = f.CreateWebhook(ctx, f.testKey(), models.Webhook{Organization: f.carrier.ID, Feeds: []models.Feed{models.FeedOperators}})
		require.Equal(t, models.CodeForbidden, code(err))

		live := f.locker(t, "L-1")
		trial, err := f.CreateLocker(ctx, models.Request{}, models.Locker{Number: "T-1", Location: live.Location, Model: live.Model, Test: true})
		require.NoError(t, err)
		f.create(t, f.announcement(live.ID, "N1"))
		n := f.announcement(trial.ID, "N2")
		n.Request = f.testKey()
		f.create(t, n)
		for _, w := range []struct {
			hook models.Webhook
			want []string
		}{{hook, []string{"L-1", "N1"}}, {trying, []string{"N2", "T-1"}}} {
			var posted []string
			for p := f.next(t, w.hook); p.Event != nil; p = f.next(t, w.hook) {
				posted = append(posted, p.Event.Data.Number)
				f.posted(t, p, "", 0)
			}
			slices.Sort(posted)
			require.Equal(t, w.want, posted)
		}
		require.NoError(t, f.ReplayWebhook(ctx, f.testKey(), trying.ID, models.WebhookReplay{Feed: models.FeedNetwork}))
		require.Equal(t, "T-1", f.next(t, trying).Event.Data.Number)

		for _, a := range []struct {
			actor      models.Actor
			sees, lack models.WebhookID
		}{{f.hookActor(f.carrier).Actor, hook.ID, trying.ID}, {f.testKey().Actor, trying.ID, hook.ID}} {
			_, err := f.Webhook(ctx, a.actor, a.sees)
			require.NoError(t, err)
			_, err = f.Webhook(ctx, a.actor, a.lack)
			require.Equal(t, models.CodeNotFound, code(err))
			require.Equal(t, models.CodeNotFound, code(f.DeleteWebhook(ctx, models.Request{Actor: a.actor}, a.lack)))
			list, err := f.Webhooks(ctx, a.actor, "", models.Page{Limit: 9})
			require.NoError(t, err)
			require.Len(t, list, 1)
			require.Equal(t, a.sees, list[0].ID)
		}
		all, err := f.Webhooks(ctx, models.Actor{Scopes: []models.Scope{models.ScopeOperator}}, "", models.Page{Limit: 9})
		require.NoError(t, err)
		require.Len(t, all, 2)
	})
}

// TestAMessageThatNeverLeft is told to test keys for what it is, once, and is not sent again.
func TestAMessageThatNeverLeft(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, live := t.Context(), f.locker(t, "L-1")
		trial, err := f.CreateLocker(ctx, models.Request{}, models.Locker{Number: "T-1", Location: live.Location, Model: live.Model, Test: true})
		require.NoError(t, err)
		n := f.announcement(trial.ID, "N1")
		n.Request = f.testKey()
		res, err := f.Project(ctx, models.Projection{
			Shipment: f.create(t, n).Shipment.ID, Rev: 1, State: models.StateReady, Notify: []models.NoticeKind{models.NoticeReady},
		}, signed)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, f.Sandboxed(ctx, res.Notifications[0]))
		}
		list, err := f.Notifications(ctx, models.NotificationQuery{Page: models.Page{Limit: 9}, Actor: f.testKey().Actor, State: models.NotificationSandboxed})
		require.NoError(t, err)
		require.Len(t, list, 1)
		events, err := f.Events(ctx, models.EventQuery{Actor: f.testKey().Actor, Feed: models.FeedOwn, Limit: 9})
		require.NoError(t, err)
		require.Equal(t, []models.EventType{models.EventCreated, models.EventNotificationSent}, typesOf(events))
		require.Equal(t, "sandboxed", events[1].Data.Reason)
		_, err = f.Resend(ctx, f.testKey(), res.Notifications[0])
		require.Equal(t, models.CodeInvalidState, code(err))
	})
}
