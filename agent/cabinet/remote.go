package cabinet

import (
	"slices"

	"cubby/agent/protocol"
	"cubby/models"
)

const (
	hourMS       = 3600_000
	remoteLifeMS = int64(protocol.RemoteLife / 1e6)
)

// Why a remote opening is refused.
const (
	remoteUsed       = "operation_used"
	remoteSignature  = "signature"
	remoteOther      = "not_this_cabinet"
	remoteNotOrdered = "not_as_ordered"
	remoteSession    = "not_this_session"
	remotePurpose    = "purpose"
	remoteExpired    = "expired"
	remoteTooLong    = "lasts_too_long"
	remoteNoCell     = "no_such_cell"
	remoteBusy       = "busy"
	remoteDoors      = "too_many_doors"
	remoteBudget     = "too_many_openings"
)

// remote opens a cell by a signed grant: for somebody who stands there and is helped from
// afar. It is honoured within this cabinet's own limits, whatever the server says.
func (t *turn) remote(c protocol.Command) {
	if op := t.operation(c.Open.Operation); op != nil {
		t.remoteAgain(op, c)
		return
	}
	g, err := models.VerifyRemote(t.Signers, c.Remote.Signer, c.Remote.Grant, c.Remote.Signature)
	if err != nil {
		t.refuseCommand(c, remoteSignature)
		return
	}
	cell := t.cell(g.Cell)
	if reason := t.remoteRefusal(c, g, cell); reason != "" {
		t.refuseCommand(c, reason)
		return
	}
	t.Remote = append(t.Remote, max(t.now.UptimeMS, 1))
	t.Begun++
	op := &Operation{
		ID: g.Operation, Order: t.Begun, Kind: models.RemoteOpen, Shipment: cell.Shipment, Reason: "remote_" + g.Purpose,
		State: StateLed, Authority: StateLed, ResultBy: t.in(resultMS), Commands: []string{c.ID},
	}
	t.Operations = append(t.Operations, op)
	op.add(cell, nil)
}

// remoteAgain answers an operation that is in the ledger by what is recorded of it: a grant
// is used once.
func (t *turn) remoteAgain(op *Operation, c protocol.Command) {
	switch {
	case op.Kind != models.RemoteOpen:
		t.refuseCommand(c, remoteUsed)
	case op.Result != nil:
		t.sendResult(op, c.ID)
	case !slices.Contains(op.Commands, c.ID) && len(op.Commands) < keptCommands:
		op.Commands = append(op.Commands, c.ID)
	}
}

// remoteRefusal says why a grant that was rightly signed is not honoured here and now;
// empty: it is.
func (t *turn) remoteRefusal(c protocol.Command, g models.RemoteGrant, cell *Cell) string {
	left, known := t.remoteLeft(g)
	switch {
	case g.Locker != t.Locker || g.Epoch != t.Journal.Epoch:
		return remoteOther
	case g.Operation == "" || g.Operation != c.Open.Operation:
		return remoteNotOrdered
	case !t.Link.Live || g.Nonce != t.Link.Nonce || !known:
		return remoteSession
	case !slices.Contains(models.RemotePurposes(), g.Purpose):
		return remotePurpose
	case left <= 0:
		return remoteExpired
	case left > remoteLifeMS:
		return remoteTooLong
	case cell == nil:
		return remoteNoCell
	case cell.Generation != g.Generation:
		return reasonGeneration
	case cell.Operation != "":
		return remoteBusy
	case !cell.usable():
		return reasonBoardDead
	case t.doorsBusy() >= doorsAtOnce || t.doorWaits():
		return remoteDoors
	case t.remoteLastHour() >= protocol.RemoteAnHour:
		return remoteBudget
	}
	return ""
}

// remoteLeft is how many milliseconds a grant is still good for, by the server's time at the
// session's first answer and the uptime since then: no wall clock has a say.
func (t *turn) remoteLeft(g models.RemoteGrant) (ms int64, known bool) {
	if t.Link.ServerMS == 0 {
		return 0, false
	}
	return g.NotAfterMS - (t.Link.ServerMS + t.now.UptimeMS - t.Link.ServerAt), true
}

// remoteLastHour counts the remote openings of the last hour, and forgets the older ones.
func (t *turn) remoteLastHour() int {
	t.Remote = slices.DeleteFunc(t.Remote, func(at int64) bool { return at <= t.now.UptimeMS-hourMS })
	return len(t.Remote)
}

// remoteClosed ends a remote opening. Nobody tells what was taken or put in.
func (t *turn) remoteClosed(d *Door, c *Cell) {
	d.State = DoorFinished
	c.Operation = ""
}
