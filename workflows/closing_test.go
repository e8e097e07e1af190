package workflows_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
	"cubby/workflows"
)

// TestClosingLooksUntilItIsOver: soon at first, and never less than every minute.
func TestClosingLooksUntilItIsOver(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	var looked []time.Time
	var a *activities.Closing
	env.OnActivity(a.CloseRound, mock.Anything, models.ClosingInput{Locker: "lkr_1"}).Return(func(context.Context, models.ClosingInput) (models.ClosingResult, error) {
		looked = append(looked, env.Now())
		return models.ClosingResult{Over: len(looked) == 10}, nil
	})
	env.ExecuteWorkflow(workflows.Closing, models.ClosingInput{Locker: "lkr_1"})
	require.NoError(t, env.GetWorkflowError())
	var waits []time.Duration
	for i := range looked[1:] {
		waits = append(waits, looked[i+1].Sub(looked[i]).Round(time.Second))
	}
	require.Equal(t, []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second,
		time.Minute, time.Minute, time.Minute, time.Minute}, waits)
}

// writeClosing makes the history of a closing, if it is missing.
func writeClosing(t *testing.T, c client.Client) {
	file := filepath.Join(histories, "closing.json")
	if _, err := os.Stat(file); err == nil {
		return
	}
	w := worker.New(c, models.QueueLives, worker.Options{})
	w.RegisterWorkflowWithOptions(workflows.Closing, workflow.RegisterOptions{Name: models.WorkflowClosing})
	looked := 0
	w.RegisterActivityWithOptions(func(context.Context, models.ClosingInput) (models.ClosingResult, error) {
		looked++
		return models.ClosingResult{Over: looked == 3}, nil
	}, activity.RegisterOptions{Name: "CloseRound"})
	require.NoError(t, w.Start())
	defer w.Stop()
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "history-closing", TaskQueue: models.QueueLives},
		models.WorkflowClosing, models.ClosingInput{Locker: "lkr_1"})
	require.NoError(t, err)
	require.NoError(t, run.Get(t.Context(), nil))
	raw, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(historyOf(t, c, run.GetID(), run.GetRunID()))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, raw, 0o600))
}
