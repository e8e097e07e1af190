package workflows_test

import (
	"context"
	"errors"
	"fmt"
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

// far is the world of a remote opening: a cabinet that answers as the test says, and a signer.
type far struct {
	env     *testsuite.TestWorkflowEnvironment
	began   time.Time
	queue   string
	signed  []models.SignRemoteInput
	refused string
	sent    []models.RemoteOpenCommand
	answer  func(models.RemoteOpenCommand) (models.OpenResult, error)
	shown   []models.RemoteProjection
	looks   int
	session func() (models.LockerSession, error)
	target  func() error
}

func newFar() *far {
	var suite testsuite.WorkflowTestSuite
	f := &far{env: suite.NewTestWorkflowEnvironment(), queue: "gateway-1"}
	f.began = f.env.Now()
	f.answer = func(models.RemoteOpenCommand) (models.OpenResult, error) {
		return models.OpenResult{Outcome: models.Opened}, nil
	}
	f.session = func() (models.LockerSession, error) {
		return models.LockerSession{Nonce: fmt.Sprint("nonce-", len(f.signed)+1), Epoch: 2}, nil
	}
	f.target = func() error { return nil }
	var r *activities.Remote
	var s *activities.Signing
	var l *activities.Locker
	f.env.OnActivity(r.RemoteTarget, mock.Anything, mock.Anything).Return(func(context.Context, models.RemoteTargetInput) (models.RemoteTarget, error) {
		f.looks++
		return models.RemoteTarget{Queue: f.queue, Generation: 7}, f.target()
	})
	f.env.OnActivity(r.ShowRemote, mock.Anything, mock.Anything).Return(func(_ context.Context, p models.RemoteProjection) error {
		f.shown = append(f.shown, p)
		return nil
	})
	f.env.OnActivity(l.ReadSession, mock.Anything, mock.Anything).Return(func(context.Context, models.SessionInput) (models.LockerSession, error) {
		return f.session()
	})
	f.env.OnActivity(s.SignRemote, mock.Anything, mock.Anything).Return(func(_ context.Context, in models.SignRemoteInput) (models.SignedRemote, error) {
		if f.refused != "" {
			return models.SignedRemote{Refused: f.refused}, nil
		}
		f.signed = append(f.signed, in)
		return models.SignedRemote{Grant: []byte(in.Nonce + string(in.Operation)), Signer: "signer-1"}, nil
	})
	f.env.OnActivity(l.OpenRemotely, mock.Anything, mock.Anything).Return(func(_ context.Context, in models.RemoteOpenCommand) (models.OpenResult, error) {
		f.sent = append(f.sent, in)
		return f.answer(in)
	})
	return f
}

// run carries a request for cells out; second: it needs a second person.
func (f *far) run(t *testing.T, second bool, cells ...int) models.RemoteProjection {
	t.Helper()
	in := models.RemoteOpenInput{
		Opening: "rem_1", Locker: "lkr_1", Purpose: models.PurposeHelp, By: "stf_1", Second: second,
		NotAfter: f.began.Add(models.RemoteStartsWithin),
	}
	if second {
		in.NotAfter = f.began.Add(models.RemoteApprovedWithin)
	}
	for _, c := range cells {
		in.Doors = append(in.Doors, models.RemoteCell{Cell: c, Operations: []models.OperationID{
			models.OperationID(fmt.Sprintf("op_%d_1", c)), models.OperationID(fmt.Sprintf("op_%d_2", c))}})
	}
	return f.carryOut(t, in)
}

func (f *far) carryOut(t *testing.T, in models.RemoteOpenInput) models.RemoteProjection {
	t.Helper()
	f.env.ExecuteWorkflow(workflows.RemoteOpen, in)
	require.True(t, f.env.IsWorkflowCompleted())
	require.NoError(t, f.env.GetWorkflowError())
	return f.shown[len(f.shown)-1]
}

// TestRemoteOpenGate: an order for the gate names no cell, and is sent once whatever comes of it: a
// second pulse may shut it.
func TestRemoteOpenGate(t *testing.T) {
	t.Parallel()
	for _, outcome := range []models.OpenOutcome{models.Opened, models.NotOpened, models.Unknown} {
		f := newFar()
		f.answer = func(models.RemoteOpenCommand) (models.OpenResult, error) {
			return models.OpenResult{Outcome: outcome}, nil
		}
		end := f.carryOut(t, models.RemoteOpenInput{
			Opening: "rem_1", Locker: "lkr_1", Purpose: models.PurposeOpenGate, By: "stf_1", NotAfter: f.began.Add(models.RemoteStartsWithin),
			Doors: []models.RemoteCell{{Cell: models.GateCell, Operations: []models.OperationID{"op_gate"}}},
		})
		require.Equal(t, models.RemoteStateDone, end.State)
		require.Equal(t, []models.RemoteResult{{Attempts: 1, Outcome: outcome}}, end.Doors)
		require.Len(t, f.sent, 1)
		require.Equal(t, models.OpenInput{Locker: "lkr_1", Operation: "op_gate", Kind: models.RemoteOpen}, f.sent[0].Open)
		require.Zero(t, f.signed[0].Cell)
		require.Equal(t, models.PurposeOpenGate, f.signed[0].Purpose)
	}
}

// decide has somebody decide after a while, and says what came of it.
func (f *far) decide(after time.Duration, d models.DecideInput) *decision {
	c := &decision{}
	f.env.RegisterDelayedCallback(func() { f.env.UpdateWorkflow(models.UpdateDecide, d.Request, c, d) }, after)
	return c
}

// decision is what somebody who decides is told.
type decision struct {
	err  error
	told bool
}

func (d *decision) Accept()                   {}
func (d *decision) Reject(err error)          { d.err, d.told = err, true }
func (d *decision) Complete(_ any, err error) { d.err, d.told = err, true }

// refused is the code that it was refused with.
func (d *decision) refused(t *testing.T) string {
	t.Helper()
	require.True(t, d.told)
	var app *temporal.ApplicationError
	require.ErrorAs(t, d.err, &app)
	return app.Type()
}

func TestRemoteOpen(t *testing.T) {
	t.Parallel()
	f := newFar()
	end := f.run(t, false, 3, 5)
	require.Equal(t, models.RemoteStateDone, end.State)
	require.Equal(t, []models.RemoteResult{{Cell: 3, Attempts: 1, Outcome: models.Opened}, {Cell: 5, Attempts: 1, Outcome: models.Opened}}, end.Doors)
	require.Equal(t, models.SignRemoteInput{
		Opening: "rem_1", By: "stf_1", Locker: "lkr_1", Epoch: 2, Nonce: "nonce-1", Cell: 3, Generation: 7,
		Purpose: models.PurposeHelp, Operation: "op_3_1",
	}, f.signed[0])
	require.Equal(t, models.OpenInput{
		Locker: "lkr_1", Operation: "op_5_1", Kind: models.RemoteOpen, Cells: []models.OpenCell{{Cell: 5, Generation: 7}},
	}, f.sent[1].Open)
	require.Equal(t, "nonce-2op_5_1", string(f.sent[1].Signed.Grant), "the session of the moment")
	require.Equal(t, int64(2), end.Rev)
}

// TestRemoteOpenTriesAgainOnlyWhatDidNotOpen: with a grant of its own. What a cabinet refuses, and
// what nobody knows the end of, is told.
func TestRemoteOpenTriesAgainOnlyWhatDidNotOpen(t *testing.T) {
	t.Parallel()
	jammed := models.OpenResult{Outcome: models.NotOpened, Cells: []models.CellOutcome{{Cell: 3, Outcome: models.NotOpened, Reason: "jammed"}}}
	for name, c := range map[string]struct {
		answers []models.OpenResult
		fails   error
		want    models.RemoteResult
	}{
		"jammed once":  {[]models.OpenResult{jammed, {Outcome: models.Opened}}, nil, models.RemoteResult{Cell: 3, Attempts: 2, Outcome: models.Opened}},
		"jammed twice": {[]models.OpenResult{jammed, jammed}, nil, models.RemoteResult{Cell: 3, Attempts: 2, Outcome: models.NotOpened, Reason: "jammed"}},
		"busy": {[]models.OpenResult{{Outcome: models.Refused, Reason: "busy"}}, nil,
			models.RemoteResult{Cell: 3, Attempts: 1, Outcome: models.Refused, Reason: "busy"}},
		"no answer": {[]models.OpenResult{{Outcome: models.Unknown}}, nil, models.RemoteResult{Cell: 3, Attempts: 1, Outcome: models.Unknown}},
		"lost":      {nil, errors.New("the gateway was killed"), models.RemoteResult{Cell: 3, Attempts: 1, Outcome: models.Unknown}},
		"left": {nil, temporal.NewNonRetryableApplicationError("not_here", string(models.CodeNotFound), nil),
			models.RemoteResult{Cell: 3, Attempts: 1, Outcome: models.Refused, Reason: models.RemoteNotConnected}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFar()
			f.answer = func(models.RemoteOpenCommand) (models.OpenResult, error) {
				if c.fails != nil {
					return models.OpenResult{}, c.fails
				}
				return c.answers[len(f.sent)-1], nil
			}
			require.Equal(t, []models.RemoteResult{c.want}, f.run(t, false, 3).Doors)
			require.Len(t, f.sent, c.want.Attempts, "and no more")
			if len(f.sent) > 1 {
				require.NotEqual(t, f.sent[0].Open.Operation, f.sent[1].Open.Operation)
				require.NotEqual(t, f.sent[0].Signed.Grant, f.sent[1].Signed.Grant)
			}
		})
	}
}

// TestRemoteOpenThatIsNotSigned: nothing is sent then.
func TestRemoteOpenThatIsNotSigned(t *testing.T) {
	t.Parallel()
	for reason, prepare := range map[string]func(*far){
		models.RemoteStopped:      func(f *far) { f.refused = models.RemoteStopped },
		models.RemoteNotConnected: func(f *far) { f.queue = "" },
		models.RemoteNoCell: func(f *far) {
			f.target = func() error { return temporal.NewNonRetryableApplicationError("x", string(models.CodeNotFound), nil) }
		},
		models.RemoteTooLate: func(f *far) {
			f.began = f.began.Add(time.Second - models.RemoteStartsWithin)
			f.session = func() (models.LockerSession, error) { // it comes back after two
				if f.looks < 3 {
					return models.LockerSession{}, errors.New("the gateway is away")
				}
				return models.LockerSession{Nonce: "n"}, nil
			}
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			f := newFar()
			prepare(f)
			require.Equal(t, []models.RemoteResult{{Cell: 3, Outcome: models.Refused, Reason: reason}}, f.run(t, false, 3).Doors)
			require.Empty(t, f.sent)
		})
	}
}

// TestRemoteOpenLooksForACabinetThatMoves: it may be on its way to another gateway.
func TestRemoteOpenLooksForACabinetThatMoves(t *testing.T) {
	t.Parallel()
	f := newFar()
	f.session = func() (models.LockerSession, error) {
		if f.looks < 3 {
			return models.LockerSession{}, temporal.NewNonRetryableApplicationError("not_here", string(models.CodeNotFound), nil)
		}
		return models.LockerSession{Nonce: "n"}, nil
	}
	require.Equal(t, models.Opened, f.run(t, false, 3).Doors[0].Outcome)
	require.Equal(t, 3, f.looks)
}

// TestASecondPersonDecides: never the one who asked, once, and in time.
func TestASecondPersonDecides(t *testing.T) {
	t.Parallel()
	approve := func(request, by string) models.DecideInput {
		return models.DecideInput{Request: request, By: by, Approve: true}
	}
	t.Run("approved", func(t *testing.T) {
		t.Parallel()
		f := newFar()
		self, other := f.decide(time.Minute, approve("1", "stf_1")), f.decide(2*time.Minute, approve("2", "stf_2"))
		late := f.decide(2*time.Minute, models.DecideInput{Request: "3", By: "stf_3"})
		end := f.run(t, true, 1, 2, 3, 4)
		require.Equal(t, string(models.CodeForbidden), self.refused(t))
		require.True(t, other.told)
		require.NoError(t, other.err)
		require.Equal(t, string(models.CodeInvalidState), late.refused(t))
		require.Equal(t, []any{models.RemoteStateDone, "stf_2"}, []any{end.State, end.DecidedBy})
		require.Len(t, f.sent, 4)
		require.Equal(t, models.RemoteStateOpening, f.shown[0].State)
	})
	for _, by := range []string{"stf_1", "stf_2"} { // whoever asked may take it back
		t.Run("rejected by "+by, func(t *testing.T) {
			t.Parallel()
			f := newFar()
			no := f.decide(time.Minute, models.DecideInput{Request: "1", By: by})
			require.Equal(t, models.RemoteStateRejected, f.run(t, true, 1, 2, 3, 4).State)
			require.True(t, no.told)
			require.NoError(t, no.err)
			require.Empty(t, f.signed)
		})
	}
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		f := newFar()
		require.Equal(t, models.RemoteStateExpired, f.run(t, true, 1, 2, 3, 4).State)
		require.Equal(t, models.RemoteApprovedWithin, f.env.Now().Sub(f.began).Round(time.Second))
		require.Empty(t, f.signed)
	})
	t.Run("too late", func(t *testing.T) {
		t.Parallel()
		f := newFar()
		f.began = f.began.Add(-time.Hour) // the engine was away
		require.Equal(t, models.RemoteStateExpired, f.run(t, false, 1).State)
		require.Empty(t, f.signed)
	})
}
