package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestReroute(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		from, to := f.locker(t, "L-1"), f.locker(t, "L-2")
		v := f.create(t, f.announcement(from.ID, "N1"))
		other := f.create(t, f.announcement(to.ID, "N2"))
		id := v.Shipment.ID
		_, err := f.NextIssue(t.Context(), id, 0, func(models.Shipment, []models.Shipment) (int, error) { return 1, nil })
		require.NoError(t, err)
		_, err = f.NextIssue(t.Context(), other.Shipment.ID, 0, func(models.Shipment, []models.Shipment) (int, error) { return 1, nil })
		require.NoError(t, err)

		require.NoError(t, f.KeepRoom(t.Context(), id, to.ID))
		promises := rows[models.Promise](t, f, "shipment = ?", id)
		require.Len(t, promises, len(v.Parcels), "the room at the old locker is given back")
		require.Equal(t, to.ID, promises[0].Locker)
		before := counts(t, f)
		exec(t, f, "UPDATE cells SET state = ? WHERE locker = ?", models.CellOutOfService, to.ID)
		require.NoError(t, f.KeepRoom(t.Context(), id, to.ID), "again: what is kept is kept, though it is full by now")
		require.Equal(t, before, counts(t, f))
		lost, err := f.LoadLife(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, to.ID, lost.To, "it goes on where it was going")

		chosen := 0
		for range 2 { // once more changes nothing
			issue, err := f.MoveShipment(t.Context(), id, to.ID, 1, func(_ models.Shipment, open []models.Shipment) (int, error) {
				require.Len(t, open, 1, "the other shipment at the new locker")
				chosen++
				return 5 + chosen, nil
			})
			require.NoError(t, err)
			require.Equal(t, 6, issue)
		}
		require.Equal(t, 1, chosen)
		row := rows[models.Shipment](t, f, "id = ?", id)[0]
		require.Equal(t, to.ID, row.Locker)
		require.Equal(t, 6, row.Issue)
		entry := func(l models.LockerID) models.DirectoryRow {
			return rows[models.DirectoryRow](t, f, "scope = ? AND kind = ? AND key = ?", models.ScopeOfLocker(l), models.EntryShipment, id)[0]
		}
		require.True(t, entry(from.ID).Deleted)
		require.False(t, entry(to.ID).Deleted)
		require.Contains(t, string(entry(to.ID).Body), `"issue":6`)
	})
}

func TestRerouteRefused(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		from, to := f.locker(t, "L-1"), f.locker(t, "L-2")
		v := f.create(t, f.announcement(from.ID, "N1"))
		require.Equal(t, models.CodeUnknownLocker, code(f.KeepRoom(t.Context(), v.Shipment.ID, "lkr_none")))
		exec(t, f, "UPDATE cells SET state = ? WHERE locker = ?", models.CellOutOfService, to.ID)
		require.Equal(t, models.CodeNoCapacity, code(f.KeepRoom(t.Context(), v.Shipment.ID, to.ID)))
		exec(t, f, "UPDATE lockers SET state = ? WHERE id = ?", models.LockerNoDeposits, to.ID)
		require.Equal(t, models.CodeLockerClosed, code(f.KeepRoom(t.Context(), v.Shipment.ID, to.ID)))
		require.Equal(t, from.ID, rows[models.Promise](t, f)[0].Locker, "a refusal takes nothing away")
	})
}

// TestLostRerouteIsFound: the room that was kept says where the shipment was to go.
func TestLostRerouteIsFound(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		from, to := f.locker(t, "L-1"), f.locker(t, "L-2")
		v := f.create(t, f.announcement(from.ID, "N1"))
		life, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		in := models.FactSignal{Locker: from.ID, Epoch: 1, Seq: 1, At: f.clock(), Type: models.FactDeposited, Parcel: v.Parcels[0].ID, Cell: 3, Operation: "op_in"}
		_, err = f.Project(t.Context(), projected(&life, in), signed)
		require.NoError(t, err)
		require.NoError(t, f.KeepRoom(t.Context(), v.Shipment.ID, to.ID))
		_, err = f.Project(t.Context(), life.Projection(life.Reroute(to.ID, f.clock())), signed)
		require.NoError(t, err)
		back, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		require.Equal(t, to.ID, back.To)
		require.Equal(t, models.LeaveRerouted, back.Leave)

		// Given up meanwhile: the room there is given back at once.
		_, err = f.Project(t.Context(), life.Projection(life.Cancel(f.clock())), signed)
		require.NoError(t, err)
		require.Empty(t, rows[models.Promise](t, f))
		back, err = f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		require.Empty(t, back.To)
		require.Equal(t, models.LeaveCancelled, back.Leave)
	})
}

func TestFrozenIsToldToTheCabinet(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		life, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		in := models.FactSignal{Locker: l.ID, Epoch: 1, Seq: 1, At: f.clock(), Type: models.FactDeposited, Parcel: v.Parcels[0].ID, Cell: 3, Operation: "op_in"}
		_, err = f.Project(t.Context(), projected(&life, in), signed)
		require.NoError(t, err)
		body := func() string {
			return string(rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryShipment, v.Shipment.ID)[0].Body)
		}
		_, err = f.Project(t.Context(), life.Projection(life.Freeze(f.clock())), signed)
		require.NoError(t, err)
		require.Contains(t, body(), `"frozen":true`)
		require.True(t, rows[models.Shipment](t, f)[0].Frozen)
		back, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		require.True(t, back.Frozen(), "a lost life knows it")
		_, err = f.Project(t.Context(), life.Projection(life.Unfreeze(f.clock())), signed)
		require.NoError(t, err)
		require.NotContains(t, body(), "frozen")
	})
}
