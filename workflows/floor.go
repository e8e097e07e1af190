package workflows

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"
)

// Shape counts what a life of one parcel, from announcement to pickup, makes Temporal do.
// The floor of the benchmark does as much with empty bodies; a test holds the product's
// real history to the same numbers, so neither can drift from the other.
type Shape struct {
	Updates, Signals, Activities, LocalActivities, Timers, Upserts int
}

// LifeShape is the shape of one life.
//
//   - updates: ask to deposit, ask to pick up
//   - signals: deposited, picked up
//   - activities: open (twice, on the gateway's queue), send the message, show loading,
//     show ready, show picked up
//   - local activities: load
//   - timers: never deposited, ready delay, storage end
//   - search attribute upserts: at the beginning, and at each of three states
func LifeShape() Shape {
	return Shape{Updates: 2, Signals: 2, Activities: 6, LocalActivities: 1, Timers: 3, Upserts: 4}
}

// Names of the floor's parts.
const (
	WorkflowFloor = "floor"
	UpdateFloor   = "floor_ask"
	SignalFloor   = "floor_fact"
)

// FloorInput names the gateway queue that the floor's opens go to.
type FloorInput struct {
	Queue string `json:"queue"`
}

// FloorActivities have empty bodies.
type FloorActivities struct{}

// FloorOpen stands where OpenCells is.
func (*FloorActivities) FloorOpen(context.Context) error { return nil }

// FloorSend stands where SendNotification is.
func (*FloorActivities) FloorSend(context.Context) error { return nil }

// FloorStore stands where LoadShipment and ProjectShipment are.
func (*FloorActivities) FloorStore(context.Context) error { return nil }

// Floor is a life without content: the cost of Temporal alone.
func Floor(ctx workflow.Context, in FloorInput) error {
	var a *FloorActivities
	facts := workflow.GetSignalChannel(ctx, SignalFloor)
	err := workflow.SetUpdateHandler(ctx, UpdateFloor, func(ctx workflow.Context) error {
		return workflow.ExecuteActivity(locker(ctx, in.Queue, "floor"), a.FloorOpen).Get(ctx, nil)
	})
	if err != nil {
		return err
	}
	show := func() error {
		if err := workflow.UpsertTypedSearchAttributes(ctx, searchState().ValueSet("floor")); err != nil {
			return err
		}
		return workflow.ExecuteActivity(showing(ctx, "floor"), a.FloorStore).Get(ctx, nil)
	}
	// wait starts a timer and cuts it short when a fact comes, as a life does.
	wait := func() {
		timerCtx, cancel := workflow.WithCancel(ctx)
		timer := workflow.NewTimerWithOptions(timerCtx, time.Hour, workflow.TimerOptions{Summary: "floor"})
		workflow.NewSelector(ctx).AddFuture(timer, func(workflow.Future) {}).
			AddReceive(facts, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) }).Select(ctx)
		cancel()
	}
	if err := workflow.ExecuteLocalActivity(loading(ctx, "floor"), a.FloorStore).Get(ctx, nil); err != nil {
		return err
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, searchState().ValueSet("floor")); err != nil {
		return err
	}
	wait()                         // deposited
	if err := show(); err != nil { // loading
		return err
	}
	if err := workflow.Sleep(ctx, time.Second); err != nil { // ready delay
		return err
	}
	if err := show(); err != nil { // ready
		return err
	}
	sent := workflow.ExecuteActivity(message(ctx, "floor"), a.FloorSend)
	wait() // picked up
	if err := show(); err != nil {
		return err
	}
	if err := sent.Get(ctx, nil); err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}
