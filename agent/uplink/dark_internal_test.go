package uplink

import (
	"crypto/ecdsa"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/agent/uplink/gatewaytest"
	"cubby/models"
)

// TestDarkWithAStoppedClock: a cabinet stood dark until its certificate had ended, and its
// clock with it. It takes the server's word for it, renews, and comes back; while somebody
// has to accept it, it goes on asking with one key.
func TestDarkWithAStoppedClock(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	cfg := config(t, g)
	went := time.Now()
	cfg.Time = func() (time.Time, models.ClockQuality) { return went, models.ClockGuessed }
	r := newRigAt(t, g, cfg)
	var renewals atomic.Int64
	g.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		switch {
		case req.URL.Path == protocol.PathRenew && renewals.Add(1) < 3:
			gatewaytest.Refuse(w, http.StatusForbidden, models.Errorf(models.CodeEnrolmentPending, "Somebody has to accept it."))
		case req.URL.Path == protocol.PathStream && renewals.Load() < 3:
			gatewaytest.Refuse(w, http.StatusUnauthorized, models.Errorf(models.CodeCertificateExpired, "It has ended."))
		default:
			serve.ServeHTTP(w, req)
		}
	})
	before := *r.current()
	key, err := pendingKey(r.Dir, true)
	require.NoError(t, err)
	r.run()
	r.eventually(func() bool { return !r.current().leaf.Equal(before.leaf) }, "it has another certificate")
	r.online()
	after, err := LoadIdentity(r.Dir)
	require.NoError(t, err)
	require.True(t, after.leaf.Equal(r.current().leaf))
	require.True(t, key.Equal(after.certificate.PrivateKey), "it asked with one key")
	require.EqualValues(t, 3, renewals.Load(), "and no more once it had it")
}

// TestPendingEnrolment: the computer is told what to show, and a later try comes with the same key.
func TestPendingEnrolment(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	cfg := config(t, g)
	claim := g.Claim(locker)
	g.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Retry-After", "7")
		gatewaytest.Refuse(w, http.StatusForbidden, models.Errorf(models.CodeEnrolmentPending, "Somebody has to accept it."))
	})
	_, err := Enroll(t.Context(), cfg, claim)
	var pending *PendingError
	require.ErrorAs(t, err, &pending)
	require.Equal(t, 7*time.Second, pending.Wait)
	g.Intercept(nil)
	id, err := Enroll(t.Context(), cfg, claim)
	require.NoError(t, err)
	hash, err := models.PublicKeyHash(id.leaf.PublicKey.(*ecdsa.PublicKey))
	require.NoError(t, err)
	require.Equal(t, models.Fingerprint(hash), pending.Fingerprint)
	require.Regexp(t, `^([0-9A-Z]{4}-){2}[0-9A-Z]{4}$`, pending.Fingerprint)
}
