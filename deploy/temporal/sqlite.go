package main

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema"
)

func memoryStore() store {
	// The plug-in makes the schema of an in-memory database itself.
	cfg := &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      "temporal",
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
	}
	return store{main: cfg, visibility: cfg, close: func() {}}
}

func openSQLite(ctx context.Context, dir string) (store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return store{}, err
	}
	path := filepath.Join(dir, "temporal.db")
	if err := setUpSQLite(ctx, path); err != nil {
		return store{}, err
	}
	cfg := &config.SQL{
		PluginName:   sqlite.PluginName,
		DatabaseName: path,
		ConnectAttributes: map[string]string{
			"mode":         "rwc",
			"journal_mode": "wal",
			// Two servers over one file would each believe they own every shard.
			"locking_mode": "exclusive",
			// In WAL mode a killed process loses nothing; only a power cut may take
			// the last commits, which a development server can afford.
			"synchronous": "normal",
		},
	}
	return store{main: cfg, visibility: cfg, close: func() {}}, nil
}

// setUpSQLite makes the schema of a new database in one transaction, so that a
// process killed half-way leaves an empty database and not half a schema.
func setUpSQLite(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := db.Close(); err == nil {
			err = closeErr
		}
	}()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()

	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return fmt.Errorf("read %s (does another server use it?): %w", path, err)
	}
	if tables > 0 {
		return nil
	}
	for _, name := range []string{"sqlite/v3/temporal/schema.sql", "sqlite/v3/visibility/schema.sql"} {
		statements, err := fs.ReadFile(schema.Assets(), name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(statements)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return tx.Commit()
}
