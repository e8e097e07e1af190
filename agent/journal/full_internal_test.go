package journal

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// fullDisk is a store that cannot grow.
func fullDisk(t *testing.T, path string) *sqliteDisk {
	t.Helper()
	disk, err := OpenSQLite(path)
	require.NoError(t, err)
	d := disk.(*sqliteDisk)
	_, err = d.db.Exec("PRAGMA max_page_count = 1") // as many as there are
	require.NoError(t, err)
	return d
}

func loaded(t *testing.T, path string) []Row {
	t.Helper()
	d, err := OpenSQLite(path)
	require.NoError(t, err)
	rows, err := d.Load()
	require.NoError(t, err)
	require.NoError(t, d.Close())
	return rows
}

// TestWriteIsAllOrNothing: of rows that fail half way, and of those before them, none is
// there.
func TestWriteIsAllOrNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cabinet.db")
	d := fullDisk(t, path)
	small := func(key string) Row { return Row{TableCell, key, []byte("{}")} }
	require.NoError(t, d.Write([]Row{small("1")}))
	require.NoError(t, d.Write([]Row{small("2"), {Table: TableCell, Key: "1"}}))
	require.NoError(t, d.Sync())
	require.NoError(t, d.Sync(), "nothing is left to do")

	require.NoError(t, d.Write([]Row{small("3")}))
	require.ErrorContains(t, d.Write([]Row{small("4"), {TableCell, "5", make([]byte, 100_000)}}), "full")
	require.NoError(t, d.Sync())
	require.NoError(t, d.Write([]Row{small("6")})) // never synced
	require.NoError(t, d.Close())
	require.Equal(t, []Row{small("2")}, loaded(t, path))
}

// TestFullDiskStopsTheKeeper: nothing is done that is not kept, and what was kept is there.
func TestFullDiskStopsTheKeeper(t *testing.T) {
	t.Parallel()
	const locker = models.LockerID("lkr_1")
	path := filepath.Join(t.TempDir(), "cabinet.db")
	k, err := Open(fullDisk(t, path), locker)
	require.NoError(t, err)
	kept := ""
	for n := range 10_000 {
		boot := strings.Repeat("b", n)
		if _, err = k.Step(cabinet.Instant{UptimeMS: 1}, cabinet.Started{Boot: boot}); err != nil {
			break
		}
		kept = boot
	}
	require.ErrorContains(t, err, "full")
	_, again := k.Step(cabinet.Instant{UptimeMS: 1}, cabinet.Tick{})
	require.Equal(t, err, again)
	require.NoError(t, k.Close())

	d, err := OpenSQLite(path)
	require.NoError(t, err)
	k, err = Open(d, locker)
	require.NoError(t, err)
	require.Equal(t, kept, k.State().Boot)
	require.NoError(t, k.Close())
}
