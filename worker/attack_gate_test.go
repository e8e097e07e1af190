package worker_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/activities"
	"cubby/agent/cabinet"
	"cubby/models"
	"cubby/worker"
)

// gate gives a victim a gate, and says when it is pulsed.
func (v *victim) gate() *[]int64 {
	v.t.Helper()
	v.do(cabinet.OutputChanged{Output: models.OutputGate, Up: true})
	return &v.gates
}

// orderGate has a command that names no cell carry a grant.
func (v *victim) orderGate(g models.RemoteGrant, raw []byte, signer string, signature []byte) {
	v.t.Helper()
	c := carried(g, raw, signer, signature)
	c.Open.Cells = nil
	v.do(cabinet.Command{Command: c})
}

// wantsGate is the grant that would open the gate now.
func (v *victim) wantsGate(op string) models.RemoteGrant {
	g := v.wants(op, 1)
	g.Cell, g.Generation, g.Purpose = 0, 0, models.PurposeOpenGate
	return g
}

// TestAttackOnTheGates: what was signed for a door opens no gate; whoever has the worker sign for
// gates gets no more than their own budget, and has the doors' untouched; and with the key itself
// each gate opens twelve times an hour at most.
func TestAttackOnTheGates(t *testing.T) {
	t.Parallel()
	signer := attackSigner(1, "signer-1")
	clock := time.UnixMilli(attackBegan)
	now := func() time.Time { return clock }
	limits := models.DefaultRemoteLimits()
	s := &activities.Signing{
		Signer: signer, Alarms: &attackAlarms{now: now}, Logger: slog.New(slog.DiscardHandler), Now: now,
		Budget: &worker.BudgetFile{Path: filepath.Join(t.TempDir(), "budget.json"), Limits: limits, Now: now},
	}
	const cabinets = 40
	signed, byKey := 0, 0
	for i := range cabinets {
		v := newVictim(t, i, signer.Public())
		pulsed := v.gate()
		door := v.wants(fmt.Sprint("op_door_", i), 1)
		raw, signature, err := signer.SignRemote(door)
		require.NoError(t, err)
		v.orderGate(door, raw, signer.ID, signature)
		require.Empty(t, *pulsed, "what was signed for a door")

		g := v.wantsGate(fmt.Sprint("op_gate_", i))
		res, err := s.SignRemote(t.Context(), models.SignRemoteInput{
			By: fmt.Sprint("stf_", i), Locker: g.Locker, Epoch: g.Epoch, Nonce: g.Nonce, Purpose: g.Purpose, Operation: g.Operation,
		})
		require.NoError(t, err)
		if res.Refused == "" {
			v.orderGate(g, res.Grant, res.Signer, res.Signature)
			signed += len(*pulsed)
		}

		for round := range 400 { // a little more than an hour, an order every ten seconds
			g := v.wantsGate(fmt.Sprint("op_key_", round))
			raw, signature, err := signer.SignRemote(g)
			require.NoError(t, err)
			v.orderGate(g, raw, signer.ID, signature)
			v.pass(10 * time.Second)
		}
		byKey = len(*pulsed)
		for n := range *pulsed {
			if n+12 < byKey {
				require.GreaterOrEqual(t, (*pulsed)[n+12]-(*pulsed)[n], time.Hour.Milliseconds())
			}
		}
		require.Empty(t, v.driven, "no door has moved")
	}
	require.Equal(t, limits.PerMinute, signed)
	require.Greater(t, byKey, 12, "the attack must be able to succeed up to the budget, or it shows nothing")
	res, err := s.SignRemote(t.Context(), models.SignRemoteInput{By: "stf_1", Locker: "lkr_1", Cell: 1, Purpose: models.PurposeHelp, Operation: "op_1"})
	require.NoError(t, err)
	require.Empty(t, res.Refused, "the doors' budget is not touched")
}
