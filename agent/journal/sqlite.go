package journal

import (
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"cubby/agent/durable"
	"cubby/agent/mutant"
)

// schema is version 1 of the store. Values are JSON, so that a field can be added without
// another version.
const schema = `CREATE TABLE IF NOT EXISTS rows (
	tab   TEXT NOT NULL,
	key   TEXT NOT NULL,
	value BLOB NOT NULL,
	sum   INTEGER NOT NULL, -- CRC-32C of the others: SQLite does not see a value that rotted
	PRIMARY KEY (tab, key)
) WITHOUT ROWID;
PRAGMA user_version = 1`

const schemaVersion = 1

// sqliteDisk is a store in a SQLite file with one connection, which is the only one.
type sqliteDisk struct {
	db     *sql.DB
	put    *sql.Stmt
	remove *sql.Stmt
	tx     *sql.Tx // written, not yet durable
}

// settings make a commit durable: write-ahead log with synchronous=FULL, for one process
// alone. SQLite takes a mistake in them without a word.
var settings = []string{"busy_timeout(2000)", "locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(FULL)"}

// OpenSQLite opens a store, or makes a new one, in which a commit is durable. The settings
// are read back, and a connection that does not have them is refused. ErrDamaged says that
// the file is corrupt.
func OpenSQLite(path string) (Disk, error) { return openSQLite(path, settings) }

func openSQLite(path string, pragmas []string) (Disk, error) {
	dir := filepath.Dir(path)
	if err := durable.MakeDir(dir); err != nil {
		return nil, err
	}
	if err := checkFiles(path); err != nil {
		return nil, err
	}
	// unix-excl: SQLite reads a store that is there before it sets locking_mode, and would map a -shm file for that. A
	// mapped file on a disk that fails ends the program, with no error to be told.
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_txlock=immediate&vfs=unix-excl"
	for _, pragma := range pragmas {
		dsn += "&_pragma=" + url.QueryEscape(pragma)
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	d := &sqliteDisk{db: db}
	if err := d.prepare(); err != nil {
		return nil, errors.Join(corrupt(err), db.Close())
	}
	if err := durable.SyncDir(dir); err != nil { // a new file's name must be durable too
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// checkFiles finds what SQLite would take for a store that is new: it deletes the log of an
// empty or missing file.
func checkFiles(path string) error {
	main, err := os.Stat(path)
	switch {
	case err == nil && main.Size() == 0:
		return fmt.Errorf("%w: its file is empty", ErrDamaged)
	case errors.Is(err, fs.ErrNotExist):
		if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
			return fmt.Errorf("%w: its log is there without its file", ErrDamaged)
		}
		return nil
	}
	return err
}

func (d *sqliteDisk) prepare() error {
	var found string
	if err := d.db.QueryRow("PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, found)
	}
	var version int
	if err := d.db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("journal: the store is of version %d, this program reads up to %d: a newer program wrote it", version, schemaVersion)
	}
	if err := d.checkSettings(); err != nil {
		return err
	}
	if mutant.On(mutant.UnsyncedCommit) {
		if _, err := d.db.Exec("PRAGMA synchronous = OFF"); err != nil {
			return err
		}
	}
	if err := d.emptyLog(); err != nil {
		return err
	}
	if _, err := d.db.Exec(schema); err != nil {
		return err
	}
	var err error
	if d.put, err = d.db.Prepare("REPLACE INTO rows (tab, key, value, sum) VALUES (?, ?, ?, ?)"); err != nil {
		return err
	}
	d.remove, err = d.db.Prepare("DELETE FROM rows WHERE tab = ? AND key = ?")
	return err
}

// checkSettings refuses a connection whose commits a power cut could take back.
func (d *sqliteDisk) checkSettings() error {
	for _, want := range []struct{ pragma, value, name string }{
		{"journal_mode", "wal", "WAL"}, {"synchronous", "2", "FULL"}, {"locking_mode", "exclusive", "EXCLUSIVE"},
	} {
		var have string
		if err := d.db.QueryRow("PRAGMA " + want.pragma).Scan(&have); err != nil {
			return err
		}
		if !strings.EqualFold(have, want.value) {
			return fmt.Errorf("journal: %s is %q, not %s: such a store can lose what it acknowledged, so it is not used", want.pragma, have, want.name)
		}
	}
	return nil
}

// emptyLog copies what the log holds into the main file. A log that was written while the disk failed may read well and
// yet not be on the disk, for no later sync repairs one that failed. What is added behind it would go with it.
func (d *sqliteDisk) emptyLog() error {
	var busy, frames, copied int
	if err := d.db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &copied); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("journal: the store's log cannot be emptied: another program reads it")
	}
	return nil
}

// Load implements Disk.
func (d *sqliteDisk) Load() ([]Row, error) {
	found, err := d.db.Query("SELECT tab, key, value, sum FROM rows ORDER BY tab, key")
	if err != nil {
		return nil, corrupt(err)
	}
	var rows []Row
	for found.Next() {
		var r Row
		var sum uint32
		if err := found.Scan(&r.Table, &r.Key, &r.Value, &sum); err != nil {
			return nil, errors.Join(damaged(r, err), found.Close())
		}
		if sum != r.sum() {
			return nil, errors.Join(damaged(r, errors.New("its checksum is wrong")), found.Close())
		}
		rows = append(rows, r)
	}
	return rows, errors.Join(corrupt(found.Err()), found.Close())
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (r Row) sum() uint32 {
	sum := crc32.Checksum([]byte(string(r.Table)+"\x00"+r.Key+"\x00"), castagnoli)
	return crc32.Update(sum, castagnoli, r.Value)
}

// Write implements Disk.
func (d *sqliteDisk) Write(rows []Row) error {
	if d.tx == nil {
		tx, err := d.db.Begin()
		if err != nil {
			return err
		}
		d.tx = tx
	}
	if err := d.write(rows); err != nil {
		tx := d.tx
		d.tx = nil
		return errors.Join(err, tx.Rollback())
	}
	return nil
}

func (d *sqliteDisk) write(rows []Row) (err error) {
	put, remove := d.tx.Stmt(d.put), d.tx.Stmt(d.remove)
	for _, r := range rows {
		if r.Value == nil {
			_, err = remove.Exec(string(r.Table), r.Key)
		} else {
			_, err = put.Exec(string(r.Table), r.Key, r.Value, r.sum())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Sync implements Disk: the commit waits for the disk.
func (d *sqliteDisk) Sync() error {
	tx := d.tx
	d.tx = nil
	if tx == nil {
		return nil
	}
	return tx.Commit()
}

// Close implements Disk.
func (d *sqliteDisk) Close() error {
	var err error
	if d.tx != nil {
		err = d.tx.Rollback()
	}
	return errors.Join(err, d.db.Close())
}

// corrupt names SQLite's own words for a damaged file.
func corrupt(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return err
}

// DiskFailed reports whether an error says that the disk is full, fails or cannot be written to. That may pass.
func DiskFailed(err error) bool {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlitelib.SQLITE_IOERR, sqlitelib.SQLITE_FULL, sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_READONLY:
			return true
		}
	}
	return slices.ContainsFunc([]error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS}, func(cause error) bool {
		return errors.Is(err, cause)
	})
}

// SetAside renames a store's files, so that they are kept for whoever looks into them, and
// returns the new name of the first.
func SetAside(path string, now time.Time) (string, error) {
	aside := fmt.Sprintf("%s.damaged-%s", path, now.UTC().Format("20060102T150405.000Z"))
	for _, suffix := range []string{"", "-wal", "-journal"} {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return aside, durable.SyncDir(filepath.Dir(path))
}
