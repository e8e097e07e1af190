package workflows_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"cubby/models"
	"cubby/workflows"
)

// small is a workflow beside the lives, whose history is stored too.
type small struct {
	name     string // of the workflow and the file
	workflow any
	queue    string // of its activity
	activity string
	answers  any // the activity
	in       any
}

func smalls() []small {
	rounds, sent := 0, 0
	return []small{
		{models.WorkflowWebhook, workflows.Webhook, models.QueueWebhooks, "PostEvents", func(context.Context, models.WebhookInput) (models.PostResult, error) {
			rounds++
			return []models.PostResult{{More: true}, {Wait: time.Second}, {}, {Over: true}}[rounds-1], nil
		}, models.WebhookInput{Webhook: "whk_1"}},
		{models.WorkflowMessage, workflows.Message, models.QueueLives, "SendNotification", func(context.Context, models.SendInput) (models.SendResult, error) {
			sent++
			return []models.SendResult{{NotBefore: time.Now().Add(2 * time.Second)}, {Instead: "ntf_2"}, {}}[sent-1], nil
		}, models.MessageInput{Notification: "ntf_1", NotBefore: time.Now().Add(2 * time.Second)}},
		{models.WorkflowCellOrder, workflows.CellOrder, models.QueueLives, "PublishCellOrder", func(context.Context, models.CellOrderInput) error {
			return nil
		}, models.CellOrderInput{Locker: "lkr_1", Cell: 4, Rev: 1}},
		{models.WorkflowSealCode, workflows.SealCode, models.QueueLives, "SealCode", func(context.Context, models.SealCodeInput) error {
			return nil
		}, models.SealCodeInput{ID: "cod_1", Shipment: "shp_1", Public: []byte{1}}},
	}
}

// write makes its history, if it is missing. One that waits to be woken is woken until it ends.
func (s small) write(t *testing.T, c client.Client) {
	file := filepath.Join(histories, s.name+".json")
	if _, err := os.Stat(file); err == nil {
		return
	}
	for _, queue := range []string{models.QueueLives, models.QueueWebhooks} {
		w := worker.New(c, queue, worker.Options{DisableWorkflowWorker: queue != models.QueueLives})
		if queue == models.QueueLives {
			w.RegisterWorkflowWithOptions(s.workflow, workflow.RegisterOptions{Name: s.name})
		}
		if queue == s.queue {
			w.RegisterActivityWithOptions(s.answers, activity.RegisterOptions{Name: s.activity})
		}
		require.NoError(t, w.Start())
		defer w.Stop()
	}
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "history-" + s.name, TaskQueue: models.QueueLives}, s.name, s.in)
	require.NoError(t, err)
	if s.name == models.WorkflowWebhook {
		ended := make(chan error, 1)
		go func() { ended <- run.Get(t.Context(), nil) }()
		for over := false; !over; {
			select {
			case err := <-ended:
				require.NoError(t, err)
				over = true
			case <-time.After(3 * time.Second):
				_ = c.SignalWorkflow(t.Context(), run.GetID(), run.GetRunID(), models.SignalWake, nil) // it may just have ended
			}
		}
	}
	require.NoError(t, run.Get(t.Context(), nil))
	raw, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(historyOf(t, c, run.GetID(), run.GetRunID()))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, raw, 0o600))
}
