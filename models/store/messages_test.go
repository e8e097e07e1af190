package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestNotificationsAreSeenByTheirParties(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.texted(t, "client@example.org")
		list := func(a models.Actor, change func(*models.NotificationQuery)) []models.NotificationView {
			t.Helper()
			q := models.NotificationQuery{Page: models.Page{Limit: 10}, Actor: a}
			if change != nil {
				change(&q)
			}
			found, err := f.Notifications(t.Context(), q)
			require.NoError(t, err)
			return found
		}
		operator := models.Actor{Organization: f.operator.ID, Scopes: []models.Scope{models.ScopeOperator}}
		carrier := f.actor(f.carrier)
		found := list(carrier, nil)
		require.Len(t, found, 1)
		require.Equal(t, "+4…21", found[0].Recipient)
		require.Equal(t, n.Subject, string(found[0].Shipment))
		require.Equal(t, n.ID, found[0].ID)
		require.Len(t, list(operator, nil), 1)
		require.Empty(t, list(f.actor(f.shop), nil))
		require.Empty(t, list(models.Actor{}, nil), "a shipment without a shop is not everybody's")
		require.Empty(t, list(carrier, func(q *models.NotificationQuery) { q.Cursor = string(n.ID) }))
		for _, c := range []struct {
			change func(*models.NotificationQuery)
			want   int
		}{
			{func(q *models.NotificationQuery) { q.State = models.NotificationSent }, 1},
			{func(q *models.NotificationQuery) { q.State = models.NotificationFailed }, 0},
			{func(q *models.NotificationQuery) { q.Kind = models.NoticeReady }, 0},
			{func(q *models.NotificationQuery) { q.Channel = models.ChannelEmail }, 0},
			{func(q *models.NotificationQuery) { q.Shipment = "shp_other" }, 0},
		} {
			require.Len(t, list(carrier, c.change), c.want)
		}

		_, err := f.Resend(t.Context(), models.Request{Actor: carrier, ID: "r1"}, n.ID)
		require.Equal(t, models.CodeInvalidState, code(err), "it was sent")
		exec(t, f, "UPDATE notifications SET state = ?", models.NotificationUndelivered)
		_, err = f.Resend(t.Context(), models.Request{Actor: f.actor(f.shop), ID: "r1"}, n.ID)
		require.Equal(t, models.CodeNotFound, code(err))
		view, err := f.Resend(t.Context(), models.Request{Actor: carrier, ID: "r1"}, n.ID)
		require.NoError(t, err)
		require.Equal(t, models.NotificationQueued, view.State)
		exec(t, f, "UPDATE notifications SET state = ?", models.NotificationFailed)
		_, err = f.Resend(t.Context(), models.Request{Actor: carrier, ID: "r1"}, n.ID)
		require.NoError(t, err)
		sent := rows[models.OutboxRow](t, f)
		require.Len(t, sent, 2)
		require.NotEqual(t, sent[0].WorkflowID, sent[1].WorkflowID, "a workflow that was started before is not started again")
		require.Len(t, rows[models.AuditEntry](t, f, "action = 'notification.resend'"), 2)
		exec(t, f, "UPDATE notifications SET state = ?", models.NotificationFailed)
		exec(t, f, "DELETE FROM contacts")
		_, err = f.Resend(t.Context(), models.Request{Actor: operator, ID: "r2"}, n.ID)
		require.Equal(t, models.CodeInvalidState, code(err), "there is nobody to tell any more")
	})
}

func TestOwnTexts(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.texted(t, "")
		own := func() string {
			t.Helper()
			notice, err := f.Notice(t.Context(), n.ID)
			require.NoError(t, err)
			if notice.Own == nil {
				return ""
			}
			return notice.Own.Body
		}
		put := func(of models.OrganizationID, language, body string) models.Template {
			t.Helper()
			made, err := f.PutTemplate(t.Context(), models.Request{}, models.Template{Organization: of, Kind: n.Kind,
				Channel: models.ChannelSMS, Language: language, Body: body})
			require.NoError(t, err)
			return made
		}
		language := rows[models.Shipment](t, f)[0].Language
		require.Empty(t, own())
		put(f.shop.ID, language, "of another")
		put("", "xx", "in another language")
		require.Empty(t, own())
		require.Equal(t, 1, put("", language, "of the network").Version)
		require.Equal(t, "of the network", own())
		put(f.carrier.ID, language, "of the carrier")
		require.Equal(t, 2, put(f.carrier.ID, language, "of the carrier, new").Version)
		require.Equal(t, "of the carrier, new", own())
		listed, err := f.Templates(t.Context(), f.carrier.ID)
		require.NoError(t, err)
		require.Len(t, listed, 1)
		exec(t, f, "UPDATE shipments SET shop = ?", f.shop.ID)
		require.Equal(t, "of another", own(), "the shop's goes before the carrier's")

		gone := models.Template{Organization: f.shop.ID, Kind: n.Kind, Channel: models.ChannelSMS, Language: language}
		require.NoError(t, f.DeleteTemplate(t.Context(), models.Request{}, gone))
		require.Equal(t, models.CodeNotFound, code(f.DeleteTemplate(t.Context(), models.Request{}, gone)))
		require.Equal(t, "of the carrier, new", own())
		gone.Organization = "org_none"
		_, err = f.PutTemplate(t.Context(), models.Request{}, gone)
		require.Equal(t, models.CodeNotFound, code(err))
		require.Len(t, rows[models.AuditEntry](t, f, "action LIKE 'template.%'"), 6)
	})
}
