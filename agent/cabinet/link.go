package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/agent/protocol"
	"cubby/models"
)

const heartbeatMS = 15_000

// Link is the stream to the server. It is live once the server has said where the
// journal goes on.
type Link struct {
	Nonce       string `json:"nonce,omitempty"`
	Live        bool   `json:"live,omitempty"`
	Wanted      bool   `json:"wanted,omitempty"` // the directory, once the journal is up
	HeartbeatAt int64  `json:"heartbeat_at,omitempty"`
	// ServerMS is the server's clock in its first answer, in Unix milliseconds, and ServerAt
	// the uptime at which it came.
	ServerMS int64 `json:"server_ms,omitempty"`
	ServerAt int64 `json:"server_at,omitempty"`
}

func (t *turn) linkUp(in LinkUp) {
	t.linkDown()
	t.Link = Link{Nonce: in.Nonce}
	t.effect(Send{protocol.TypeHello, protocol.Hello{
		Agent: in.Agent, Min: protocol.VersionMin, Max: protocol.Version,
		Epoch: t.Journal.Epoch, Seq: t.Journal.Seq, Hash: t.Journal.Hash,
		Boot: t.Boot, Nonce: in.Nonce, Clock: t.now.Clock, NowMS: t.now.WallMS, Cursor: t.Directory.Cursor,
	}})
}

// linkDown has every operation that waits for the server decide by itself: no answer
// can come any more.
func (t *turn) linkDown() {
	t.Link = Link{}
	for _, op := range t.Operations {
		switch {
		case op.ended():
		case op.undecided():
			t.decideLocally(op)
		case op.Kind == models.RemoteOpen:
			// Its grant was for this session: a door that still waits for its turn does not open.
			t.giveUpAll(op, reasonSession)
		}
	}
}

func (t *turn) continueFrom(epoch, seq int64) {
	if t.Link.Nonce == "" {
		return // of a stream that is gone
	}
	j := &t.Journal
	if epoch < j.Epoch {
		seq = 0 // it has nothing of this epoch
	}
	if t.NextEpoch > 0 {
		t.NextEpoch = max(t.NextEpoch, epoch+1)
	} else if epoch > j.Epoch || !j.reaches(seq) {
		if epoch <= j.Epoch {
			j.Acked = j.Seq - int64(len(j.Facts)) // it has none of those that are still here
		}
		t.beginEpoch(max(epoch, j.Epoch) + 1)
	} else {
		j.Acked = seq
	}
	t.live()
}

func (t *turn) newEpoch(epoch int64) {
	if t.Link.Nonce == "" {
		return
	}
	t.distrust()
	t.beginEpochAfterSnapshot(max(epoch, t.Journal.Epoch+1))
	t.live()
}

// beginEpochAfterSnapshot has an epoch begin once the server has said what it believes to be
// in the cells. A cabinet without cells has nothing to say, and begins at once.
func (t *turn) beginEpochAfterSnapshot(epoch int64) {
	if len(t.Cells) == 0 {
		t.beginEpoch(epoch)
		return
	}
	if mutant.On(mutant.SameSeqAfterRestore) {
		return
	}
	t.NextEpoch = epoch
}

// wantSnapshot asks for the server's view while it is needed, with each new stream.
func (t *turn) wantSnapshot() {
	if t.Unsure {
		t.effect(FetchSnapshot{})
	}
}

func (t *turn) live() {
	t.Link.Live, t.Link.Wanted = true, true
	t.heartbeat()
	t.wantSnapshot()
	if t.Journal.Acked < t.Journal.Seq {
		t.wrote = true
	}
	t.journalMoved()
}

// journalMoved asks for the directory once the journal is up: the server then knows what
// its entries must not contradict.
func (t *turn) journalMoved() {
	if t.Link.Live && t.Link.Wanted && t.Journal.Acked == t.Journal.Seq && t.NextEpoch == 0 {
		t.Link.Wanted = false
		t.effect(FetchDirectory{})
	}
}

func (t *turn) wantDirectory() {
	t.Link.Wanted = true
	t.journalMoved()
}

func (t *turn) heartbeat() {
	t.Link.HeartbeatAt = t.in(heartbeatMS)
	t.effect(Send{protocol.TypeHeartbeat, protocol.Heartbeat{
		Epoch: t.Journal.Epoch, Seq: t.Journal.Seq, Digest: protocol.InventoryDigest(t.Reports()),
	}})
}

// ask asks the server to lead the operation. With no live stream the cabinet decides.
func (t *turn) ask(op *Operation) {
	op.State = StateAsking
	for _, d := range op.Doors {
		for _, p := range d.Parcels {
			op.Asked = append(op.Asked, models.OpenCell{Cell: d.Cell, Generation: d.Generation, Parcel: p})
		}
	}
	if !t.Link.Live {
		t.decideLocally(op)
		return
	}
	op.DecideBy = t.in(protocol.AcceptTimeout.Milliseconds())
	t.effect(Send{protocol.TypeAsk, protocol.Ask{
		Operation: op.ID, Kind: op.Kind, Shipment: op.Shipment, Cells: op.Asked,
		ValidForMS: protocol.DefaultValidFor.Milliseconds(),
	}})
}

func (t *turn) answered(a protocol.Answer) {
	op := t.operation(a.Operation)
	if op == nil || op.State != StateAsking {
		return // too late: the ledger has moved on
	}
	switch a.Verdict {
	case protocol.Accepted:
		op.State = StateLed
		op.DecideBy = t.in(protocol.CommandTimeout.Milliseconds())
	case protocol.Refused:
		t.refused(op, a.Reason)
	case protocol.DecideLocally:
		t.decideLocally(op)
	}
}

// commanded gives an operation that waits the server's authority. Any other operation
// is answered with its recorded state, and no lock is driven.
func (t *turn) commanded(c protocol.Command) {
	if c.Remote != nil {
		t.openRemotely(c)
		return
	}
	op := t.operation(c.Open.Operation)
	switch {
	case op == nil:
		t.refuseCommand(c, "unknown_operation")
	case c.Open.Kind != op.Kind || c.Open.Shipment != op.Shipment || !slices.Equal(c.Open.Cells, op.Asked):
		t.refuseCommand(c, "not_as_asked")
	case op.undecided(), mutant.On(mutant.LateCommand) && op.State == StateAbandoned:
		op.State, op.Authority, op.DecideBy = StateLed, StateLed, 0
		op.ResultBy = t.in(resultMS)
		op.Commands = []string{c.ID}
		if mutant.On(mutant.LateCommand) {
			t.reviveDoors(op)
		}
	case op.Authority != StateLed && op.Authority != "":
		if mutant.On(mutant.BothPathsPulse) && !op.ended() {
			op.driveAgain()
			return
		}
		t.refuseCommand(c, string(op.Authority))
	case op.Authority == "":
		t.refuseCommand(c, string(op.State))
	default:
		t.commandedAgain(op, c.ID)
	}
}

// commandedAgain answers a repeated command with what is recorded, now or once it is known.
func (t *turn) commandedAgain(op *Operation, command string) {
	switch {
	case op.Result != nil:
		t.sendResult(op, command)
	case !slices.Contains(op.Commands, command) && len(op.Commands) < keptCommands:
		op.Commands = append(op.Commands, command)
	}
}

func (t *turn) refuseCommand(c protocol.Command, reason string) {
	t.effect(Send{protocol.TypeResult, protocol.Result{
		ID: c.ID, Operation: c.Open.Operation, Result: models.OpenResult{Outcome: models.Refused, Reason: reason},
	}})
}

// sendResults answers the commands whose doors are decided. A command is answered before
// its activity times out, even if a door still waits for another to close.
func (t *turn) sendResults() {
	for _, op := range t.Operations {
		if op.Authority != StateLed || op.Result != nil {
			continue
		}
		if !op.doorsDecided() && !t.due(op.ResultBy) {
			continue
		}
		result := op.result()
		op.Result, op.ResultBy = &result, 0
		for _, id := range op.Commands {
			t.sendResult(op, id)
		}
	}
}

// sendResult answers a command, where the stream that it came by may still stand.
func (t *turn) sendResult(op *Operation, id string) {
	if !t.Link.Live {
		return
	}
	t.effect(Send{protocol.TypeResult, protocol.Result{
		ID: id, Operation: op.ID, Result: *op.Result, Epoch: op.FactEpoch, Seq: op.FactSeq,
	}})
}
