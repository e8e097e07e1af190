package journal_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/journal"
	"cubby/agent/protocol"
	"cubby/models"
)

// memory is a disk in memory. What was written and not synced is lost with it.
type memory struct {
	rows    map[journal.Table]map[string][]byte
	written []journal.Row
	puts    map[journal.Table]int
	removes map[journal.Table]int

	failWrite, failSync error
	syncs, closes       int
}

func newMemory() *memory {
	return &memory{rows: map[journal.Table]map[string][]byte{}, puts: map[journal.Table]int{}, removes: map[journal.Table]int{}}
}

func (m *memory) Load() ([]journal.Row, error) {
	var rows []journal.Row
	for t, byKey := range m.rows {
		for k, v := range byKey {
			rows = append(rows, journal.Row{Table: t, Key: k, Value: v})
		}
	}
	return rows, nil // in an order that differs each time
}

func (m *memory) Write(rows []journal.Row) error {
	if m.failWrite != nil {
		return m.failWrite
	}
	m.written = append(m.written, rows...)
	return nil
}

func (m *memory) Sync() error {
	if m.failSync != nil {
		return m.failSync
	}
	m.syncs++
	for _, r := range m.written {
		if m.rows[r.Table] == nil {
			m.rows[r.Table] = map[string][]byte{}
		}
		if r.Value == nil {
			m.removes[r.Table]++
			delete(m.rows[r.Table], r.Key)
		} else {
			m.puts[r.Table]++
			m.rows[r.Table][r.Key] = r.Value
		}
	}
	m.written = nil
	return nil
}

func (m *memory) Close() error {
	m.closes++
	return nil
}

// kept is all of a state that a disk holds, in a form that compares. The uptime is kept
// only along with something else, and windows have no order.
func kept(t *testing.T, s *cabinet.State) string {
	t.Helper()
	k := *s
	k.Uptime, k.Key, k.Signers, k.Link, k.Session, k.BackSession = 0, nil, nil, cabinet.Link{}, cabinet.Session{}, cabinet.Session{}
	k.Windows = slices.SortedFunc(slices.Values(k.Windows), func(a, b *cabinet.Window) int { return cmp.Compare(a.Shipment, b.Shipment) })
	k.Operations = append([]*cabinet.Operation{}, k.Operations...)
	k.Cells = append([]*cabinet.Cell{}, k.Cells...)
	raw, err := json.MarshalIndent(k, "", " ")
	require.NoError(t, err)
	return string(raw)
}

// TestRowsRebuildTheState: after any number of steps what was written makes the very state,
// and only what is durable counts.
func TestRowsRebuildTheState(t *testing.T) {
	t.Parallel()
	put, removed := map[journal.Table]int{}, map[journal.Table]int{}
	for seed := range uint64(24) {
		disk := newMemory()
		l := newLife(t, seed, disk)
		again := 1 + l.rnd.IntN(20)
		for range 600 {
			l.one()
			if l.rnd.IntN(again) > 0 {
				continue
			}
			before := kept(t, l.keeper.State())
			l.open(disk)
			require.Equal(t, before, kept(t, l.keeper.State()), "seed %d, step %d", seed, l.steps)
			if l.rnd.IntN(4) == 0 {
				l.start() // else the program goes on with what was read
			}
		}
		for table, n := range disk.puts {
			put[table] += n
		}
		for table, n := range disk.removes {
			removed[table] += n
		}
	}
	// Else the above proves nothing.
	require.Equal(t, everyTable(), slices.Sorted(maps.Keys(put)))
	for _, table := range []journal.Table{journal.TableWindow, journal.TableShipment, journal.TableCourier,
		journal.TableWithdrawal, journal.TableFact} {
		require.Positive(t, removed[table], "no row of %s was ever removed", table)
	}
}

func everyTable() []journal.Table {
	return slices.Sorted(slices.Values([]journal.Table{
		journal.TableHead, journal.TableClock, journal.TableCell, journal.TableOperation, journal.TableWindow, journal.TableBadge, journal.TablePast,
		journal.TableShipment, journal.TableCourier, journal.TableWithdrawal, journal.TableRev, journal.TableLayout, journal.TableFact,
		journal.TableCellOrder,
	}))
}

// TestForgottenOperationsAreRemoved: the ledger keeps some hundreds of ended operations.
func TestForgottenOperationsAreRemoved(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	l := newLife(t, 1, disk)
	l.page(l.shipment("shp_1"))
	l.do(cabinet.LinkUp{Nonce: "nonce", Agent: "test"})
	l.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: 1}})
	for n := range 400 {
		id := models.OperationID(fmt.Sprintf("op_%d", n))
		l.do(cabinet.Scanned{Text: "BADGE-0"})
		l.do(cabinet.Keyed{Text: pin})
		l.do(cabinet.Scanned{Text: "shp_1-1", ID: id})
		l.do(cabinet.Pressed{Button: cabinet.ButtonCancel})
	}
	require.Positive(t, disk.removes[journal.TableOperation])
	require.Len(t, disk.rows[journal.TableOperation], len(l.keeper.State().Operations))
	before := kept(t, l.keeper.State())
	l.open(disk)
	require.Equal(t, before, kept(t, l.keeper.State()))
}

// TestSQLiteKeepsTheState: the same through a real file, closed and opened.
func TestSQLiteKeepsTheState(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "cabinet.db")
	disk, err := journal.OpenSQLite(path)
	require.NoError(t, err)
	l := newLife(t, 7, disk)
	for round := range 10 {
		for range 40 {
			l.one()
		}
		before, floor := kept(t, l.keeper.State()), l.keeper.FloorMS()
		require.NoError(t, l.keeper.Close())
		disk, err = journal.OpenSQLite(path)
		require.NoError(t, err)
		l.open(disk)
		require.Equal(t, before, kept(t, l.keeper.State()), "round %d", round)
		require.Equal(t, floor, l.keeper.FloorMS())
		l.start()
	}
	require.NoError(t, l.keeper.Close())
}

func TestNothingIsWrittenWhenNothingChanges(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	l := newLife(t, 1, disk)
	l.now.WallMS, l.now.UptimeMS = l.now.WallMS+1, l.now.UptimeMS+1
	syncs := disk.syncs
	for range 50 {
		l.now.UptimeMS += 100
		l.now.WallMS += 100
		l.now.FloorMS += 100
		l.do(cabinet.Tick{})
		l.do(cabinet.DoorChanged{Cell: 1})
	}
	require.Equal(t, syncs, disk.syncs, "time alone is not worth a write")
}

// TestFloor: the wall clock's floor is kept once a minute, whatever the clock guesses, and lower
// than before only when it was wrong.
func TestFloor(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	l := newLife(t, 1, disk)
	first := l.keeper.FloorMS()
	require.Equal(t, l.now.WallMS, first)
	l.wait(59_999)
	require.Equal(t, first, l.keeper.FloorMS())
	l.wait(1)
	require.Equal(t, first+60_000, l.keeper.FloorMS())
	for _, guess := range []int64{0, 2 * first} {
		l.now.WallMS = guess
		l.wait(1)
		require.Equal(t, first+60_000, l.keeper.FloorMS())
		l.open(disk)
		require.Equal(t, first+60_000, l.keeper.FloorMS())
	}
	l.now.FloorMS = first - 60_000
	l.do(cabinet.Tick{})
	l.open(disk)
	require.Equal(t, first-60_000, l.keeper.FloorMS())
}

// TestEffectsComeAfterTheCommit: a step that is not durable has no effects, and none after
// it has.
func TestEffectsComeAfterTheCommit(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	for name, fail := range map[string]func(*memory){
		"write": func(m *memory) { m.failWrite = full },
		"sync":  func(m *memory) { m.failSync = full },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newMemory()
			l := newLife(t, 1, disk)
			before := kept(t, l.keeper.State())
			open := cabinet.OpenedDirectly{Cell: 1, AtMS: l.now.WallMS}

			fail(disk)
			effects, err := l.keeper.Step(l.now, open)
			require.ErrorIs(t, err, full)
			require.Empty(t, effects, "a pulse without its state")
			disk.failWrite, disk.failSync = nil, nil
			effects, err = l.keeper.Step(l.now, open)
			require.ErrorIs(t, err, full, "what is in memory is not what is kept any more")
			require.Empty(t, effects)

			disk.written = nil // lost with the power
			l.open(disk)
			require.Equal(t, before, kept(t, l.keeper.State()))
			require.Contains(t, l.do(open), cabinet.Effect(cabinet.Pulse{Cell: 1}))
			require.Equal(t, 0, disk.closes)
			require.NoError(t, l.keeper.Close())
			require.Equal(t, 1, disk.closes)
		})
	}
}

// TestContradictions: rows that make no state are refused, each by itself.
func TestContradictions(t *testing.T) {
	t.Parallel()
	lived := func(t *testing.T) *memory {
		disk := newMemory()
		l := newLife(t, 3, disk)
		for range 200 {
			l.one()
		}
		return disk
	}
	nth := func(t *testing.T, m map[string][]byte, n int) string {
		t.Helper()
		require.Greater(t, len(m), n)
		return slices.Sorted(maps.Keys(m))[n]
	}
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, m *memory)
		says  string
	}{
		{"no head", func(_ *testing.T, m *memory) { delete(m.rows, journal.TableHead) }, "no head"},
		{"a fact is missing", func(t *testing.T, m *memory) {
			facts := m.rows[journal.TableFact]
			delete(facts, nth(t, facts, len(facts)/2))
		}, "does not follow"},
		{"the last fact is missing", func(t *testing.T, m *memory) {
			facts := m.rows[journal.TableFact]
			delete(facts, nth(t, facts, len(facts)-1))
		}, "do not end at the head"},
		{"facts that are not acknowledged are missing", func(t *testing.T, m *memory) {
			delete(m.rows, journal.TableFact)
			spoil(t, m.rows[journal.TableHead], "", func(s *cabinet.State) { s.Journal.Acked = 0 })
		}, "do not reach"},
		{"a cell that is held by no operation", func(t *testing.T, m *memory) {
			cells := m.rows[journal.TableCell]
			spoil(t, cells, nth(t, cells, 0), func(c *cabinet.Cell) { c.Operation = "op_unknown" })
		}, "has ended"},
		{"a free cell with a parcel", func(t *testing.T, m *memory) {
			cells := m.rows[journal.TableCell]
			spoil(t, cells, nth(t, cells, 0), func(c *cabinet.Cell) { c.State, c.Shipment, c.Operation = models.CellFree, "shp_x", "" })
		}, "free, yet it holds"},
		{"no JSON", func(_ *testing.T, m *memory) { m.rows[journal.TableLayout][""] = []byte("{") }, "layout"},
		{"no clock", func(_ *testing.T, m *memory) { m.rows[journal.TableClock][""] = []byte(`"soon"`) }, "clock"},
		{"an unknown table", func(_ *testing.T, m *memory) { m.rows["tariff"] = map[string][]byte{"x": []byte("1")} }, "no table"},
		{"another cabinet's", func(t *testing.T, m *memory) {
			spoil(t, m.rows[journal.TableHead], "", func(s *cabinet.State) { s.Locker = "lkr_2" })
		}, "lkr_2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			disk := lived(t)
			_, err := journal.Open(disk, locker)
			require.NoError(t, err)
			c.spoil(t, disk)
			_, err = journal.Open(disk, locker)
			require.ErrorIs(t, err, journal.ErrDamaged)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// spoil changes one row.
func spoil[T any](t *testing.T, rows map[string][]byte, key string, change func(*T)) {
	t.Helper()
	v := new(T)
	require.NoError(t, json.Unmarshal(rows[key], v), fmt.Sprintf("row %q", key))
	change(v)
	var err error
	rows[key], err = json.Marshal(v)
	require.NoError(t, err)
}
