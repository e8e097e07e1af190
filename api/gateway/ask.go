package gateway

import (
	"context"
	"time"

	"cubby/agent/protocol"
	"cubby/models"
)

// ask asks the workflow whether it leads the operation and answers the cabinet. It waits
// by itself: the next message does not.
func (ln *line) ask(ctx context.Context, a protocol.Ask, now time.Time) error {
	if err := checkAsk(a); err != nil {
		return err
	}
	g := ln.gateway
	if !g.Engine.Up() {
		return ln.send(protocol.TypeAnswer, protocol.Answer{Operation: a.Operation, Verdict: protocol.DecideLocally})
	}
	select {
	case ln.asks <- struct{}{}:
	default:
		return ln.send(protocol.TypeAnswer, protocol.Answer{Operation: a.Operation, Verdict: protocol.DecideLocally})
	}
	in := askInput(a, ln.locker, g.Queue, now)
	go func() {
		defer func() { <-ln.asks }()
		ctx, cancel := context.WithTimeout(ctx, in.NotAfter.Sub(now))
		defer cancel()
		err := g.Engine.Ask(ctx, a.Shipment, in)
		if code := models.ErrorCode(err); err != nil && code != models.CodeInvalidState {
			g.Logger.Warn("nobody led an operation", "locker", ln.locker, "operation", a.Operation, "shipment", a.Shipment, "error", err)
		}
		if err := ln.send(protocol.TypeAnswer, answer(a.Operation, err)); err != nil {
			g.Logger.Info("an answer was not sent", "locker", ln.locker, "operation", a.Operation, "error", err)
		}
	}()
	return nil
}

// checkAsk refuses an ask that no workflow could understand.
func checkAsk(a protocol.Ask) error {
	switch a.Kind {
	case models.Deposit, models.Pickup, models.Withdrawal:
	default:
		return models.Errorf(models.CodeMalformedFrame, "ask: the kind of operation is not known")
	}
	if !models.ValidID(models.PrefixOperation, string(a.Operation)) || !models.ValidID(models.PrefixShipment, string(a.Shipment)) {
		return models.Errorf(models.CodeMalformedFrame, "ask: operation and shipment must be ids")
	}
	if len(a.Cells) == 0 || len(a.Cells) > maxCells || a.ValidForMS <= 0 {
		return models.Errorf(models.CodeMalformedFrame, "ask: cells and valid_for_ms are required")
	}
	return nil
}

// maxCells bounds the doors of one operation: a shipment has at most 50 parcels.
const maxCells = 50

// askInput is the ask as the workflow gets it. The cabinet is the one that is connected,
// whatever the message says; the deadline is by our clock and never later than the
// cabinet waits.
func askInput(a protocol.Ask, l models.LockerID, queue string, now time.Time) models.AskInput {
	valid := protocol.AcceptTimeout
	if ms := a.ValidForMS; ms < valid.Milliseconds() {
		valid = time.Duration(ms) * time.Millisecond
	}
	return models.AskInput{
		Operation: a.Operation, Kind: a.Kind, Locker: l, Queue: queue, Cells: a.Cells, NotAfter: now.Add(valid),
	}
}

// answer is what the cabinet is told: only the workflow's own no is a refusal; with any
// other trouble the cabinet decides by itself.
func answer(op models.OperationID, err error) protocol.Answer {
	switch {
	case err == nil:
		return protocol.Answer{Operation: op, Verdict: protocol.Accepted}
	case models.ErrorCode(err) == models.CodeInvalidState:
		return protocol.Answer{Operation: op, Verdict: protocol.Refused, Reason: models.ErrorMessage(err)}
	}
	return protocol.Answer{Operation: op, Verdict: protocol.DecideLocally}
}
