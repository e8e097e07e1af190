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

// writeRemoteOpen makes the history of a remote opening that is missing: one that a second person
// approves, whose cabinet is found at the second look, with a door that jams once and one that is
// busy; or one that nobody approves.
func writeRemoteOpen(t *testing.T, c client.Client, name string, approve bool) {
	file := filepath.Join(histories, name+".json")
	if _, err := os.Stat(file); err == nil {
		return
	}
	looks, opens := 0, 0
	for queue, activities := range map[string]map[string]any{
		models.QueueLives: {
			"RemoteTarget": func(context.Context, models.RemoteTargetInput) (models.RemoteTarget, error) {
				if looks++; looks == 1 {
					return models.RemoteTarget{}, nil
				}
				return models.RemoteTarget{Queue: models.QueueGateway("g-1"), Generation: 3}, nil
			},
			"ShowRemote": func(context.Context, models.RemoteProjection) error { return nil },
		},
		models.QueueSigner: {
			"SignRemote": func(context.Context, models.SignRemoteInput) (models.SignedRemote, error) {
				return models.SignedRemote{Grant: []byte("grant"), Signer: "signer-1", Signature: []byte{1}}, nil
			},
		},
		models.QueueGateway("g-1"): {
			"ReadSession": func(context.Context, models.SessionInput) (models.LockerSession, error) {
				return models.LockerSession{Nonce: "n", Epoch: 1}, nil
			},
			"OpenRemotely": func(context.Context, models.RemoteOpenCommand) (models.OpenResult, error) {
				opens++
				return []models.OpenResult{{Outcome: models.NotOpened, Reason: "jammed"}, {Outcome: models.Opened},
					{Outcome: models.Refused, Reason: "busy"}}[opens-1], nil
			},
		},
	} {
		w := worker.New(c, queue, worker.Options{DisableWorkflowWorker: queue != models.QueueLives})
		if queue == models.QueueLives {
			w.RegisterWorkflowWithOptions(workflows.RemoteOpen, workflow.RegisterOptions{Name: models.WorkflowRemoteOpen})
		}
		for name, f := range activities {
			w.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
		}
		require.NoError(t, w.Start())
		defer w.Stop()
	}
	in := models.RemoteOpenInput{
		Opening: "rem_1", Locker: "lkr_1", Purpose: models.PurposeHelp, By: "stf_1", Second: true, NotAfter: time.Now().Add(time.Minute),
		Doors: []models.RemoteCell{{Cell: 3, Operations: []models.OperationID{"op_1", "op_2"}}, {Cell: 4, Operations: []models.OperationID{"op_3", "op_4"}}},
	}
	if !approve {
		in.NotAfter = time.Now().Add(time.Second)
	}
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "history-" + name, TaskQueue: models.QueueLives}, models.WorkflowRemoteOpen, in)
	require.NoError(t, err)
	if approve {
		h, err := c.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{WorkflowID: run.GetID(), UpdateName: models.UpdateDecide, UpdateID: "1",
			Args: []any{models.DecideInput{Request: "1", By: "stf_2", Approve: true}}, WaitForStage: client.WorkflowUpdateStageCompleted})
		require.NoError(t, err)
		require.NoError(t, h.Get(t.Context(), nil))
	}
	require.NoError(t, run.Get(t.Context(), nil))
	raw, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(historyOf(t, c, run.GetID(), run.GetRunID()))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, raw, 0o600))
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
