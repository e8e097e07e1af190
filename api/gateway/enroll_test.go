package gateway_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/models"
)

func TestEnrolment(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		c := &computer{n: n, locker: n.newLocker(t), key: newKey(t)}
		claim := n.newClaim(t, c.locker)
		// As it is typed: without hyphens, small, with spaces.
		typed := " " + strings.ToLower(strings.ReplaceAll(claim, "-", "")) + " "
		status, body := c.post(t, protocol.PathEnroll, protocol.EnrollRequest{Claim: typed, CSR: csr(t, c.key)})
		require.Equal(t, 200, status, "%s", body)
		reply := c.take(t, body)
		require.Equal(t, []models.SignerKey{n.cabinet.Signers[0].Public()}, reply.Signers)

		leaf := c.leaf(t)
		require.Equal(t, []*url.URL{{Scheme: "spiffe", Host: "cubby", Path: "/locker/" + string(c.locker)}}, leaf.URIs)
		require.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, leaf.ExtKeyUsage)
		require.Equal(t, 46*24*time.Hour, leaf.NotAfter.Sub(leaf.NotBefore))
		require.WithinDuration(t, time.Now().Add(45*24*time.Hour), leaf.NotAfter, time.Minute)
		require.Equal(t, 127, leaf.SerialNumber.BitLen())
		require.True(t, c.key.PublicKey.Equal(leaf.PublicKey))
		require.NotContains(t, leaf.Subject.String(), "i_want_to_be", "the request's subject is not read")

		private, err := c.key.ECDH()
		require.NoError(t, err)
		key, err := models.OpenCabinetKey(reply.Sealed, c.locker, private)
		require.NoError(t, err)
		want, err := models.DeriveCabinetKey(n.master, c.locker, reply.KeyVersion)
		require.NoError(t, err)
		require.Equal(t, want, key)
		stranger, err := ecdh.P256().GenerateKey(rand.Reader)
		require.NoError(t, err)
		_, err = models.OpenCabinetKey(reply.Sealed, c.locker, stranger)
		require.Error(t, err)

		// The answer was lost: a new request of the same key gets the same certificate.
		_, again := c.post(t, protocol.PathEnroll, protocol.EnrollRequest{Claim: claim, CSR: csr(t, c.key)})
		before := c.certificate
		c.take(t, again)
		require.Equal(t, before.Certificate, c.certificate.Certificate)

		c.connect(t)
		view, err := n.Locker(t.Context(), c.locker)
		require.NoError(t, err)
		require.True(t, view.Link.Online)
		require.Equal(t, leaf.NotAfter, *view.Link.CertificateUntil)
		for _, secret := range []string{claim, strings.ReplaceAll(claim, "-", ""), strings.TrimSpace(typed)} {
			require.NotContains(t, n.log.String(), secret)
		}
	})
}

// TestManyComputersOneClaim: one of them gets the cabinet, over real TLS.
func TestManyComputersOneClaim(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		l := n.newLocker(t)
		claim := n.newClaim(t, l)
		const computers = 6
		statuses := make([]int, computers)
		var wg sync.WaitGroup
		for i := range computers {
			c := &computer{n: n, locker: l, key: newKey(t)}
			request := protocol.EnrollRequest{Claim: claim, CSR: csr(t, c.key)}
			wg.Go(func() { statuses[i], _ = c.post(t, protocol.PathEnroll, request) })
		}
		wg.Wait()
		won := 0
		for _, status := range statuses {
			if status == 200 {
				won++
			} else {
				require.Equal(t, 401, status)
			}
		}
		require.Equal(t, 1, won)
	})
}

func TestEnrolmentRefused(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		l := n.newLocker(t)
		claim := n.newClaim(t, l)
		fresh := &computer{n: n, locker: l, key: newKey(t)}
		p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		require.NoError(t, err)
		large, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		forged := csr(t, fresh.key)
		forged[len(forged)-1] ^= 1
		for _, c := range []struct {
			name    string
			request protocol.EnrollRequest
			code    models.Code
		}{
			{"another curve", protocol.EnrollRequest{Claim: claim, CSR: csr(t, p384)}, models.CodeInvalid},
			{"RSA", protocol.EnrollRequest{Claim: claim, CSR: csr(t, large)}, models.CodeInvalid},
			{"a bad signature", protocol.EnrollRequest{Claim: claim, CSR: forged}, models.CodeInvalid},
			{"no request", protocol.EnrollRequest{Claim: claim, CSR: []byte("x")}, models.CodeInvalid},
			{"a wrong claim", protocol.EnrollRequest{Claim: "0000-0000-0000-0000-0000-0000-00", CSR: csr(t, fresh.key)}, models.CodeClaimUnknown},
			{"no claim", protocol.EnrollRequest{CSR: csr(t, fresh.key)}, models.CodeClaimUnknown},
			{"an endless claim", protocol.EnrollRequest{Claim: strings.Repeat("0", 10_000), CSR: csr(t, fresh.key)}, models.CodeClaimUnknown},
			{"too much", protocol.EnrollRequest{Claim: claim, CSR: make([]byte, 20_000)}, models.CodeTooLarge},
		} {
			fresh.refused(t, "POST", protocol.PathEnroll, c.request, c.code)
			require.Contains(t, n.log.String(), `"reason":"`+string(c.code)+`"`, c.name)
		}
		n.ahead.Add(int64(models.ClaimLife))
		fresh.refused(t, "POST", protocol.PathEnroll, protocol.EnrollRequest{Claim: claim, CSR: csr(t, fresh.key)}, models.CodeClaimExpired)
		// So many from one address, and then it waits: with a good claim too.
		n.ahead.Store(0)
		for range 30 {
			fresh.post(t, protocol.PathEnroll, protocol.EnrollRequest{})
		}
		fresh.refused(t, "POST", protocol.PathEnroll, protocol.EnrollRequest{Claim: claim, CSR: csr(t, fresh.key)}, models.CodeTooMany)
		require.Contains(t, n.log.String(), `"reason":"too_many_requests"`)
		require.NotContains(t, n.log.String(), claim)
	})
}

func TestRenewal(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		c := n.enrolled(t)
		old := *c
		next := newKey(t)
		c.refused(t, "POST", protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, c.key)}, models.CodeKeyUsed)
		status, body := c.post(t, protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, next)})
		require.Equal(t, 200, status, "%s", body)
		c.key = next
		c.take(t, body)
		require.NotEqual(t, old.leaf(t).SerialNumber, c.leaf(t).SerialNumber)
		_, body = old.post(t, protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, next)})
		repeat := *c
		repeat.take(t, body)
		require.Equal(t, c.certificate.Certificate, repeat.certificate.Certificate)
		c.connect(t)
		status, _ = old.do(t, "GET", protocol.PathDirectory, nil)
		require.Equal(t, 200, status, "the old certificate counts until its end")

		bare := &computer{n: n, locker: c.locker}
		bare.refused(t, "POST", protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, newKey(t))}, models.CodeUnauthorized)
	})
}

// expire gives the computer a certificate that ended some time ago.
func (c *computer) expire(t *testing.T, ago time.Duration) {
	t.Helper()
	c.key = newKey(t)
	hash, err := models.PublicKeyHash(&c.key.PublicKey)
	require.NoError(t, err)
	claim, _ := models.HashClaim(c.n.newClaim(t, c.locker))
	then := time.Now().Add(-models.CertificateLife - ago)
	made, err := c.n.Store.Enroll(t.Context(), claim, hash, func(l models.LockerID) (models.Certificate, error) {
		return c.n.cabinet.Authority.Sign(l, &c.key.PublicKey, hash, then, rand.Reader)
	})
	require.NoError(t, err)
	c.certificate.Certificate, c.certificate.PrivateKey = [][]byte{made.DER}, c.key
}

func TestExpired(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		c := n.enrolled(t)
		c.expire(t, 179*24*time.Hour)
		c.refused(t, "GET", protocol.PathDirectory, nil, models.CodeCertificateExpired)
		_, err := c.dial(t)
		require.Error(t, err)
		next := newKey(t)
		status, body := c.post(t, protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, next)})
		require.Equal(t, 200, status, "a winter in the dark: %s", body)
		c.key = next
		c.take(t, body)
		c.connect(t)

		late := n.enrolled(t)
		late.expire(t, 181*24*time.Hour)
		late.refused(t, "POST", protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, newKey(t))}, models.CodeCertificateExpired)
	})
}

func TestRevocation(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		stolen, bystander := n.enrolled(t), n.enrolled(t)
		live, other := stolen.connect(t), bystander.connect(t)
		revoked, err := n.RevokeCertificates(t.Context(), models.Request{}, stolen.locker, "stolen")
		require.NoError(t, err)
		require.Equal(t, 1, revoked)
		require.Equal(t, websocket.StatusPolicyViolation, live.closed(), "the live socket is cut")
		for _, call := range []struct{ method, path string }{
			{"GET", protocol.PathDirectory}, {"GET", protocol.PathSnapshot}, {"GET", protocol.PathStream},
			{"POST", protocol.PathJournal}, {"POST", protocol.PathRenew},
		} {
			stolen.refused(t, call.method, call.path, protocol.EnrollRequest{CSR: csr(t, newKey(t))}, models.CodeCertificateRevoked)
		}
		require.Contains(t, n.log.String(), `"reason":"certificate_revoked"`)
		require.Eventually(t, func() bool {
			view, err := n.Locker(t.Context(), stolen.locker)
			return err == nil && !view.Link.Online && view.Link.CertificateUntil == nil
		}, 5*time.Second, 5*time.Millisecond)
		other.send("flush", struct{}{})
		other.until(protocol.TypeError, nil)

		// Another computer takes the cabinet over while the one before is connected.
		successor := &computer{n: n, locker: bystander.locker, key: newKey(t)}
		status, body := successor.post(t, protocol.PathEnroll, protocol.EnrollRequest{Claim: n.newClaim(t, bystander.locker), CSR: csr(t, successor.key)})
		require.Equal(t, 200, status, "%s", body)
		successor.take(t, body)
		require.Equal(t, websocket.StatusPolicyViolation, other.closed())
		successor.connect(t)
	})
}
