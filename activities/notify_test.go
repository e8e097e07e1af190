package activities_test

import (
	"context"
	"errors"
	"testing"

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
}

func (n *notices) Notice(context.Context, models.NotificationID) (models.Notice, error) {
	if n.gone {
		return models.Notice{}, models.Errorf(models.CodeNotFound, "erased")
	}
	return models.Notice{Notification: n.row, To: "client@example.test", Shipment: models.Shipment{ID: "shp_1", Locker: "lkr_1", Issue: 1}}, nil
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
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	a := &activities.Notify{Notices: n, Mailer: m, Renderer: renderer{}, Keys: activities.Keyring{Master: make([]byte, 32)}}
	env.RegisterActivity(a)
	_, err := env.ExecuteActivity(a.SendNotification, models.SendInput{Notification: n.row.ID})
	return err
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
