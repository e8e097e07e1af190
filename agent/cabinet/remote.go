package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	remoteAnHour = 12
	hourMS       = 3600_000
	// remoteLivesMS bounds for how long ahead a grant is believed: one that is good for
	// longer was not signed for the person who waits now.
	remoteLivesMS = 60_000
)

// Why a remote opening is refused, or what came of it.
const (
	reasonSignature  = "signature"
	reasonNotSigned  = "not_as_signed"
	reasonUsed       = "operation"
	reasonLocker     = "locker"
	reasonEpoch      = "epoch"
	reasonSession    = "session"
	reasonPurpose    = "purpose"
	reasonExpired    = "expired"
	reasonTooLong    = "too_long"
	reasonCell       = "cell"
	reasonBusy       = "busy"
	reasonDoors      = "doors"
	reasonLimit      = "limit"
	reasonRemoteOpen = "remote_open"
)

// serverSaid takes the server's time from the first answer of a session: remote openings
// expire by it, counted on by the uptime. The wall clock has no part in that.
func (t *turn) serverSaid(ms int64) {
	if t.Link.Nonce != "" && !t.Link.Live {
		t.Link.ServerMS, t.Link.ServerAt = ms, t.now.UptimeMS
	}
}

// openRemotely begins an operation by a signed grant. Nobody at the screen has a part in
// it, so the screen goes on with whatever it shows.
func (t *turn) openRemotely(c protocol.Command) {
	g, err := models.VerifyRemote(t.Signers, c.Remote.Signer, c.Remote.Grant, c.Remote.Signature)
	if err != nil {
		t.refuseCommand(c, reasonSignature)
		return
	}
	if !asSigned(c.Open, g) {
		t.refuseCommand(c, reasonNotSigned)
		return
	}
	if forGate(c, g) {
		t.openGate(c, g)
		return
	}
	if op := t.operation(g.Operation); op != nil {
		if op.Kind != models.RemoteOpen {
			t.refuseCommand(c, reasonUsed)
			return
		}
		t.commandedAgain(op, c.ID)
		return
	}
	t.forgetRemote()
	if reason := t.remoteRefusal(g); reason != "" {
		t.refuseCommand(c, reason)
		return
	}
	cell := t.cell(g.Cell)
	t.takeFromLeft(cell)
	op := t.enter(g.Operation, models.RemoteOpen, cell.Shipment)
	op.State, op.Authority, op.Purpose = StateLed, StateLed, g.Purpose
	op.Asked, op.Commands = c.Open.Cells, []string{c.ID}
	// A door that has to wait for its turn does not open after the grant's time.
	op.ResultBy, op.WaitBy = t.in(resultMS), t.in(t.remoteLeft(g))
	op.add(cell, nil)
	t.RemoteAt = append(t.RemoteAt, max(t.now.UptimeMS, 1))
}

// asSigned reports whether a command asks for what its grant allows, and nothing else.
func asSigned(open models.OpenInput, g models.RemoteGrant) bool {
	cells := []models.OpenCell{{Cell: g.Cell, Generation: g.Generation}}
	if g.Purpose == models.PurposeOpenGate || mutant.On(mutant.GateUnsigned) && len(open.Cells) == 0 {
		cells = nil
	}
	return g.Operation != "" && open.Operation == g.Operation && open.Locker == g.Locker &&
		open.Kind == models.RemoteOpen && open.Shipment == "" && slices.Equal(open.Cells, cells)
}

// grantRefusal says why a grant with a right signature allows nothing now; empty: it does. fits: it
// is for a purpose of what is asked.
func (t *turn) grantRefusal(g models.RemoteGrant, fits bool) string {
	left := t.remoteLeft(g)
	switch {
	case g.Locker != t.Locker:
		return reasonLocker
	case g.Epoch != t.Journal.Epoch:
		return reasonEpoch
	case !t.Link.Live, g.Nonce != t.Link.Nonce && !mutant.On(mutant.ReusedNonce):
		return reasonSession
	case !fits:
		return reasonPurpose
	case left <= 0:
		return reasonExpired
	case left > remoteLivesMS:
		return reasonTooLong
	}
	return ""
}

// remoteRefusal says why a grant with a right signature opens nothing; empty: it does.
func (t *turn) remoteRefusal(g models.RemoteGrant) string {
	c, reason := t.cell(g.Cell), t.grantRefusal(g, slices.Contains(models.RemotePurposes(), g.Purpose))
	switch {
	case reason != "":
		return reason
	case t.gateOrder(g.Operation) != nil:
		return reasonUsed
	case c == nil:
		return reasonCell
	case g.Generation != c.Generation && !mutant.On(mutant.OldGeneration):
		return reasonGeneration
	case c.Operation != "" && !t.leftBehind(c):
		return reasonBusy
	case c.Dead:
		return reasonBoardDead
	case t.doorsBusy() >= t.doorsLimit(), !t.roomFromAfar(c):
		return reasonDoors
	case len(t.RemoteAt) >= remoteAnHour:
		return reasonLimit
	}
	return ""
}

// remoteLeft is for how many milliseconds a grant is still good.
func (t *turn) remoteLeft(g models.RemoteGrant) int64 {
	if mutant.On(mutant.WallExpiry) {
		return min(g.NotAfterMS-t.now.WallMS, remoteLivesMS)
	}
	return g.NotAfterMS - t.Link.ServerMS - (t.now.UptimeMS - t.Link.ServerAt)
}

// forgetRemote drops the openings that count no more towards the hour's limit.
func (t *turn) forgetRemote() {
	t.RemoteAt = slices.DeleteFunc(t.RemoteAt, func(at int64) bool { return t.due(at + hourMS) })
}

// openedRemotely: nobody on site answers for what happens at the door, so what lay in the
// cell is not known any more. A cell that held nothing stays free, as after a door that
// opened by itself.
func (t *turn) openedRemotely(op *Operation, c *Cell) {
	op.Reason = reasonRemoteOpen
	if c.State != models.CellFree {
		t.doubt(op, c, reasonRemoteOpen)
	}
}
