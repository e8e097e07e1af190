package uplink

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/durable"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	// A certificate lives 45 days and is renewed from its 15th on: 30 before its end.
	renewBefore = 30 * 24 * time.Hour
	renewSpread = 72 * time.Hour
)

// PendingError says that somebody has to accept the computer. Enroll is called again, after a
// while: it comes with the same key.
type PendingError struct {
	Fingerprint string        // of the key, as whoever accepts it sees it
	Wait        time.Duration // as the server asks
}

func (e *PendingError) Error() string {
	return "somebody has to accept this computer, whose key is " + e.Fingerprint
}

// Enroll uses a claim up for an identity and keeps it. A repeat after a lost answer is
// made with the same key, and gets the answer that was lost. It returns a *PendingError where
// somebody has to accept the computer first.
func Enroll(ctx context.Context, cfg Config, claim string) (Identity, error) {
	c, base, err := client(cfg, func() *Identity { return nil })
	if err != nil {
		return Identity{}, err
	}
	key, err := pendingKey(cfg.Dir, false)
	if err != nil {
		return Identity{}, err
	}
	id, err := request(ctx, cfg, caller{c, base}, protocol.PathEnroll, claim, key, nil)
	var no *refusal
	if errors.As(err, &no) && no.code == models.CodeEnrolmentPending {
		hash, err := models.PublicKeyHash(&key.PublicKey)
		if err != nil {
			return Identity{}, err
		}
		return Identity{}, &PendingError{models.Fingerprint(hash), no.wait}
	}
	return id, err
}

// request asks for a certificate for a key and keeps what comes. before is the identity that is
// renewed; nil: it is an enrolment.
func request(ctx context.Context, cfg Config, c caller, path, claim string, key *ecdsa.PrivateKey, before *Identity) (Identity, error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return Identity{}, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Identity{}, err
	}
	var reply protocol.EnrollReply
	if err := c.call(ctx, http.MethodPost, path, protocol.EnrollRequest{Claim: claim, CSR: csr}, &reply); err != nil {
		return Identity{}, err
	}
	k := kept{
		Locker: reply.Locker, PrivateKey: raw, Certificate: reply.Certificate,
		Signers: reply.Signers, KeyVersion: reply.KeyVersion, Sealed: reply.Sealed,
	}
	if before != nil {
		if k.Locker != before.Locker {
			return Identity{}, fmt.Errorf("uplink: the server's answer is for %s, not for %s", k.Locker, before.Locker)
		}
		if err := k.believe(*before, key, reply.Trust); err != nil {
			cfg.Logger.Warn("what the server says of signers and the cabinet's key is not believed: those before stay", "error", err)
			if err := k.keep(*before, key); err != nil {
				return Identity{}, err
			}
		}
	}
	id, err := k.open()
	if err != nil {
		return Identity{}, fmt.Errorf("uplink: the server's answer cannot be used: %w", err)
	}
	if err := writeFile(filepath.Join(cfg.Dir, identityFile), k); err != nil {
		return Identity{}, err
	}
	if err := durable.Remove(filepath.Join(cfg.Dir, pendingFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Identity{}, err
	}
	return id, nil
}

// believe takes signers and the cabinet's key over from what a signer says that is believed
// already. A gateway that lies must not be able to bring in its own.
func (k *kept) believe(before Identity, key *ecdsa.PrivateKey, said models.SignedTrust) error {
	t, err := said.Open(before.Signers)
	if err != nil {
		return err
	}
	hash, err := models.PublicKeyHash(&key.PublicKey)
	if err != nil {
		return err
	}
	if t.Locker != before.Locker || t.PublicKey != hash {
		return errors.New("it was signed for another key or cabinet")
	}
	k.Signers, k.KeyVersion, k.Sealed = t.Signers, t.KeyVersion, t.Sealed
	return nil
}

// keep has them stay as they were: the key is sealed anew, by the computer to itself.
func (k *kept) keep(before Identity, key *ecdsa.PrivateKey) error {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return err
	}
	k.Signers, k.KeyVersion = before.Signers, before.keyVersion
	k.Sealed, err = models.SealCabinetKey(before.Key, before.Locker, point)
	return err
}

// keepRenewing has the certificate renewed in time, at a moment that differs between
// cabinets. The old one is used until the new one is on the disk. An expired one renews
// too, for as long as the server allows it; that it has expired the server says as well, since
// the clock of a cabinet that stood dark may have stopped when it went.
func (u *Uplink) keepRenewing(ctx context.Context, core Core) error {
	spread := jitter(u.Rand, renewSpread)
	tick := time.NewTicker(u.timing.renewEvery)
	defer tick.Stop()
	expired := false
	for {
		id := u.current()
		now, _ := u.Time()
		if expired || now.After(id.NotAfter().Add(spread-renewBefore)) {
			if err := u.renew(ctx, core, id); err != nil {
				u.Logger.Warn("the certificate was not renewed; it is tried again", "expires", id.NotAfter(), "error", err)
				if !wait(ctx, max(waitOf(err), u.timing.renewAgain)) {
					return nil
				}
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			expired = false
		case <-u.expired:
			// It may have been said of the certificate before the one that there is now.
			expired = u.current().leaf.Equal(id.leaf)
		}
	}
}

func (u *Uplink) renew(ctx context.Context, core Core, old *Identity) error {
	key, err := pendingKey(u.Dir, true)
	if err != nil {
		return err
	}
	id, err := request(ctx, u.Config, caller{u.client, u.base}, protocol.PathRenew, "", key, old)
	if err != nil {
		return err
	}
	u.mu.Lock()
	u.identity = id
	u.status.NotAfter = id.NotAfter()
	u.mu.Unlock()
	u.client.CloseIdleConnections() // the next one shows the new certificate
	u.Logger.Info("certificate renewed", "expires", id.NotAfter())
	if err := core.Tell(ctx, cabinet.TrustInstalled{Signers: id.Signers}); err != nil {
		return err
	}
	return core.Tell(ctx, cabinet.KeyInstalled{Key: id.Key})
}
