package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestTakeInWhatACourierTookOutAgain: the cell is free, and the shipment's life is told.
func TestTakeInWhatACourierTookOutAgain(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		exec(t, f, "DELETE FROM outbox")
		j := &journal{at: f.clock()}
		out := models.FactData{
			Shipment: v.Shipment.ID, Parcel: v.Parcels[0].ID, Reason: models.LoadTooBig,
			After: &models.CellReport{Cell: 5, State: models.CellFree, Generation: 1},
		}
		_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{
			opened(j), j.fact(models.FactDeposited, 5, deposited(v, 0, 5)), j.fact(models.FactUnloaded, 5, out),
			j.fact(models.FactUnloaded, 5, models.FactData{Reason: "nothing is named"}),
		})
		require.NoError(t, err)
		cell := rows[models.StoredCell](t, f, "locker = ? AND number = 5", l.ID)[0]
		require.Equal(t, models.CellFree, cell.State)
		require.Len(t, rows[models.OutboxRow](t, f, "kind = ?", models.OutboxSignal), 2)
		require.Len(t, rows[models.StoredFact](t, f, "quarantined <> ''"), 1, "one that names no parcel")
	})
}
