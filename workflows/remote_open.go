package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

const (
	// remoteLooks is how often a cabinet is looked for, remoteLookEvery apart, that is on its way
	// from one gateway to another.
	remoteLooks     = 3
	remoteLookEvery = time.Second
)

// RemoteOpen carries a request to open doors from afar out, door by door. A grant is signed for
// each attempt, at the moment of it. What a cabinet refused, and what nobody knows the end of, is
// told and not tried again; a second attempt is made only where the cabinet has read the door and
// says that it did not open.
func RemoteOpen(ctx workflow.Context, in models.RemoteOpenInput) error {
	r := &remoteOpen{in: in, state: models.RemoteStateOpening}
	if in.Second {
		r.state = models.RemoteStateWaiting
	}
	err := workflow.SetUpdateHandlerWithOptions(ctx, models.UpdateDecide, r.decide, workflow.UpdateHandlerOptions{Validator: r.mayDecide})
	if err != nil {
		return err
	}
	if err := r.approved(ctx); err != nil {
		return err
	}
	for i := 0; r.state == models.RemoteStateOpening && i < len(in.Doors); i++ {
		if err := r.open(ctx, in.Doors[i]); err != nil {
			return err
		}
		if i+1 == len(in.Doors) {
			r.state = models.RemoteStateDone
		}
		if err := r.show(ctx); err != nil {
			return err
		}
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// remoteOpen is a request on its way.
type remoteOpen struct {
	in        models.RemoteOpenInput
	state     models.RemoteState
	decision  *models.DecideInput
	decidedBy string
	rev       int64
	shown     models.RemoteState
	until     time.Time // no door is driven after it: nobody waits there any more
	doors     []models.RemoteResult
}

// mayDecide refuses who asked for it himself, and what is decided.
func (r *remoteOpen) mayDecide(ctx workflow.Context, d models.DecideInput) error {
	switch {
	case d.By == "" || d.By == r.in.By && d.Approve:
		return refusal(models.Errorf(models.CodeForbidden, "Somebody else than the person who asked must approve it."))
	case r.state != models.RemoteStateWaiting, r.decision != nil, !workflow.Now(ctx).Before(r.in.NotAfter):
		return refusal(models.Errorf(models.CodeInvalidState, "It waits for no approval."))
	}
	return nil
}

// decide answers once the world sees the decision.
func (r *remoteOpen) decide(ctx workflow.Context, d models.DecideInput) error {
	r.decision = &d
	return workflow.Await(ctx, func() bool { return r.shown != "" && r.shown != models.RemoteStateWaiting })
}

// approved waits for the second person, where one is needed, and for no longer than whoever asked
// may be waiting.
func (r *remoteOpen) approved(ctx workflow.Context) error {
	if r.in.Second {
		_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
			Timeout: max(r.in.NotAfter.Sub(workflow.Now(ctx)), time.Millisecond), TimerOptions: workflow.TimerOptions{Summary: "until nobody waits for an approval"},
		}, func() bool { return r.decision != nil })
		if err != nil {
			return err
		}
	}
	r.until = r.in.NotAfter
	switch {
	case r.decision != nil && r.decision.Approve:
		r.state, r.decidedBy = models.RemoteStateOpening, r.decision.By
		r.until = workflow.Now(ctx).Add(models.RemoteStartsWithin)
	case r.decision != nil:
		r.state, r.decidedBy = models.RemoteStateRejected, r.decision.By
	case r.in.Second || workflow.Now(ctx).After(r.in.NotAfter):
		r.state = models.RemoteStateExpired
	default:
		return nil // the row says so already
	}
	return r.show(ctx)
}

// show has the world see how far it has come.
func (r *remoteOpen) show(ctx workflow.Context) error {
	var a *activities.Remote
	r.rev++
	p := models.RemoteProjection{Opening: r.in.Opening, Rev: r.rev, State: r.state, DecidedBy: r.decidedBy, Doors: r.doors}
	if err := workflow.ExecuteActivity(showing(ctx, "show "+string(r.state)), a.ShowRemote, p).Get(ctx, nil); err != nil {
		return err
	}
	r.shown = r.state
	return nil
}

// open opens one door: again only where it is known not to have opened.
func (r *remoteOpen) open(ctx workflow.Context, c models.RemoteCell) error {
	door := models.RemoteResult{Cell: c.Cell}
	for _, op := range c.Operations {
		res, signed, err := r.attempt(ctx, c.Cell, op)
		if err != nil {
			return err
		}
		if signed {
			door.Attempts++
		}
		door.Outcome, door.Reason = res.Outcome, res.Reason
		if len(res.Cells) == 1 && res.Cells[0].Reason != "" {
			door.Reason = res.Cells[0].Reason
		}
		if door.Outcome != models.NotOpened {
			break
		}
	}
	r.doors = append(r.doors, door)
	r.until = workflow.Now(ctx).Add(models.RemoteStartsWithin)
	return nil
}

// attempt drives one lock at most. Only the end of the workflow is an error.
func (r *remoteOpen) attempt(ctx workflow.Context, cell int, op models.OperationID) (res models.OpenResult, signed bool, err error) {
	refused := func(reason string) (models.OpenResult, bool, error) {
		return models.OpenResult{Outcome: models.Refused, Reason: reason}, false, nil
	}
	to, session, err := r.find(ctx, cell)
	var none *temporal.ApplicationError
	switch {
	case errors.As(err, &none) && none.Type() == string(models.CodeNotFound):
		return refused(models.RemoteNoCell)
	case err != nil:
		return res, false, err
	case session.Nonce == "":
		return refused(models.RemoteNotConnected)
	case workflow.Now(ctx).After(r.until):
		return refused(models.RemoteTooLate)
	}
	var s *activities.Signing
	var grant models.SignedRemote
	err = workflow.ExecuteActivity(signing(ctx, "sign a grant"), s.SignRemote, models.SignRemoteInput{
		Opening: r.in.Opening, By: r.in.By, Locker: r.in.Locker, Epoch: session.Epoch, Nonce: session.Nonce, Cell: cell,
		Generation: to.Generation, Purpose: r.in.Purpose, Operation: op,
	}).Get(ctx, &grant)
	switch {
	case temporal.IsCanceledError(err):
		return res, false, err
	case err != nil:
		return refused(models.RemoteNotSigned)
	case grant.Refused != "":
		return refused(grant.Refused)
	}
	cells := []models.OpenCell{{Cell: cell, Generation: to.Generation}}
	if cell == models.GateCell {
		cells = nil // an order for the gate names none
	}
	var l *activities.Locker
	err = workflow.ExecuteActivity(locker(ctx, to.Queue, "open from afar"), l.OpenRemotely, models.RemoteOpenCommand{
		Open: models.OpenInput{
			Locker: r.in.Locker, Operation: op, Kind: models.RemoteOpen, Cells: cells,
		},
		Signed: grant,
	}).Get(ctx, &res)
	switch {
	case temporal.IsCanceledError(err):
		return res, true, err
	case errors.As(err, &none) && none.Type() == string(models.CodeNotFound):
		return models.OpenResult{Outcome: models.Refused, Reason: models.RemoteNotConnected}, true, nil // nothing was sent
	case err != nil:
		return models.OpenResult{Outcome: models.Unknown}, true, nil
	}
	return res, true, nil
}

// find looks for the cabinet's stream; without one the session is empty.
func (r *remoteOpen) find(ctx workflow.Context, cell int) (to models.RemoteTarget, s models.LockerSession, err error) {
	for look := range remoteLooks {
		if look > 0 {
			timer := workflow.NewTimerWithOptions(ctx, remoteLookEvery, workflow.TimerOptions{Summary: "until the cabinet is looked for again"})
			if err := timer.Get(ctx, nil); err != nil {
				return to, s, err
			}
		}
		var a *activities.Remote
		err := workflow.ExecuteActivity(showing(ctx, "where the cabinet is"), a.RemoteTarget,
			models.RemoteTargetInput{Locker: r.in.Locker, Cell: cell}).Get(ctx, &to)
		if err != nil {
			return to, s, err
		}
		if to.Queue == "" {
			continue
		}
		var l *activities.Locker
		err = workflow.ExecuteActivity(locker(ctx, to.Queue, "its session"), l.ReadSession, models.SessionInput{Locker: r.in.Locker}).Get(ctx, &s)
		if err == nil || temporal.IsCanceledError(err) {
			return to, s, err
		}
	}
	return to, models.LockerSession{}, nil
}
