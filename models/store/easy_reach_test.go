package store_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// reached is a locker of which the cells are within easy reach.
func (f *fixture) reached(t *testing.T, number string, cells ...int) models.Locker {
	t.Helper()
	l := f.locker(t, number)
	l, err := f.UpdateLocker(t.Context(), models.Request{}, l.ID, models.LockerUpdate{EasyReach: cells})
	require.NoError(t, err)
	return l
}

// easy announces a shipment that asks for easy reach.
func (f *fixture) easy(l models.LockerID, number string, sizes ...models.Size) models.NewShipment {
	n := f.announcement(l, number)
	n.EasyReach, n.Parcels = true, nil
	for _, s := range sizes {
		n.Parcels = append(n.Parcels, models.NewParcel{Size: s})
	}
	return n
}

// TestEasyReachIsPromised: as many as there are, of the size or larger, and refused with a reason
// of its own, beside lockers that could; the cabinet is told of what was promised.
func TestEasyReachIsPromised(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, other := f.reached(t, "L-1", 1, 9), f.reached(t, "L-2", 2) // S and L
		v := f.create(t, f.easy(l.ID, "N1", models.SizeS))
		require.True(t, v.Shipment.EasyReach)
		f.create(t, f.easy(l.ID, "N2", models.SizeS))

		before := counts(t, f)
		_, _, err := f.CreateShipment(t.Context(), f.easy(l.ID, "N3", models.SizeS))
		var e *models.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, models.CodeNoEasyReach, e.Code)
		nearby := e.Details["nearby"].([]models.NearbyLocker)
		require.Len(t, nearby, 1)
		require.Equal(t, models.NearbyLocker{Locker: other.ID, Number: "L-2", Address: nearby[0].Address, Room: 1}, nearby[0])
		require.Equal(t, before, counts(t, f))

		best := f.easy(l.ID, "N4", models.SizeS)
		best.Guarantee = models.GuaranteeBestEffort
		require.False(t, f.create(t, best).Shipment.Guaranteed)
		n := f.easy(l.ID, "N5", models.SizeS)
		n.EasyReach = false
		f.create(t, n)

		row := rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryShipment, v.Shipment.ID)[0]
		var told models.DirectoryShipment
		require.NoError(t, json.Unmarshal(row.Body, &told))
		require.True(t, told.Parcels[0].EasyReach && told.Parcels[0].Promised)
		lines, err := f.Availability(t.Context(), l.ID, f.carrier.ID, f.clock())
		require.NoError(t, err)
		require.Equal(t, models.Availability{Regime: models.Ambient, Size: models.SizeS, Free: 4, Room: 7, EasyFree: 1}, lines[0])
	})
}

// TestEasyReachIsChanged while nothing of the shipment was put in.
func TestEasyReachIsChanged(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.reached(t, "L-1", 1)
		a, b := f.create(t, f.announcement(l.ID, "N1")), f.create(t, f.announcement(l.ID, "N2"))
		ask := func(v models.ShipmentView, easy bool) error {
			e := f.edit(v)
			e.EasyReach = &easy
			return f.EditShipment(t.Context(), e)
		}
		require.NoError(t, ask(a, true))
		require.True(t, rows[models.Promise](t, f, "shipment = ?", a.Shipment.ID)[0].EasyReach)
		require.Equal(t, models.CodeNoEasyReach, code(ask(b, true)))
		require.NoError(t, ask(a, false))
		require.NoError(t, ask(b, true))
		exec(t, f, "UPDATE shipments SET state = ? WHERE id = ?", models.StateLoading, b.Shipment.ID)
		require.Equal(t, models.CodeInvalidState, code(ask(b, false)))

		to := f.reached(t, "L-2")
		require.Equal(t, models.CodeNoEasyReach, code(f.KeepRoom(t.Context(), b.Shipment.ID, to.ID)))
		_, err := f.UpdateLocker(t.Context(), models.Request{}, to.ID, models.LockerUpdate{EasyReach: []int{4}})
		require.NoError(t, err)
		require.NoError(t, f.KeepRoom(t.Context(), b.Shipment.ID, to.ID))
		require.True(t, rows[models.Promise](t, f, "shipment = ?", b.Shipment.ID)[0].EasyReach)
	})
}

// TestTheOperatorMovesEasyReach: the cabinet is told which cells it is, and a promise that they
// were to keep is broken.
func TestTheOperatorMovesEasyReach(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.reached(t, "L-1", 1, 2)
		layout := func() (reached []int) {
			var body models.DirectoryLayout
			require.NoError(t, json.Unmarshal(rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryLayout, l.ID)[0].Body, &body))
			for _, c := range body.Cells {
				if c.EasyReach {
					reached = append(reached, c.Number)
				}
			}
			return reached
		}
		require.Equal(t, []int{1, 2}, layout())
		v := f.create(t, f.easy(l.ID, "N1", models.SizeS, models.SizeS))
		exec(t, f, "DELETE FROM outbox")
		_, err := f.UpdateLocker(t.Context(), models.Request{}, l.ID, models.LockerUpdate{EasyReach: []int{3}})
		require.NoError(t, err)
		require.Equal(t, []int{3}, layout())
		require.Equal(t, []models.ShipmentID{v.Shipment.ID}, f.news(t))
		_, err = f.UpdateLocker(t.Context(), models.Request{}, l.ID, models.LockerUpdate{EasyReach: []int{3, 10}})
		require.NoError(t, err)
		open, all := f.capacityIncidents(t)
		require.Equal(t, []int{0, 1}, []int{open, all})
	})
}
