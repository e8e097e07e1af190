package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// texted announces a shipment of a client with a phone, who is told that it is ready, by SMS that
// the provider has taken.
func (f *fixture) texted(t *testing.T, email string) models.Notification {
	t.Helper()
	l := f.locker(t, "L-1")
	n := f.announcement(l.ID, "N1")
	n.Contact = models.Contact{Phone: "+4915112345621", Email: email}
	v := f.create(t, n)
	res, err := f.Project(t.Context(), models.Projection{
		Shipment: v.Shipment.ID, Rev: 1, State: models.StateReady, Notify: []models.NoticeKind{models.NoticeCodeReissued},
	}, signed)
	require.NoError(t, err)
	require.Len(t, res.Notifications, 1)
	notice, err := f.Notice(t.Context(), res.Notifications[0])
	require.NoError(t, err)
	require.Equal(t, "+4915112345621", notice.To)
	require.Equal(t, models.ChannelSMS, notice.Notification.Channel)
	id := res.Notifications[0]
	require.NoError(t, f.Sending(t.Context(), id, 0, "mark"))
	require.NoError(t, f.Sent(t.Context(), id, "SM1"))
	exec(t, f, "DELETE FROM outbox")
	return f.notification(t, id)
}

func (f *fixture) notification(t *testing.T, id models.NotificationID) models.Notification {
	t.Helper()
	return rows[models.Notification](t, f, "id = ?", id)[0]
}

func TestReportsMoveForwardOnly(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.texted(t, "")
		report := func(attempt int, s models.NotificationState) models.Notification {
			t.Helper()
			require.NoError(t, f.Report(t.Context(), models.SMSReport{Notification: n.ID, Attempt: attempt, Ref: "SM1", State: s,
				Refusal: models.Refusal{By: "SMS provider", Code: 30006, Final: true}}))
			return f.notification(t, n.ID)
		}
		require.NoError(t, f.Report(t.Context(), models.SMSReport{Notification: "ntf_none"}))
		require.Equal(t, models.NotificationSent, report(1, models.NotificationSent).State)
		require.Equal(t, models.NotificationSent, report(2, models.NotificationDelivered).State, "of no attempt that there was")
		done := report(1, models.NotificationDelivered)
		require.Equal(t, models.NotificationDelivered, done.State)
		require.NotNil(t, done.DeliveredAt)
		for _, late := range []models.NotificationState{models.NotificationSent, models.NotificationUndelivered, models.NotificationDelivered} {
			require.Equal(t, done, report(1, late))
		}
		require.Empty(t, rows[models.Incident](t, f))
		var delivered int
		for _, e := range f.events(t, f.carrier, models.FeedOwn) {
			if e.Type == models.EventNotificationDelivered {
				delivered++
			}
		}
		require.Equal(t, 1, delivered)
	})
}

// TestAReportProvesThatItWasTaken: the answer was lost, and the provider tells of the message.
func TestAReportProvesThatItWasTaken(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.texted(t, "")
		exec(t, f, "UPDATE notifications SET state = ?, ref = ''", models.NotificationUncertain)
		require.NoError(t, f.Report(t.Context(), models.SMSReport{Notification: n.ID, Attempt: 1, Ref: "SM9", State: models.NotificationSent}))
		row := f.notification(t, n.ID)
		require.Equal(t, models.NotificationSent, row.State)
		require.Equal(t, "SM9", row.Ref)
		// The attempt that waited for the answer may hear it after all.
		require.NoError(t, f.Uncertain(t.Context(), n.ID, 1))
		require.NoError(t, f.Sent(t.Context(), n.ID, "SM1"))
		require.Equal(t, row, f.notification(t, n.ID))
	})
}

// TestAnEarlierAttemptThatArrivedIsSeen: asked, the provider did not have it, and delivers it later.
func TestAnEarlierAttemptThatArrivedIsSeen(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.texted(t, "")
		exec(t, f, "UPDATE notifications SET attempts = 2")
		require.NoError(t, f.Report(t.Context(), models.SMSReport{Notification: n.ID, Attempt: 1, State: models.NotificationUndelivered}))
		require.False(t, f.notification(t, n.ID).Uncertain)
		require.NoError(t, f.Report(t.Context(), models.SMSReport{Notification: n.ID, Attempt: 1, State: models.NotificationDelivered}))
		require.True(t, f.notification(t, n.ID).Uncertain, "the client has two")
	})
}

func TestUndeliveredIsSentAgainLater(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.texted(t, "")
		unreachable := models.Refusal{By: "SMS provider", Code: 30003, After: 30 * time.Minute, Retries: 2}
		for i := 1; i <= 2; i++ {
			for range 2 { // told twice
				require.NoError(t, f.Report(t.Context(), models.SMSReport{Notification: n.ID, Attempt: i, State: models.NotificationUndelivered, Refusal: unreachable}))
			}
			row := f.notification(t, n.ID)
			require.Equal(t, models.NotificationQueued, row.State)
			require.Equal(t, i, row.Retries)
			sent := rows[models.OutboxRow](t, f)
			require.Len(t, sent, i)
			require.Equal(t, models.WorkflowMessage, sent[i-1].Workflow)
			require.Equal(t, models.MessageWorkflowID(n.ID, i), sent[i-1].WorkflowID)
			require.Contains(t, string(sent[i-1].Input), f.clock().Add(30*time.Minute).Format("2006-01-02T15:04:05"))
			require.NoError(t, f.Sending(t.Context(), n.ID, i, "mark"))
			require.NoError(t, f.Sent(t.Context(), n.ID, "SM"))
			require.False(t, f.notification(t, n.ID).Uncertain)
		}
		require.NoError(t, f.Report(t.Context(), models.SMSReport{Notification: n.ID, Attempt: 3, State: models.NotificationUndelivered, Refusal: unreachable}))
		row := f.notification(t, n.ID)
		require.Equal(t, models.NotificationUndelivered, row.State)
		require.Equal(t, models.IncidentUnsent, rows[models.Incident](t, f)[0].Kind, "nobody has told the client")
	})
}

func TestAnEmailTakesItsPlace(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.texted(t, "client@example.org")
		for range 2 {
			require.NoError(t, f.Report(t.Context(), models.SMSReport{Notification: n.ID, Attempt: 1, State: models.NotificationUndelivered,
				Refusal: models.Refusal{By: "SMS provider", Code: 30006, Final: true}}))
		}
		row := f.notification(t, n.ID)
		require.Equal(t, models.NotificationUndelivered, row.State)
		mail := f.notification(t, row.Instead)
		require.Equal(t, models.ChannelEmail, mail.Channel)
		require.Equal(t, n.Kind, mail.Kind)
		require.Len(t, rows[models.Notification](t, f), 2)
		require.Empty(t, rows[models.Incident](t, f))
		posted := rows[models.OutboxRow](t, f)
		require.Len(t, posted, 1)
		require.Equal(t, models.MessageWorkflowID(mail.ID, 0), posted[0].WorkflowID)
	})
}

// TestReadyGoesBothWays: an SMS that cannot leave makes no second e-mail.
func TestReadyGoesBothWays(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		n := f.announcement(l.ID, "N1")
		n.Contact = models.Contact{Phone: "+4915112345621", Email: "client@example.org"}
		v := f.create(t, n)
		ready := models.Projection{Shipment: v.Shipment.ID, Rev: 1, State: models.StateReady, Notify: []models.NoticeKind{models.NoticeReady}}
		res, err := f.Project(t.Context(), ready, signed)
		require.NoError(t, err)
		require.Len(t, res.Notifications, 2)
		sms := f.notification(t, res.Notifications[0])
		require.Equal(t, models.ChannelSMS, sms.Channel)
		again, instead, err := f.NotSent(t.Context(), sms.ID, models.Refusal{By: "SMS is switched off", Final: true})
		require.NoError(t, err)
		require.False(t, again)
		require.Empty(t, instead)
		require.Equal(t, models.NotificationDropped, f.notification(t, sms.ID).State)
		require.Len(t, rows[models.Notification](t, f), 2)
		require.Empty(t, rows[models.Incident](t, f))
	})
}

// TestAnAccountThatIsRefused alarms once, and tells by e-mail who has one.
func TestAnAccountThatIsRefused(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.texted(t, "")
		exec(t, f, "UPDATE notifications SET state = ?", models.NotificationQueued)
		locked := models.Refusal{By: "SMS provider", Code: 20003, Alarm: true}
		for range 2 {
			again, _, err := f.NotSent(t.Context(), n.ID, locked)
			require.NoError(t, err)
			require.True(t, again, "no message is given up for it")
		}
		require.Len(t, rows[models.Incident](t, f), 1)
		require.Equal(t, models.IncidentSMS, rows[models.Incident](t, f)[0].Kind)
		exec(t, f, "UPDATE contacts SET email = 'client@example.org'")
		again, instead, err := f.NotSent(t.Context(), n.ID, locked)
		require.NoError(t, err)
		require.False(t, again)
		require.NotEmpty(t, instead)
	})
}

func TestOptOut(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.texted(t, "")
		out := func() bool {
			is, err := f.OptedOut(t.Context(), "hash")
			require.NoError(t, err)
			return is
		}
		require.False(t, out())
		for range 2 {
			require.NoError(t, f.OptOut(t.Context(), "hash", true))
		}
		require.True(t, out())
		require.NoError(t, f.OptOut(t.Context(), "hash", false))
		require.False(t, out())
		require.NoError(t, f.Report(t.Context(), models.SMSReport{Notification: n.ID, Attempt: 1, Phone: "hash", State: models.NotificationUndelivered,
			Refusal: models.Refusal{Code: 21610, Final: true, OptedOut: true}}))
		require.True(t, out(), "the provider says so")
	})
}
