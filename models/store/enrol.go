package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

// sign makes a certificate for a cabinet. It is called within the transaction that is sure
// that there may be one.
type sign = func(l models.LockerID) (models.Certificate, error)

// CreateClaim makes a claim for a cabinet and returns its code, which is not kept. The
// claim before, if there is one, ends.
func (s *Store) CreateClaim(ctx context.Context, r models.Request, l models.LockerID) (code string, expires time.Time, err error) {
	s.randMu.Lock()
	code, err = models.NewClaimCode(s.rand)
	s.randMu.Unlock()
	if err != nil {
		return "", time.Time{}, err
	}
	hash, _ := models.HashClaim(code)
	err = s.tx(ctx, "claim", func(t *tx) error {
		locker, err := t.lockLocker(l)
		if err != nil {
			return err
		}
		if locker.State == models.LockerDecommissioned {
			return models.Errorf(models.CodeInvalidState, "The locker is decommissioned.")
		}
		expires = t.now.Add(models.ClaimLife)
		claim := models.Claim{Locker: l, Hash: hash, CreatedAt: t.now, ExpiresAt: expires}
		if err := t.db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "locker"}}, UpdateAll: true}).Create(&claim).Error; err != nil {
			return err
		}
		return t.audit(r, "locker.claim", string(l), "")
	})
	return code, expires, err
}

// lockLocker locks a cabinet's row. Claims, enrolments, renewals and revocations of one
// cabinet take turns by it: none of them misses a certificate that another just made.
func (t *tx) lockLocker(l models.LockerID) (models.Locker, error) {
	locker, err := forUpdate[models.Locker](t).Where("id = ?", l).Take(t.ctx)
	return take(locker, err, "There is no such locker.")
}

// claimFor returns the claim with the hash if it is good for the key.
func claimFor(ctx context.Context, db *gorm.DB, claimHash, keyHash string, now time.Time) (models.Claim, error) {
	c, err := gorm.G[models.Claim](db).Where("hash = ?", claimHash).Take(ctx)
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return c, models.Errorf(models.CodeClaimUnknown, "There is no such claim, or a newer one has taken its place.")
	case err != nil:
		return c, err
	case c.UsedAt != nil && c.UsedBy == keyHash:
		return c, nil // the answer was lost on its way
	case c.UsedAt != nil:
		return c, models.Errorf(models.CodeClaimUsed, "This claim was used by another computer.")
	case !c.ExpiresAt.After(now):
		return c, models.Errorf(models.CodeClaimExpired, "This claim is over its time: ask for a new one.")
	}
	return c, nil
}

// Enroll uses a claim up for a key and returns the key's certificate.
func (s *Store) Enroll(ctx context.Context, claimHash, keyHash string, sign sign) (c models.Certificate, err error) {
	err = s.tx(ctx, "enroll", func(t *tx) error {
		claim, err := claimFor(t.ctx, t.db, claimHash, keyHash, t.now)
		if err != nil {
			return err
		}
		if _, err := t.lockLocker(claim.Locker); err != nil {
			return err
		}
		// What was read before the lock may have been used or replaced meanwhile.
		if claim, err = claimFor(t.ctx, t.db, claimHash, keyHash, t.now); err != nil {
			return err
		}
		if claim.UsedAt == nil {
			if err := accepted(t.ctx, t.db, claim.Locker, keyHash); err != nil {
				return err
			}
		}
		if c, err = t.certificateOf(claim.Locker, keyHash, sign); err != nil || claim.UsedAt != nil {
			return err
		}
		if _, err := t.exec("UPDATE claims SET used_at = ?, used_by = ? WHERE hash = ?", t.now, keyHash, claimHash); err != nil {
			return err
		}
		if _, err := t.revoke(claim.Locker, c.Serial, models.RevokedReplaced); err != nil {
			return err
		}
		if _, err := t.unhold(claim.Locker, "another computer was enrolled"); err != nil {
			return err
		}
		if err := t.dismissEnrolments(claim.Locker, keyHash, models.RevokedReplaced); err != nil {
			return err
		}
		return t.audit(models.Request{}, "locker.enroll", string(claim.Locker), c.Serial)
	})
	return c, err
}

// Renew returns a certificate for a new key of the cabinet that has the certificate of the
// serial.
func (s *Store) Renew(ctx context.Context, l models.LockerID, serial, keyHash string, sign sign) (c models.Certificate, err error) {
	err = s.tx(ctx, "renew", func(t *tx) error {
		if _, err := t.lockLocker(l); err != nil {
			return err
		}
		old, err := renewable(t.ctx, t.db, l, serial, keyHash, t.now)
		if err == nil && !old.NotAfter.After(t.now) {
			err = accepted(t.ctx, t.db, l, keyHash)
		}
		if err != nil {
			return err
		}
		if c, err = t.certificateOf(l, keyHash, sign); err != nil {
			return err
		}
		return t.audit(models.Request{}, "locker.renew", string(l), c.Serial)
	})
	return c, err
}

// renewable returns the certificate of the serial if the cabinet may have one for another
// key in its place. One that has ended is good within its grace, unless the cabinet has left
// it: a key that leaked must not come back months after it was renewed. The key of that
// renewal may ask again.
func renewable(ctx context.Context, db *gorm.DB, l models.LockerID, serial, keyHash string, now time.Time) (models.Certificate, error) {
	old, err := trusted(ctx, db, l, serial)
	switch {
	case err != nil:
		return old, err
	case old.PublicKeyHash == keyHash:
		return old, models.Errorf(models.CodeKeyUsed, "A renewal needs a new key.")
	case !old.NotAfter.Add(models.CertificateGrace).After(now):
		return old, models.Errorf(models.CodeCertificateExpired, "The certificate ended too long ago: enrol with a new claim.")
	case old.NotAfter.After(now):
		return old, nil
	}
	n, err := gorm.G[models.Certificate](db).
		Where("locker = ? AND serial <> ? AND revoked_at IS NULL AND not_after > ? AND public_key_hash <> ?", old.Locker, old.Serial, old.NotAfter, keyHash).
		Count(ctx, "*")
	if err == nil && n > 0 {
		err = models.Errorf(models.CodeCertificateExpired, "The certificate has ended, and the cabinet has a newer one.")
	}
	return old, err
}

// certificateOf returns the certificate of a key: the one that it has, or a new one.
func (t *tx) certificateOf(l models.LockerID, keyHash string, sign sign) (models.Certificate, error) {
	c, err := gorm.G[models.Certificate](t.db).Where("public_key_hash = ?", keyHash).Take(t.ctx)
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		if c, err = sign(l); err != nil {
			return c, err
		}
		c.CreatedAt = t.now
		return c, insert(t, c)
	case err != nil:
		return c, err
	case c.Locker != l:
		return c, models.Errorf(models.CodeKeyUsed, "This key is another cabinet's: make a new key.")
	case c.RevokedAt != nil:
		return c, models.Errorf(models.CodeCertificateRevoked, "This key's certificate was revoked: make a new key.")
	case !c.NotAfter.After(t.now):
		return c, models.Errorf(models.CodeKeyUsed, "This key's certificate has ended: make a new key.")
	}
	return c, nil
}
