package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
	"cubby/workflows"
)

// world is what the activities of one test see and do.
type world struct {
	mu       sync.Mutex
	life     models.Life
	shown    []models.Projection
	sent     []models.NotificationID
	opened   []models.OpenInput
	openWith func(models.OpenInput) (models.OpenResult, error)
	mailDown bool
	clock    func(models.ClockInput) models.ClockResult
	clocks   []models.ClockInput
	endsAt   time.Time
	notSent  func(models.SendInput) models.SendResult
	asked    []models.SendInput
	instead  map[models.NotificationID]models.NotificationID
}

func (w *world) projections() []models.Projection {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.shown)
}

func (w *world) events() []models.EventType {
	var all []models.EventType
	for _, p := range w.projections() {
		for _, e := range p.Events {
			all = append(all, e.Type)
		}
	}
	return all
}

// begin makes a test environment for a life of the parcels under the standard policy.
func begin(t *testing.T, parcels ...models.ParcelID) (*testsuite.TestWorkflowEnvironment, *world) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	w := &world{openWith: func(models.OpenInput) (models.OpenResult, error) {
		return models.OpenResult{Outcome: models.Opened}, nil
	}}
	var ps []models.Parcel
	for _, id := range parcels {
		ps = append(ps, models.Parcel{ID: id})
	}
	w.life = *models.NewLife(models.Shipment{ID: "shp_1", Carrier: "org_1", Number: "N-1", Locker: "lkr_1",
		NotifyBy: models.NotifyContact, CreatedAt: env.Now()}, ps, models.ReadyMadePolicies()[0])
	var s *activities.Shipment
	env.OnActivity(s.LoadShipment, mock.Anything, mock.Anything).Return(func(context.Context, models.LoadInput) (models.LoadResult, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return models.LoadResult{Life: w.life}, nil
	})
	env.OnActivity(s.ProjectShipment, mock.Anything, mock.Anything).Return(func(_ context.Context, p models.Projection) (models.ProjectResult, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.shown = append(w.shown, p)
		var res models.ProjectResult
		if len(p.Notify) > 0 {
			res.Notifications = []models.NotificationID{"ntf_1"}
		}
		if p.Clock != nil {
			res.EndsAt = w.endsAt
		}
		return res, nil
	})
	var n *activities.Notify
	env.OnActivity(n.SendNotification, mock.Anything, mock.Anything).Return(func(_ context.Context, in models.SendInput) (models.SendResult, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.mailDown {
			return models.SendResult{}, errors.New("connection refused")
		}
		w.asked = append(w.asked, in)
		if w.notSent != nil {
			if res := w.notSent(in); in.Over || !res.NotBefore.IsZero() {
				return res, nil
			}
		}
		w.sent = append(w.sent, in.Notification)
		return models.SendResult{Instead: w.instead[in.Notification]}, nil
	})
	env.OnActivity(s.StorageClock, mock.Anything, mock.Anything).Return(func(_ context.Context, in models.ClockInput) (models.ClockResult, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.clocks = append(w.clocks, in)
		if w.clock == nil {
			return models.ClockResult{Current: true}, nil
		}
		return w.clock(in), nil
	}).Maybe()
	var l *activities.Locker
	env.OnActivity(l.OpenCells, mock.Anything, mock.Anything).Return(func(_ context.Context, in models.OpenInput) (models.OpenResult, error) {
		w.mu.Lock()
		w.opened = append(w.opened, in)
		open := w.openWith
		w.mu.Unlock()
		return open(in)
	})
	env.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Maybe()
	return env, w
}

func at(env *testsuite.TestWorkflowEnvironment, d time.Duration, f func()) {
	env.RegisterDelayedCallback(f, d)
}

func fact(env *testsuite.TestWorkflowEnvironment, seq int64, t models.FactType, p models.ParcelID) models.FactSignal {
	return models.FactSignal{Locker: "lkr_1", Epoch: 1, Seq: seq, At: env.Now(), Type: t, Parcel: p, Cell: 4, Generation: 1,
		Operation: models.OperationID("op_" + string(p) + string(t))}
}

// ask sends an update and tells what came of it.
func ask(t *testing.T, env *testsuite.TestWorkflowEnvironment, in models.AskInput, done func(models.AskResult, error)) {
	t.Helper()
	env.UpdateWorkflow(models.UpdateAsk, string(in.Operation), &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { done(models.AskResult{}, err) },
		OnComplete: func(v any, err error) {
			res, _ := v.(models.AskResult)
			done(res, err)
		},
	}, in)
}

func deposit(p models.ParcelID) models.AskInput {
	return models.AskInput{Operation: models.OperationID("op_" + p), Kind: models.Deposit, Locker: "lkr_1", Queue: "gateway-1",
		Cells: []models.OpenCell{{Cell: 4, Generation: 1, Parcel: p}}}
}

func TestFromAnnouncementToPickup(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	at(env, time.Hour, func() {
		ask(t, env, deposit("a"), func(res models.AskResult, err error) {
			require.NoError(t, err)
			require.Equal(t, models.Opened, res.Outcome)
		})
	})
	at(env, time.Hour+10*time.Second, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, 2*time.Hour, func() {
		require.Equal(t, []models.NotificationID{"ntf_1"}, w.sent, "the client was told")
		in := deposit("a")
		in.Operation, in.Kind = "op_pickup", models.Pickup
		ask(t, env, in, func(_ models.AskResult, err error) { require.NoError(t, err) })
	})
	at(env, 2*time.Hour+10*time.Second, func() { env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []models.EventType{models.EventParcelIn, models.EventLoading, models.EventReady, models.EventParcelTaken, models.EventPickedUp}, w.events())
	require.Len(t, w.opened, 2)
	shown := w.projections()
	for i, p := range shown {
		require.EqualValues(t, i+1, p.Rev)
		require.Equal(t, i == len(shown)-1, p.Final != nil, "the whole life is stored at its end only")
	}
}

// TestLostAnswerChangesNothing: a gateway that dies under an open leaves the outcome
// unknown; the fact alone moves the life.
func TestLostAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	w.openWith = func(models.OpenInput) (models.OpenResult, error) {
		return models.OpenResult{}, temporal.NewNonRetryableApplicationError("not here", string(models.CodeNotFound), nil)
	}
	at(env, time.Minute, func() {
		ask(t, env, deposit("a"), func(res models.AskResult, err error) {
			require.NoError(t, err)
			require.Equal(t, models.Unknown, res.Outcome)
			require.Empty(t, w.projections())
		})
	})
	at(env, 2*time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, w.opened, 1, "an open is never ordered twice")
}

// TestRepeatedFacts: a fact delivered three times counts once.
func TestRepeatedFacts(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a", "b")
	at(env, time.Minute, func() {
		f := fact(env, 1, models.FactDeposited, "a")
		for range 3 {
			env.SignalWorkflow(models.SignalFact, f)
		}
	})
	at(env, time.Hour, func() {
		require.Equal(t, []models.EventType{models.EventParcelIn, models.EventLoading}, w.events())
		env.CancelWorkflow()
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.True(t, env.IsWorkflowCompleted())
}

// TestAFactFromTheFutureIsOfNow: the clock of the gateway that took it in, and of its cabinet, is half an hour ahead.
func TestAFactFromTheFutureIsOfNow(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	at(env, time.Minute, func() {
		f := fact(env, 1, models.FactDeposited, "a")
		f.At = f.At.Add(30 * time.Minute)
		env.SignalWorkflow(models.SignalFact, f)
	})
	at(env, 3*time.Minute, func() {
		require.Contains(t, w.events(), models.EventReady)
		env.CancelWorkflow()
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.True(t, env.IsWorkflowCompleted())
}

// TestAnotherCabinetTakesNothing: it tells of a parcel that lies in a cell of this one.
func TestAnotherCabinetTakesNothing(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	at(env, time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, time.Hour, func() {
		f := fact(env, 2, models.FactPickedUp, "a")
		f.Locker, f.Operation = "lkr_2", "op_elsewhere"
		env.SignalWorkflow(models.SignalFact, f)
	})
	at(env, 2*time.Hour, func() {
		shown := w.projections()
		require.Equal(t, models.StateReady, shown[len(shown)-1].State)
		require.Contains(t, w.events(), models.EventParcelTaken, "that it was told can be read")
		env.CancelWorkflow()
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.True(t, env.IsWorkflowCompleted())
}

func TestRefusedAskLeavesNoTrace(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	refused := false
	at(env, time.Minute, func() {
		in := deposit("a")
		in.Locker = "lkr_2"
		ask(t, env, in, func(_ models.AskResult, err error) {
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, string(models.CodeInvalidState), app.Type())
			refused = true
		})
	})
	at(env, time.Hour, env.CancelWorkflow)
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.True(t, refused)
	require.Empty(t, w.opened)
}

// TestDeadMailServerHoldsNothingUp: the parcel is picked up and the life ends while the
// message is still being tried.
func TestDeadMailServerHoldsNothingUp(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	w.mailDown = true
	at(env, time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Contains(t, w.events(), models.EventPickedUp)
	require.Empty(t, w.sent)
}

func TestNeverDeposited(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	start := env.Now()
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []models.EventType{models.EventNeverDeposited, models.EventCancelled}, w.events())
	require.Equal(t, 7*24*time.Hour, env.Now().Sub(start).Round(time.Second))
}

// TestLateFactResumesAFinishedLife: the stored end is loaded, and the parcel is where the
// fact says.
func TestLateFactResumesAFinishedLife(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	w.life.State, w.life.Rev, w.life.NextEvent = models.StateCancelled, 7, 9
	at(env, 0, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, time.Hour, env.CancelWorkflow)
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.Equal(t, []models.EventType{models.EventParcelIn, models.EventWithdrawing}, w.events())
	require.EqualValues(t, 8, w.projections()[0].Rev)
	require.Equal(t, 9, w.projections()[0].Events[0].Seq, "the history goes on")
}

// TestRepeatToAFinishedLifeEndsAgain: a fact that was taken in before the end wakes the
// life and changes nothing.
func TestRepeatToAFinishedLifeEndsAgain(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	w.life.State = models.StatePickedUp
	w.life.See("lkr_1", 1, 1)
	at(env, 0, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Empty(t, w.projections())
}

func TestCarrierEventAnswersAfterItsProjection(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	answered := false
	at(env, time.Minute, func() {
		env.UpdateWorkflow(models.UpdateCarrierEvent, "u1", &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { require.NoError(t, err) },
			OnComplete: func(v any, err error) {
				require.NoError(t, err)
				require.Equal(t, models.ActionResult{State: models.StateInTransit}, v)
				require.Equal(t, []models.EventType{models.EventInTransit}, w.events())
				answered = true
			},
		}, models.CarrierEventInput{Type: models.EventInTransit, At: env.Now()})
	})
	at(env, time.Hour, env.CancelWorkflow)
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.True(t, answered)
}

// TestADelayToldAgain: without a time of its own it is the same delay.
func TestADelayToldAgain(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	for i, undated := range []bool{true, true, false} {
		at(env, time.Duration(i+1)*time.Minute, func() {
			env.UpdateWorkflow(models.UpdateCarrierEvent, fmt.Sprint(i), &testsuite.TestUpdateCallback{
				OnAccept: func() {}, OnReject: func(err error) { require.NoError(t, err) }, OnComplete: func(_ any, err error) { require.NoError(t, err) },
			}, models.CarrierEventInput{Type: models.EventDelayed, At: env.Now(), Undated: undated})
		})
	}
	at(env, time.Hour, env.CancelWorkflow)
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.Equal(t, []models.EventType{models.EventDelayed, models.EventDelayed}, w.events())
}

// act sends an action and tells what came of it.
func act(t *testing.T, env *testsuite.TestWorkflowEnvironment, name, request string, done func(any, error)) {
	t.Helper()
	env.UpdateWorkflow(name, request, &testsuite.TestUpdateCallback{
		OnAccept: func() {}, OnReject: func(err error) { done(nil, err) }, OnComplete: done,
	}, models.ActionInput{Request: request})
}

func TestCancelWhileTheFactIsUnderWay(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	at(env, time.Minute, func() {
		env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a"))
		act(t, env, models.UpdateCancel, "1", func(v any, err error) {
			require.NoError(t, err)
			require.Equal(t, models.ActionResult{State: models.StateWithdrawing}, v)
		})
	})
	at(env, time.Hour, func() {
		in := deposit("a")
		in.Kind, in.Operation = models.Withdrawal, "op_w"
		ask(t, env, in, func(_ models.AskResult, err error) { require.NoError(t, err) })
		act(t, env, models.UpdateCancel, "2", func(v any, err error) {
			require.NoError(t, err, "it is under way")
			require.Equal(t, models.ActionResult{State: models.StateWithdrawing}, v)
		})
	})
	at(env, time.Hour+time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactWithdrawn, "a")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []models.EventType{models.EventParcelIn, models.EventLoading, models.EventWithdrawing, models.EventParcelOut, models.EventCancelled}, w.events())
	require.Len(t, w.opened, 1)
	var told []bool
	for _, p := range w.projections() {
		if p.Withdrawal != nil {
			told = append(told, p.Withdrawal.Over)
		}
	}
	require.Equal(t, []bool{false, true}, told)
}

func TestReissueCode(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	w.life.Issue = 3
	var a *activities.Shipment
	env.OnActivity(a.ReissueCode, mock.Anything, models.ReissueInput{Shipment: "shp_1", After: 3}).
		Return(models.ReissueResult{Issue: 4}, nil).Once()
	at(env, time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, time.Hour, func() {
		act(t, env, models.UpdateReissueCode, "1", func(v any, err error) {
			require.NoError(t, err)
			require.Equal(t, models.ActionResult{State: models.StateReady}, v)
		})
	})
	at(env, 2*time.Hour, env.CancelWorkflow)
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.Contains(t, w.events(), models.EventCodeReissued)
	last := w.projections()[len(w.projections())-1]
	require.Equal(t, []models.NoticeKind{models.NoticeCodeReissued}, last.Notify)
}

// TestContinueAsNewLosesNothing: the state that goes on is the state that was.
func TestContinueAsNewLosesNothing(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a", "b")
	deposited := fact(env, 1, models.FactDeposited, "a")
	at(env, time.Minute, func() { env.SignalWorkflow(models.SignalFact, deposited) })
	at(env, 2*time.Minute, func() {
		env.SetContinueAsNewSuggested(true)
		env.SignalWorkflow(models.SignalFact, deposited) // a repeat
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	var can *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &can)
	var next models.ShipmentInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(can.Input, &next))
	require.NotNil(t, next.Life)
	require.Equal(t, models.StateLoading, next.Life.State)
	require.Equal(t, models.ParcelInCell, next.Life.Parcels[0].State)
	require.EqualValues(t, 1, next.Life.Rev)
	require.False(t, next.Life.See("lkr_1", 1, 1), "what was seen is remembered")
	require.Equal(t, w.life.Created.UTC(), next.Life.Created.UTC())
}

// rerouting is a life whose other lockers keep room, or refuse to.
func rerouting(t *testing.T, refusal error) (*testsuite.TestWorkflowEnvironment, *world, *[]models.LockerID) {
	t.Helper()
	env, w := begin(t, "a")
	moved := &[]models.LockerID{}
	var s *activities.Shipment
	env.OnActivity(s.KeepRoom, mock.Anything, mock.Anything).Return(refusal)
	env.OnActivity(s.MoveShipment, mock.Anything, mock.Anything).Return(func(_ context.Context, in models.MoveInput) (models.ReissueResult, error) {
		*moved = append(*moved, in.To)
		return models.ReissueResult{Issue: in.After + 1}, nil
	}).Maybe()
	return env, w, moved
}

func reroute(t *testing.T, env *testsuite.TestWorkflowEnvironment, to models.LockerID, done func(any, error)) {
	t.Helper()
	env.UpdateWorkflow(models.UpdateReroute, "to "+string(to), &testsuite.TestUpdateCallback{
		OnAccept: func() {}, OnReject: func(err error) { done(nil, err) }, OnComplete: done,
	}, models.RerouteInput{To: to})
}

func TestRerouteBeforeAndAfterDeposit(t *testing.T) {
	t.Parallel()
	env, w, moved := rerouting(t, nil)
	answers := 0
	at(env, time.Minute, func() {
		reroute(t, env, "lkr_2", func(v any, err error) {
			require.NoError(t, err)
			require.Equal(t, models.ActionResult{State: models.StateCreated}, v)
			require.Equal(t, []models.LockerID{"lkr_2"}, *moved, "it answers once the shipment is there")
			answers++
		})
	})
	in := func(seq int64, kind models.FactType, l models.LockerID) models.FactSignal {
		f := fact(env, seq, kind, "a")
		f.Locker, f.Operation = l, models.OperationID("op_"+string(l)+string(kind))
		return f
	}
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, in(1, models.FactDeposited, "lkr_2")) })
	at(env, 2*time.Hour, func() {
		reroute(t, env, "lkr_3", func(v any, err error) {
			require.NoError(t, err)
			require.Equal(t, models.ActionResult{State: models.StateWithdrawing}, v)
			require.Len(t, *moved, 1, "its parcel has to be taken out first")
			answers++
		})
	})
	at(env, 3*time.Hour, func() { env.SignalWorkflow(models.SignalFact, in(2, models.FactWithdrawn, "lkr_2")) })
	at(env, 4*time.Hour, func() {
		require.Equal(t, []models.LockerID{"lkr_2", "lkr_3"}, *moved)
		env.SignalWorkflow(models.SignalFact, in(1, models.FactDeposited, "lkr_3"))
	})
	at(env, 5*time.Hour, func() { env.SignalWorkflow(models.SignalFact, in(2, models.FactPickedUp, "lkr_3")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 2, answers)
	require.Equal(t, []models.EventType{
		models.EventRerouted, models.EventParcelIn, models.EventLoading, models.EventReady, models.EventWithdrawing,
		models.EventParcelOut, models.EventInTransit, models.EventRerouted, models.EventParcelIn, models.EventLoading, models.EventReady,
		models.EventParcelTaken, models.EventPickedUp,
	}, w.events())
}

// TestReroutesComeOneAfterAnother: where the room is kept is where the shipment goes.
func TestReroutesComeOneAfterAnother(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	var kept, moved []models.LockerID
	var s *activities.Shipment
	env.OnActivity(s.KeepRoom, mock.Anything, mock.Anything).Return(func(_ context.Context, in models.PromiseInput) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		kept = append(kept, in.To)
		return nil
	})
	env.OnActivity(s.MoveShipment, mock.Anything, mock.Anything).Return(func(_ context.Context, in models.MoveInput) (models.ReissueResult, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		moved = append(moved, in.To)
		return models.ReissueResult{Issue: in.After + 1}, nil
	})
	at(env, time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	refused := 0
	at(env, time.Hour, func() {
		for _, to := range []models.LockerID{"lkr_2", "lkr_3"} {
			reroute(t, env, to, func(_ any, err error) {
				if err != nil {
					refused++
				}
			})
		}
	})
	at(env, 2*time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactWithdrawn, "a")) })
	at(env, 3*time.Hour, func() { act(t, env, models.UpdateCancel, "1", func(_ any, err error) { require.NoError(t, err) }) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 1, refused, "the other one came too late")
	require.Equal(t, []models.LockerID{"lkr_2"}, kept)
	require.Equal(t, kept, moved)
}

// TestCancelledOnTheMove: the cancel waits until the shipment is at one locker.
func TestCancelledOnTheMove(t *testing.T) {
	t.Parallel()
	env, w, moved := rerouting(t, nil)
	answered := 0
	at(env, time.Minute, func() {
		reroute(t, env, "lkr_2", func(_ any, err error) {
			require.NoError(t, err)
			answered++
		})
		act(t, env, models.UpdateCancel, "1", func(v any, err error) {
			require.NoError(t, err)
			require.Equal(t, models.ActionResult{State: models.StateCancelled}, v)
			answered++
		})
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 2, answered)
	final := w.projections()[len(w.projections())-1].Final
	require.NotNil(t, final)
	require.Equal(t, models.StateCancelled, final.State)
	require.NotEmpty(t, final.Locker)
	require.Equal(t, len(*moved) == 1, final.Locker == "lkr_2", "the life is where the database has it")
}

func TestRerouteToAFullLocker(t *testing.T) {
	t.Parallel()
	full := temporal.NewApplicationErrorWithOptions("no room", string(models.CodeNoCapacity), temporal.ApplicationErrorOptions{NonRetryable: true})
	env, w, moved := rerouting(t, full)
	answered := false
	at(env, time.Minute, func() {
		reroute(t, env, "lkr_2", func(_ any, err error) {
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, string(models.CodeNoCapacity), app.Type())
			answered = true
		})
	})
	at(env, time.Hour, env.CancelWorkflow)
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.True(t, answered)
	require.Empty(t, *moved)
	require.Empty(t, w.events())
}

func TestRemindedExtendedFrozenAndReturned(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	const day = 24 * time.Hour
	expect := func(want models.ShipmentState) func(any, error) {
		return func(v any, err error) {
			require.NoError(t, err)
			require.Equal(t, models.ActionResult{State: want}, v)
		}
	}
	at(env, time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, 2*day+time.Hour, func() { act(t, env, models.UpdateExtend, "1", expect(models.StateReady)) })
	at(env, 2*day+2*time.Hour, func() { act(t, env, models.UpdateFreeze, "2", expect(models.StateReady)) })
	at(env, 12*day+2*time.Hour, func() { act(t, env, models.UpdateUnfreeze, "3", expect(models.StateReady)) })
	at(env, 20*day, func() { env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactWithdrawn, "a")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []models.EventType{
		models.EventParcelIn, models.EventLoading, models.EventReady, models.EventReminderSent, models.EventStorageExtended,
		models.EventFrozen, models.EventUnfrozen, models.EventReminderSent, models.EventReminderSent, models.EventExpired,
		models.EventWithdrawalLate, models.EventParcelOut, models.EventReturning, models.EventReturned,
	}, w.events())
}

// TestWaitsForTheCabinet: while it is away nobody is reminded and nothing expires, and what
// comes of it when it is back is taken in first.
func TestWaitsForTheCabinet(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	var ready, back time.Time
	w.clock = func(in models.ClockInput) models.ClockResult {
		if now := env.Now(); now.Before(back) {
			return models.ClockResult{EndsAt: in.Clock.From.Add(in.Clock.For), Outages: []models.Span{{From: ready.Add(40 * time.Hour)}}}
		}
		outage := models.Span{From: ready.Add(40 * time.Hour), Until: back}
		return models.ClockResult{EndsAt: in.Clock.From.Add(in.Clock.For + back.Sub(outage.From)), Outages: []models.Span{outage}, Current: true}
	}
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, time.Hour+time.Minute, func() { ready, back = env.Now(), env.Now().Add(100*time.Hour) })
	at(env, 99*time.Hour, func() {
		require.Equal(t, []models.EventType{models.EventParcelIn, models.EventLoading, models.EventReady, models.EventClockPaused}, w.events(), "neither reminded nor expired")
		require.Greater(t, len(w.clocks), 3)
		require.Less(t, len(w.clocks), 200, "it asks less often, the longer it waits")
	})
	// 60 h of outage: reminded 24 h before 132 h, at 108 h, and not before.
	at(env, 108*time.Hour, func() {
		require.Equal(t, models.EventClockResumed, w.events()[len(w.events())-1])
		require.WithinDuration(t, ready.Add(132*time.Hour), *w.projections()[len(w.projections())-1].ExpiresAt, time.Second)
	})
	at(env, 110*time.Hour, func() { require.Equal(t, models.EventReminderSent, w.events()[len(w.events())-1]) })
	at(env, 132*time.Hour, func() { require.NotContains(t, w.events(), models.EventExpired) })
	at(env, 134*time.Hour, func() {
		require.Contains(t, w.events(), models.EventExpired)
		env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a"))
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
}

// TestAnOutageIsTold to the client while nothing is due, once however often the signal comes, and that it is over.
func TestAnOutageIsTold(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	var down models.LockerSignal
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	for i := range 2 {
		at(env, 3*time.Hour+time.Duration(i)*time.Minute, func() {
			if i == 0 {
				down = models.LockerSignal{Locker: "lkr_1", News: models.NewsDown, At: env.Now().Add(-30 * time.Minute)}
			}
			env.SignalWorkflow(models.SignalLocker, down)
		})
		at(env, 5*time.Hour+time.Duration(i)*time.Minute, func() {
			env.SignalWorkflow(models.SignalLocker, models.LockerSignal{Locker: "lkr_1", News: models.NewsBack, At: env.Now(), Since: down.At})
		})
	}
	at(env, 6*time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	var told []models.NoticeKind
	for _, p := range w.projections() {
		told = append(told, p.Notify...)
	}
	require.Equal(t, []models.NoticeKind{models.NoticeReady, models.NoticeLockerDown, models.NoticeLockerBack}, told)
	require.Equal(t, []models.EventType{models.EventParcelIn, models.EventLoading, models.EventReady, models.EventClockPaused, models.EventClockResumed,
		models.EventParcelTaken, models.EventPickedUp}, w.events())
}

// TestCollectedWhileAway: the cabinet was away when the client collected; it tells of it just
// when the client was to be reminded.
func TestCollectedWhileAway(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	w.clock = func(models.ClockInput) models.ClockResult {
		env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a"))
		return models.ClockResult{Current: true}
	}
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.NotContains(t, w.events(), models.EventReminderSent)
	require.Equal(t, models.EventPickedUp, w.events()[len(w.events())-1])
}

// TestTheEndIsReckoned: the store knows when the site is closed, and the life goes by it.
func TestTheEndIsReckoned(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	w.endsAt = env.Now().Add(200 * time.Hour)
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, 175*time.Hour, func() { require.NotContains(t, w.events(), models.EventReminderSent) })
	at(env, 177*time.Hour, func() {
		require.Contains(t, w.events(), models.EventReminderSent)
		env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a"))
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
}

func TestQuietHours(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	morning := env.Now().Add(10 * time.Hour)
	w.notSent = func(in models.SendInput) models.SendResult {
		if env.Now().Before(morning) && !in.Over {
			return models.SendResult{NotBefore: morning}
		}
		return models.SendResult{}
	}
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, 9*time.Hour, func() { require.Empty(t, w.sent); require.Len(t, w.asked, 1) })
	at(env, 11*time.Hour, func() {
		require.Len(t, w.sent, 1)
		env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a"))
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
}

// TestCollectedInQuietHours: the message that waits is of no use, and the life does not wait
// for the morning.
func TestCollectedInQuietHours(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	began := env.Now()
	w.notSent = func(models.SendInput) models.SendResult {
		return models.SendResult{NotBefore: began.Add(10 * time.Hour)}
	}
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, 2*time.Hour, func() {
		w.notSent = func(models.SendInput) models.SendResult { return models.SendResult{} }
		env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a"))
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Empty(t, w.sent)
	require.True(t, w.asked[len(w.asked)-1].Over)
	require.Less(t, env.Now().Sub(began), 3*time.Hour)
}

// TestLostRoomIsTold: news of the locker alone wakes a life, and a repeat tells nothing.
func TestLostRoomIsTold(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	at(env, time.Hour, func() {
		news := models.LockerSignal{Locker: "lkr_1", News: models.NewsCapacityLost, At: env.Now()}
		env.SignalWorkflow(models.SignalLocker, news)
		env.SignalWorkflow(models.SignalLocker, news)
	})
	at(env, 2*time.Hour, func() { require.Equal(t, []models.EventType{models.EventCapacityLost}, w.events()) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []models.EventType{models.EventCapacityLost, models.EventNeverDeposited, models.EventCancelled}, w.events())
}

// TestShownAgain: after a restore of the database a life that runs writes all that it knows again,
// what couriers may take out too, and tells nobody anything.
func TestShownAgain(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, 80*time.Hour, func() {
		before := w.projections()
		require.Equal(t, models.StateExpired, before[len(before)-1].State)
		env.SignalWorkflow(models.SignalShow, nil)
	})
	at(env, 81*time.Hour, func() {
		value, err := env.QueryWorkflow(models.QueryLife)
		require.NoError(t, err)
		var life models.Life
		require.NoError(t, value.Get(&life))
		shown := w.projections()
		last := shown[len(shown)-1]
		require.Equal(t, shown[len(shown)-2].Rev+1, last.Rev)
		require.Equal(t, life.Rev, last.Rev)
		require.Equal(t, models.StateExpired, last.State)
		require.Equal(t, &models.Again{Locker: "lkr_1", Room: "lkr_1", Issue: life.Issue}, last.Again)
		require.Equal(t, shown[len(shown)-2].Withdrawal, last.Withdrawal)
		require.NotNil(t, last.Withdrawal)
		require.Empty(t, last.Events)
		require.Empty(t, last.Notify)
		env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a"))
	})
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
}

// TestAnEndedLifeIsShownAgain: it begins where it ended, writes its end again, and ends.
func TestAnEndedLifeIsShownAgain(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	ended := w.life
	ended.State, ended.Rev = models.StateCancelled, 9
	at(env, 0, func() { env.SignalWorkflow(models.SignalShow, nil) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1", Life: &ended})
	require.NoError(t, env.GetWorkflowError())
	shown := w.projections()
	require.Len(t, shown, 1)
	require.Equal(t, models.StateCancelled, shown[0].State)
	require.EqualValues(t, 10, shown[0].Rev)
	require.NotNil(t, shown[0].Final)
}

// TestANewContactGetsANewCode: the code that the contact before knows dies, and both are told,
// once however often the life hears of it.
func TestANewContactGetsANewCode(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	w.life.Issue = 3
	var a *activities.Shipment
	env.OnActivity(a.ReissueCode, mock.Anything, models.ReissueInput{Shipment: "shp_1", After: 3}).
		Return(models.ReissueResult{Issue: 4}, nil).Once()
	at(env, time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	for _, d := range []time.Duration{time.Hour, 61 * time.Minute} {
		at(env, d, func() {
			env.SignalWorkflow(models.SignalContact, models.ContactSignal{Change: 1, NotifyBy: models.NotifyContact})
		})
	}
	at(env, 2*time.Hour, env.CancelWorkflow)
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	env.AssertCalled(t, "ReissueCode", mock.Anything, models.ReissueInput{Shipment: "shp_1", After: 3})
	last := w.projections()[len(w.projections())-1]
	require.Equal(t, models.EventCodeReissued, last.Events[0].Type)
	require.Equal(t, []models.NoticeKind{models.NoticeCodeReissued, models.NoticeContactChanged}, last.Notify)
	require.Equal(t, 1, last.Numbers[models.NoticeContactChanged])
}

// TestANewContactWithoutACode: before anyone knew the code it stays, and a carrier that tells
// its client itself is believed from then on.
func TestANewContactWithoutACode(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	at(env, time.Minute, func() {
		env.SignalWorkflow(models.SignalContact, models.ContactSignal{NotifyBy: models.NotifyCarrier})
	})
	at(env, 2*time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, time.Hour, env.CancelWorkflow)
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.Contains(t, w.events(), models.EventReady)
	require.NotContains(t, w.events(), models.EventCodeReissued)
	require.Empty(t, w.sent)
}

// TestAMessageInPlaceOfAnother is sent by the life too, once.
func TestAMessageInPlaceOfAnother(t *testing.T) {
	t.Parallel()
	env, w := begin(t, "a")
	w.instead = map[models.NotificationID]models.NotificationID{"ntf_1": "ntf_2"}
	at(env, time.Minute, func() { env.SignalWorkflow(models.SignalFact, fact(env, 1, models.FactDeposited, "a")) })
	at(env, time.Hour, func() { env.SignalWorkflow(models.SignalFact, fact(env, 2, models.FactPickedUp, "a")) })
	env.ExecuteWorkflow(workflows.Shipment, models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []models.NotificationID{"ntf_1", "ntf_2"}, w.sent)
}
