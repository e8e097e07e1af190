package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// signer makes certificates that nobody reads, and counts them.
type signer struct {
	f  *fixture
	mu sync.Mutex
	n  int
}

func (s *signer) sign(key string) func(models.LockerID) (models.Certificate, error) {
	return func(l models.LockerID) (models.Certificate, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.n++
		return models.Certificate{
			Serial: fmt.Sprintf("serial-%s-%d", key, s.n), Locker: l, PublicKeyHash: key,
			NotAfter: s.f.clock().Add(models.CertificateLife), DER: []byte("der"),
		}, nil
	}
}

func (s *signer) enroll(t testing.TB, claim, key string) (models.Certificate, error) {
	t.Helper()
	hash, ok := models.HashClaim(claim)
	require.True(t, ok)
	return s.f.Enroll(t.Context(), hash, key, s.sign(key))
}

func (s *signer) renew(t testing.TB, c models.Certificate, key string) (models.Certificate, error) {
	t.Helper()
	return s.f.Renew(t.Context(), c.Locker, c.Serial, key, s.sign(key))
}

func (f *fixture) claim(t testing.TB, l models.LockerID) string {
	t.Helper()
	code, expires, err := f.CreateClaim(t.Context(), models.Request{ID: "req"}, l)
	require.NoError(t, err)
	require.Equal(t, f.clock().Add(models.ClaimLife), expires)
	return code
}

func TestClaims(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, s := f.locker(t, "1").ID, &signer{f: f}
		_, _, err := f.CreateClaim(t.Context(), models.Request{}, "lkr_none")
		require.Equal(t, models.CodeNotFound, code(err))

		first := f.claim(t, l)
		second := f.claim(t, l)
		require.NotEqual(t, first, second)
		_, err = s.enroll(t, first, "k")
		require.Equal(t, models.CodeClaimUnknown, code(err), "a new claim takes the old one's place")
		require.NotContains(t, fmt.Sprint(rows[models.Claim](t, f)), second, "only its hash is kept")

		f.advance(models.ClaimLife)
		_, err = s.enroll(t, second, "k")
		require.Equal(t, models.CodeClaimExpired, code(err))
		hash, _ := models.HashClaim(second)
		require.Equal(t, models.CodeClaimExpired, code(f.CheckEnrolment(t.Context(), models.EnrolmentAsk{ClaimHash: hash, KeyHash: "k"})))
		require.Zero(t, s.n, "nothing was signed")
		require.Empty(t, rows[models.Certificate](t, f))
	})
}

func TestEnroll(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l, s := t.Context(), f.locker(t, "1").ID, &signer{f: f}
		claim := f.claim(t, l)
		hash, _ := models.HashClaim(claim)
		require.NoError(t, f.CheckEnrolment(ctx, models.EnrolmentAsk{ClaimHash: hash, KeyHash: "k1"}))
		one, err := s.enroll(t, claim, "k1")
		require.NoError(t, err)
		require.Equal(t, l, one.Locker)
		require.NoError(t, f.Trusted(ctx, l, one.Serial))

		// The answer was lost: the same again, also after the claim's time.
		f.advance(models.ClaimLife + time.Hour)
		again, err := s.enroll(t, claim, "k1")
		require.NoError(t, err)
		require.Equal(t, one.Serial, again.Serial)
		require.Equal(t, one.DER, again.DER)
		require.Equal(t, 1, s.n)
		require.NoError(t, f.CheckEnrolment(ctx, models.EnrolmentAsk{ClaimHash: hash, KeyHash: "k1"}))

		_, err = s.enroll(t, claim, "k2")
		require.Equal(t, models.CodeClaimUsed, code(err))
		require.Equal(t, models.CodeClaimUsed, code(f.CheckEnrolment(ctx, models.EnrolmentAsk{ClaimHash: hash, KeyHash: "k2"})))

		// Another computer takes the cabinet over: the one before is out, at once.
		next := f.claim(t, l)
		two, err := s.enroll(t, next, "k2")
		require.NoError(t, err)
		require.Equal(t, models.CodeCertificateRevoked, code(f.Trusted(ctx, l, one.Serial)))
		require.NoError(t, f.Trusted(ctx, l, two.Serial))
		_, err = s.enroll(t, f.claim(t, l), "k1")
		require.Equal(t, models.CodeCertificateRevoked, code(err), "a revoked key does not come back")
		revoked, err := f.DistrustedSince(ctx, f.clock())
		require.NoError(t, err)
		require.Equal(t, []string{one.Serial}, revoked)
		revoked, err = f.DistrustedSince(ctx, f.clock().Add(time.Microsecond))
		require.NoError(t, err)
		require.Empty(t, revoked)

		// A key is one cabinet's.
		other := f.locker(t, "2").ID
		_, err = s.enroll(t, f.claim(t, other), "k2")
		require.Equal(t, models.CodeKeyUsed, code(err))
		require.Equal(t, models.CodeCertificateUnknown, code(f.Trusted(ctx, other, two.Serial)))
		require.Equal(t, models.CodeCertificateUnknown, code(f.Trusted(ctx, l, "none")))
	})
}

// TestAClaimIsUsedOnce: of many computers with one claim, one gets the cabinet.
func TestAClaimIsUsedOnce(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, s := f.locker(t, "1").ID, &signer{f: f}
		claim := f.claim(t, l)
		const computers = 16
		codes := make([]models.Code, computers)
		var wg sync.WaitGroup
		for i := range computers {
			wg.Go(func() {
				_, err := s.enroll(t, claim, fmt.Sprint("k", i/2)) // two of each
				codes[i] = code(err)
			})
		}
		wg.Wait()
		won := 0
		for i, c := range codes {
			if c == "" {
				won++
				continue
			}
			require.Equal(t, models.CodeClaimUsed, c, i)
		}
		require.Equal(t, 2, won, "one key, which asked twice")
		require.Len(t, rows[models.Certificate](t, f), 1)
	})
}

func TestRenew(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l, s := t.Context(), f.locker(t, "1").ID, &signer{f: f}
		one, err := s.enroll(t, f.claim(t, l), "k1")
		require.NoError(t, err)
		_, err = s.renew(t, one, "k1")
		require.Equal(t, models.CodeKeyUsed, code(err), "a renewal needs a new key")
		two, err := s.renew(t, one, "k2")
		require.NoError(t, err)
		again, err := s.renew(t, one, "k2")
		require.NoError(t, err)
		require.Equal(t, two.Serial, again.Serial)
		require.NoError(t, f.Trusted(ctx, l, one.Serial), "the old one counts until its end")

		// The old certificate has ended, and the cabinet has left it.
		f.advance(models.CertificateLife)
		f.advance(time.Hour)
		_, err = s.renew(t, one, "k3")
		require.NoError(t, err, "the newer one has ended at the same moment")
		f.advance(time.Hour)
		three, err := s.renew(t, two, "k4")
		require.Equal(t, models.CodeCertificateExpired, code(err), "k3 is newer")
		require.Empty(t, three.Serial)
		_, err = s.renew(t, one, "k3")
		require.NoError(t, err, "the answer was lost: the same key asks again")

		// A winter in the dark.
		f.advance(models.CertificateLife + models.CertificateGrace - 2*time.Hour)
		newest := rows[models.Certificate](t, f, "public_key_hash = ?", "k3")[0]
		four, err := s.renew(t, newest, "k5")
		require.NoError(t, err)
		f.advance(models.CertificateLife + models.CertificateGrace)
		_, err = s.renew(t, four, "k6")
		require.Equal(t, models.CodeCertificateExpired, code(err), "too long")

		_, err = f.Renew(ctx, f.locker(t, "2").ID, four.Serial, "k7", s.sign("k7"))
		require.Equal(t, models.CodeCertificateUnknown, code(err), "another cabinet's certificate")
	})
}

func TestRevoke(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l, s := t.Context(), f.locker(t, "1").ID, &signer{f: f}
		one, err := s.enroll(t, f.claim(t, l), "k1")
		require.NoError(t, err)
		_, err = s.renew(t, one, "k2")
		require.NoError(t, err)
		bystander := f.locker(t, "2").ID
		theirs, err := s.enroll(t, f.claim(t, bystander), "k3")
		require.NoError(t, err)

		n, err := f.RevokeCertificates(ctx, models.Request{ID: "req"}, l, "stolen")
		require.NoError(t, err)
		require.Equal(t, 2, n)
		n, err = f.RevokeCertificates(ctx, models.Request{}, l, "again")
		require.NoError(t, err)
		require.Zero(t, n)
		_, err = s.renew(t, one, "k4")
		require.Equal(t, models.CodeCertificateRevoked, code(err))
		require.NoError(t, f.Trusted(ctx, bystander, theirs.Serial))
		_, err = f.RevokeCertificates(ctx, models.Request{}, "lkr_none", "x")
		require.Equal(t, models.CodeNotFound, code(err))
		require.Equal(t, "stolen", rows[models.Certificate](t, f, "serial = ?", one.Serial)[0].Reason)
	})
}

// TestRevocationEndsEnrolmentsUnderWay: neither a claim that somebody still has nor a computer that
// was accepted and has no certificate yet gets one after it.
func TestRevocationEndsEnrolmentsUnderWay(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l, s := t.Context(), f.locker(t, "1").ID, &signer{f: f}
		exec(t, f, "UPDATE lockers SET acceptance = 'operator' WHERE id = '"+string(l)+"'")
		accept := func(claim, key string) {
			t.Helper()
			hash, _ := models.HashClaim(claim)
			require.Equal(t, models.CodeEnrolmentPending, code(f.CheckEnrolment(ctx, models.EnrolmentAsk{ClaimHash: hash, KeyHash: key})))
			e := rows[models.Enrolment](t, f, "public_key_hash = ?", key)[0]
			_, err := f.DecideEnrolment(ctx, models.Request{ID: "req"}, e.ID, true, "")
			require.NoError(t, err)
		}
		claim := f.claim(t, l)
		accept(claim, "k1")
		_, err := s.enroll(t, claim, "k1")
		require.NoError(t, err)
		claim = f.claim(t, l)
		accept(claim, "k2")
		bystander := f.locker(t, "2").ID
		theirs := f.claim(t, bystander)

		_, err = f.RevokeCertificates(ctx, models.Request{ID: "req"}, l, "stolen")
		require.NoError(t, err)
		_, err = s.enroll(t, claim, "k2")
		require.Equal(t, models.CodeClaimUnknown, code(err))
		_, err = s.enroll(t, f.claim(t, l), "k2")
		require.Equal(t, models.CodeEnrolmentRefused, code(err), "another claim brings what was accepted before no certificate either")
		require.Equal(t, models.EnrolmentAccepted, rows[models.Enrolment](t, f, "public_key_hash = ?", "k1")[0].State, "that has had its certificate")
		_, err = s.enroll(t, theirs, "k3")
		require.NoError(t, err)
	})
}

// TestRevocationLeavesNothingBehind: renewals that run at the same moment do not outlive a
// revocation.
func TestRevocationLeavesNothingBehind(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l, s := t.Context(), f.locker(t, "1").ID, &signer{f: f}
		one, err := s.enroll(t, f.claim(t, l), "k")
		require.NoError(t, err)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if _, err := s.renew(t, one, fmt.Sprint("n", i)); err != nil && code(err) != models.CodeCertificateRevoked {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			if _, err := f.RevokeCertificates(ctx, models.Request{}, l, "stolen"); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		require.Empty(t, rows[models.Certificate](t, f, "revoked_at IS NULL"))
	})
}

// TestEnrollIsOneTransaction: dying before the commit leaves the claim unused, after it the
// repeat gets the same.
func TestEnrollIsOneTransaction(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, s := f.locker(t, "1").ID, &signer{f: f}
		claim := f.claim(t, l)
		dying := func(at string) {
			f.setFault(func(point string) error {
				if point == at {
					return errors.New("died")
				}
				return nil
			})
		}
		dying("enroll.before_commit")
		_, err := s.enroll(t, claim, "k")
		require.Error(t, err)
		require.Empty(t, rows[models.Certificate](t, f))
		require.Nil(t, rows[models.Claim](t, f)[0].UsedAt)
		dying("enroll.after_commit")
		_, err = s.enroll(t, claim, "k")
		require.Error(t, err)
		f.setFault(nil)
		c, err := s.enroll(t, claim, "k")
		require.NoError(t, err)
		require.Equal(t, 2, s.n, "the second was kept")
		require.Equal(t, c.Serial, rows[models.Certificate](t, f)[0].Serial)
	})
}
