package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// sessionSeenEvery is how exactly the last request of a session is known: one within it writes
// nothing.
const sessionSeenEvery = time.Minute

// CreateStaff makes a login for a person of an operator's staff; a login in use is a conflict,
// and an organization that does not run the network is invalid_request.
func (s *Store) CreateStaff(ctx context.Context, r models.Request, p models.Staff) (models.Staff, error) {
	p.ID = models.StaffID(s.ids.New(models.PrefixStaff))
	err := s.tx(ctx, "staff", func(t *tx) error {
		o, err := gorm.G[models.Organization](t.db).Where("id = ?", p.Organization).Take(t.ctx)
		if o, err = take(o, err, "There is no such organization."); err != nil {
			return err
		}
		if o.Kind != models.KindOperator {
			return models.Errorf(models.CodeInvalid, "Only an operator has staff at the desk.")
		}
		p.CreatedAt = t.now
		if err := insert(t, p); err != nil {
			return err
		}
		return t.audit(r, "staff.create", string(p.ID), string(p.Organization))
	})
	return p, err
}

// SetStaffPassword sets the hash of a new password, lets a disabled login in again, and ends its
// sessions.
func (s *Store) SetStaffPassword(ctx context.Context, r models.Request, login, hash string) error {
	return s.changeStaff(ctx, r, login, "staff.password", func(t *tx, p *models.Staff) {
		p.Password, p.DisabledAt = hash, nil
	})
}

// DisableStaff lets a login in no more, and ends its sessions.
func (s *Store) DisableStaff(ctx context.Context, r models.Request, login string) error {
	return s.changeStaff(ctx, r, login, "staff.disable", func(t *tx, p *models.Staff) { p.DisabledAt = &t.now })
}

func (s *Store) changeStaff(ctx context.Context, r models.Request, login, action string, change func(*tx, *models.Staff)) error {
	return s.tx(ctx, "staff", func(t *tx) error {
		p, err := forUpdate[models.Staff](t).Where("login = ?", login).Take(t.ctx)
		if p, err = take(p, err, "There is no such login."); err != nil {
			return err
		}
		change(t, &p)
		if err := t.db.Select("password", "disabled_at").Save(&p).Error; err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM staff_sessions WHERE staff = ?", p.ID); err != nil {
			return err
		}
		return t.audit(r, action, string(p.ID), "")
	})
}

// SetStaffLanguage keeps the language that a person reads.
func (s *Store) SetStaffLanguage(ctx context.Context, id models.StaffID, language string) error {
	return s.tx(ctx, "staff", func(t *tx) error {
		_, err := t.exec("UPDATE staff SET language = ? WHERE id = ?", language, id)
		return err
	})
}

// TrySignIn counts a sign-in as failed, for each key, before its password is looked at: those
// that run at the same time count too. It returns too_many_requests with the seconds to wait in
// its details ("retry_after") where one of the keys has to wait, and counts nothing then.
func (s *Store) TrySignIn(ctx context.Context, keys []models.SignInKey) error {
	return s.tx(ctx, "sign_in", func(t *tx) error {
		for _, k := range keys {
			fresh := models.SignInTries{Key: k.Key, LastAt: t.now}
			if _, err := insertNew(t, fresh); err != nil {
				return err
			}
			row, err := forUpdate[models.SignInTries](t).Where("key = ?", k.Key).Take(t.ctx)
			if err != nil {
				return err
			}
			if wait := row.NotBefore(k.Free).Sub(t.now); wait > 0 {
				return &models.Error{
					Code: models.CodeTooMany, Message: "Too many sign-ins have failed.",
					Details: map[string]any{"retry_after": int((wait + time.Second - 1) / time.Second)},
				}
			}
			if _, err := t.exec("UPDATE sign_in_tries SET failed = failed + 1, last_at = ? WHERE key = ?", t.now, k.Key); err != nil {
				return err
			}
		}
		return nil
	})
}

// StaffByLogin returns a person, or not_found.
func (s *Store) StaffByLogin(ctx context.Context, login string) (models.Staff, error) {
	p, err := gorm.G[models.Staff](s.read).Where("login = ?", login).Take(ctx)
	return take(p, err, "There is no such login.")
}

// SignIn opens a session by the hash of its token, and forgets the tries that were counted for
// the keys. It returns unauthorized for a login that was disabled, or whose password was changed,
// since p was read.
func (s *Store) SignIn(ctx context.Context, r models.Request, p models.Staff, hash string, keys []models.SignInKey) error {
	return s.tx(ctx, "sign_in", func(t *tx) error {
		now, err := forUpdate[models.Staff](t).Where("id = ?", p.ID).Take(t.ctx)
		if err != nil {
			return err
		}
		if now.DisabledAt != nil || now.Password != p.Password {
			return models.Errorf(models.CodeUnauthorized, "The login was changed meanwhile.")
		}
		for _, k := range keys {
			forget := "DELETE FROM sign_in_tries WHERE key = ?"
			if k.Shared {
				forget = "UPDATE sign_in_tries SET failed = failed - 1 WHERE key = ? AND failed > 0"
			}
			if _, err := t.exec(forget, k.Key); err != nil {
				return err
			}
		}
		if err := insert(t, models.StaffSession{Hash: hash, Staff: p.ID, CreatedAt: t.now, SeenAt: t.now}); err != nil {
			return err
		}
		return t.audit(r, "staff.sign_in", string(p.ID), "")
	})
}

// StaffSession returns who is signed in with a token of the hash, or unauthorized. A request
// that a person made is seen: it puts off the end of the session.
func (s *Store) StaffSession(ctx context.Context, hash string, seen bool) (models.Staff, error) {
	over := models.Errorf(models.CodeUnauthorized, "The session is over.")
	session, err := gorm.G[models.StaffSession](s.read).Where("hash = ?", hash).Take(ctx)
	if session, err = take(session, err, ""); models.ErrorCode(err) == models.CodeNotFound {
		return models.Staff{}, over
	} else if err != nil {
		return models.Staff{}, err
	}
	now := s.now()
	if !session.Alive(now) {
		return models.Staff{}, over
	}
	p, err := gorm.G[models.Staff](s.read).Where("id = ?", session.Staff).Take(ctx)
	if err != nil {
		return models.Staff{}, mapError(err)
	}
	if p.DisabledAt != nil {
		return models.Staff{}, over
	}
	if seen && now.Sub(session.SeenAt) >= sessionSeenEvery {
		err = s.tx(ctx, "session", func(t *tx) error {
			_, err := t.exec("UPDATE staff_sessions SET seen_at = ? WHERE hash = ?", t.now, hash)
			return err
		})
	}
	return p, err
}

// SignOut ends a session; one that is over already is fine.
func (s *Store) SignOut(ctx context.Context, r models.Request, hash string) error {
	return s.tx(ctx, "sign_out", func(t *tx) error {
		n, err := t.exec("DELETE FROM staff_sessions WHERE hash = ?", hash)
		if err != nil || n == 0 {
			return err
		}
		return t.audit(r, "staff.sign_out", string(r.Actor.Staff), "")
	})
}
