package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

var (
	low   = models.Dimensions{WidthMM: 80, HeightMM: 570, DepthMM: 370} // lying, it fits the small cells
	high  = models.Dimensions{WidthMM: 350, HeightMM: 350, DepthMM: 350}
	giant = models.Dimensions{WidthMM: 900, HeightMM: 900, DepthMM: 900}
)

// measured makes a cabinet with cells of 90, 190 and 390 mm, of the sizes given.
func (f *fixture) measured(t *testing.T, number string, sizes ...models.Size) models.Locker {
	t.Helper()
	rows := make([]models.Row, len(sizes))
	for i, height := range []int{90, 190, 390} {
		rows[i] = models.Row{Cells: 2, Size: sizes[i], Inner: models.Dimensions{WidthMM: 380, HeightMM: height, DepthMM: 580}}
	}
	model, err := f.CreateModel(t.Context(), models.Request{ID: "req"}, models.CabinetModel{Name: number,
		Modules: []models.Module{{Name: "m", Regime: models.Ambient, Side: models.SideFront, Rows: rows}}})
	require.NoError(t, err)
	l, err := f.CreateLocker(t.Context(), models.Request{}, models.Locker{Number: number, Location: f.place.ID, Model: model.ID})
	require.NoError(t, err)
	return l
}

// TestMeasuresWithoutASize: what is promised is room that the parcel fits.
func TestMeasuresWithoutASize(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.measured(t, "L-1", models.SizeS, models.SizeM, models.SizeL)
		n := f.announcement(l.ID, "N1")
		n.Parcels = []models.NewParcel{{Dimensions: low}, {Dimensions: high}, {Size: models.SizeM, Dimensions: low}, {}}
		v := f.create(t, n)
		promised := func(v models.ShipmentView) (sizes []models.Size) {
			for _, p := range v.Parcels {
				row := rows[models.Promise](t, f, "parcel = ?", p.ID)[0]
				require.Equal(t, p.Size, row.Size)
				sizes = append(sizes, row.Size)
			}
			return sizes
		}
		require.Equal(t, []models.Size{models.SizeS, models.SizeL, models.SizeM, models.SizeM}, promised(v))

		n = f.announcement(l.ID, "N2")
		n.Parcels = []models.NewParcel{{Dimensions: giant}}
		_, _, err := f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeNoCapacity, code(err))
		require.Contains(t, models.ErrorMessage(err), "900 x 900 x 900 mm fits no cell")
		n.Parcels = []models.NewParcel{{Dimensions: high}}
		second := f.create(t, n)
		n = f.announcement(l.ID, "N3")
		n.Parcels = []models.NewParcel{{Dimensions: high}}
		_, _, err = f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeNoCapacity, code(err), "both large cells are promised")

		e := f.edit(second)
		e.Parcels = []models.ParcelEdit{{ID: second.Parcels[0].ID, Dimensions: giant}}
		require.Equal(t, models.CodeNoCapacity, code(f.EditShipment(t.Context(), e)))
		e.Parcels[0].Dimensions = low
		require.NoError(t, f.EditShipment(t.Context(), e))
		second, err = f.Shipment(t.Context(), f.actor(f.carrier), second.Shipment.ID)
		require.NoError(t, err)
		require.Equal(t, []models.Size{models.SizeS}, promised(second))
		e.Parcels[0].Size, e.Parcels[0].Dimensions = models.SizeL, low
		require.NoError(t, f.EditShipment(t.Context(), e))
		second, err = f.Shipment(t.Context(), f.actor(f.carrier), second.Shipment.ID)
		require.NoError(t, err)
		require.Equal(t, []models.Size{models.SizeL}, promised(second), "a size that is given stays")

		l3 := f.measured(t, "L-3", models.SizeS, models.SizeM, models.SizeL)
		exec(t, f, "UPDATE cells SET easy_reach = ? WHERE locker = ? AND size <> ?", true, l3.ID, models.SizeL)
		n = f.announcement(l3.ID, "N4")
		n.EasyReach, n.Parcels = true, []models.NewParcel{{Dimensions: low}}
		require.Equal(t, []models.Size{models.SizeS}, promised(f.create(t, n)))
		n = f.announcement(l3.ID, "N5")
		n.EasyReach, n.Parcels = true, []models.NewParcel{{Dimensions: high}}
		_, _, err = f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeNoCapacity, code(err), "what it fits is out of reach")
	})
}

// TestAnAnswerStaysWhenCellsChange: a repeat is answered as the first, though the parcel fits no cell by now.
func TestAnAnswerStaysWhenCellsChange(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.measured(t, "L-1", models.SizeS, models.SizeM, models.SizeL)
		n := f.announcement(l.ID, "N1")
		n.Parcels = []models.NewParcel{{Dimensions: high}}
		v := f.create(t, n)
		exec(t, f, "DELETE FROM cells WHERE size = ?", models.SizeL)
		again, replayed, err := f.CreateShipment(t.Context(), n)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, v.Shipment.ID, again.Shipment.ID)
	})
}

// TestMeasuresAtAnotherLocker: its cells of the same size may be lower.
func TestMeasuresAtAnotherLocker(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		from, to := f.measured(t, "L-1", models.SizeS, models.SizeS, models.SizeM), f.measured(t, "L-2", models.SizeS, models.SizeM, models.SizeL)
		n := f.announcement(from.ID, "N1")
		n.Parcels = []models.NewParcel{{Dimensions: high}, {Size: models.SizeM, Dimensions: low}}
		v := f.create(t, n)
		require.Equal(t, models.SizeM, v.Parcels[0].Size)
		require.NoError(t, f.KeepRoom(t.Context(), v.Shipment.ID, to.ID))
		_, err := f.MoveShipment(t.Context(), v.Shipment.ID, to.ID, 0, func(models.Shipment, []models.Shipment) (int, error) { return 1, nil })
		require.NoError(t, err)
		is, err := f.Shipment(t.Context(), f.actor(f.carrier), v.Shipment.ID)
		require.NoError(t, err)
		for i, size := range []models.Size{models.SizeL, models.SizeM} { // and what was said to be medium stays so
			require.Equal(t, size, is.Parcels[i].Size)
			require.Equal(t, size, rows[models.Promise](t, f, "parcel = ?", v.Parcels[i].ID)[0].Size)
		}
		require.Contains(t, string(rows[models.DirectoryRow](t, f, "scope = ? AND kind = ?", models.ScopeOfLocker(to.ID), models.EntryShipment)[0].Body), `"size":"L"`)

		none := f.measured(t, "L-3", models.SizeS, models.SizeM, models.SizeL)
		exec(t, f, "DELETE FROM cells WHERE locker = ? AND size = ?", none.ID, models.SizeL)
		require.Equal(t, models.CodeNoCapacity, code(f.KeepRoom(t.Context(), v.Shipment.ID, none.ID)))
	})
}
