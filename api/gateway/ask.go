package gateway

import (
	"context"
	"time"

	"cubby/agent/protocol"
	"cubby/agent/protocol/session"
	"cubby/models"
)

// ask asks the workflow whether it leads the operation and answers the cabinet. It waits
// by itself: the next message does not.
func (ln *line) ask(ctx context.Context, a protocol.Ask, now time.Time) error {
	g := ln.gateway
	in, err := session.Ask(a, ln.peer.Locker, g.Queue, now)
	if err != nil {
		return err
	}
	if !g.Engine.Up() {
		return ln.send(protocol.TypeAnswer, protocol.Answer{Operation: a.Operation, Verdict: protocol.DecideLocally})
	}
	select {
	case ln.asks <- struct{}{}:
	default:
		return ln.send(protocol.TypeAnswer, protocol.Answer{Operation: a.Operation, Verdict: protocol.DecideLocally})
	}
	go func() {
		defer func() { <-ln.asks }()
		ctx, cancel := context.WithTimeout(ctx, in.NotAfter.Sub(now))
		defer cancel()
		err := g.Engine.Ask(ctx, a.Shipment, in)
		if code := models.ErrorCode(err); err != nil && code != models.CodeInvalidState {
			g.Logger.Warn("nobody led an operation", "locker", ln.peer.Locker, "operation", a.Operation, "shipment", a.Shipment, "error", err)
		}
		if err := ln.send(protocol.TypeAnswer, session.Answer(a.Operation, err)); err != nil {
			g.Logger.Info("an answer was not sent", "locker", ln.peer.Locker, "operation", a.Operation, "error", err)
		}
	}()
	return nil
}
