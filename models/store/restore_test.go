package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestGrantsAfterARestore: cabinets pass over a grant that is not above the highest that they
// saw. What is granted or taken back after the database was put back is above those that were
// lost with it.
func TestGrantsAfterARestore(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		c, err := f.CreateCourier(t.Context(), models.NewCourier{Courier: models.Courier{Organization: f.carrier.ID, Badge: "B", PINHash: "x"}})
		require.NoError(t, err)
		withdrawal := func(rev int64) int64 {
			_, err := f.Project(t.Context(), models.Projection{Shipment: v.Shipment.ID, Rev: rev, State: models.StateWithdrawing,
				Withdrawal: &models.DirectoryWithdrawal{Shipment: v.Shipment.ID, Locker: l.ID}}, signed)
			require.NoError(t, err)
			return rows[models.DirectoryRow](t, f, "kind = ?", models.EntryWithdrawal)[0].Rev
		}
		suspend := func(suspended bool) int64 {
			c, err := f.SuspendCourier(t.Context(), models.Request{Actor: models.Actor{Organization: f.carrier.ID}}, c.ID, suspended)
			require.NoError(t, err)
			return c.Rev
		}
		var lostCourier, lostWithdrawal int64
		for i := range int64(3) {
			f.advance(time.Minute)
			lostCourier, lostWithdrawal = suspend(i%2 == 0), withdrawal(i+1)
		}
		exec(t, f, "UPDATE couriers SET rev = ?, suspended = ?", c.Rev, false)
		exec(t, f, "DELETE FROM directory WHERE kind = 'withdrawal'")
		exec(t, f, "UPDATE shipments SET rev = 0")
		f.advance(time.Minute)
		require.Greater(t, suspend(true), lostCourier)
		require.Greater(t, withdrawal(1), lostWithdrawal)
	})
}

// TestAnInventoryAfterALossIsNamed: whoever looks after the cabinet is told which cells are in
// doubt; an inventory of a cabinet that lost nothing tells nobody.
func TestAnInventoryAfterALossIsNamed(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		inventory := func(j *journal, reason string, doubtful ...int) {
			t.Helper()
			d := models.FactData{Reason: reason}
			for n := range 3 {
				d.Cells = append(d.Cells, models.CellReport{Cell: n + 1, State: models.CellFree, Doubtful: slices.Contains(doubtful, n+1)})
			}
			_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{j.fact(models.FactInventory, 0, d)})
			require.NoError(t, err)
		}
		j := &journal{at: f.clock()}
		inventory(j, "")
		require.Empty(t, rows[models.Incident](t, f))
		inventory(j, "old_copy", 1, 3)
		incidents := rows[models.Incident](t, f)
		require.Len(t, incidents, 1)
		require.Equal(t, models.IncidentStore, incidents[0].Kind)
		require.Contains(t, incidents[0].Evidence, ": old_copy, in doubt: 1 3")
	})
}

// TestAParcelOfALostShipment: after a restore the server does not know whose it is. An incident
// names its cell, and the cell is as the cabinet says.
func TestAParcelOfALostShipment(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		j := &journal{at: f.clock()}
		lost := models.FactData{Shipment: "shp_lost", Parcel: "par_lost",
			After: &models.CellReport{Cell: 2, State: models.CellOccupied, Generation: 4, Shipment: "shp_lost"}}
		_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{opened(j), j.fact(models.FactDeposited, 2, lost)})
		require.NoError(t, err)
		require.Len(t, rows[models.StoredFact](t, f, "quarantined = 'there is no such shipment'"), 1)
		cell := rows[models.StoredCell](t, f, "locker = ? AND number = 2", l.ID)[0]
		require.Equal(t, *lost.After, cell.Report())
		incidents := rows[models.Incident](t, f)
		require.Len(t, incidents, 1)
		require.Equal(t, models.IncidentQuarantine, incidents[0].Kind)
		require.Equal(t, 2, incidents[0].Cell)
		require.Empty(t, rows[models.OutboxRow](t, f, "kind = ?", models.OutboxSignal), "no life is told")
		told := rows[models.DirectoryRow](t, f, "kind = ?", models.EntryLost)
		require.Len(t, told, 1, "its cabinet is told")
		require.Equal(t, []string{"shp_lost", models.ScopeOfLocker(l.ID)}, []string{told[0].Key, told[0].Scope})

		lost.After.Cell = 99
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{j.fact(models.FactDeposited, 2, lost)})
		require.NoError(t, err)
		require.Len(t, rows[models.StoredFact](t, f, "quarantined = 'the cabinet has no such cell'"), 1)
	})
}

// TestALifeIsShownAgain: the database is put back to a copy of before the shipment went to another
// locker with a new code and was frozen there, and the running life shows all of it again.
func TestALifeIsShownAgain(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		from, to := f.locker(t, "L-1"), f.locker(t, "L-2")
		v := f.create(t, f.announcement(from.ID, "N1"))
		life, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		life.To = to.ID
		life.Moved(3, f.clock())
		life.ApplyFact(models.FactSignal{Locker: to.ID, Epoch: 1, Seq: 1, At: f.clock(), Type: models.FactDeposited, Parcel: v.Parcels[0].ID, Cell: 3, Operation: "op_in"})
		life.Freeze(f.clock())
		life.Rev = 7
		_, err = f.Project(t.Context(), life.ShowAgain(nil), signed)
		require.NoError(t, err)
		row := rows[models.Shipment](t, f)[0]
		require.Equal(t, to.ID, row.Locker)
		require.Equal(t, []any{3, int64(8), models.StateLoading, true}, []any{row.Issue, row.Rev, row.State, row.Frozen})
		require.Equal(t, to.ID, rows[models.Promise](t, f)[0].Locker)
		require.Equal(t, 3, rows[models.Parcel](t, f)[0].Cell)
		entry := func(l models.LockerID) models.DirectoryRow {
			return rows[models.DirectoryRow](t, f, "scope = ? AND kind = ? AND key = ?", models.ScopeOfLocker(l), models.EntryShipment, v.Shipment.ID)[0]
		}
		require.True(t, entry(from.ID).Deleted)
		require.Contains(t, string(entry(to.ID).Body), `"issue":3,"frozen":true`)
		require.Empty(t, rows[models.Notification](t, f), "nobody is told again")
		require.Len(t, rows[models.Event](t, f), 1, "nothing has happened")
	})
}

// TestReconcileRenumbersTheDirectory: a cabinet that has passed the restored database's positions
// reads all of its directory again, though others have moved on meanwhile.
func TestReconcileRenumbersTheDirectory(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		expect := func(number string) {
			t.Helper()
			v := f.create(t, f.announcement(l.ID, number))
			_, err := f.NextIssue(t.Context(), v.Shipment.ID, 0, func(models.Shipment, []models.Shipment) (int, error) { return 1, nil })
			require.NoError(t, err)
		}
		expect("N1")
		_, seen, _, err := f.Directory(t.Context(), l.ID, nil, 100)
		require.NoError(t, err)
		for scope := range seen {
			seen[scope]++ // a change that is lost
		}
		expect("N2")
		expect("N3")
		_, _, err = f.Reconcile(t.Context(), f.clock())
		require.NoError(t, err)
		all, cursor, _, err := f.Directory(t.Context(), l.ID, nil, 100)
		require.NoError(t, err)
		again, _, _, err := f.Directory(t.Context(), l.ID, seen, 100)
		require.NoError(t, err)
		require.Equal(t, all, again)
		none, _, _, err := f.Directory(t.Context(), l.ID, cursor, 100)
		require.NoError(t, err)
		require.Empty(t, none, "once")
	})
}
