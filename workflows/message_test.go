package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"cubby/activities"
	"cubby/models"
	"cubby/workflows"
)

// TestMessageApart waits for its time and for the end of the quiet hours, and sends what takes its place.
func TestMessageApart(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	began := env.Now()
	var sent []models.NotificationID
	var at []time.Duration
	var n *activities.Notify
	env.OnActivity(n.SendNotification, mock.Anything, mock.Anything).Return(func(_ context.Context, in models.SendInput) (models.SendResult, error) {
		require.False(t, in.Over)
		sent, at = append(sent, in.Notification), append(at, env.Now().Sub(began).Round(time.Minute))
		switch len(sent) {
		case 1:
			return models.SendResult{NotBefore: env.Now().Add(8 * time.Hour)}, nil
		case 2:
			return models.SendResult{Instead: "ntf_2"}, nil
		}
		return models.SendResult{}, temporal.NewNonRetryableApplicationError("no", "rejected", nil)
	})
	env.ExecuteWorkflow(workflows.Message, models.MessageInput{Notification: "ntf_1", NotBefore: began.Add(30 * time.Minute)})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError(), "a refusal is on the row, not here")
	require.Equal(t, []models.NotificationID{"ntf_1", "ntf_1", "ntf_2"}, sent)
	require.Equal(t, []time.Duration{30 * time.Minute, 510 * time.Minute, 510 * time.Minute}, at)
}
