package workflows_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"

	"cubby/activities"
	"cubby/models"
	"cubby/workflows"
)

// TestAnEndpointsWorkflow: rounds follow each other while there is more, after a wait, and after a
// wake-up; and it ends with its endpoint.
func TestAnEndpointsWorkflow(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	answers := []models.PostResult{{More: true}, {Wait: 5 * time.Minute}, {}, {Wait: time.Hour}, {Over: true}}
	began := env.Now()
	var rounds []time.Duration
	var a *activities.Webhook
	env.OnActivity(a.PostEvents, mock.Anything, models.WebhookInput{Webhook: "whk_1"}).Return(func(context.Context, models.WebhookInput) (models.PostResult, error) {
		rounds = append(rounds, env.Now().Sub(began).Round(time.Second))
		return answers[len(rounds)-1], nil
	})
	var missed []time.Duration
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		missed = append(missed, info.HeartbeatTimeout)
	})
	wake := func() { env.SignalWorkflow(models.SignalWake, nil) }
	env.RegisterDelayedCallback(wake, 20*time.Minute)
	env.RegisterDelayedCallback(wake, 30*time.Minute)
	env.ExecuteWorkflow(workflows.Webhook, models.WebhookInput{Webhook: "whk_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []time.Duration{0, 0, 5 * time.Minute, 20 * time.Minute, 30 * time.Minute}, rounds)
	require.Equal(t, slices.Repeat([]time.Duration{10 * time.Second}, 5), missed, "a round that dies is missed soon")
}

// TestAWakeUpIsNotLost: those that come during the round that finds the endpoint gone have it look
// again, once.
func TestAWakeUpIsNotLost(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	rounds := 0
	var a *activities.Webhook
	env.OnActivity(a.PostEvents, mock.Anything, mock.Anything).Return(func(context.Context, models.WebhookInput) (models.PostResult, error) {
		if rounds++; rounds == 1 {
			env.SignalWorkflow(models.SignalWake, nil)
			env.SignalWorkflow(models.SignalWake, nil)
		}
		return models.PostResult{Over: true}, nil
	})
	env.ExecuteWorkflow(workflows.Webhook, models.WebhookInput{Webhook: "whk_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 2, rounds)
}
