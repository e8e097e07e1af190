package journal_test

import (
	"bytes"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/journal"
)

// lived is a store with some life in it, closed; the state that it holds.
func lived(t *testing.T) (path, state string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "cabinet.db")
	disk, err := journal.OpenSQLite(path)
	require.NoError(t, err)
	l := newLife(t, 5, disk)
	for range 120 {
		l.one()
	}
	require.NoError(t, l.keeper.Close())
	return path, kept(t, l.keeper.State())
}

// reopened is what a store holds; an error of either half of opening it.
func reopened(t *testing.T, path string) (string, error) {
	t.Helper()
	disk, err := journal.OpenSQLite(path)
	if err != nil {
		return "", err
	}
	k, err := journal.Open(disk, locker)
	if err != nil {
		return "", errors.Join(err, disk.Close())
	}
	return kept(t, k.State()), k.Close()
}

func TestCorruptFilesAreNoticed(t *testing.T) {
	t.Parallel()
	path, _ := lived(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, c := range []struct {
		name  string
		spoil func() []byte
	}{
		{"a header of garbage", func() []byte { return append(bytes.Repeat([]byte("garbage!"), 2), whole[16:]...) }},
		{"no database at all", func() []byte { return bytes.Repeat([]byte{0xA5}, len(whole)) }},
		{"a page of zeros", func() []byte {
			return append(append(bytes.Clone(whole[:4096]), make([]byte, 4096)...), whole[8192:]...)
		}},
		{"cut in the middle", func() []byte { return whole[:len(whole)/2] }},
		{"cut within a page", func() []byte { return whole[:len(whole)-100] }},
		{"cut to nothing", func() []byte { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "cabinet.db")
			require.NoError(t, os.WriteFile(path, c.spoil(), 0o600))
			_, err := reopened(t, path)
			require.ErrorIs(t, err, journal.ErrDamaged)
		})
	}
}

// TestRottenBytes flips one bit at a time. Whatever it hits, the store is refused or is the
// same; what was refused is damaged, but for the few bytes of the header by which SQLite
// tells a file of a newer version.
func TestRottenBytes(t *testing.T) {
	t.Parallel()
	path, state := lived(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	rnd := rand.New(rand.NewPCG(1, 1))
	const header, flips = 100, 250
	refused := 0
	for range flips {
		at := rnd.IntN(len(whole))
		spoilt := bytes.Clone(whole)
		spoilt[at] ^= 1 << rnd.IntN(8)
		require.NoError(t, os.WriteFile(path, spoilt, 0o600))
		found, err := reopened(t, path)
		if err == nil {
			require.Equal(t, state, found, "the bit at %d", at)
			continue
		}
		refused++
		if at >= header {
			require.ErrorIs(t, err, journal.ErrDamaged, "the bit at %d", at)
		}
	}
	require.Greater(t, refused, flips/4, "most bytes of a store mean something")
}

// TestPowerCuts copies the files as they are after a step, and opens the copy: it holds that
// step. With the log's end torn off it holds an earlier one, whole.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, cut := filepath.Join(dir, "cabinet.db"), filepath.Join(dir, "cut.db")
	disk, err := journal.OpenSQLite(path)
	require.NoError(t, err)
	l := newLife(t, 9, disk)
	states := map[string]bool{kept(t, l.keeper.State()): true}
	l.after = func() { states[kept(t, l.keeper.State())] = true }
	furnished, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)
	torn := 0
	for range 60 {
		l.one()
		copyFile(t, path, cut)
		copyFile(t, path+"-wal", cut+"-wal")
		found, err := reopened(t, cut)
		require.NoError(t, err)
		require.Equal(t, kept(t, l.keeper.State()), found, "what Step returned for is there")

		log, err := os.ReadFile(path + "-wal")
		require.NoError(t, err)
		copyFile(t, path, cut)
		end := len(furnished) + l.rnd.IntN(len(log)-len(furnished)+1)
		require.NoError(t, os.WriteFile(cut+"-wal", log[:end], 0o600))
		found, err = reopened(t, cut)
		require.NoError(t, err, "a torn log is no damage")
		require.True(t, states[found], "a state that never was: %s", found)
		if found != kept(t, l.keeper.State()) {
			torn++
		}
	}
	require.Positive(t, torn)
	require.NoError(t, l.keeper.Close())
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, raw, 0o600))
}

func TestLogWithoutItsFileIsDamage(t *testing.T) {
	t.Parallel()
	path, _ := lived(t)
	require.NoError(t, os.Rename(path, path+"-wal"))
	_, err := journal.OpenSQLite(path)
	require.ErrorIs(t, err, journal.ErrDamaged)
}

// TestSetAside keeps the file and its log, and makes room for a new store.
func TestSetAside(t *testing.T) {
	t.Parallel()
	path, _ := lived(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+"-wal", []byte("log"), 0o600))
	aside, err := journal.SetAside(path, time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC))
	require.NoError(t, err)
	require.Equal(t, path+".damaged-20260102T030405.006Z", aside)
	have, err := os.ReadFile(aside)
	require.NoError(t, err)
	require.Equal(t, whole, have)
	have, err = os.ReadFile(aside + "-wal")
	require.NoError(t, err)
	require.Equal(t, "log", string(have))

	disk, err := journal.OpenSQLite(path)
	require.NoError(t, err)
	rows, err := disk.Load()
	require.NoError(t, err)
	require.Empty(t, rows)
	require.NoError(t, disk.Close())
}

func TestOneProgramHasTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cabinet.db")
	disk, err := journal.OpenSQLite(path)
	require.NoError(t, err)
	_, err = journal.OpenSQLite(path)
	require.ErrorContains(t, err, "locked")
	require.NotErrorIs(t, err, journal.ErrDamaged, "it must not be set aside")
	require.NoError(t, disk.Close())
	disk, err = journal.OpenSQLite(path)
	require.NoError(t, err)
	require.NoError(t, disk.Close())
}

func TestNewerStoreIsRefused(t *testing.T) {
	t.Parallel()
	path, state := lived(t)
	version := func(n string) {
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		_, err = db.Exec("PRAGMA user_version = " + n)
		require.NoError(t, errors.Join(err, db.Close()))
	}
	version("2")
	_, err := journal.OpenSQLite(path)
	require.ErrorContains(t, err, "a newer program wrote it")
	require.NotErrorIs(t, err, journal.ErrDamaged)
	version("1") // it was not touched
	found, err := reopened(t, path)
	require.NoError(t, err)
	require.Equal(t, state, found)
}
