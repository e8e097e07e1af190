package gateway_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/api/gateway"
	"cubby/models"
)

// TestRemoteOpening: the grant goes to the cabinet as it was signed, in the session that it names.
func TestRemoteOpening(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cabinets.takeIn = func([]models.Fact) (models.Head, error) { return models.Head{Epoch: 4, Seq: 1}, nil }
	in := models.RemoteOpenCommand{
		Open:   models.OpenInput{Locker: w.locker, Operation: "op_1", Kind: models.RemoteOpen, Cells: []models.OpenCell{{Cell: 2}}},
		Signed: models.SignedRemote{Grant: []byte(`{"cell": 2}`), Signer: "signer-1", Signature: []byte{1, 2}},
	}
	_, err := w.gateway.Session(t.Context(), w.locker)
	require.True(t, gateway.IsNotHere(err))
	_, err = w.gateway.OpenRemotely(t.Context(), in)
	require.True(t, gateway.IsNotHere(err))

	d := w.connect(t)
	epoch := func() int64 {
		s, err := w.gateway.Session(t.Context(), w.locker)
		require.NoError(t, err)
		require.Equal(t, "n", s.Nonce)
		return s.Epoch
	}
	require.Zero(t, epoch())
	d.send(protocol.TypeHeartbeat, protocol.Heartbeat{Epoch: 3})
	require.Eventually(t, func() bool { return epoch() == 3 }, 10*time.Second, time.Millisecond)
	d.send(protocol.TypeHeartbeat, protocol.Heartbeat{Epoch: 2})
	d.send("flush", struct{}{})
	d.expect(protocol.TypeError, nil)
	require.Equal(t, int64(3), epoch(), "epochs only rise")
	status, _, _ := w.call(t, "POST", protocol.PathJournal, "application/json", journalBody(t, fact(1)))
	require.Equal(t, 200, status)
	require.Equal(t, int64(4), epoch(), "the journal says it sooner than a heartbeat")

	opened := make(chan models.OpenResult, 1)
	go func() {
		res, _ := w.gateway.OpenRemotely(t.Context(), in)
		opened <- res
	}()
	var c protocol.Command
	d.expect(protocol.TypeCommand, &c)
	require.Equal(t, in.Open, c.Open)
	require.Equal(t, &protocol.RemoteOpening{Grant: in.Signed.Grant, Signer: "signer-1", Signature: []byte{1, 2}}, c.Remote)
	d.send(protocol.TypeResult, protocol.Result{ID: c.ID, Operation: "op_1", Result: models.OpenResult{Outcome: models.Refused, Reason: "busy"}})
	require.Equal(t, models.OpenResult{Outcome: models.Refused, Reason: "busy"}, <-opened)
}
