package activities

import (
	"context"

	"cubby/models"
)

// LockerLine reaches the cabinets that are connected to this gateway instance.
type LockerLine interface {
	// Open has a cabinet open the doors of an operation and waits for its answer. It returns
	// not_found when the cabinet is not connected here, and the outcome unknown when the
	// answer does not come while ctx lasts.
	Open(ctx context.Context, in models.OpenInput) (models.OpenResult, error)
}

// Locker are the activities that go to cabinets. They run on a gateway's own queue.
type Locker struct{ Line LockerLine }

// OpenCells opens the doors of an operation. It is scheduled once: an answer that does not
// come is the outcome unknown, never a second command.
func (a *Locker) OpenCells(ctx context.Context, in models.OpenInput) (models.OpenResult, error) {
	res, err := a.Line.Open(ctx, in)
	return res, failure(err)
}
