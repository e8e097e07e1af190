package store_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestACabinetKnowsItsNeighbours: the three nearest that clients may use, the nearest first, as
// they are when it is told what it is; and its time zone.
func TestACabinetKnowsItsNeighbours(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		home := f.place
		var last models.Locker
		for i, away := range []float64{0.05, 0.01, 0.3, 0.03, 0.02, 0.04} {
			place, err := f.CreateLocation(t.Context(), models.Request{}, models.Location{
				Name: "p", Address: "Street " + strconv.Itoa(i), Latitude: home.Latitude, Longitude: home.Longitude + away, TimeZone: "Europe/Berlin",
			})
			require.NoError(t, err)
			f.place = place
			last = f.locker(t, "N-"+strconv.Itoa(i))
		}
		f.place = home
		exec(t, f, "UPDATE lockers SET state = ? WHERE number = 'N-1'", models.LockerNoDeposits)
		l := f.locker(t, "L-1")
		told := func(id models.LockerID) (layout models.DirectoryLayout) {
			row := rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryLayout, id)[0]
			require.NoError(t, json.Unmarshal(row.Body, &layout))
			return layout
		}
		layout := told(l.ID)
		require.Equal(t, home.TimeZone, layout.TimeZone)
		require.Len(t, layout.Neighbours, 3)
		for i, number := range []string{"N-4", "N-3", "N-5"} {
			require.Equal(t, number, layout.Neighbours[i].Number)
			require.Equal(t, "Street "+number[2:], layout.Neighbours[i].Address)
		}
		require.InDelta(t, 1390, layout.Neighbours[0].DistanceM, 900)
		require.Empty(t, told(last.ID).Neighbours[3:])
	})
}

// TestACabinetIsToldWhereAParcelGoes: who comes for it where it was is told.
func TestACabinetIsToldWhereAParcelGoes(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		v := f.waiting(t)
		to := f.locker(t, "L-2")
		life, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		_, err = f.Project(t.Context(), life.Projection(life.Reroute(to.ID, f.clock())), signed)
		require.NoError(t, err)
		row := rows[models.DirectoryRow](t, f, "kind = ?", models.EntryWithdrawal)[0]
		var w models.DirectoryWithdrawal
		require.NoError(t, json.Unmarshal(row.Body, &w))
		require.Equal(t, models.LeaveRerouted, w.Reason)
		require.Equal(t, "L-2, "+f.place.Address, w.Place)
	})
}
