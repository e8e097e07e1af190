package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	// gatesAnHour bounds how often the gate opens from afar. Doors have a limit of their own.
	gatesAnHour = 12
	// gateMS is the pulse of a gate whose configuration says nothing else.
	gateMS = 1_000
)

// Why the gate does not open, beside what doors do not open for.
const (
	reasonNoGate   = "no_gate"   // the cabinet has none, or its relay does not answer
	reasonNotSure  = "not_sure"  // its relay was told, and did not answer
	reasonNoAction = "not_taken" // its relay was not told, or has refused
)

// GateOrder is an order to open the site's gate. It is kept for an hour, towards the limit.
type GateOrder struct {
	Operation models.OperationID `json:"operation"`
	Commands  []string           `json:"commands"`
	At        int64              `json:"at"`
	AnswerBy  int64              `json:"answer_by,omitempty"` // then nobody knows what came of it
	Result    *models.OpenResult `json:"result,omitempty"`
	FactEpoch int64              `json:"fact_epoch,omitempty"`
	FactSeq   int64              `json:"fact_seq,omitempty"`
}

func (s *State) gateOrder(id models.OperationID) *GateOrder {
	i := slices.IndexFunc(s.Gates, func(g GateOrder) bool { return g.Operation == id })
	if i < 0 {
		return nil
	}
	return &s.Gates[i]
}

// forGate reports whether an order is for the gate: its signed purpose alone says so, never the
// command around it.
func forGate(c protocol.Command, g models.RemoteGrant) bool {
	if mutant.On(mutant.GateUnsigned) {
		return len(c.Open.Cells) == 0
	}
	return g.Purpose == models.PurposeOpenGate
}

// openGate pulses the gate's relay, once for each order. No cell and no screen has a part in it.
func (t *turn) openGate(c protocol.Command, g models.RemoteGrant) {
	if o := t.gateOrder(g.Operation); o != nil {
		switch {
		case o.Result != nil:
			t.tellGate(o, c.ID)
		case !slices.Contains(o.Commands, c.ID) && len(o.Commands) < keptCommands:
			o.Commands = append(slices.Clone(o.Commands), c.ID)
		}
		return
	}
	t.forgetGates()
	if reason := t.gateRefusal(g); reason != "" {
		t.refuseCommand(c, reason)
		return
	}
	t.Gates = append(t.Gates, GateOrder{
		Operation: g.Operation, Commands: []string{c.ID}, At: max(t.now.UptimeMS, 1), AnswerBy: t.in(openTimeoutMS),
	})
	t.output(models.OutputGate).Until = t.in(gateMS)
	t.effect(Drive{Output: models.OutputGate, ForMS: gateMS, Operation: g.Operation})
}

// gateRefusal says why an order with a right signature does not open the gate; empty: it does.
func (t *turn) gateRefusal(g models.RemoteGrant) string {
	gate := t.output(models.OutputGate)
	reason := t.grantRefusal(g)
	switch {
	case reason != "":
		return reason
	case g.Cell != 0 && !mutant.On(mutant.GateUnsigned):
		return reasonCell
	case t.operation(g.Operation) != nil:
		return reasonUsed
	case gate == nil || !gate.Up:
		return reasonNoGate
	case slices.ContainsFunc(t.Gates, func(o GateOrder) bool { return o.Result == nil }):
		return reasonBusy
	case len(t.Gates) >= gatesAnHour:
		return reasonLimit
	}
	return ""
}

// gateDriven takes what came of an order. The gate has no contact: what its relay took is all that
// anybody knows.
func (t *turn) gateDriven(in OutputDriven) {
	o := t.gateOrder(in.Operation)
	if o == nil || o.Result != nil {
		return
	}
	switch {
	case in.Done:
		data := models.FactData{Device: models.DeviceOutput(models.OutputGate), Reason: models.PurposeOpenGate}
		t.gateEnds(o, models.OpenResult{Outcome: models.Opened}, t.write(models.FactOutput, o.Operation, nil, data))
	case in.Unsure:
		t.gateEnded(o, models.Unknown, reasonNotSure)
	default:
		t.gateEnded(o, models.NotOpened, reasonNoAction)
	}
}

// gateEnded tells of an order that did not certainly open the gate.
func (t *turn) gateEnded(o *GateOrder, outcome models.OpenOutcome, reason string) {
	f := t.write(models.FactOperationDone, o.Operation, nil, models.FactData{Device: models.DeviceOutput(models.OutputGate), Reason: reason})
	t.gateEnds(o, models.OpenResult{Outcome: outcome, Reason: reason}, f)
}

func (t *turn) gateEnds(o *GateOrder, result models.OpenResult, f models.Fact) {
	o.Result, o.AnswerBy, o.FactEpoch, o.FactSeq = &result, 0, f.Epoch, f.Seq
	for _, id := range o.Commands {
		t.tellGate(o, id)
	}
}

// tellGate answers a command, where the stream that it came by may still stand.
func (t *turn) tellGate(o *GateOrder, command string) {
	if !t.Link.Live {
		return
	}
	t.effect(Send{protocol.TypeResult, protocol.Result{
		ID: command, Operation: o.Operation, Result: *o.Result, Epoch: o.FactEpoch, Seq: o.FactSeq,
	}})
}

// gateTimers ends the orders of which nothing was heard.
func (t *turn) gateTimers() {
	for i := range t.Gates {
		if o := &t.Gates[i]; t.due(o.AnswerBy) {
			t.gateEnded(o, models.Unknown, reasonNotSure)
		}
	}
}

// gatesInterrupted is a start: what was under way is never driven again.
func (t *turn) gatesInterrupted() {
	for i := range t.Gates {
		if o := &t.Gates[i]; o.Result == nil {
			t.gateEnded(o, models.Unknown, reasonInterrupted)
		}
	}
}

// forgetGates drops the orders that count no more towards the hour's limit.
func (t *turn) forgetGates() {
	t.Gates = slices.DeleteFunc(t.Gates, func(o GateOrder) bool { return o.Result != nil && t.due(o.At+hourMS) })
}
