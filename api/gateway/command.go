package gateway

import (
	"context"

	"cubby/agent/protocol"
	"cubby/models"
)

// pendingCommand waits for its result.
type pendingCommand struct {
	locker    models.LockerID
	operation models.OperationID
	result    chan models.OpenResult
}

// notHere is the message of NotHere's error; workers pass it on as the activity's type
// of failure.
const notHere = "not_here"

// NotHere is the error for a cabinet that has no stream at this gateway. Nothing was sent
// to it.
func NotHere() error { return models.Errorf(models.CodeNotFound, notHere) }

// IsNotHere reports whether err is NotHere's.
func IsNotHere(err error) bool {
	return models.ErrorCode(err) == models.CodeNotFound && models.ErrorMessage(err) == notHere
}

// Open has a cabinet open the doors of an operation that waits in its ledger. It returns
// the outcome that the cabinet tells, unknown when none comes in time, or NotHere's
// error. A result that comes over a later stream of the same cabinet counts as well.
func (g *Gateway) Open(ctx context.Context, in models.OpenInput) (models.OpenResult, error) {
	return g.command(ctx, protocol.Command{Open: in})
}

// OpenRemotely has a cabinet open a door by a signed grant. The gateway could neither make nor
// change one. It returns as Open does.
func (g *Gateway) OpenRemotely(ctx context.Context, in models.RemoteOpenCommand) (models.OpenResult, error) {
	return g.command(ctx, protocol.Command{Open: in.Open, Remote: &protocol.RemoteOpening{
		Grant: in.Signed.Grant, Signer: in.Signed.Signer, Signature: in.Signed.Signature,
	}})
}

// Session returns the session that a cabinet has here: the nonce of its hello, and the epoch that
// its journal is in by what it said last. It returns NotHere's error where it has none.
func (g *Gateway) Session(_ context.Context, l models.LockerID) (models.LockerSession, error) {
	ln := g.line(l)
	if ln == nil {
		return models.LockerSession{}, NotHere()
	}
	return models.LockerSession{Nonce: ln.nonce, Epoch: ln.epoch.Load()}, nil
}

// command sends a command, under an id of its own, and waits for its result.
func (g *Gateway) command(ctx context.Context, c protocol.Command) (models.OpenResult, error) {
	in := c.Open
	ln := g.line(in.Locker)
	if ln == nil {
		return models.OpenResult{}, NotHere()
	}
	// An open ends within this time, whatever the caller allows.
	ctx, cancel := context.WithTimeout(ctx, protocol.OpenTimeout+protocol.CommandTimeout)
	defer cancel()
	c.ID = g.ids.New("cmd")
	wait := pendingCommand{locker: in.Locker, operation: in.Operation, result: make(chan models.OpenResult, 1)}
	g.mu.Lock()
	g.pending[c.ID] = wait
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.pending, c.ID)
	}()
	if err := ln.send(protocol.TypeCommand, c); err != nil {
		return models.OpenResult{}, NotHere()
	}
	select {
	case result := <-wait.result:
		return result, nil
	case <-ctx.Done():
		return models.OpenResult{Outcome: models.Unknown}, nil
	}
}

// result takes a cabinet's result for the command that waits for it. One that nobody
// waits for, or of another cabinet or operation, is dropped: the fact tells the same.
func (g *Gateway) result(l models.LockerID, r protocol.Result) error {
	switch r.Result.Outcome {
	case models.Opened, models.NotOpened, models.Refused, models.Unknown:
	default:
		return models.Errorf(models.CodeMalformedFrame, "result: the outcome is not known")
	}
	g.mu.Lock()
	wait, ok := g.pending[r.ID]
	ok = ok && wait.locker == l && wait.operation == r.Operation
	if ok {
		delete(g.pending, r.ID) // the first counts
	}
	g.mu.Unlock()
	if !ok {
		g.Logger.Info("a result that nobody waits for", "locker", l, "operation", brief(string(r.Operation)))
		return nil
	}
	wait.result <- r.Result
	return nil
}
