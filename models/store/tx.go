package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

// txAttempts bounds how often a transaction that lost a deadlock is run again.
const txAttempts = 5

// tx is one transaction: one database session, one time.
type tx struct {
	*Store
	ctx context.Context
	db  *gorm.DB
	now time.Time
	// forward: rows were put in the outbox.
	forward bool
	// feed is what was told, to be written at the end.
	feed []models.FeedEvent
}

// tx runs a transaction. The name gives its fault points: "<name>.before_commit" and
// "<name>.after_commit". fn may run more than once.
func (s *Store) tx(ctx context.Context, name string, fn func(t *tx) error) error {
	for attempt := 1; ; attempt++ {
		t := &tx{Store: s, ctx: ctx, now: s.now()}
		err := s.write.WithContext(ctx).Transaction(func(db *gorm.DB) error {
			t.db = db
			if err := fn(t); err != nil {
				return err
			}
			if err := t.tellAll(); err != nil {
				return err
			}
			return s.at(name + ".before_commit")
		})
		if err == nil {
			if t.forward {
				s.ringOutbox()
			}
			return s.at(name + ".after_commit")
		}
		if attempt == txAttempts || !again(err) || ctx.Err() != nil {
			return mapError(err)
		}
	}
}

// exec runs a statement and returns how many rows it touched.
func (t *tx) exec(statement string, args ...any) (int64, error) {
	done := t.db.Exec(statement, args...)
	return done.RowsAffected, done.Error
}

// insert adds rows, of which there is at least one.
func insert[T any](t *tx, rows ...T) error {
	return t.db.CreateInBatches(&rows, insertBatch).Error
}

// insertNew adds the rows that violate no unique constraint and returns how many.
func insertNew[T any](t *tx, rows ...T) (int64, error) {
	done := t.db.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(&rows, insertBatch)
	return done.RowsAffected, done.Error
}

// insertBatch keeps a statement far below both databases' limit of parameters.
const insertBatch = 250

// forUpdate reads rows FOR NO KEY UPDATE, which does not stand in the way of rows that refer to
// them. On SQLite the transaction itself is the lock.
func forUpdate[T any](t *tx) gorm.Interface[T] {
	return gorm.G[T](t.db, clause.Locking{Strength: "NO KEY UPDATE"})
}

// audit records an act.
func (t *tx) audit(r models.Request, action, object, detail string) error {
	return insert(t, models.AuditEntry{
		At: t.now, Actor: r.By(), Organization: r.Actor.Organization,
		Action: action, Object: object, Detail: detail, Request: r.ID,
	})
}

// Audit records an act that was carried out elsewhere.
func (s *Store) Audit(ctx context.Context, r models.Request, action, object, detail string) error {
	return s.tx(ctx, "audit", func(t *tx) error { return t.audit(r, action, object, detail) })
}
