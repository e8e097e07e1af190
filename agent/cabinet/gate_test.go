package cabinet_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// gated is a cabinet online with a gate.
func gated(t *testing.T) *rig {
	t.Helper()
	r := newRig(t).furnish(models.SizeS, models.SizeS).relays(models.OutputGate)
	r.session("nonce-1")
	return r
}

// gate is a grant for the gate that holds as things are.
func (r *rig) gate(op models.OperationID) models.RemoteGrant {
	g := r.granted(op, 1)
	g.Cell, g.Generation, g.Purpose = 0, 0, models.PurposeOpenGate
	return g
}

// orderGate has a command carry a grant to the gate: it names no cell, whatever the grant says.
func (r *rig) orderGate(id string, g models.RemoteGrant, by models.Signer) {
	r.t.Helper()
	c := remote(r.t, id, g, by)
	c.Open.Cells = nil
	r.do(c)
}

func (r *rig) openGate(op models.OperationID) {
	r.t.Helper()
	r.orderGate("cmd-"+string(op), r.gate(op), signer())
}

// TestTheGateWithoutRight is the worst that may happen: no grant but one for the gate pulses it,
// and one for the gate opens no cell.
func TestTheGateWithoutRight(t *testing.T) {
	t.Parallel()
	r := gated(t)
	evil := signer()
	evil.Key = append([]byte{}, evil.Key...)
	evil.Key[0] ^= 1
	for name, c := range map[string]struct {
		change func(g *models.RemoteGrant)
		by     models.Signer
		reason string
	}{
		"forged":          {func(*models.RemoteGrant) {}, evil, "signature"},
		"of a door":       {func(g *models.RemoteGrant) { g.Purpose, g.Cell = models.PurposeHelp, 1 }, signer(), "not_as_signed"},
		"of no door":      {func(g *models.RemoteGrant) { g.Purpose = models.PurposeHelp }, signer(), "not_as_signed"},
		"with a cell":     {func(g *models.RemoteGrant) { g.Cell = 1 }, signer(), "cell"},
		"another session": {func(g *models.RemoteGrant) { g.Nonce = "nonce-0" }, signer(), "session"},
		"another cabinet": {func(g *models.RemoteGrant) { g.Locker = "lkr_2" }, signer(), "locker"},
		"another epoch":   {func(g *models.RemoteGrant) { g.Epoch++ }, signer(), "epoch"},
		"over":            {func(g *models.RemoteGrant) { g.NotAfterMS = serverMS - 1 }, signer(), "expired"},
		"for too long":    {func(g *models.RemoteGrant) { g.NotAfterMS += 3600_000 }, signer(), "too_long"},
	} {
		g := r.gate(models.OperationID("op_" + name))
		c.change(&g)
		r.orderGate("cmd-"+name, g, c.by)
		require.Empty(t, r.drives, name)
		require.Equal(t, models.OpenResult{Outcome: models.Refused, Reason: c.reason}, r.lastResult().Result, name)
	}
	g := r.gate("op_cell")
	r.openRemotely(g) // its command names cell 0
	require.Equal(t, "not_as_signed", r.lastResult().Result.Reason)
	g.Cell = 1
	r.openRemotely(g)
	require.Equal(t, "not_as_signed", r.lastResult().Result.Reason)
	require.Empty(t, r.drives)
	require.Empty(t, r.pulses)
}

// TestTheGateOpens: one pulse for an order, however often it comes, and a fact of it. The screen
// and the cells have no part in it.
func TestTheGateOpens(t *testing.T) {
	t.Parallel()
	r := gated(t)
	before := r.screen()
	r.openGate("op_gate")
	require.Equal(t, []cabinet.Drive{{Output: models.OutputGate, ForMS: 1000, Operation: "op_gate"}}, r.drives)
	require.Empty(t, r.results(), "its relay has not said that it took it")
	r.orderGate("cmd-again", r.gate("op_gate"), signer())
	require.Len(t, r.drives, 1)
	r.openGate("op_second")
	require.Equal(t, "busy", r.lastResult().Result.Reason)
	r.driven()
	f, data := r.lastFact(models.FactOutput)
	require.Equal(t, models.FactData{Device: "relay-gate", Reason: models.PurposeOpenGate}, data)
	require.Equal(t, models.OperationID("op_gate"), f.Operation)
	require.Zero(t, f.Cell)
	told := r.results()
	require.Len(t, told, 3)
	for i, id := range []string{"cmd-op_gate", "cmd-again"} {
		require.Equal(t, id, told[i+1].ID)
		require.Equal(t, models.OpenResult{Outcome: models.Opened}, told[i+1].Result)
		require.Equal(t, f.Seq, told[i+1].Seq)
	}
	r.orderGate("cmd-third", r.gate("op_gate"), signer())
	require.Empty(t, r.drives, "carried out once")
	require.Equal(t, models.Opened, r.lastResult().Result.Outcome)
	require.Equal(t, before, r.screen())
	require.Empty(t, r.pulses)
	r.openRemotely(r.granted("op_gate", 1))
	require.Equal(t, "operation", r.lastResult().Result.Reason, "its id opens nothing else")
	r.openRemotely(r.granted("op_door", 1))
	require.Len(t, r.pulses, 1)
	r.openGate("op_door")
	require.Equal(t, "operation", r.lastResult().Result.Reason)
}

// TestTheGatesBudget: twelve an hour, over starts of the program too, and none of the doors'.
func TestTheGatesBudget(t *testing.T) {
	t.Parallel()
	r := gated(t)
	for i := range 12 {
		r.openGate(models.OperationID(fmt.Sprint("op_", i)))
		require.Len(t, r.driven(), 1)
		r.wait(1000)
	}
	r.now.UptimeMS = 0
	r.do(cabinet.Started{Boot: "boot-2"})
	r.relays(models.OutputGate)
	r.session("nonce-2")
	r.openGate("op_more")
	require.Equal(t, "limit", r.lastResult().Result.Reason)
	require.Empty(t, r.drives)
	r.openRemotely(r.granted("op_door", 1))
	require.Len(t, r.pulses, 1, "doors are counted apart")
	r.wait(3600_001)
	r.session("nonce-3")
	r.openGate("op_later")
	require.Len(t, r.driven(), 1)
	require.Len(t, r.state.Gates, 1, "what counts no more is forgotten")
}

// TestTheGateIsNeverPulsedTwice: whatever its relay, the program or the line does in the middle.
func TestTheGateIsNeverPulsedTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(r *rig)
		want    models.OpenResult
	}{
		"its relay is not told": {func(r *rig) { r.do(cabinet.OutputDriven{Drive: r.drives[0]}) }, models.OpenResult{Outcome: models.NotOpened, Reason: "not_taken"}},
		"its relay is silent":   {func(r *rig) { r.do(cabinet.OutputDriven{Drive: r.drives[0], Unsure: true}) }, models.OpenResult{Outcome: models.Unknown, Reason: "not_sure"}},
		"nothing is heard":      {func(r *rig) { r.wait(7000) }, models.OpenResult{Outcome: models.Unknown, Reason: "not_sure"}},
		"a power cut": {func(r *rig) {
			r.now.UptimeMS = 5
			r.do(cabinet.Started{Boot: "boot-2"})
			r.relays(models.OutputGate)
			r.session("nonce-2")
		}, models.OpenResult{Outcome: models.Unknown, Reason: "interrupted"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := gated(t)
			r.openGate("op_gate")
			c.happens(r)
			f, data := r.lastFact(models.FactOperationDone)
			require.Equal(t, models.OperationID("op_gate"), f.Operation)
			require.Equal(t, c.want.Reason, data.Reason)
			r.orderGate("cmd-again", r.gate("op_gate"), signer())
			require.Equal(t, c.want, r.lastResult().Result)
			require.Len(t, r.drives, 1)
			r.driven()
			require.Equal(t, c.want, *r.state.Gates[0].Result, "a late word changes nothing")
		})
	}
}

// TestNoGate: a cabinet without one, or whose relay does not answer, says so.
func TestNoGate(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.session("nonce-1")
	r.openGate("op_1")
	require.Equal(t, "no_gate", r.lastResult().Result.Reason)
	r.relays(models.OutputGate)
	r.do(cabinet.OutputChanged{Output: models.OutputGate})
	r.openGate("op_2")
	require.Equal(t, "no_gate", r.lastResult().Result.Reason)
	require.Empty(t, r.drives)
}
