package store_test

import (
	"crypto/ecdh"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// hookActor may read events and make endpoints.
func (f *fixture) hookActor(o models.Organization) models.Request {
	a := f.actor(o)
	if a.Scopes = []models.Scope{models.ScopeWebhooks}; o.Kind == models.KindOperator {
		a.Scopes = []models.Scope{models.ScopeOperator}
	}
	return models.Request{Actor: a, ID: "req"}
}

// publish publishes a worker's key and returns its private half.
func (f *fixture) publish(t *testing.T) *ecdh.PrivateKey {
	t.Helper()
	private, err := models.DeriveWebhookSealKey(make([]byte, 32))
	require.NoError(t, err)
	require.NoError(t, f.PublishWorkerKey(t.Context(), models.PurposeWebhooks, private.PublicKey().Bytes()))
	return private
}

func (f *fixture) webhook(t *testing.T, o models.Organization, feeds []models.Feed, types ...string) models.Webhook {
	t.Helper()
	w, _, err := f.CreateWebhook(t.Context(), f.hookActor(o), models.Webhook{
		Organization: o.ID, URL: "https://example.com/", Feeds: feeds, Types: types, Signing: models.SigningHMAC,
	})
	require.NoError(t, err)
	return w
}

func (f *fixture) next(t *testing.T, w models.Webhook) models.WebhookPost {
	t.Helper()
	p, err := f.NextPost(t.Context(), w.ID, "")
	require.NoError(t, err)
	return p
}

// posted records that an event was taken, or not, and when it is tried again.
func (f *fixture) posted(t *testing.T, p models.WebhookPost, problem string, next time.Duration) {
	t.Helper()
	d := models.WebhookDelivery{
		Webhook: p.Webhook.ID, Scope: p.Event.Scope, Position: p.Event.Position, Event: p.Event.ID, Type: p.Event.Type,
		Attempt: p.Attempt, At: f.clock(), Problem: problem,
	}
	if problem != "" {
		at := f.clock().Add(next)
		d.NextAt = &at
	}
	require.NoError(t, f.Posted(t.Context(), d, p.From, false, ""))
}

func own() []models.Feed { return []models.Feed{models.FeedOwn} }

// TestAnEndpointIsPostedItsFeed: what happens from its making on, in order, what it wants of it,
// and the one that fails before those after it.
func TestAnEndpointIsPostedItsFeed(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.publish(t)
		l := f.locker(t, "L-1")
		sold := func(number string) {
			n := f.announcement(l.ID, number)
			n.Shop = f.shop.ID
			f.create(t, n)
		}
		sold("before")
		w := f.webhook(t, f.shop, own(), "shipment.*")
		picky := f.webhook(t, f.shop, own(), "parcel.*")
		require.Nil(t, f.next(t, w).Event)
		due, err := f.WebhooksDue(t.Context())
		require.NoError(t, err)
		require.Empty(t, due)

		sold("N1")
		sold("N2")
		due, err = f.WebhooksDue(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, []models.WebhookDue{{Webhook: w.ID, Mark: 3}, {Webhook: picky.ID, Mark: 3}}, due)
		require.Nil(t, f.next(t, picky).Event)
		due, err = f.WebhooksDue(t.Context())
		require.NoError(t, err)
		require.Len(t, due, 1, "nothing is left for the one that wants none of it")

		p := f.next(t, w)
		require.Equal(t, "N1", p.Event.Data.Number)
		require.Equal(t, 1, p.Attempt)
		f.posted(t, p, "answered 500", 5*time.Second)
		waiting := f.next(t, w)
		require.Nil(t, waiting.Event)
		require.Equal(t, f.clock().Add(5*time.Second), waiting.NextAt)
		due, err = f.WebhooksDue(t.Context())
		require.NoError(t, err)
		require.Empty(t, due)
		f.advance(5 * time.Second)
		p = f.next(t, w)
		require.Equal(t, "N1", p.Event.Data.Number, "the one that failed holds those after it")
		require.Equal(t, 2, p.Attempt)
		f.posted(t, p, "", 0)
		frozen := p
		p = f.next(t, w)
		require.Equal(t, "N2", p.Event.Data.Number)
		require.Equal(t, 1, p.Attempt)
		f.posted(t, p, "", 0)
		f.posted(t, frozen, "", 0)
		f.posted(t, frozen, "answered 500", time.Minute)
		require.Equal(t, models.WebhookPost{Webhook: p.Webhook}, f.next(t, w), "a worker that was frozen moves nothing back")

		log, err := f.WebhookDeliveries(t.Context(), f.hookActor(f.shop).Actor, w.ID, models.Page{Limit: 3})
		require.NoError(t, err)
		require.Len(t, log, 3)
		rest, err := f.WebhookDeliveries(t.Context(), f.hookActor(f.shop).Actor, w.ID, models.Page{Limit: 3, Cursor: string(log[2].ID)})
		require.NoError(t, err)
		require.Len(t, rest, 2)
	})
}

// TestScopesTakeTurns: a feed that fails, or is full, keeps no other from being sent.
func TestScopesTakeTurns(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.publish(t)
		w := f.webhook(t, f.carrier, []models.Feed{models.FeedOwn, models.FeedNetwork})
		l := f.locker(t, "L-1")
		f.create(t, f.announcement(l.ID, "N1"))
		test, err := f.TestWebhook(t.Context(), f.hookActor(f.carrier), w.ID)
		require.NoError(t, err)
		var types []models.EventType
		scope := ""
		for range 3 {
			p, err := f.NextPost(t.Context(), w.ID, scope)
			require.NoError(t, err)
			types, scope = append(types, p.Event.Type), p.Event.Scope
			f.posted(t, p, "answered 500", time.Minute)
			if p.Event.Type == models.EventWebhookTest {
				require.Equal(t, test, p.Event.ID)
			}
		}
		require.ElementsMatch(t, []models.EventType{models.EventLockerUpdated, models.EventCreated, models.EventWebhookTest}, types)

		f.advance(time.Minute)
		p := f.next(t, w)
		at := f.clock().Add(time.Hour)
		require.NoError(t, f.Posted(t.Context(), models.WebhookDelivery{
			Webhook: w.ID, Scope: p.Event.Scope, Position: p.Event.Position, Attempt: 2, At: f.clock(), Problem: "answered 429", NextAt: &at,
		}, p.From, true, ""))
		require.Nil(t, f.next(t, w).Event, "a receiver that has too much to do is left alone by every feed")
		require.Equal(t, at, f.next(t, w).NextAt)
	})
}

// TestAFullFeedKeepsNoOtherWaiting: whichever scope was served last, the next one is another.
func TestAFullFeedKeepsNoOtherWaiting(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.publish(t)
		w := f.webhook(t, f.carrier, []models.Feed{models.FeedOwn, models.FeedNetwork})
		for i := range 3 {
			f.create(t, f.announcement(f.locker(t, fmt.Sprintf("L-%d", i)).ID, fmt.Sprintf("N%d", i)))
		}
		var scopes []string
		scope := ""
		for range 6 {
			p, err := f.NextPost(t.Context(), w.ID, scope)
			require.NoError(t, err)
			scope = p.Event.Scope
			scopes = append(scopes, scope)
			f.posted(t, p, "", 0)
		}
		network, mine := models.ScopeOfNetworkFeed, models.ScopeOfEvents(f.carrier.ID)
		require.Equal(t, []string{network, mine, network, mine, network, mine}, scopes)
	})
}

func TestAnEndpointIsDisabledAndTakenUpAgain(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.publish(t)
		w, r := f.webhook(t, f.carrier, own()), f.hookActor(f.carrier)
		l := f.locker(t, "L-1")
		f.create(t, f.announcement(l.ID, "N1"))
		p := f.next(t, w)
		require.NoError(t, f.Posted(t.Context(), models.WebhookDelivery{
			Webhook: w.ID, Scope: p.Event.Scope, Position: p.Event.Position, Attempt: 10, At: f.clock(), Problem: "answered 410",
		}, p.From, false, "gone"))
		require.True(t, f.next(t, w).Over)
		read, err := f.Webhook(t.Context(), r.Actor, w.ID)
		require.NoError(t, err)
		require.NotNil(t, read.DisabledAt)
		require.Equal(t, "gone", read.DisabledReason)
		incidents := rows[models.Incident](t, f, "kind = ?", models.IncidentWebhook)
		require.Len(t, incidents, 1)
		require.Nil(t, incidents[0].Resolved)
		_, err = f.TestWebhook(t.Context(), r, w.ID)
		require.Equal(t, models.CodeInvalidState, code(err))

		exec(t, f, "DELETE FROM outbox")
		paused := false
		read, err = f.ChangeWebhook(t.Context(), r, w.ID, models.WebhookChange{Paused: &paused})
		require.NoError(t, err)
		require.Nil(t, read.DisabledAt)
		require.Equal(t, models.WebhookWorkflowID(w.ID), rows[models.OutboxRow](t, f)[0].WorkflowID)
		require.NotNil(t, rows[models.Incident](t, f, "kind = ?", models.IncidentWebhook)[0].Resolved)
		p = f.next(t, w)
		require.Equal(t, "N1", p.Event.Data.Number)
		require.Equal(t, 1, p.Attempt)

		paused = true
		_, err = f.ChangeWebhook(t.Context(), r, w.ID, models.WebhookChange{Paused: &paused, Feeds: &[]models.Feed{models.FeedNetwork}})
		require.NoError(t, err)
		require.True(t, f.next(t, w).Over)
		scopes := []string{}
		for _, c := range rows[models.WebhookCursor](t, f) {
			scopes = append(scopes, c.Scope)
		}
		require.ElementsMatch(t, []string{models.ScopeOfNetworkFeed, models.ScopeOfWebhook(w.ID)}, scopes)

		require.NoError(t, f.DeleteWebhook(t.Context(), r, w.ID))
		require.True(t, f.next(t, w).Over)
		require.Empty(t, rows[models.WebhookCursor](t, f))
		require.Empty(t, rows[models.WebhookDelivery](t, f))
		f.posted(t, p, "", 0) // it was on its way
		require.Empty(t, rows[models.WebhookDelivery](t, f))
	})
}

// TestKeysOfEndpoints: sealed to the worker, shown once, and for a day the one before signs too.
func TestKeysOfEndpoints(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		r, hook := f.hookActor(f.carrier), models.Webhook{Organization: f.carrier.ID, URL: "https://example.com/", Feeds: own(), Signing: models.SigningHMAC}
		_, _, err := f.CreateWebhook(t.Context(), r, hook)
		require.Equal(t, models.CodeUnavailable, code(err), "no worker has started")
		worker := f.publish(t)
		w, shown, err := f.CreateWebhook(t.Context(), r, hook)
		require.NoError(t, err)
		opens := func(sealed []byte) models.WebhookKey {
			t.Helper()
			key, err := models.OpenWebhookKey(sealed, w.ID, worker)
			require.NoError(t, err)
			return key
		}
		require.Equal(t, shown, opens(w.Secret))
		fresh, again, err := f.RotateWebhook(t.Context(), r, w.ID)
		require.NoError(t, err)
		require.NotEqual(t, shown, again)
		f.create(t, f.announcement(f.locker(t, "L-1").ID, "N1"))
		p := f.next(t, w)
		require.Equal(t, fresh.Secret, p.Webhook.Secret)
		require.Equal(t, []models.WebhookKey{again, shown}, []models.WebhookKey{opens(p.Webhook.Secret), opens(p.Webhook.Previous)})
		f.advance(24 * time.Hour)
		require.Empty(t, f.next(t, w).Webhook.Previous)

		hook.Signing = models.SigningEd25519
		w, shown, err = f.CreateWebhook(t.Context(), r, hook)
		require.NoError(t, err)
		require.Empty(t, shown)
		require.Contains(t, w.PublicKey, "whpk_")
		require.Contains(t, string(opens(w.Secret)), "whsk_")
	})
}

func TestEndpointsOfOthersDoNotExist(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.publish(t)
		w, other := f.webhook(t, f.carrier, own()), f.hookActor(f.shop)
		f.create(t, f.announcement(f.locker(t, "L-1").ID, "N1"))
		f.posted(t, f.next(t, w), "", 0)
		d := rows[models.WebhookDelivery](t, f)[0].ID
		calls := func(r models.Request, id models.WebhookID) map[string]error {
			found := map[string]error{}
			_, found["get"] = f.Webhook(ctx, r.Actor, id)
			_, found["change"] = f.ChangeWebhook(ctx, r, id, models.WebhookChange{})
			_, _, found["rotate"] = f.RotateWebhook(ctx, r, id)
			_, found["test"] = f.TestWebhook(ctx, r, id)
			_, found["deliveries"] = f.WebhookDeliveries(ctx, r.Actor, id, models.Page{Limit: 1})
			found["replay"] = f.ReplayWebhook(ctx, r, id, models.WebhookReplay{Feed: models.FeedOwn})
			found["replay one"] = f.ReplayDelivery(ctx, r, id, d)
			found["delete"] = f.DeleteWebhook(ctx, r, id)
			return found
		}
		for name, err := range calls(other, w.ID) {
			require.Equal(t, models.CodeNotFound, code(err), name)
		}
		for name, err := range calls(f.hookActor(f.carrier), "whk_none") {
			require.Equal(t, models.CodeNotFound, code(err), name)
		}
		mine := f.webhook(t, f.shop, own())
		require.Equal(t, models.CodeNotFound, code(f.ReplayDelivery(ctx, other, mine.ID, d)), "that of another's endpoint")
		listed, err := f.Webhooks(ctx, other.Actor, f.carrier.ID, models.Page{Limit: 10})
		require.NoError(t, err)
		require.Equal(t, []models.WebhookID{mine.ID}, []models.WebhookID{listed[0].ID})
		require.Len(t, listed, 1)
		all, err := f.Webhooks(ctx, f.hookActor(f.operator).Actor, "", models.Page{Limit: 10})
		require.NoError(t, err)
		require.Len(t, all, 2)
		for _, feeds := range [][]models.Feed{{models.FeedOperators}} {
			_, _, err := f.CreateWebhook(ctx, other, models.Webhook{Organization: f.shop.ID, Feeds: feeds})
			require.Equal(t, models.CodeForbidden, code(err))
			_, err = f.ChangeWebhook(ctx, other, mine.ID, models.WebhookChange{Feeds: &feeds})
			require.Equal(t, models.CodeForbidden, code(err))
		}
		for name, err := range calls(f.hookActor(f.operator), w.ID) {
			require.NoError(t, err, name)
		}
		for range 19 {
			f.webhook(t, f.shop, own())
		}
		_, _, err = f.CreateWebhook(ctx, other, models.Webhook{Organization: f.shop.ID, Feeds: own(), Signing: models.SigningHMAC})
		require.Equal(t, models.CodeConflict, code(err))
	})
}

func TestReplay(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.publish(t)
		w, r, l := f.webhook(t, f.carrier, own(), "shipment.*"), f.hookActor(f.carrier), f.locker(t, "L-1")
		drain := func() (numbers []string) {
			for p := f.next(t, w); p.Event != nil; p = f.next(t, w) {
				numbers = append(numbers, p.Event.Data.Number)
				f.posted(t, p, "", 0)
			}
			return numbers
		}
		for i := range 3 {
			f.create(t, f.announcement(l.ID, fmt.Sprintf("N%d", i)))
			f.advance(time.Minute)
		}
		require.Equal(t, []string{"N0", "N1", "N2"}, drain())
		replay := func(to models.WebhookReplay) {
			t.Helper()
			require.NoError(t, f.ReplayWebhook(t.Context(), r, w.ID, to))
		}
		replay(models.WebhookReplay{Feed: models.FeedOwn, After: 1})
		require.Equal(t, []string{"N1", "N2"}, drain())
		since := f.clock().Add(-90 * time.Second)
		replay(models.WebhookReplay{Since: &since})
		require.Equal(t, []string{"N2"}, drain())
		long := f.clock().Add(-24 * time.Hour)
		replay(models.WebhookReplay{Since: &long})
		require.Equal(t, []string{"N0", "N1", "N2"}, drain())
		replay(models.WebhookReplay{Feed: models.FeedOwn, After: 1000})
		f.create(t, f.announcement(l.ID, "N3"))
		require.Equal(t, []string{"N3"}, drain(), "nothing that is still to come is left out")
		require.Equal(t, models.CodeInvalid, code(f.ReplayWebhook(t.Context(), r, w.ID, models.WebhookReplay{Feed: models.FeedNetwork})))

		first := rows[models.WebhookDelivery](t, f, "position = 1")[0]
		require.NoError(t, f.ReplayDelivery(t.Context(), r, w.ID, first.ID))
		p := f.next(t, w)
		require.Equal(t, first.Event, p.Event.ID)
		require.Equal(t, "N0", p.Event.Data.Number)
		require.Equal(t, []string{"N0"}, drain())
		exec(t, f, "DELETE FROM feed")
		require.Equal(t, models.CodeNotFound, code(f.ReplayDelivery(t.Context(), r, w.ID, first.ID)))
	})
}

// TestReplaySinceAMoment leaves out nothing that happened since, in whatever order it was committed.
func TestReplaySinceAMoment(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.publish(t)
		w, l := f.webhook(t, f.carrier, own()), f.locker(t, "L-1")
		for i := range 3 {
			f.create(t, f.announcement(l.ID, fmt.Sprintf("N%d", i)))
		}
		// The third had begun a minute before the second, and was committed after it.
		exec(t, f, "UPDATE feed SET created_at = ? WHERE position <> 2", f.clock().Add(-time.Minute))
		since := f.clock().Add(-time.Second)
		replay := func() {
			t.Helper()
			require.NoError(t, f.ReplayWebhook(t.Context(), f.hookActor(f.carrier), w.ID, models.WebhookReplay{Since: &since}))
		}
		replay()
		require.Equal(t, "N1", f.next(t, w).Event.Data.Number)
		since = f.clock().Add(time.Second)
		replay()
		require.Nil(t, f.next(t, w).Event, "nothing has happened since")
		f.create(t, f.announcement(l.ID, "N3"))
		require.Equal(t, "N3", f.next(t, w).Event.Data.Number)
	})
}

// TestAChangedEndpointHasAllItsAttempts: those that another receiver, or another event, has used up do
// not count.
func TestAChangedEndpointHasAllItsAttempts(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.publish(t)
		w, r, l := f.webhook(t, f.carrier, own()), f.hookActor(f.carrier), f.locker(t, "L-1")
		f.create(t, f.announcement(l.ID, "N1"))
		change := func(c models.WebhookChange) models.WebhookPost {
			t.Helper()
			_, err := f.ChangeWebhook(t.Context(), r, w.ID, c)
			require.NoError(t, err)
			return f.next(t, w)
		}
		f.posted(t, f.next(t, w), "answered 500", time.Hour)
		same, other, types := "https://example.com/", "https://example.com/other", []string{"shipment.*"}
		require.Nil(t, change(models.WebhookChange{URL: &same}).Event)
		require.Nil(t, change(models.WebhookChange{Types: &types}).Event, "the receiver is left alone all the same")
		f.advance(time.Hour)
		p := f.next(t, w)
		require.Equal(t, 1, p.Attempt)
		f.posted(t, p, "answered 500", time.Hour)
		require.Equal(t, 1, change(models.WebhookChange{URL: &other}).Attempt)
	})
}
