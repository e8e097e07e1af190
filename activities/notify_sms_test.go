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

const phone = "+4915112345621"

// texter takes texts, or fails as told.
type texter struct {
	taken  []activities.Text
	before error // not taken
	after  error // taken, and the answer is lost
	asked  int
	blind  error // cannot be asked
}

func (x *texter) Send(_ context.Context, t activities.Text) (string, error) {
	if x.before != nil {
		return "", x.before
	}
	x.taken = append(x.taken, t)
	return "SM1", x.after
}

func (x *texter) Find(_ context.Context, to string, _ time.Time, matches func(string) bool) (string, error) {
	x.asked++
	if x.blind != nil {
		return "", x.blind
	}
	for _, t := range x.taken {
		if t.To == to && matches(t.Body) {
			return "SM1", nil
		}
	}
	return "", nil
}

func freshText() *notices {
	n := fresh()
	n.row.Channel = models.ChannelSMS
	return n
}

// sendText runs one attempt, some time after noon.
func sendText(t *testing.T, n *notices, x activities.Texter, after time.Duration) (models.SendResult, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	n.now = noon.Add(after)
	a := &activities.Notify{Notices: n, Texter: x, Renderer: renderer{}, Keys: activities.Keyring{Master: make([]byte, 32)},
		TextKey: []byte("key"), Settle: 30 * time.Second, Now: func() time.Time { return n.now }}
	env.RegisterActivity(a)
	var res models.SendResult
	v, err := env.ExecuteActivity(a.SendNotification, models.SendInput{Notification: n.row.ID})
	if err == nil {
		require.NoError(t, v.Get(&res))
	}
	return res, err
}

func delay(t *testing.T, err error) time.Duration {
	t.Helper()
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.False(t, app.NonRetryable())
	return app.NextRetryDelay()
}

// TestALostAnswerIsAskedBack: the provider took it and its answer was lost: it is asked, after a
// while, and nothing is sent twice.
func TestALostAnswerIsAskedBack(t *testing.T) {
	t.Parallel()
	n, x := freshText(), &texter{after: errors.New("reset")}
	_, err := sendText(t, n, x, 0)
	require.Equal(t, 30*time.Second, delay(t, err))
	require.Equal(t, models.NotificationUncertain, n.row.State)
	x.after = nil
	_, err = sendText(t, n, x, 10*time.Second)
	require.Equal(t, 20*time.Second, delay(t, err), "it may not be on the list yet")
	require.Zero(t, x.asked)
	x.blind = errors.New("away")
	_, err = sendText(t, n, x, 30*time.Second)
	require.Error(t, err)
	require.Equal(t, models.NotificationUncertain, n.row.State, "who cannot be asked is not sent to")
	x.blind = nil
	_, err = sendText(t, n, x, 40*time.Second)
	require.NoError(t, err)
	require.Len(t, x.taken, 1, "one SMS")
	require.Equal(t, models.NotificationSent, n.row.State)
	require.Equal(t, "SM1", n.row.Ref)
	require.False(t, n.row.Uncertain)
}

// TestADeathAfterTheProviderTookIt is the same with a process that dies before the row is written.
func TestADeathAfterTheProviderTookIt(t *testing.T) {
	t.Parallel()
	n, x := freshText(), &texter{}
	n.crashAt = "sent"
	_, err := sendText(t, n, x, 0)
	require.Error(t, err)
	require.Equal(t, models.NotificationSending, n.row.State)
	_, err = sendText(t, n, x, time.Minute)
	require.NoError(t, err)
	require.Len(t, x.taken, 1, "one SMS")
	require.Equal(t, models.NotificationSent, n.row.State)
}

// TestADeathBeforeItLeft: the provider, asked, has nothing: it is sent.
func TestADeathBeforeItLeft(t *testing.T) {
	t.Parallel()
	n, x := freshText(), &texter{}
	n.crashAt = "sending"
	_, err := sendText(t, n, x, 0)
	require.Error(t, err)
	require.Empty(t, x.taken)
	_, err = sendText(t, n, x, time.Minute)
	require.NoError(t, err)
	require.Equal(t, 1, x.asked)
	require.Len(t, x.taken, 1)
	require.Equal(t, 2, x.taken[0].Attempt)
	require.True(t, n.row.Uncertain, "its sending began twice")
}

func TestSMSRefusals(t *testing.T) {
	t.Parallel()
	refuse := func(r models.Refusal) *texter { return &texter{before: &activities.Rejected{Refusal: r}} }
	var app *temporal.ApplicationError

	n := freshText()
	_, err := sendText(t, n, refuse(models.Refusal{Code: 20429, After: 7 * time.Second}), 0)
	require.Equal(t, 7*time.Second, delay(t, err))
	require.Equal(t, models.NotificationQueued, n.row.State)

	n = freshText()
	n.instead = "ntf_2"
	res, err := sendText(t, n, refuse(models.Refusal{Code: 21211, Final: true}), 0)
	require.NoError(t, err)
	require.Equal(t, models.NotificationID("ntf_2"), res.Instead)
	x := &texter{}
	res, err = sendText(t, n, x, time.Minute)
	require.NoError(t, err)
	require.Equal(t, models.NotificationID("ntf_2"), res.Instead, "a repeat of the activity")
	require.Empty(t, x.taken)

	n = freshText()
	_, err = sendText(t, n, refuse(models.Refusal{Code: 21211, Final: true}), 0)
	require.ErrorAs(t, err, &app)
	require.True(t, app.NonRetryable())
	require.Equal(t, models.NotificationFailed, n.row.State)

	n = freshText()
	_, err = sendText(t, n, &texter{before: &activities.NotTaken{Reason: "away"}}, 0)
	require.Zero(t, delay(t, err))
	require.Equal(t, models.NotificationQueued, n.row.State, "nothing has left: nobody is asked")
}

// TestWhoSaidStopIsNotTold, also by another message.
func TestWhoSaidStopIsNotTold(t *testing.T) {
	t.Parallel()
	n, x := freshText(), &texter{before: &activities.Rejected{Refusal: models.Refusal{Code: 21610, Final: true, OptedOut: true}}}
	_, err := sendText(t, n, x, 0)
	require.Error(t, err)
	require.True(t, n.out[models.PhoneHash([]byte("key"), phone)])
	n.row = freshText().row
	x.before = nil
	_, err = sendText(t, n, x, 0)
	require.Error(t, err)
	require.Empty(t, x.taken)
	n.row, n.out = freshText().row, map[string]bool{}
	_, err = sendText(t, n, x, 0)
	require.NoError(t, err)
	require.Len(t, x.taken, 1)
}

func TestSMSSwitchedOff(t *testing.T) {
	t.Parallel()
	n := freshText()
	_, err := sendText(t, n, nil, 0)
	require.Error(t, err)
	require.Equal(t, models.NotificationFailed, n.row.State)
	require.Equal(t, "SMS is switched off", n.row.Problem)
}
