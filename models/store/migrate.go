package store

import (
	"context"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"cubby/models"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the tables up to date and installs the ready-made policies. Several
// processes may call it at once: on Postgres they take turns by a session lock.
func (s *Store) Migrate(ctx context.Context) error {
	p, err := s.migrator()
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return mapError(err)
	}
	return s.tx(ctx, "migrate", func(t *tx) error {
		var rows []models.StoredPolicy
		for _, p := range models.ReadyMadePolicies() {
			rows = append(rows, models.StoredPolicy{Name: p.Name, Version: p.Version, Body: p, CreatedAt: t.now})
		}
		_, err := insertNew(t, rows...)
		return err
	})
}

// CheckMigrated returns unavailable while the tables are not what this program needs.
func (s *Store) CheckMigrated(ctx context.Context) error {
	p, err := s.migrator()
	if err != nil {
		return err
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return mapError(err)
	}
	if pending {
		return models.Errorf(models.CodeUnavailable, "the database's tables are not up to date: run \"cubby migrate\"")
	}
	return nil
}

func (s *Store) migrator() (*goose.Provider, error) {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	options := []goose.ProviderOption{goose.WithLogger(goose.NopLogger())}
	if s.postgres {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, err
	}
	pool, err := s.write.DB()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, pool, files, options...)
}
