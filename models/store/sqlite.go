package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"

	"cubby/models"
)

// readers is how many connections read a SQLite database at once.
const readers = 8

// openSQLite opens a file with one writing connection: writers queue for it in Go, in
// order, instead of meeting "database is locked". The lock file keeps other processes out.
func (s *Store) openSQLite(ctx context.Context, path string) (err error) {
	if path == "" || strings.Contains(path, "?") || strings.Contains(path, ":memory:") {
		return models.Errorf(models.CodeInvalid, "a SQLite database needs the path of a file")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	if s.write, err = s.sqlitePool(ctx, path, 1, "_txlock=immediate", "journal_mode(WAL)", "synchronous(FULL)"); err != nil {
		return err
	}
	if s.read, err = s.sqlitePool(ctx, path, readers, "_txlock=deferred", "query_only(1)"); err != nil {
		return errors.Join(err, closeDB(s.write))
	}
	s.close = func() error { return errors.Join(closeDB(s.read), closeDB(s.write), lock.Close()) }
	return nil
}

func (s *Store) sqlitePool(ctx context.Context, path string, connections int, txlock string, pragmas ...string) (*gorm.DB, error) {
	dsn := path + "?" + txlock
	for _, p := range append(pragmas, "foreign_keys(1)", "busy_timeout(10000)") {
		dsn += "&_pragma=" + url.QueryEscape(p)
	}
	db, err := gorm.Open(sqlite.Open(dsn), s.config())
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return db, pool.PingContext(ctx)
}

// lockFile holds an exclusive lock until the file is closed or the process ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	err = errors.Join(err, f.Close())
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, models.Wrap(models.CodeUnavailable, err, "another process uses this database; several processes need Postgres")
	}
	return nil, fmt.Errorf("cannot lock %s: %w", path, err)
}
