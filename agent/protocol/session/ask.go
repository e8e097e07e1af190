package session

import (
	"time"

	"cubby/agent/protocol"
	"cubby/models"
)

// maxCells bounds the doors of one operation: a shipment has at most 50 parcels.
const maxCells = 50

// Ask is an ask as the workflow gets it. The cabinet is the one that is connected,
// whatever the message says; the deadline is by the server's clock and never later than
// the cabinet waits. An ask that no workflow could understand is a malformed_frame.
func Ask(a protocol.Ask, l models.LockerID, queue string, now time.Time) (models.AskInput, error) {
	switch a.Kind {
	case models.Deposit, models.Pickup, models.Withdrawal:
	default:
		return models.AskInput{}, models.Errorf(models.CodeMalformedFrame, "ask: the kind of operation is not known")
	}
	if !models.ValidID(models.PrefixOperation, string(a.Operation)) || !models.ValidID(models.PrefixShipment, string(a.Shipment)) {
		return models.AskInput{}, models.Errorf(models.CodeMalformedFrame, "ask: operation and shipment must be ids")
	}
	if len(a.Cells) == 0 || len(a.Cells) > maxCells || a.ValidForMS <= 0 {
		return models.AskInput{}, models.Errorf(models.CodeMalformedFrame, "ask: cells and valid_for_ms are required")
	}
	valid := protocol.AcceptTimeout
	if ms := a.ValidForMS; ms < valid.Milliseconds() {
		valid = time.Duration(ms) * time.Millisecond
	}
	return models.AskInput{
		Operation: a.Operation, Kind: a.Kind, Locker: l, Queue: queue, Cells: a.Cells, NotAfter: now.Add(valid),
	}, nil
}

// Answer is what the cabinet is told of what the workflow said: only the workflow's own no
// is a refusal; with any other trouble the cabinet decides by itself.
func Answer(op models.OperationID, err error) protocol.Answer {
	switch {
	case err == nil:
		return protocol.Answer{Operation: op, Verdict: protocol.Accepted}
	case models.ErrorCode(err) == models.CodeInvalidState:
		return protocol.Answer{Operation: op, Verdict: protocol.Refused, Reason: models.ErrorMessage(err)}
	}
	return protocol.Answer{Operation: op, Verdict: protocol.DecideLocally}
}
