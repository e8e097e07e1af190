package activities

import (
	"context"
	"io"
	"time"

	"cubby/models"
)

// KeyVersion is the version of the derivation of cabinets' keys.
const KeyVersion = 1

// Keyring derives cabinets' keys from the master key, which the worker role alone holds.
type Keyring struct{ Master []byte }

// CabinetKey returns a cabinet's key.
func (k Keyring) CabinetKey(l models.LockerID) (models.CabinetKey, error) {
	return models.DeriveCabinetKey(k.Master, l, KeyVersion)
}

// PageToken returns the token of a shipment's client's page.
func (k Keyring) PageToken(s models.Shipment) (string, error) {
	return models.PageToken(k.Master, s.ID, s.PageRev)
}

// pageHash is what may be kept of it.
func (k Keyring) pageHash(s models.Shipment) (string, error) {
	token, err := k.PageToken(s)
	return models.PageHash(token), err
}

// Enrolments is what giving certificates needs of the store. sign makes the certificate
// once it is sure that there may be one; it may be called more than once.
type Enrolments interface {
	// Enroll uses a claim up for a key and returns the key's certificate; again for the
	// same claim and key, it returns the same. Certificates of other computers of the
	// cabinet are revoked. It returns claim_unknown, claim_used, claim_expired,
	// certificate_revoked or key_used, and enrolment_pending or enrolment_refused where
	// somebody has to accept the computer.
	Enroll(ctx context.Context, claimHash, keyHash string, sign Sign) (models.Certificate, error)
	// Renew returns a certificate for a new key of the cabinet that has the certificate of
	// the serial; again for the same key, it returns the same. It returns
	// certificate_unknown, certificate_revoked, certificate_expired or key_used.
	Renew(ctx context.Context, l models.LockerID, serial, keyHash string, sign Sign) (models.Certificate, error)
}

// Sign makes a certificate for a cabinet.
type Sign = func(l models.LockerID) (models.Certificate, error)

// Cabinet are the activities for a cabinet's computer.
type Cabinet struct {
	Keys      Keyring
	Authority Authority
	Signers   []models.Signer // that cabinets are to believe
	Store     Enrolments
	Now       func() time.Time
	Rand      io.Reader
}

// EnrollComputer gives a computer the certificate of its cabinet and the cabinet's key,
// sealed to the computer's own key. It may be repeated.
func (a *Cabinet) EnrollComputer(ctx context.Context, in models.EnrollInput) (models.EnrollResult, error) {
	res, err := a.enroll(ctx, in)
	return res, failure(err)
}

func (a *Cabinet) enroll(ctx context.Context, in models.EnrollInput) (models.EnrollResult, error) {
	key, hash, err := models.CheckCSR(in.CSR)
	if err != nil {
		return models.EnrollResult{}, err
	}
	sign := func(l models.LockerID) (models.Certificate, error) {
		return a.Authority.Sign(l, key, hash, a.Now(), a.Rand)
	}
	var c models.Certificate
	if in.Serial != "" {
		c, err = a.Store.Renew(ctx, in.Locker, in.Serial, hash, sign)
	} else {
		c, err = a.Store.Enroll(ctx, in.ClaimHash, hash, sign)
	}
	if err != nil {
		return models.EnrollResult{}, err
	}
	cabinetKey, err := a.Keys.CabinetKey(c.Locker)
	if err != nil {
		return models.EnrollResult{}, err
	}
	public, err := key.ECDH()
	if err != nil {
		return models.EnrollResult{}, models.Wrap(models.CodeInvalid, err, "csr must have a P-256 key")
	}
	sealed, err := models.SealCabinetKey(cabinetKey, c.Locker, public.Bytes())
	if err != nil {
		return models.EnrollResult{}, err
	}
	res := models.EnrollResult{Locker: c.Locker, Certificate: string(certificatePEM(c.DER)), KeyVersion: KeyVersion, Sealed: sealed}
	for _, s := range a.Signers {
		res.Signers = append(res.Signers, s.Public())
	}
	res.Trust, err = models.SignTrust(a.Signers, models.Trust{
		Locker: c.Locker, PublicKey: hash, Signers: res.Signers, KeyVersion: KeyVersion, Sealed: sealed,
	})
	return res, err
}
