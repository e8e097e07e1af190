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
	test bool // the shipment is one
	at   models.Location
	now  time.Time

	instead models.NotificationID // what could be sent in its place
	out     map[string]bool
	crashAt string
	// beforeSending happens once, just before an attempt begins.
	beforeSending func()
}

func (n *notices) Notice(context.Context, models.NotificationID) (models.Notice, error) {
	if n.gone {
		return models.Notice{}, models.Errorf(models.CodeNotFound, "erased")
	}
	to := "client@example.test"
	if n.row.Channel == models.ChannelSMS {
		to = phone
	}
	return models.Notice{Notification: n.row, To: to,
		Shipment: models.Shipment{ID: "shp_1", Locker: "lkr_1", Issue: 1, Test: n.test}, Location: n.at}, nil
}

func (n *notices) Sending(_ context.Context, _ models.NotificationID, attempts int, mark string) error {
	if happens := n.beforeSending; happens != nil {
		n.beforeSending = nil
		happens()
	}
	if !n.row.State.Unsent() || n.row.Attempts != attempts {
		return models.Errorf(models.CodeConflict, "sent")
	}
	n.row.Uncertain = n.row.Uncertain || n.row.State.MayHaveLeft()
	began := n.now
	n.row.State, n.row.Mark, n.row.SendingAt = models.NotificationSending, mark, &began
	n.row.Attempts++
	return n.crash("sending")
}

func (n *notices) Uncertain(context.Context, models.NotificationID, int) error {
	n.row.State = models.NotificationUncertain
	return nil
}

func (n *notices) Sent(_ context.Context, _ models.NotificationID, ref string) error {
	if err := n.crash("sent"); err != nil {
		return err
	}
	n.row.State, n.row.Ref = models.NotificationSent, ref
	return nil
}

func (n *notices) NotSent(_ context.Context, _ models.NotificationID, r models.Refusal) (bool, models.NotificationID, error) {
	n.row.Problem = r.Problem()
	if !r.Final && (!r.Alarm || n.instead == "") {
		n.row.State = models.NotificationQueued
		return true, "", nil
	}
	n.row.State, n.row.Instead = models.NotificationFailed, n.instead
	return false, n.instead, nil
}

func (n *notices) Sandboxed(context.Context, models.NotificationID) error {
	n.row.State = models.NotificationSandboxed
	return nil
}

func (n *notices) Drop(context.Context, models.NotificationID) error {
	n.row.State = models.NotificationDropped
	return nil
}

func (n *notices) OptedOut(_ context.Context, phone string) (bool, error) { return n.out[phone], nil }

func (n *notices) OptOut(_ context.Context, phone string, out bool) error {
	n.out[phone] = out
	return nil
}

// crash fails once at a step, as a process that dies there.
func (n *notices) crash(step string) error {
	if n.crashAt != step {
		return nil
	}
	n.crashAt = ""
	return models.Errorf(models.CodeUnavailable, "crashed at %s", step)
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

func rejected(code int, final bool) error {
	return &activities.Rejected{Refusal: models.Refusal{By: "mail server", Code: code, Final: final}}
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
	return &notices{now: noon, out: map[string]bool{},
		row: models.Notification{ID: "ntf_1", Kind: models.NoticeReady, Channel: models.ChannelEmail, State: models.NotificationQueued}}
}

// TestMessagesOfTestShipmentsGoNowhere: neither by mail nor, where it would cost money, by SMS; unless all goes to stand-ins.
// They keep quiet hours as others do.
func TestMessagesOfTestShipmentsGoNowhere(t *testing.T) {
	t.Parallel()
	for _, channel := range []models.Channel{models.ChannelEmail, models.ChannelSMS} {
		for _, sent := range []bool{false, true} {
			n, m, x := fresh(), &mailer{}, &texter{}
			n.row.Channel, n.test = channel, true
			a := &activities.Notify{Notices: n, Mailer: m, Texter: x, TextKey: make([]byte, 32), Renderer: renderer{}, Tests: sent,
				Keys: activities.Keyring{Master: make([]byte, 32)}, Now: func() time.Time { return noon }}
			for range 2 {
				_, err := a.SendNotification(t.Context(), models.SendInput{Notification: "ntf_1"})
				require.NoError(t, err)
			}
			want, left := models.NotificationSandboxed, 0
			if sent {
				want, left = models.NotificationSent, 1
			}
			require.Equal(t, want, n.row.State, channel)
			require.Equal(t, left, len(m.taken)+len(x.taken), channel)
		}
	}
	n := fresh()
	n.test, n.row.Kind = true, models.NoticeReady
	n.at = models.Location{TimeZone: "UTC", QuietHours: &models.QuietHours{From: "11:00", To: "13:00"}}
	res, err := sendAt(t, n, &mailer{}, noon, models.SendInput{Notification: "ntf_1"})
	require.NoError(t, err)
	require.False(t, res.NotBefore.IsZero())
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
	n, m := fresh(), &mailer{after: rejected(450, false)}
	err := send(t, n, m)
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.False(t, app.NonRetryable(), "4yz is tried again")
	require.Equal(t, models.NotificationQueued, n.row.State)

	n, m = fresh(), &mailer{after: rejected(550, true)}
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

// TestAnAttemptThatIsOvertaken: one that hung before the text left holds the message, and may be cut off
// there: the next one does not leave the message to it.
func TestAnAttemptThatIsOvertaken(t *testing.T) {
	t.Parallel()
	for _, channel := range []models.Channel{models.ChannelEmail, models.ChannelSMS} {
		n, m, x := fresh(), &mailer{}, &texter{}
		n.row.Channel = channel
		n.beforeSending = func() {
			require.NoError(t, n.Sending(t.Context(), n.row.ID, 0, "of the other"))
		}
		attempt := func(at time.Duration) (models.SendResult, error) {
			if channel == models.ChannelSMS {
				return sendText(t, n, x, at)
			}
			return sendAt(t, n, m, noon.Add(at), models.SendInput{Notification: n.row.ID})
		}
		_, err := attempt(0)
		require.Equal(t, 20*time.Second, delay(t, err), channel)
		require.Empty(t, m.taken)
		require.Empty(t, x.taken)
		_, err = attempt(time.Minute)
		require.NoError(t, err)
		require.Equal(t, 1, len(m.taken)+len(x.taken), channel)
		require.True(t, n.row.Uncertain)

		n.row = fresh().row
		n.row.Channel = channel
		n.beforeSending = func() {
			require.NoError(t, n.Sending(t.Context(), n.row.ID, 0, "of the other"))
			n.row.State, n.row.Instead = models.NotificationFailed, "ntf_2"
		}
		res, err := attempt(0)
		require.NoError(t, err)
		require.Equal(t, models.NotificationID("ntf_2"), res.Instead, "the other one is over")
	}
}
