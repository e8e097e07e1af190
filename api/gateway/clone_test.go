package gateway_test

import (
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/models"
)

// copied is another computer with all that a computer has: its disk was copied.
func (c *computer) copied(boot string) *computer {
	twin := *c
	twin.boot = boot
	return &twin
}

// held wants that no call of a cabinet's computers is served, and that people are told once.
func (n *network) held(t *testing.T, computers ...*computer) {
	t.Helper()
	for _, c := range computers {
		for _, call := range []struct{ method, path string }{
			{"GET", protocol.PathStream}, {"GET", protocol.PathDirectory}, {"GET", protocol.PathSnapshot}, {"POST", protocol.PathJournal}, {"POST", protocol.PathRenew},
		} {
			c.refused(t, call.method, call.path, protocol.EnrollRequest{CSR: csr(t, newKey(t))}, models.CodeCabinetCloned)
		}
	}
	incidents, err := n.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 9}, Locker: computers[0].locker, Kind: models.IncidentCloned, Open: true})
	require.NoError(t, err)
	require.Len(t, incidents, 1)
	require.Contains(t, incidents[0].Evidence, "boot-a")
	view, err := n.Locker(t.Context(), computers[0].locker)
	require.NoError(t, err)
	require.False(t, view.Link.Online)
	require.NotNil(t, view.Link.HeldSince)
}

// TestASecondComputerWhileTheFirstAnswers: neither is served, and the second one's journal
// does not get in.
func TestASecondComputerWhileTheFirstAnswers(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		first, bystander := n.enrolled(t), n.enrolled(t)
		first.boot = "boot-a"
		live := first.connect(t)
		other := bystander.connect(t)
		ended := make(chan websocket.StatusCode, 1)
		go func() { ended <- live.closed() }() // it reads, and so it answers

		twin := first.copied("boot-b")
		d, err := twin.dial(t)
		require.NoError(t, err)
		d.send(protocol.TypeHello, twin.hello())
		var p protocol.Problem
		d.expect(protocol.TypeError, &p)
		require.Equal(t, models.CodeCabinetCloned, p.Code)
		require.Equal(t, websocket.StatusPolicyViolation, <-ended, "the first one is cut too")
		n.held(t, first, twin)
		other.send("flush", struct{}{})
		other.until(protocol.TypeError, nil)

		// Somebody took the copy away.
		require.NoError(t, n.ReleaseIdentity(t.Context(), models.Request{}, first.locker, "the copy is out of the network"))
		first.connect(t)
		view, err := n.Locker(t.Context(), first.locker)
		require.NoError(t, err)
		require.True(t, view.Link.Online)
		require.Nil(t, view.Link.HeldSince)
	})
}

// TestAStartOfTheComputerIsNoClone: its old line does not answer.
func TestAStartOfTheComputerIsNoClone(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		c := n.enrolled(t)
		for _, boot := range []string{"boot-a", "boot-b", "boot-b", "boot-c"} {
			c.boot = boot
			require.NoError(t, c.connect(t).conn.CloseNow())
		}
	})
}

// TestComputersAtTwoGateways: the older stream ends where it is, and its computer's coming
// back shows that there are two.
func TestComputersAtTwoGateways(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		_, address := n.serve(t, "g2")
		first := n.enrolled(t)
		first.boot = "boot-a"
		live := first.connect(t)
		twin := first.copied("boot-b")
		twin.at = address
		twin.connect(t)
		require.Equal(t, websocket.StatusPolicyViolation, live.closed(), "two streams of a cabinet never stand side by side")
		d, err := first.dial(t)
		require.NoError(t, err)
		d.send(protocol.TypeHello, first.hello())
		var p protocol.Problem
		d.expect(protocol.TypeError, &p)
		require.Equal(t, models.CodeCabinetCloned, p.Code)
		n.held(t, first, twin)

		// A new computer takes the cabinet over: the old identity is out, and nothing is held.
		successor := &computer{n: n, locker: first.locker, key: newKey(t), boot: "boot-c"}
		status, body := successor.post(t, protocol.PathEnroll, protocol.EnrollRequest{Claim: n.newClaim(t, first.locker), CSR: csr(t, successor.key)})
		require.Equal(t, 200, status, "%s", body)
		successor.take(t, body)
		successor.connect(t)
		for _, c := range []*computer{first, twin} {
			c.refused(t, "GET", protocol.PathStream, nil, models.CodeCertificateRevoked)
		}
	})
}
