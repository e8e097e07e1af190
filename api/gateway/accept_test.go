package gateway_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/models"
)

// byOperator has somebody accept the computers of a cabinet.
func (n *network) byOperator(t *testing.T, l models.LockerID) {
	t.Helper()
	by := models.AcceptOperator
	_, err := n.UpdateLocker(t.Context(), models.Request{}, l, models.LockerUpdate{Acceptance: &by})
	require.NoError(t, err)
}

func (n *network) waiting(t *testing.T, l models.LockerID) []models.Enrolment {
	t.Helper()
	found, err := n.Enrolments(t.Context(), models.EnrolmentQuery{Page: models.Page{Limit: 20}, State: models.EnrolmentWaiting, Locker: l})
	require.NoError(t, err)
	return found
}

// TestAnOperatorAccepts: a claim alone gives nothing; the one that was accepted gets the
// cabinet, and whoever else has the claim does not.
func TestAnOperatorAccepts(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		l := n.newLocker(t)
		n.byOperator(t, l)
		claim := n.newClaim(t, l)
		right, thief, other := &computer{n: n, locker: l, key: newKey(t)}, &computer{n: n, locker: l, key: newKey(t)}, &computer{n: n, locker: l, key: newKey(t)}
		ask := func(c *computer) protocol.EnrollRequest {
			return protocol.EnrollRequest{Claim: claim, CSR: csr(t, c.key)}
		}
		for _, c := range []*computer{right, thief, other, right} {
			c.refused(t, "POST", protocol.PathEnroll, ask(c), models.CodeEnrolmentPending)
		}
		list := n.waiting(t, l)
		require.Len(t, list, 3, "each once")
		of := map[string]models.Enrolment{}
		for _, e := range list {
			of[e.PublicKeyHash] = e
			require.Equal(t, "127.0.0.1", e.Address)
		}
		named := func(c *computer) models.Enrolment {
			hash, err := models.PublicKeyHash(&c.key.PublicKey)
			require.NoError(t, err)
			return of[hash]
		}
		require.NotEqual(t, named(right).Fingerprint(), named(thief).Fingerprint())
		_, err := n.DecideEnrolment(t.Context(), models.Request{}, named(thief).ID, false, "nobody is there")
		require.NoError(t, err)
		_, err = n.DecideEnrolment(t.Context(), models.Request{}, named(thief).ID, true, "")
		require.Equal(t, models.CodeInvalidState, models.ErrorCode(err), "decided is decided")
		thief.refused(t, "POST", protocol.PathEnroll, ask(thief), models.CodeEnrolmentRefused)
		_, err = n.DecideEnrolment(t.Context(), models.Request{}, named(right).ID, true, "")
		require.NoError(t, err)
		status, body := right.post(t, protocol.PathEnroll, ask(right))
		require.Equal(t, 200, status, "%s", body)
		right.take(t, body)
		right.connect(t)
		thief.refused(t, "POST", protocol.PathEnroll, ask(thief), models.CodeClaimUsed)
		other.refused(t, "POST", protocol.PathEnroll, ask(other), models.CodeClaimUsed)
		require.Empty(t, n.waiting(t, l), "nobody else waits any more")

		// Who has no claim gets on no list.
		stranger := &computer{n: n, locker: l, key: newKey(t)}
		stranger.refused(t, "POST", protocol.PathEnroll, protocol.EnrollRequest{Claim: "0000-0000-0000-0000-0000-0000-00", CSR: csr(t, stranger.key)}, models.CodeClaimUnknown)
		require.Empty(t, n.waiting(t, l))
	})
}

// TestAWorkerAsksItself: what a gateway lets through is not signed without a person's word.
func TestAWorkerAsksItself(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		l := n.newLocker(t)
		n.byOperator(t, l)
		hash, _ := models.HashClaim(n.newClaim(t, l))
		_, err := directEngine{n}.Enroll(t.Context(), models.EnrollInput{ClaimHash: hash, CSR: csr(t, newKey(t))})
		require.Equal(t, models.CodeEnrolmentPending, models.ErrorCode(err))

		dark := n.enrolled(t)
		dark.expire(t, time.Hour)
		n.byOperator(t, dark.locker)
		_, err = directEngine{n}.Enroll(t.Context(), models.EnrollInput{Locker: dark.locker, Serial: models.SerialText(dark.leaf(t).SerialNumber), CSR: csr(t, newKey(t))})
		require.Equal(t, models.CodeEnrolmentPending, models.ErrorCode(err))
	})
}

// TestBackFromTheDark: a cabinet whose certificate ended while it was dark comes back by its
// own key, where that is the rule once somebody has accepted it. A copy of a key that the
// cabinet has left does not.
func TestBackFromTheDark(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		c := n.enrolled(t)
		c.expire(t, 30*24*time.Hour)
		old := *c
		n.byOperator(t, c.locker)
		next := newKey(t)
		renewal := protocol.EnrollRequest{CSR: csr(t, next)}
		c.refused(t, "POST", protocol.PathRenew, renewal, models.CodeEnrolmentPending)
		list := n.waiting(t, c.locker)
		require.Len(t, list, 1)
		require.Equal(t, models.SerialText(c.leaf(t).SerialNumber), list[0].Serial)
		_, err := n.DecideEnrolment(t.Context(), models.Request{}, list[0].ID, true, "")
		require.NoError(t, err)
		status, body := c.post(t, protocol.PathRenew, renewal)
		require.Equal(t, 200, status, "%s", body)
		c.key = next
		c.take(t, body)
		c.connect(t)
		old.refused(t, "POST", protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, newKey(t))}, models.CodeCertificateExpired)
		require.Empty(t, n.waiting(t, c.locker), "and it is on no list")

		// A certificate that has not ended is renewed without a word.
		status, body = c.post(t, protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, newKey(t))})
		require.Equal(t, 200, status, "%s", body)
	})
}

// TestANewComputerInAnOldCabinet: it begins a new epoch, knows what should be in the cells,
// and the old computer is out for good: its stream, its calls, its renewals and its facts.
func TestANewComputerInAnOldCabinet(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		first := n.enrolled(t)
		first.boot = "boot-a"
		live := first.connect(t)
		status, body := first.post(t, protocol.PathJournal, protocol.JournalRequest{Facts: first.facts(3)})
		require.Equal(t, 200, status, "%s", body)

		second := &computer{n: n, locker: first.locker, key: newKey(t), boot: "boot-b"}
		status, body = second.post(t, protocol.PathEnroll, protocol.EnrollRequest{Claim: n.newClaim(t, first.locker), CSR: csr(t, second.key)})
		require.Equal(t, 200, status, "%s", body)
		second.take(t, body)
		require.Equal(t, 1008, int(live.closed()), "the old computer's stream is cut")

		d, err := second.dial(t)
		require.NoError(t, err)
		d.send(protocol.TypeHello, second.hello())
		var epoch protocol.NewEpoch
		d.expect(protocol.TypeNewEpoch, &epoch)
		require.EqualValues(t, 2, epoch.Epoch)
		status, body = second.do(t, "GET", protocol.PathSnapshot, nil)
		require.Equal(t, 200, status)
		require.Contains(t, string(body), `"epoch":1,"seq":3`, "what the old one told is where the new one begins")
		inventory := models.Fact{Epoch: epoch.Epoch, Seq: 1, Boot: second.boot, Type: models.FactInventory, Data: []byte(`{}`)}
		inventory.Hash = inventory.ComputeHash()
		status, body = second.post(t, protocol.PathJournal, protocol.JournalRequest{Facts: []models.Fact{inventory}})
		require.Equal(t, 200, status, "%s", body)

		// The old computer was in a drawer, and somebody plugs it in.
		for _, call := range []struct {
			method, path string
			body         any
		}{
			{"GET", protocol.PathStream, nil}, {"GET", protocol.PathDirectory, nil},
			{"POST", protocol.PathJournal, protocol.JournalRequest{Facts: first.facts(1)}},
			{"POST", protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, newKey(t))}},
		} {
			first.refused(t, call.method, call.path, call.body, models.CodeCertificateRevoked)
		}
		first.refused(t, "POST", protocol.PathEnroll, protocol.EnrollRequest{Claim: n.claims[0], CSR: csr(t, first.key)}, models.CodeClaimUnknown)
		head, err := n.Head(t.Context(), first.locker)
		require.NoError(t, err)
		require.Equal(t, []int64{2, 1}, []int64{head.Epoch, head.Seq})
		incidents, err := n.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 9}, Locker: first.locker, Kind: models.IncidentCloned})
		require.NoError(t, err)
		require.Empty(t, incidents, "a replacement is no clone")
	})
}
