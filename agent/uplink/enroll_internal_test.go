package uplink

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/agent/uplink/gatewaytest"
	"cubby/models"
)

func TestEnrolment(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	cfg := config(t, g)
	cfg.Dir = filepath.Join(cfg.Dir, "new")
	_, err := LoadIdentity(cfg.Dir)
	require.ErrorIs(t, err, ErrNotEnrolled)

	id, err := Enroll(t.Context(), cfg, g.Claim(locker))
	require.NoError(t, err)
	require.Equal(t, locker, id.Locker)
	require.Equal(t, g.Cabinet(locker).Key(), id.Key)
	require.Len(t, id.Signers, 1)
	require.WithinDuration(t, time.Now().Add(46*24*time.Hour), id.NotAfter(), time.Minute)

	names, err := os.ReadDir(cfg.Dir)
	require.NoError(t, err)
	require.Len(t, names, 1, "nothing but the identity is left")
	info, err := os.Stat(filepath.Join(cfg.Dir, identityFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	folder, err := os.Stat(cfg.Dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), folder.Mode().Perm())
	raw, err := os.ReadFile(filepath.Join(cfg.Dir, identityFile))
	require.NoError(t, err)
	require.NotContains(t, string(raw), string(id.Key[:]), "the cabinet's key is on no disk")

	again, err := LoadIdentity(cfg.Dir)
	require.NoError(t, err)
	require.Equal(t, id, again)
}

// TestLostAnswer: the claim is used up and its answer is lost on the way. A repeat comes
// with the same key, and only so does it get the answer.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	cfg := config(t, g)
	claim := g.Claim(locker)
	g.Intercept(func(_ http.ResponseWriter, r *http.Request, serve http.Handler) {
		lost := httptest.NewRecorder()
		serve.ServeHTTP(lost, r)
		panic(http.ErrAbortHandler)
	})
	_, err := Enroll(t.Context(), cfg, claim)
	require.Error(t, err)
	_, err = LoadIdentity(cfg.Dir)
	require.ErrorIs(t, err, ErrNotEnrolled)
	info, err := os.Stat(filepath.Join(cfg.Dir, pendingFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	g.Intercept(nil)
	other := config(t, g)
	_, err = Enroll(t.Context(), other, claim)
	require.ErrorContains(t, err, "claim", "another computer has another key")
	id, err := Enroll(t.Context(), cfg, claim)
	require.NoError(t, err)
	require.Equal(t, locker, id.Locker)
}

// TestTornPendingKey: a file of a request that got nowhere does not stop the next.
func TestTornPendingKey(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", `{"private_key":"AAAA"}`} {
		g := gatewaytest.New(t)
		cfg := config(t, g)
		require.NoError(t, os.WriteFile(filepath.Join(cfg.Dir, pendingFile), []byte(text), 0o600))
		_, err := Enroll(t.Context(), cfg, g.Claim(locker))
		require.NoError(t, err, text)
	}
}

func TestEnrolmentThatFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, says string
		change     func(g *gatewaytest.Gateway, cfg *Config)
	}{
		{"a wrong claim", "claim", func(*gatewaytest.Gateway, *Config) {}},
		{"another authority", "certificate signed by unknown authority", func(g *gatewaytest.Gateway, cfg *Config) { cfg.ServerCA = g.OtherCA() }},
		{"another name", "wanted to match localhost", func(_ *gatewaytest.Gateway, cfg *Config) {
			cfg.Server = strings.Replace(cfg.Server, "127.0.0.1", "localhost", 1)
		}},
		{"no authority", "holds no certificate", func(_ *gatewaytest.Gateway, cfg *Config) { cfg.ServerCA = []byte("none") }},
		{"without TLS", "must be https://host:port", func(_ *gatewaytest.Gateway, cfg *Config) {
			cfg.Server = strings.Replace(cfg.Server, "https", "http", 1)
		}},
		{"no proxy", "proxy must be", func(_ *gatewaytest.Gateway, cfg *Config) { cfg.Proxy = "http:" }},
		{"an answer that is none", "cannot be used", func(g *gatewaytest.Gateway, _ *Config) {
			g.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { _, _ = w.Write([]byte("{}")) })
		}},
		{"an answer without end", "EOF", func(g *gatewaytest.Gateway, _ *Config) {
			g.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				_, _ = w.Write([]byte(`{"certificate":"` + strings.Repeat("x", maxReply) + `"}`))
			})
		}},
		{"somewhere else", "307", func(g *gatewaytest.Gateway, _ *Config) {
			g.Intercept(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
				http.Redirect(w, r, "https://192.0.2.1/", http.StatusTemporaryRedirect)
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.New(t)
			cfg := config(t, g)
			c.change(g, &cfg)
			_, err := Enroll(t.Context(), cfg, "no-such-claim")
			require.ErrorContains(t, err, c.says)
			_, err = LoadIdentity(cfg.Dir)
			require.ErrorIs(t, err, ErrNotEnrolled)
		})
	}
}

func TestSpoiltIdentityIsRefused(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	cfg, other := config(t, g), config(t, g)
	_, err := Enroll(t.Context(), cfg, g.Claim(locker))
	require.NoError(t, err)
	_, err = Enroll(t.Context(), other, g.Claim(locker))
	require.NoError(t, err)
	path := filepath.Join(cfg.Dir, identityFile)
	var whole, foreign kept
	require.NoError(t, readFile(path, &whole))
	require.NoError(t, readFile(filepath.Join(other.Dir, identityFile), &foreign))
	for name, spoil := range map[string]func(k *kept){
		"another key":        func(k *kept) { k.PrivateKey = foreign.PrivateKey },
		"no key":             func(k *kept) { k.PrivateKey = nil },
		"no certificate":     func(k *kept) { k.Certificate = "" },
		"sealed for another": func(k *kept) { k.Sealed = foreign.Sealed },
		"another cabinet":    func(k *kept) { k.Locker = "lkr_00000000000000000000000002" },
	} {
		k := whole
		spoil(&k)
		require.NoError(t, writeFile(path, k))
		_, err := LoadIdentity(cfg.Dir)
		require.ErrorContains(t, err, "cannot be used", name)
	}
	require.NoError(t, os.WriteFile(path, []byte(`{"locker":`), 0o600))
	_, err = LoadIdentity(cfg.Dir)
	require.ErrorContains(t, err, "damaged")
}

// TestClocks: which wall clocks a cabinet still finds its server with.
func TestClocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		at      time.Time
		quality models.ClockQuality
		says    string // empty: it connects
	}{
		{"right", time.Now(), models.ClockSynced, ""},
		{"1970, and it knows that it guesses", time.Unix(0, 0), models.ClockGuessed, ""},
		{"1970, and it is sure", time.Unix(0, 0), models.ClockSynced, "not yet valid"},
		{"years after the certificate's end", time.Now().AddDate(5, 0, 0), models.ClockSynced, "expired"},
		{"the same, guessed", time.Now().AddDate(5, 0, 0), models.ClockGuessed, "expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.New(t)
			cfg := config(t, g)
			cfg.Time = func() (time.Time, models.ClockQuality) { return c.at, c.quality }
			_, err := Enroll(t.Context(), cfg, g.Claim(locker))
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
		})
	}
}

// TestRenewal: a certificate that ends soon is replaced by one of a new key, on the disk
// first; the next stream comes with it.
func TestRenewal(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	g.CertificatesLive(10 * 24 * time.Hour)
	r := newRigAt(t, g, config(t, g))
	before, err := LoadIdentity(r.Dir)
	require.NoError(t, err)
	g.CertificatesLive(46 * 24 * time.Hour)
	r.run()
	r.eventually(func() bool { return r.Status().NotAfter.After(before.NotAfter()) }, "it renews")
	after, err := LoadIdentity(r.Dir)
	require.NoError(t, err)
	require.Equal(t, r.Status().NotAfter, after.NotAfter())
	require.NotEqual(t, before.certificate.PrivateKey, after.certificate.PrivateKey, "the key is a new one")
	require.NoFileExists(t, filepath.Join(r.Dir, pendingFile))
	r.eventually(func() bool {
		return count[cabinet.TrustInstalled](r.core) == 2 && count[cabinet.KeyInstalled](r.core) == 2
	}, "the core has the new keys")

	r.online()
	g.HangUp()
	serial := models.SerialText(after.leaf.SerialNumber)
	r.eventually(func() bool {
		serials := r.cabinet().Serials()
		return len(serials) > 1 && serials[len(serials)-1] == serial
	}, "the next stream comes with it")
}

// TestRenewalIsTriedAgain: with the same key, since the answer may have been lost.
func TestRenewalIsTriedAgain(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	g.CertificatesLive(10 * 24 * time.Hour)
	r := newRigAt(t, g, config(t, g))
	r.timing.renewEvery = 5 * time.Millisecond
	g.CertificatesLive(46 * 24 * time.Hour)
	var tries atomic.Int64
	g.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		if req.URL.Path == protocol.PathRenew && tries.Add(1) < 3 {
			gatewaytest.Refuse(w, http.StatusServiceUnavailable, models.Errorf(models.CodeUnavailable, "later"))
			return
		}
		serve.ServeHTTP(w, req)
	})
	old := r.Status().NotAfter
	first, err := pendingKey(r.Dir, true)
	require.NoError(t, err)
	r.run()
	r.eventually(func() bool { return r.Status().NotAfter.After(old) }, "it renews")
	require.EqualValues(t, 3, tries.Load())
	id, err := LoadIdentity(r.Dir)
	require.NoError(t, err)
	require.True(t, first.Equal(id.certificate.PrivateKey))
}

// TestRenewalForAnotherCabinet: an identity that the server mistook for this one's is not
// kept: with it the next start would take the store for a stranger's.
func TestRenewalForAnotherCabinet(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	r := newRigAt(t, g, config(t, g))
	claim := g.Claim("lkr_00000000000000000000000002")
	g.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		var in protocol.EnrollRequest
		if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		in.Claim = claim
		raw, err := json.Marshal(in)
		if err != nil {
			t.Error(err)
		}
		serve.ServeHTTP(w, httptest.NewRequestWithContext(req.Context(), http.MethodPost, protocol.PathEnroll, bytes.NewReader(raw)))
	})
	before, err := LoadIdentity(r.Dir)
	require.NoError(t, err)
	require.ErrorContains(t, r.renew(t.Context(), r.core, r.current()), "is for lkr_00000000000000000000000002")
	after, err := LoadIdentity(r.Dir)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Equal(t, before, *r.current())
}
