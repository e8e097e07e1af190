package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"cubby/models"
)

// Engine puts Temporal behind the interfaces api.Engine and gateway.Engine, which
// cmd/cubby holds it to.
type Engine struct {
	client client.Client
	up     atomic.Bool
}

// NewEngine makes an engine; Watch keeps its Up true or false.
func NewEngine(c client.Client) *Engine { return &Engine{client: c} }

// Watch asks Temporal every second whether it is there, until the context ends.
func (e *Engine) Watch(ctx context.Context) error {
	for {
		check, cancel := context.WithTimeout(ctx, time.Second)
		_, err := e.client.CheckHealth(check, &client.CheckHealthRequest{})
		cancel()
		e.up.Store(err == nil)
		if !pause(ctx, time.Second) {
			return nil
		}
	}
}

// Up implements gateway.Engine.
func (e *Engine) Up() bool { return e.up.Load() }

// Ask implements gateway.Engine. The update's id is the operation's, so asking twice is
// asking once.
func (e *Engine) Ask(ctx context.Context, s models.ShipmentID, in models.AskInput) error {
	handle, err := e.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: models.ShipmentWorkflowID(s), UpdateName: models.UpdateAsk, UpdateID: string(in.Operation),
		Args: []any{in}, WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	if err != nil {
		return e.failure(err)
	}
	// A refusal is in the handle already. For an accepted update a Get would wait for the
	// doors: with a context that is over it comes back at once, and says that only.
	over, cancel := context.WithCancel(ctx)
	cancel()
	var app *temporal.ApplicationError
	if err := handle.Get(over, nil); errors.As(err, &app) {
		return e.failure(err)
	}
	return nil
}

// Enroll implements gateway.Engine. The same request has the same workflow, so asking
// again after a lost answer joins it.
func (e *Engine) Enroll(ctx context.Context, in models.EnrollInput) (models.EnrollResult, error) {
	var res models.EnrollResult
	if !e.Up() {
		return res, away(nil)
	}
	// Not over the request itself: a computer signs it anew for each attempt.
	_, key, err := models.CheckCSR(in.CSR)
	if err != nil {
		return res, err
	}
	sum := sha256.Sum256([]byte(in.ClaimHash + "\n" + in.Serial + "\n" + key))
	run, err := e.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       "enroll-" + hex.EncodeToString(sum[:16]),
		TaskQueue:                models.QueueLives,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowExecutionTimeout: time.Minute,
		StaticSummary:            "certificate for a cabinet's computer",
	}, models.WorkflowEnroll, in)
	if err == nil {
		err = run.Get(ctx, &res)
	}
	return res, e.failure(err)
}

// CarrierEvent implements api.Engine.
func (e *Engine) CarrierEvent(ctx context.Context, id models.ShipmentID, in models.CarrierEventInput) (models.ActionResult, error) {
	// The carrier's repeat of one event is the same update.
	return e.act(ctx, id, models.UpdateCarrierEvent, fmt.Sprintf("%s@%d", in.Type, in.At.UnixMilli()), in)
}

// Cancel implements api.Engine.
func (e *Engine) Cancel(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act(ctx, id, models.UpdateCancel, models.UpdateCancel+"@"+in.Request, in)
}

// Extend implements api.Engine.
func (e *Engine) Extend(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act(ctx, id, models.UpdateExtend, models.UpdateExtend+"@"+in.Request, in)
}

// Freeze implements api.Engine.
func (e *Engine) Freeze(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act(ctx, id, models.UpdateFreeze, models.UpdateFreeze+"@"+in.Request, in)
}

// Unfreeze implements api.Engine.
func (e *Engine) Unfreeze(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act(ctx, id, models.UpdateUnfreeze, models.UpdateUnfreeze+"@"+in.Request, in)
}

// Reroute implements api.Engine.
func (e *Engine) Reroute(ctx context.Context, id models.ShipmentID, in models.RerouteInput) (models.ActionResult, error) {
	return e.act(ctx, id, models.UpdateReroute, models.UpdateReroute+"@"+in.Request, in)
}

// ReissueCode implements api.Engine.
func (e *Engine) ReissueCode(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act(ctx, id, models.UpdateReissueCode, models.UpdateReissueCode+"@"+in.Request, in)
}

// DecideRemote implements api.Engine.
func (e *Engine) DecideRemote(ctx context.Context, id models.RemoteID, in models.DecideInput) error {
	if !e.Up() {
		return away(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, actWithin)
	defer cancel()
	handle, err := e.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: models.RemoteOpenWorkflowID(id), UpdateName: models.UpdateDecide, UpdateID: models.UpdateDecide + "@" + in.Request,
		Args: []any{in}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	return e.failure(err)
}

// actWithin is how long a caller waits for an action.
const actWithin = 8 * time.Second

// act has a life carry out an action. The same update id is the same action.
func (e *Engine) act(ctx context.Context, id models.ShipmentID, update, updateID string, in any) (models.ActionResult, error) {
	if !e.Up() {
		return models.ActionResult{}, away(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, actWithin)
	defer cancel()
	var res models.ActionResult
	handle, err := e.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: models.ShipmentWorkflowID(id), UpdateName: update, UpdateID: updateID,
		Args: []any{in}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &res)
	}
	return res, e.failure(err)
}

// failure is the one place where Temporal's errors become ours.
func (e *Engine) failure(err error) error {
	var (
		app      *temporal.ApplicationError
		notFound *serviceerror.NotFound
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &app):
		return models.Wrap(models.Code(app.Type()), err, app.Message())
	case errors.As(err, &notFound):
		return models.Wrap(models.CodeNotFound, err, "this life is not running")
	}
	var gone *serviceerror.Unavailable
	if errors.As(err, &gone) {
		e.up.Store(false)
	}
	return away(err)
}

// away is what a caller hears while Temporal cannot be reached.
func away(err error) error {
	return models.Wrap(models.CodeUnavailable, err, "The engine does not answer. Please try again in a moment.")
}
