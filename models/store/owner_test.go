package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestTheOwnerOfADisabledWebhookIsWrittenTo: once for each time that it was given up, in its language, and the operator
// hears of the incident beside. An owner without an address is not, and one who took it up again hears nothing late.
func TestTheOwnerOfADisabledWebhookIsWrittenTo(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.publish(t)
		w, r := f.webhook(t, f.carrier, own()), f.hookActor(f.carrier)
		f.create(t, f.announcement(f.locker(t, "L-1").ID, "N1"))
		giveUp := func() []models.NotificationID {
			t.Helper()
			p := f.next(t, w)
			require.NoError(t, f.Posted(ctx, models.WebhookDelivery{
				Webhook: w.ID, Scope: p.Event.Scope, Position: p.Event.Position, Attempt: 10, At: f.clock(), Problem: "answered 410",
			}, p.From, false, models.DisabledGone))
			open := rows[models.Incident](t, f, "kind = ? AND resolved IS NULL", models.IncidentWebhook)
			require.Len(t, open, 1)
			ids, err := f.IncidentNotices(ctx, open[0].ID)
			require.NoError(t, err)
			again, err := f.IncidentNotices(ctx, open[0].ID)
			require.NoError(t, err)
			require.Equal(t, ids, again)
			return ids
		}
		require.Len(t, giveUp(), 1, "the operator alone: the carrier has no address")
		takeUp := func() {
			t.Helper()
			paused := false
			_, err := f.ChangeWebhook(ctx, r, w.ID, models.WebhookChange{Paused: &paused})
			require.NoError(t, err)
		}
		takeUp()

		email, language := "it@example.org", "ru"
		o, err := f.ChangeOrganization(ctx, models.Request{}, f.carrier.ID, models.OrganizationChange{Email: &email, Language: &language})
		require.NoError(t, err)
		require.Equal(t, "carrier", o.Name)
		ids := giveUp()
		require.Len(t, ids, 2)
		n, err := f.Notice(ctx, ids[1])
		require.NoError(t, err)
		require.Equal(t, models.NoticeWebhook, n.Notification.Kind)
		require.Equal(t, email, n.To)
		require.Equal(t, language, n.Language)
		require.Equal(t, w.ID, n.Webhook.ID)
		require.Equal(t, models.DisabledGone, n.Webhook.DisabledReason)
		require.False(t, n.Over)
		again, _, err := f.NotSent(ctx, ids[1], models.Refusal{By: "mail server", Code: 550, Final: true})
		require.NoError(t, err)
		require.False(t, again, "there is no other way to an owner")
		list, err := f.Notifications(ctx, models.NotificationQuery{Page: models.Page{Limit: 9}, Actor: r.Actor})
		require.NoError(t, err)
		require.Empty(t, list, "an organization's list is of its shipments")

		takeUp()
		n, err = f.Notice(ctx, ids[1])
		require.NoError(t, err)
		require.True(t, n.Over)

		_, err = f.ChangeOrganization(ctx, models.Request{}, "org_none", models.OrganizationChange{Email: &email})
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.ChangeOrganization(ctx, models.Request{}, f.carrier.ID, models.OrganizationChange{Name: &f.shop.Name})
		require.Equal(t, models.CodeConflict, code(err))
	})
}
