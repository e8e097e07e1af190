package cabinet_test

import (
	"crypto/ed25519"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

const serverMS = int64(1_800_000_000_000)

// remoteRig is a cabinet on the line, with a parcel in cell 1.
func remoteRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeS, models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.load("shp_1-1")
	r.finish()
	r.wait(20_000)
	r.connect("nonce-1")
	return r
}

func (r *rig) connect(nonce string) {
	r.t.Helper()
	r.do(cabinet.LinkUp{Nonce: nonce, Agent: "test"})
	r.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: r.state.Journal.Epoch, Seq: r.state.Journal.Acked, NowMS: serverMS}})
}

// grant is a good one for a cell, valid for 30 s from now.
func (r *rig) grant(cell int) models.RemoteGrant {
	return models.RemoteGrant{
		Locker: locker, Epoch: r.state.Journal.Epoch, Nonce: r.state.Link.Nonce, Cell: cell, Generation: r.cell(cell).Generation,
		Purpose: "help", Operation: r.id(), NotAfterMS: r.state.Link.ServerMS + r.now.UptimeMS - r.state.Link.ServerAt + 30_000,
	}
}

func signed(t *testing.T, s models.Signer, g models.RemoteGrant) protocol.Command {
	t.Helper()
	raw, sig, err := s.SignRemote(g)
	require.NoError(t, err)
	return protocol.Command{
		ID: "cmd-" + string(g.Operation), Open: models.OpenInput{Locker: locker, Operation: g.Operation, Kind: models.RemoteOpen},
		Remote: &protocol.RemoteOpening{Grant: raw, Signer: s.ID, Signature: sig},
	}
}

func (r *rig) order(g models.RemoteGrant) {
	r.t.Helper()
	r.do(cabinet.Command{Command: signed(r.t, signer(), g)})
}

// refusedWith checks that the last command drove no lock, and why.
func (r *rig) refusedWith(reason string, pulses int) {
	r.t.Helper()
	require.Equal(r.t, models.OpenResult{Outcome: models.Refused, Reason: reason}, r.lastResult().Result)
	require.Len(r.t, r.pulses, pulses)
}

func TestRemoteOpening(t *testing.T) {
	t.Parallel()
	r := remoteRig(t)
	n, before := len(r.facts), len(r.pulses)
	g := r.grant(1)
	r.order(g)
	require.Equal(t, cabinet.Pulse{Operation: g.Operation, Cell: 1, Attempt: 1}, r.pulses[before])
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen, "nobody at the screen has a say")
	r.open(1)
	require.Equal(t, models.Opened, r.lastResult().Result.Outcome)
	r.close(1)
	require.Equal(t, []models.FactType{models.FactDoorOpened, models.FactCellDoubtful, models.FactDoorClosed, models.FactOperationDone}, r.types(n))
	f, data := r.lastFact(models.FactOperationDone)
	require.Equal(t, g.Operation, f.Operation)
	require.Equal(t, "remote_help", data.Reason)
	require.Empty(t, data.Shipment)
	require.True(t, r.cell(1).Doubtful, "who knows what is inside now")
	require.Equal(t, models.CellOccupied, r.cell(1).State, "its client's code still opens it")

	// The same grant again, in this session and after a restart: the recorded result.
	r.order(g)
	require.Equal(t, models.Opened, r.lastResult().Result.Outcome)
	require.Len(t, r.pulses, before+1)
	r.do(cabinet.Started{Boot: "boot-1"})
	r.do(cabinet.TrustInstalled{Signers: []models.SignerKey{signer().Public()}})
	r.connect("nonce-2")
	r.order(g)
	require.Len(t, r.pulses, before+1)
}

func TestRemoteOpeningThatJams(t *testing.T) {
	t.Parallel()
	r := remoteRig(t)
	n := len(r.pulses)
	r.order(r.grant(1))
	r.wait(8000)
	require.Equal(t, models.NotOpened, r.lastResult().Result.Outcome)
	require.Len(t, r.pulses, n+1, "no attempt by itself")
	require.Equal(t, models.OperationID(""), r.cell(1).Operation)
}

func TestRemoteOpeningsThatAreRefused(t *testing.T) {
	t.Parallel()
	other := models.Signer{ID: "signer-1", Key: ed25519.NewKeyFromSeed([]byte("another key with the same name!!"))}
	for name, c := range map[string]struct {
		reason string
		spoil  func(r *rig, g *models.RemoteGrant)
		by     *models.Signer
		change func(c *protocol.Command)
	}{
		"unknown signer":      {reason: "signature", by: &other},
		"a byte altered":      {reason: "signature", change: func(c *protocol.Command) { c.Remote.Grant[len(c.Remote.Grant)-3] ^= 1 }},
		"another cabinet":     {reason: "not_this_cabinet", spoil: func(_ *rig, g *models.RemoteGrant) { g.Locker = "lkr_2" }},
		"another epoch":       {reason: "not_this_cabinet", spoil: func(_ *rig, g *models.RemoteGrant) { g.Epoch++ }},
		"another session":     {reason: "not_this_session", spoil: func(_ *rig, g *models.RemoteGrant) { g.Nonce = "nonce-0" }},
		"another operation":   {reason: "not_as_ordered", change: func(c *protocol.Command) { c.Open.Operation = "op_other" }},
		"purpose":             {reason: "purpose", spoil: func(_ *rig, g *models.RemoteGrant) { g.Purpose = "curiosity" }},
		"expired":             {reason: "expired", spoil: func(_ *rig, g *models.RemoteGrant) { g.NotAfterMS -= 30_000 }},
		"lasts for hours":     {reason: "lasts_too_long", spoil: func(_ *rig, g *models.RemoteGrant) { g.NotAfterMS += 3_600_000 }},
		"no such cell":        {reason: "no_such_cell", spoil: func(_ *rig, g *models.RemoteGrant) { g.Cell = 99 }},
		"an older occupancy":  {reason: "generation", spoil: func(_ *rig, g *models.RemoteGrant) { g.Generation-- }},
		"the board is dead":   {reason: "board_dead", spoil: func(r *rig, _ *models.RemoteGrant) { r.do(cabinet.BoardChanged{Board: "A", Cells: []int{1}}) }},
		"a client has it now": {reason: "busy", spoil: func(r *rig, _ *models.RemoteGrant) { r.keyIn(r.code("shp_1")); r.lead() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := remoteRig(t)
			g := r.grant(1)
			if c.spoil != nil {
				c.spoil(r, &g)
			}
			n, by := len(r.pulses), signer()
			if c.by != nil {
				by = *c.by
			}
			command := signed(t, by, g)
			if c.change != nil {
				c.change(&command)
			}
			r.do(cabinet.Command{Command: command})
			r.refusedWith(c.reason, n)
		})
	}
}

// TestRemoteOpeningIsForOneSession: a recorded grant is worth nothing on the next stream.
func TestRemoteOpeningIsForOneSession(t *testing.T) {
	t.Parallel()
	r := remoteRig(t)
	g := r.grant(1)
	r.connect("nonce-2")
	r.order(g)
	r.refusedWith("not_this_session", 1)
	r.do(cabinet.LinkDown{})
	g.Nonce = ""
	r.order(g)
	r.refusedWith("not_this_session", 1)
}

// TestRemoteOpeningExpiresByUptime: setting the clock back lengthens nothing.
func TestRemoteOpeningExpiresByUptime(t *testing.T) {
	t.Parallel()
	r := remoteRig(t)
	g := r.grant(1)
	r.wait(31_000)
	r.now.WallMS -= 40 * 24 * 3_600_000
	r.order(g)
	r.refusedWith("expired", 1)
}

func TestRemoteOpeningsAnHour(t *testing.T) {
	t.Parallel()
	r := remoteRig(t)
	opened := func(cell int) {
		t.Helper()
		n := len(r.pulses)
		r.order(r.grant(cell))
		require.Len(t, r.pulses, n+1)
		r.open(cell)
		r.close(cell)
		r.wait(1000)
	}
	for i := range protocol.RemoteAnHour {
		opened(i%5 + 1)
	}
	n := len(r.pulses)
	r.order(r.grant(1))
	r.refusedWith("too_many_openings", n)
	// Neither a restart nor a new boot gives new ones.
	r.now.UptimeMS = 5
	r.do(cabinet.Started{Boot: "boot-2"})
	r.do(cabinet.TrustInstalled{Signers: []models.SignerKey{signer().Public()}})
	r.connect("nonce-2")
	r.order(r.grant(1))
	r.refusedWith("too_many_openings", n)
	r.wait(hour)
	r.connect("nonce-3")
	opened(1)
}

const hour = 3_600_000

func TestRemoteOpeningsAtOnce(t *testing.T) {
	t.Parallel()
	r := remoteRig(t)
	for cell := 1; cell <= protocol.DoorsAtOnce; cell++ {
		r.order(r.grant(cell))
		r.open(cell)
		r.wait(1000)
	}
	n := len(r.pulses)
	r.order(r.grant(5))
	r.refusedWith("too_many_doors", n)
	require.Equal(t, protocol.DoorsAtOnce, len(r.screen().OpenDoors), fmt.Sprint(r.screen().OpenDoors))
}
