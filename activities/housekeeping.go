package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"cubby/models"
)

// Retention are the activities that remove what is past its time.
type Retention struct{ Store Housekeeping }

// pruneBatch is how many rows one transaction removes: few enough to hold no lock long.
const pruneBatch = 1000

// PruneRows removes rows batch by batch until nothing is left to remove, and then finishes what a
// change of the network's screen left undone.
func (a *Retention) PruneRows(ctx context.Context) (models.PruneResult, error) {
	var res models.PruneResult
	for {
		n, err := a.Store.Prune(ctx, pruneBatch)
		if err != nil {
			return res, failure(err)
		}
		res.Removed += n
		if n == 0 {
			return res, failure(a.Store.TellScreens(ctx))
		}
		activity.RecordHeartbeat(ctx, res.Removed)
	}
}
