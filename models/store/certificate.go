package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// Trusted returns nil for a certificate that was given to the cabinet and not revoked, while
// the cabinet is not held.
func (s *Store) Trusted(ctx context.Context, l models.LockerID, serial string) error {
	_, err := trusted(ctx, s.read, l, serial)
	return mapError(err)
}

func trusted(ctx context.Context, db *gorm.DB, l models.LockerID, serial string) (models.Certificate, error) {
	c, err := gorm.G[models.Certificate](db).Where("serial = ?", serial).Take(ctx)
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound) || err == nil && c.Locker != l:
		return c, models.Errorf(models.CodeCertificateUnknown, "This certificate was not given to the cabinet.")
	case err != nil:
		return c, err
	case c.RevokedAt != nil:
		return c, models.Errorf(models.CodeCertificateRevoked, "This certificate was revoked.")
	}
	held, err := isHeld(ctx, db, l)
	if err == nil && held {
		err = models.Errorf(models.CodeCabinetCloned, heldText)
	}
	return c, err
}

// DistrustedSince lists the serials of certificates that were revoked at a time or later, or
// whose cabinet is held since then.
func (s *Store) DistrustedSince(ctx context.Context, since time.Time) ([]string, error) {
	at := *utc(&since)
	rows, err := gorm.G[models.Certificate](s.read).Select("serial").
		Where("revoked_at >= ? OR locker IN (SELECT locker FROM locker_connections WHERE held_at >= ?)", at, at).Find(ctx)
	serials := make([]string, 0, len(rows))
	for _, r := range rows {
		serials = append(serials, r.Serial)
	}
	return serials, mapError(err)
}

// RevokeCertificates ends every certificate of a cabinet at once and returns how many. Enrolments
// under way end with them: a claim that was given out, and the word that accepted a computer, are as
// good as a certificate in the wrong hands.
func (s *Store) RevokeCertificates(ctx context.Context, r models.Request, l models.LockerID, reason string) (n int, err error) {
	err = s.tx(ctx, "revoke", func(t *tx) error {
		if _, err := t.lockLocker(l); err != nil {
			return err
		}
		if n, err = t.revoke(l, "", reason); err != nil {
			return err
		}
		const why = "the certificates were revoked"
		if err := t.dismissEnrolments(l, "", why); err != nil {
			return err
		}
		if err := t.withdrawEnrolments(l, why); err != nil {
			return err
		}
		return t.audit(r, "locker.revoke", string(l), "")
	})
	return n, err
}

// revoke ends a cabinet's certificates, all but one. Those that have run out are revoked
// too: they could be renewed.
func (t *tx) revoke(l models.LockerID, but, reason string) (int, error) {
	n, err := t.exec("UPDATE certificates SET revoked_at = ?, reason = ? WHERE locker = ? AND serial <> ? AND revoked_at IS NULL",
		t.now, reason, l, but)
	return int(n), err
}
