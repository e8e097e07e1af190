package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"cubby/activities"
	"cubby/models"
)

// notices is one row in memory, with the rules of the store.
type notices struct {
	row  models.Notification
	gone bool
	at   models.Location
}

func (n *notices) Notice(context.Context, models.NotificationID) (models.Notice, error) {
	if n.gone {
		return models.Notice{}, models.Errorf(models.CodeNotFound, "erased")
	}
	return models.Notice{Notification: n.row, To: "client@example.test",
		Shipment: models.Shipment{ID: "shp_1", Locker: "lkr_1", Issue: 1}, Location: n.at}, nil
}

func (n *notices) Sending(context.Context, models.NotificationID) error {
	switch n.row.State {
	case models.NotificationSent:
		return models.Errorf(models.CodeConflict, "sent")
	case models.NotificationSending:
		n.row.Uncertain = true
	}
	n.row.State = models.NotificationSending
	n.row.Attempts++
	return nil
}

func (n *notices) Sent(context.Context, models.NotificationID) error {
	n.row.State = models.NotificationSent
	return nil
}

func (n *notices) NotSent(_ context.Context, _ models.NotificationID, final bool, problem string) error {
	n.row.State, n.row.Problem = models.NotificationQueued, problem
	if final {
		n.row.State = models.NotificationFailed
	}
	return nil
}

func (n *notices) Drop(context.Context, models.NotificationID) error {
	n.row.State = models.NotificationDropped
	return nil
}

// mailer takes messages, or fails as told.
type mailer struct {
	taken  []activities.Message
	before error // before the text leaves
	after  error // after the server took it
}

func (m *mailer) Send(_ context.Context, msg activities.Message, leaving func() error) error {
	if m.before != nil {
		return m.before
	}
	if err := leaving(); err != nil {
		return err
	}
	m.taken = append(m.taken, msg)
	return m.after
}

type renderer struct{}

func (renderer) Render(n models.Notice, code string) (activities.Message, error) {
	return activities.Message{ID: string(n.Notification.ID), To: n.To, Text: code}, nil
}

func send(t *testing.T, n *notices, m *mailer) error {
	t.Helper()
	_, err := sendAt(t, n, m, noon, models.SendInput{Notification: n.row.ID})
	return err
}

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func sendAt(t *testing.T, n *notices, m *mailer, now time.Time, in models.SendInput) (models.SendResult, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	a := &activities.Notify{Notices: n, Mailer: m, Renderer: renderer{}, Keys: activities.Keyring{Master: make([]byte, 32)},
		Now: func() time.Time { return now }}
	env.RegisterActivity(a)
	var res models.SendResult
	v, err := env.ExecuteActivity(a.SendNotification, in)
	if err == nil {
		require.NoError(t, v.Get(&res))
	}
	return res, err
}

// TestQuietHours: what can wait waits for their end, by the place's own clock, and is not sent
// if nobody needs it then.
func TestQuietHours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  models.NoticeKind
		state models.NotificationState
		utc   string
		waits bool
	}{
		{models.NoticeReady, models.NotificationQueued, "20:30", true}, // half past nine in Berlin
		{models.NoticeReminder, models.NotificationQueued, "06:59", true},
		{models.NoticeReady, models.NotificationQueued, "19:59", false},
		{models.NoticeReady, models.NotificationQueued, "07:00", false},
		{models.NoticeCodeReissued, models.NotificationQueued, "20:30", false}, // someone has asked for it
		{models.NoticeExtended, models.NotificationQueued, "20:30", false},
		{models.NoticeReady, models.NotificationSending, "20:30", false}, // it may have left
	} {
		now, err := time.Parse("2006-01-02 15:04", "2026-11-26 "+c.utc)
		require.NoError(t, err)
		n, m := fresh(), &mailer{}
		n.row.Kind, n.row.State = c.kind, c.state
		n.at = models.Location{TimeZone: "Europe/Berlin", QuietHours: &models.QuietHours{From: "21:00", To: "08:00"}}
		res, err := sendAt(t, n, m, now, models.SendInput{Notification: "ntf_1"})
		require.NoError(t, err)
		require.Equal(t, c.waits, !res.NotBefore.IsZero(), c)
		require.Equal(t, c.waits, len(m.taken) == 0, c)
		if !c.waits {
			continue
		}
		require.Equal(t, 7, res.NotBefore.UTC().Hour())
		require.True(t, res.NotBefore.After(now))
		_, err = sendAt(t, n, m, res.NotBefore, models.SendInput{Notification: "ntf_1", Over: true})
		require.NoError(t, err)
		require.Empty(t, m.taken)
		require.Equal(t, models.NotificationDropped, n.row.State)
	}
}

func fresh() *notices {
	return &notices{row: models.Notification{ID: "ntf_1", Kind: models.NoticeReady, State: models.NotificationQueued}}
}

func TestSendsOnceAndCarriesTheCode(t *testing.T) {
	t.Parallel()
	n, m := fresh(), &mailer{}
	require.NoError(t, send(t, n, m))
	require.NoError(t, send(t, n, m), "a repeat of the activity")
	require.Len(t, m.taken, 1)
	require.True(t, models.ValidCode(m.taken[0].Text))
	require.Equal(t, models.NotificationSent, n.row.State)
	require.False(t, n.row.Uncertain)
}

// TestLostAnswerIsUncertain: the text may have gone; the repeat has the same id and the
// row says so.
func TestLostAnswerIsUncertain(t *testing.T) {
	t.Parallel()
	n, m := fresh(), &mailer{after: errors.New("connection reset")}
	require.Error(t, send(t, n, m))
	require.Equal(t, models.NotificationSending, n.row.State)
	m.after = nil
	require.NoError(t, send(t, n, m))
	require.Len(t, m.taken, 2)
	require.Equal(t, m.taken[0].ID, m.taken[1].ID)
	require.True(t, n.row.Uncertain)
}

func TestNothingLeftIsCertain(t *testing.T) {
	t.Parallel()
	n, m := fresh(), &mailer{before: errors.New("connection refused")}
	require.Error(t, send(t, n, m))
	m.before = nil
	require.NoError(t, send(t, n, m))
	require.Len(t, m.taken, 1)
	require.False(t, n.row.Uncertain)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	n, m := fresh(), &mailer{after: &activities.Rejected{Code: 450}}
	err := send(t, n, m)
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.False(t, app.NonRetryable(), "4yz is tried again")
	require.Equal(t, models.NotificationQueued, n.row.State)

	n, m = fresh(), &mailer{after: &activities.Rejected{Code: 550, Permanent: true}}
	require.ErrorAs(t, send(t, n, m), &app)
	require.True(t, app.NonRetryable(), "5yz is final")
	require.Equal(t, models.NotificationFailed, n.row.State)
	require.Equal(t, "mail server answered 550", n.row.Problem)
}

func TestErasedContactIsNobodyToTell(t *testing.T) {
	t.Parallel()
	n, m := fresh(), &mailer{}
	n.gone = true
	require.NoError(t, send(t, n, m))
	require.Empty(t, m.taken)
}
