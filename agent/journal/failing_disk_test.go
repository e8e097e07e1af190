package journal_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/journal"
	"cubby/cmd/cubby-demo/lossy"
	"cubby/cmd/cubby-demo/lossytest"
)

// TestKeptAfterAFailedSync: what is committed after a disk failed is durable, though what it had of the log before is not.
func TestKeptAfterAFailedSync(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		disk, point := lossytest.Mount(t)
		path := filepath.Join(point, "cabinet.db")
		cell := func(n int) []journal.Row {
			return []journal.Row{{Table: journal.TableCell, Key: strconv.Itoa(n), Value: []byte("{}")}}
		}
		commit := func(d journal.Disk, n int) error {
			if err := d.Write(cell(n)); err != nil {
				return err
			}
			return d.Sync()
		}
		first, err := journal.OpenSQLite(path)
		require.NoError(t, err)
		require.NoError(t, commit(first, 1))
		// It fails in the middle of a commit, and until the program has ended.
		random := rand.New(rand.NewPCG(seed, 0))
		disk.Trouble(.5, random)
		for err == nil {
			err = commit(first, 2)
		}
		require.True(t, journal.DiskFailed(err), "%v", err)
		disk.Trouble(1, random)
		_ = first.Close() // it cannot put its log away
		disk.Heal()

		again, err := journal.OpenSQLite(path)
		require.NoError(t, err)
		require.NoError(t, commit(again, 3))
		left := t.TempDir()
		_, err = disk.Leave(left, lossy.All, random)
		require.NoError(t, err)
		require.NoError(t, again.Close())

		survivor, err := journal.OpenSQLite(filepath.Join(left, "cabinet.db"))
		require.NoError(t, err, "seed %d", seed)
		rows, err := survivor.Load()
		require.NoError(t, err)
		require.Subset(t, rows, append(cell(1), cell(3)...), "seed %d", seed)
		require.NoError(t, survivor.Close())
	}
}

func TestDiskFailed(t *testing.T) {
	t.Parallel()
	disk, point := lossytest.Mount(t)
	d, err := journal.OpenSQLite(filepath.Join(point, "cabinet.db"))
	require.NoError(t, err)
	disk.Fill(0)
	for err == nil {
		err = d.Write([]journal.Row{{Table: journal.TableCell, Key: "1", Value: make([]byte, 100_000)}})
		if err == nil {
			err = d.Sync()
		}
	}
	require.True(t, journal.DiskFailed(err), "%v", err)
	require.NoError(t, d.Close())
	require.True(t, journal.DiskFailed(os.WriteFile(filepath.Join(point, "new"), nil, 0o600)))
	require.False(t, journal.DiskFailed(journal.ErrDamaged))
	require.False(t, journal.DiskFailed(nil))
	_, err = os.ReadFile(filepath.Join(point, "none"))
	require.False(t, journal.DiskFailed(err))
}
