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
