// Package store keeps Cubby's tables in SQLite or Postgres. It is the one package that
// knows GORM and goose: every other package sees models' types and methods of Store,
// which satisfies the interfaces of api, gateway and activities.
//
// Locks are always taken in one order, so that no two transactions wait for each other
// in a circle: idempotency record, locker, journal head, shipment, directory
// scope of a cabinet or organization, and at the end all feeds at once (see tellAll).
package store

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// Options say where the database is and what the store depends on.
type Options struct {
	// URL is "sqlite:PATH" or "postgres://…".
	URL    string
	IDs    *models.IDs
	Now    func() time.Time
	Rand   io.Reader // makes the secrets of keys and the barcodes that Cubby issues
	Logger *slog.Logger
	// Fault, in crash tests only, is called at named points and fails there.
	Fault func(point string) error
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	write *gorm.DB
	// read is write on Postgres. On SQLite it is a pool of its own: one connection writes,
	// and readers do not wait for it.
	read     *gorm.DB
	postgres bool
	close    func() error

	ids    *models.IDs
	clock  func() time.Time
	logger *slog.Logger
	fault  func(point string) error
	outbox chan struct{}

	statements atomic.Int64

	randMu sync.Mutex
	rand   io.Reader
}

// Open opens the database; Migrate makes its tables. It returns unavailable when another
// process uses a SQLite database, or Postgres does not answer.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{
		ids: o.IDs, clock: o.Now, rand: o.Rand, logger: o.Logger, fault: o.Fault,
		outbox: make(chan struct{}, 1),
	}
	var err error
	switch {
	case strings.HasPrefix(o.URL, "sqlite:"):
		err = s.openSQLite(ctx, strings.TrimPrefix(o.URL, "sqlite:"))
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		err = s.openPostgres(ctx, o.URL)
	default:
		err = models.Errorf(models.CodeInvalid, "the database URL must begin with sqlite: or postgres://")
	}
	if err != nil {
		return nil, mapError(err)
	}
	return s, nil
}

// config has neither PrepareStmt nor TranslateError. pgx keeps prepared statements by
// itself, and within a transaction GORM's would cost a round trip more for each statement;
// GORM's translation drops the constraint's name, which mapError needs.
func (s *Store) config() *gorm.Config {
	return &gorm.Config{
		Logger:                 queryLog{s.logger, &s.statements},
		NowFunc:                s.now,
		SkipDefaultTransaction: true,
	}
}

// Statements is how many statements this process has run, BEGIN and COMMIT not counted.
func (s *Store) Statements() int64 { return s.statements.Load() }

// Close closes the database and lets another process have it.
func (s *Store) Close() error { return s.close() }

// Ping reports whether the database answers: unavailable when not.
func (s *Store) Ping(ctx context.Context) error {
	return mapError(s.read.WithContext(ctx).Exec("SELECT 1").Error)
}

// now is a time as both databases keep it: UTC, in microseconds.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// random fills raw from the source of randomness, which need not be safe for concurrent
// use.
func (s *Store) random(raw []byte) error {
	s.randMu.Lock()
	defer s.randMu.Unlock()
	_, err := io.ReadFull(s.rand, raw)
	return err
}

// at calls the fault point of crash tests.
func (s *Store) at(point string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(point)
}

// utc normalises an optional time, because SQLite compares times as text.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}

// take turns "no such row" into not_found with a message.
func take[T any](v T, err error, message string) (T, error) {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return v, models.Errorf(models.CodeNotFound, "%s", message)
	}
	return v, mapError(err)
}

func closeDB(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}
