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

// RemoteLine reaches them with what a worker has signed.
type RemoteLine interface {
	// OpenRemotely has a cabinet open one door by a signed grant, and returns as Open does.
	OpenRemotely(ctx context.Context, in models.RemoteOpenCommand) (models.OpenResult, error)
	// Session returns the session that a cabinet has here, or not_found.
	Session(ctx context.Context, l models.LockerID) (models.LockerSession, error)
}

// Locker are the activities that go to cabinets. They run on a gateway's own queue.
type Locker struct {
	Line   LockerLine
	Remote RemoteLine
}

// OpenCells opens the doors of an operation. It is scheduled once: an answer that does not
// come is the outcome unknown, never a second command.
func (a *Locker) OpenCells(ctx context.Context, in models.OpenInput) (models.OpenResult, error) {
	res, err := a.Line.Open(ctx, in)
	return res, failure(err)
}

// OpenRemotely opens one door by a signed grant. It is scheduled once, as OpenCells is.
func (a *Locker) OpenRemotely(ctx context.Context, in models.RemoteOpenCommand) (models.OpenResult, error) {
	res, err := a.Remote.OpenRemotely(ctx, in)
	return res, failure(err)
}

// ReadSession returns the session that a grant must name.
func (a *Locker) ReadSession(ctx context.Context, in models.SessionInput) (models.LockerSession, error) {
	s, err := a.Remote.Session(ctx, in.Locker)
	return s, failure(err)
}
