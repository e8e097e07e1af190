package simulation

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/journal"
	"cubby/agent/protocol"
	"cubby/models"
)

// both writes to the simulated disk and to SQLite.
type both struct{ simulated, real journal.Disk }

func (b both) Load() ([]journal.Row, error) { return b.simulated.Load() }
func (b both) Write(rows []journal.Row) error {
	return errors.Join(b.simulated.Write(rows), b.real.Write(rows))
}
func (b both) Sync() error  { return errors.Join(b.simulated.Sync(), b.real.Sync()) }
func (b both) Close() error { return errors.Join(b.simulated.Close(), b.real.Close()) }

// TestTheSimulatedDiskIsAsSQLiteIs: the same steps leave the same cabinet on both, and what
// was written and not synced is on neither.
func TestTheSimulatedDiskIsAsSQLiteIs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cabinet.db")
	real, err := journal.OpenSQLite(path)
	require.NoError(t, err)
	simulated := newDisk()
	k, err := journal.Open(both{simulated, real}, lockerID(0))
	require.NoError(t, err)
	drive(t, k)
	torn := []journal.Row{{Table: journal.TableBadge, Key: "cou_torn", Value: []byte(`{"wrong":1}`)}}
	require.NoError(t, simulated.Write(torn))
	require.NoError(t, real.Write(torn))
	require.NoError(t, real.Close())
	simulated.pending = nil

	real, err = journal.OpenSQLite(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, real.Close()) }()
	require.Equal(t, restored(t, simulated), restored(t, real))
	require.Positive(t, k.State().Journal.Seq)
}

// drive gives a cabinet a layout and then doors, codes and acknowledgements at random.
func drive(t *testing.T, k *journal.Keeper) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	now := cabinet.Instant{WallMS: beginMS, UptimeMS: 1, Clock: models.ClockSynced}
	step := func(in cabinet.Input) {
		now.UptimeMS += rng.Int64N(minute)
		now.WallMS = beginMS + now.UptimeMS
		_, err := k.Step(now, in)
		require.NoError(t, err)
	}
	layout := models.DirectoryLayout{Locker: lockerID(0), State: models.LockerActive}
	for i := range cellsPerNode {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: i + 1, Size: models.SizeM, Regime: models.Ambient})
	}
	body, err := json.Marshal(layout)
	require.NoError(t, err)
	step(cabinet.Started{Boot: "boot"})
	step(cabinet.KeyInstalled{Key: models.CabinetKey{1}})
	step(cabinet.DirectoryEntries{DirectoryReply: protocol.DirectoryReply{
		Entries: []protocol.Entry{{Kind: models.EntryLayout, Key: string(lockerID(0)), Body: body}}}})
	for range 400 {
		switch rng.IntN(4) {
		case 0:
			step(cabinet.Keyed{Text: "46511140"}) // right in form, of no shipment
		case 1:
			j := k.State().Journal
			step(cabinet.JournalAcked{Epoch: j.Epoch, Seq: j.Acked + rng.Int64N(j.Seq-j.Acked+1)})
		default:
			step(cabinet.DoorChanged{Cell: 1 + rng.IntN(cellsPerNode), Open: rng.IntN(2) == 0})
		}
	}
}

// restored is the cabinet that a disk holds, as JSON.
func restored(t *testing.T, d journal.Disk) string {
	t.Helper()
	k, err := journal.Open(d, lockerID(0))
	require.NoError(t, err)
	raw, err := json.Marshal(k.State())
	require.NoError(t, err)
	return string(raw)
}
