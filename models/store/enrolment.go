package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"cubby/models"
)

// accepted returns nil if a computer may be the cabinet's without another person's word, or has it.
func accepted(ctx context.Context, db *gorm.DB, l models.LockerID, keyHash string) error {
	var by []models.Acceptance
	if err := db.WithContext(ctx).Raw("SELECT acceptance FROM lockers WHERE id = ?", l).Scan(&by).Error; err != nil {
		return err
	}
	if len(by) != 1 || by[0] != models.AcceptOperator {
		return nil
	}
	e, err := gorm.G[models.Enrolment](db).Where("locker = ? AND public_key_hash = ?", l, keyHash).Take(ctx)
	switch {
	case err != nil && !errors.Is(err, gorm.ErrRecordNotFound):
		return err
	case e.State == models.EnrolmentAccepted:
		return nil
	case e.State == models.EnrolmentRefused:
		return models.Errorf(models.CodeEnrolmentRefused, "This computer was refused: ask whoever looks after the network.")
	}
	return models.Errorf(models.CodeEnrolmentPending, "Somebody has to accept this computer. Its key is %s.", models.Fingerprint(keyHash))
}

// CheckEnrolment reports whether a computer may have a certificate for a key, as Enroll and
// Renew would. One that somebody has to accept is put on the list of those that wait.
func (s *Store) CheckEnrolment(ctx context.Context, ask models.EnrolmentAsk) error {
	l := ask.Locker
	if ask.ClaimHash != "" {
		c, err := claimFor(ctx, s.read, ask.ClaimHash, ask.KeyHash, s.now())
		if err != nil || c.UsedAt != nil {
			return mapError(err)
		}
		l = c.Locker
	} else if _, err := renewable(ctx, s.read, l, ask.Serial, ask.KeyHash, s.now()); err != nil {
		return mapError(err)
	}
	err := accepted(ctx, s.read, l, ask.KeyHash)
	if models.ErrorCode(err) != models.CodeEnrolmentPending {
		return mapError(err)
	}
	if err := s.tx(ctx, "ask_enrolment", func(t *tx) error { return t.askEnrolment(l, ask) }); err != nil {
		return err
	}
	return err
}

// askEnrolment puts a computer on the list, or says that it asked again.
func (t *tx) askEnrolment(l models.LockerID, ask models.EnrolmentAsk) error {
	if _, err := t.lockLocker(l); err != nil {
		return err
	}
	n, err := t.exec("UPDATE enrolments SET asked_at = ?, address = ?, serial = ? WHERE locker = ? AND public_key_hash = ?", t.now, ask.Address, ask.Serial, l, ask.KeyHash)
	if err != nil || n > 0 {
		return err
	}
	waiting, err := gorm.G[models.Enrolment](t.db).Where("locker = ? AND state = ?", l, models.EnrolmentWaiting).Count(t.ctx, "*")
	if err != nil {
		return err
	}
	if waiting >= models.EnrolmentsWaiting {
		return models.Errorf(models.CodeTooMany, "Too many computers wait to be this cabinet's.")
	}
	e := models.Enrolment{
		ID: models.EnrolmentID(t.ids.New(models.PrefixEnrolment)), Locker: l, PublicKeyHash: ask.KeyHash, Serial: ask.Serial,
		Address: ask.Address, State: models.EnrolmentWaiting, CreatedAt: t.now, AskedAt: t.now,
	}
	if err := insert(t, e); err != nil {
		return err
	}
	return t.audit(models.Request{}, "enrolment.ask", string(e.ID), string(l)+" "+e.Fingerprint())
}

// dismissEnrolments refuses all that wait at a cabinet, but the one with a key.
func (t *tx) dismissEnrolments(l models.LockerID, but, reason string) error {
	_, err := t.exec("UPDATE enrolments SET state = ?, decided_at = ?, decided_by = 'system', reason = ? WHERE locker = ? AND state = ? AND public_key_hash <> ?",
		models.EnrolmentRefused, t.now, reason, l, models.EnrolmentWaiting, but)
	return err
}

// withdrawEnrolments ends the claim that a cabinet has, if it was not used, and refuses the computers
// that were accepted and have no certificate yet.
func (t *tx) withdrawEnrolments(l models.LockerID, reason string) error {
	if _, err := t.exec("DELETE FROM claims WHERE locker = ? AND used_at IS NULL", l); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE enrolments SET state = ?, decided_at = ?, decided_by = 'system', reason = ? WHERE locker = ? AND state = ?
		AND NOT EXISTS (SELECT 1 FROM certificates c WHERE c.public_key_hash = enrolments.public_key_hash)`,
		models.EnrolmentRefused, t.now, reason, l, models.EnrolmentAccepted)
	return err
}

// Enrolments returns a page of those that somebody has to accept, or had to, the newest first.
func (s *Store) Enrolments(ctx context.Context, q models.EnrolmentQuery) ([]models.Enrolment, error) {
	query := gorm.G[models.Enrolment](s.read).Where("? = '' OR id < ?", q.Cursor, q.Cursor)
	if q.State != "" {
		query = query.Where("state = ?", q.State)
	}
	if q.Locker != "" {
		query = query.Where("locker = ?", q.Locker)
	}
	found, err := query.Order("id DESC").Limit(q.Limit).Find(ctx)
	if err == nil {
		err = nameLockers(ctx, s.read, found)
	}
	return found, mapError(err)
}

// nameLockers says what the lockers of enrolments are called.
func nameLockers(ctx context.Context, db *gorm.DB, found []models.Enrolment) error {
	var ids []models.LockerID
	for _, e := range found {
		ids = append(ids, e.Locker)
	}
	named, err := gorm.G[models.Locker](db).Select("id", "number").Where("id IN ?", ids).Find(ctx)
	for _, l := range named {
		for i := range found {
			if found[i].Locker == l.ID {
				found[i].LockerName = l.Number
			}
		}
	}
	return err
}

// DecideEnrolment accepts a computer that waits, or refuses it for a reason. One that is
// decided already is invalid_state.
func (s *Store) DecideEnrolment(ctx context.Context, r models.Request, id models.EnrolmentID, accept bool, reason string) (models.Enrolment, error) {
	var decided models.Enrolment
	err := s.tx(ctx, "decide_enrolment", func(t *tx) error {
		e, err := forUpdate[models.Enrolment](t).Where("id = ?", id).Take(t.ctx)
		if e, err = take(e, err, "There is no such enrolment."); err != nil {
			return err
		}
		if e.State != models.EnrolmentWaiting {
			return models.Errorf(models.CodeInvalidState, "The enrolment is decided already.")
		}
		e.State, e.DecidedAt, e.DecidedBy, e.Reason = models.EnrolmentRefused, &t.now, r.By(), reason
		action := "enrolment.refuse"
		if accept {
			e.State, e.Reason, action = models.EnrolmentAccepted, "", "enrolment.accept"
		}
		if err := t.db.Save(&e).Error; err != nil {
			return err
		}
		one := []models.Enrolment{e}
		if err := nameLockers(t.ctx, t.db, one); err != nil {
			return err
		}
		decided = one[0]
		return t.audit(r, action, string(id), string(e.Locker)+" "+e.Fingerprint())
	})
	return decided, err
}
