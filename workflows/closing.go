package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

// How long a closing waits before it looks again: a courier may be at it, or nobody for weeks.
const (
	closingFirst = 2 * time.Second
	closingLast  = time.Minute
)

// Closing has what lies in a closed locker taken out, if that is asked for, and decommissions the
// locker once it is empty and expects nothing. It ends early when the locker is in use again.
func Closing(ctx workflow.Context, in models.ClosingInput) error {
	for wait := closingFirst; ; wait = min(2*wait, closingLast) {
		var a *activities.Closing
		var res models.ClosingResult
		err := workflow.ExecuteActivity(short(ctx, "what is left in "+string(in.Locker)), a.CloseRound, in).Get(ctx, &res)
		if err != nil || res.Over {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, Closing, in)
		}
		if err := workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "until the locker is empty"}).Get(ctx, nil); err != nil {
			return err
		}
	}
}
