package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// cells tells of cells as a dead board does, or one that answers again.
func cells(state models.CellState, numbers ...int) models.FactData {
	d := models.FactData{Board: "A"}
	for _, n := range numbers {
		d.Cells = append(d.Cells, models.CellReport{Cell: n, State: state})
	}
	return d
}

// crowd is a locker all of whose small cells, and one of the medium, are promised: the last of
// the shipments is the fifth.
func (f *fixture) crowd(t *testing.T) (models.Locker, []models.ShipmentView, func(facts ...models.Fact), *journal) {
	t.Helper()
	l := f.locker(t, "L-1")
	var views []models.ShipmentView
	for i := range 5 {
		f.advance(time.Second)
		views = append(views, f.create(t, f.announcement(l.ID, fmt.Sprintf("N%d", i))))
	}
	j := &journal{at: f.clock()}
	take := func(facts ...models.Fact) {
		t.Helper()
		f.advance(time.Second)
		exec(t, f, "DELETE FROM outbox")
		_, err := f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
	}
	take(opened(j))
	return l, views, take, j
}

// news lists whose lives were told news of a locker since the last facts came.
func (f *fixture) news(t *testing.T) (told []models.ShipmentID) {
	t.Helper()
	for _, r := range rows[models.OutboxRow](t, f, "signal = ?", models.SignalLocker) {
		var s models.LockerSignal
		require.NoError(t, json.Unmarshal(r.Payload, &s))
		require.Equal(t, models.NewsCapacityLost, s.News)
		require.True(t, f.clock().Equal(s.At))
		id, ok := models.ShipmentFromWorkflowID(r.WorkflowID)
		require.True(t, ok)
		told = append(told, id)
	}
	return told
}

func (f *fixture) capacityIncidents(t *testing.T) (open, all int) {
	t.Helper()
	for _, i := range rows[models.Incident](t, f, "kind = ?", models.IncidentCapacityLost) {
		all++
		if i.Resolved == nil {
			open++
		}
	}
	return open, all
}

func TestABrokenPromiseIsTold(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		_, v, take, j := f.crowd(t)
		take(j.fact(models.FactBoardDown, 0, cells(models.CellOutOfService, 5, 6, 7, 8, 9)))
		require.Empty(t, f.news(t), "four small ones and a large one are left")
		open, _ := f.capacityIncidents(t)
		require.Zero(t, open)

		take(j.fact(models.FactBoardDown, 0, cells(models.CellOutOfService, 1, 10)))
		require.Equal(t, []models.ShipmentID{v[3].Shipment.ID, v[4].Shipment.ID}, f.news(t), "the latest lose theirs")
		open, _ = f.capacityIncidents(t)
		require.Equal(t, 1, open)
		require.Equal(t, "2 of 5 promised parcels have no cell", rows[models.Incident](t, f, "kind = ?", models.IncidentCapacityLost)[0].Evidence)

		take(j.fact(models.FactCellDoubtful, 2, models.FactData{After: &models.CellReport{Cell: 2, State: models.CellFree, Doubtful: true}}))
		require.Equal(t, []models.ShipmentID{v[2].Shipment.ID}, f.news(t), "the others were told")

		take(j.fact(models.FactBoardUp, 0, cells(models.CellFree, 1, 5, 6, 7, 8, 9, 10)))
		require.Empty(t, f.news(t))
		open, all := f.capacityIncidents(t)
		require.Equal(t, []int{0, 1}, []int{open, all}, "there is room again")

		take(j.fact(models.FactBoardDown, 0, cells(models.CellOutOfService, 1, 5, 6, 7, 8, 9, 10)))
		require.Len(t, f.news(t), 3, "and it is told anew when it is lost anew")
	})
}

// TestWhatBreaksAPromise: a cell that is not there any more for others, by whatever came about.
func TestWhatBreaksAPromise(t *testing.T) {
	for name, c := range map[string]struct {
		fact  func(j *journal, v []models.ShipmentView) models.Fact
		loses int // of the shipments; -1: none
	}{
		"an unannounced parcel": {func(j *journal, _ []models.ShipmentView) models.Fact {
			return j.fact(models.FactHeld, 2, models.FactData{Label: "X", After: &models.CellReport{Cell: 2, State: models.CellOccupied}})
		}, 4},
		"a parcel in a cell of its size": {func(j *journal, v []models.ShipmentView) models.Fact {
			return j.fact(models.FactDeposited, 2, deposited(v[0], 0, 2))
		}, -1},
		"a door that is tried for one": {func(j *journal, v []models.ShipmentView) models.Fact {
			return j.fact(models.FactDoorJammed, 2, models.FactData{
				Shipment: v[0].Shipment.ID, After: &models.CellReport{Cell: 2, State: models.CellReserved, Shipment: v[0].Shipment.ID},
			})
		}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			on(t, func(t *testing.T, f *fixture) {
				_, v, take, j := f.crowd(t)
				take(j.fact(models.FactBoardDown, 0, cells(models.CellOutOfService, 5, 6, 7, 8, 9)))
				take(c.fact(j, v))
				if c.loses < 0 {
					require.Empty(t, f.news(t))
					return
				}
				require.Equal(t, []models.ShipmentID{v[c.loses].Shipment.ID}, f.news(t))
			})
		})
	}
}

// TestALargerCellWasAnothers: a parcel that does not fit its class takes the cell that a larger
// one was promised.
func TestALargerCellWasAnothers(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		small := f.create(t, f.announcement(l.ID, "N1"))
		n := f.announcement(l.ID, "N2")
		n.Parcels = []models.NewParcel{{Size: models.SizeL}, {Size: models.SizeL}}
		large := f.create(t, n)
		j := &journal{at: f.clock()}
		for _, fact := range []models.Fact{opened(j), j.fact(models.FactDeposited, 9, deposited(small, 0, 9))} {
			_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{fact})
			require.NoError(t, err)
		}
		require.Equal(t, []models.ShipmentID{large.Shipment.ID}, f.news(t))
		_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{j.fact(models.FactBoardDown, 0, cells(models.CellOutOfService, 10))})
		require.NoError(t, err)
		require.Len(t, rows[models.Promise](t, f, "broken_at IS NOT NULL"), 2)
		require.Len(t, f.news(t), 1, "a shipment is told once, whatever it loses besides")
	})
}

func TestTheLastBrokenPromiseIsKept(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		j := &journal{at: f.clock()}
		_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{opened(j), j.fact(models.FactBoardDown, 0, cells(models.CellOutOfService, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))})
		require.NoError(t, err)
		require.Equal(t, []models.ShipmentID{v.Shipment.ID}, f.news(t))
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{j.fact(models.FactDeposited, 1, deposited(v, 0, 1))})
		require.NoError(t, err)
		open, all := f.capacityIncidents(t)
		require.Equal(t, []int{0, 1}, []int{open, all})
	})
}

// TestRoomIsRestored in every way in which it can be.
func TestRoomIsRestored(t *testing.T) {
	for name, restore := range map[string]func(t *testing.T, f *fixture, v []models.ShipmentView, take func(...models.Fact), j *journal){
		"a parcel that had none is in a cell all the same": func(_ *testing.T, _ *fixture, v []models.ShipmentView, take func(...models.Fact), j *journal) {
			take(j.fact(models.FactDeposited, 5, deposited(v[4], 0, 5)))
		},
		"a cell comes free": func(_ *testing.T, _ *fixture, _ []models.ShipmentView, take func(...models.Fact), j *journal) {
			take(j.fact(models.FactCellFreed, 10, models.FactData{After: &models.CellReport{Cell: 10, State: models.CellFree}}))
		},
		"the shipment ends": func(t *testing.T, f *fixture, v []models.ShipmentView, _ func(...models.Fact), _ *journal) {
			_, err := f.Project(t.Context(), models.Projection{Shipment: v[4].Shipment.ID, Rev: 1, State: models.StateCancelled}, signed)
			require.NoError(t, err)
		},
		"the shipment goes elsewhere": func(t *testing.T, f *fixture, v []models.ShipmentView, _ func(...models.Fact), _ *journal) {
			require.NoError(t, f.KeepRoom(t.Context(), v[4].Shipment.ID, f.locker(t, "L-2").ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			on(t, func(t *testing.T, f *fixture) {
				_, v, take, j := f.crowd(t)
				take(j.fact(models.FactBoardDown, 0, cells(models.CellOutOfService, 5, 6, 7, 8, 9, 10)))
				require.Equal(t, []models.ShipmentID{v[4].Shipment.ID}, f.news(t))
				restore(t, f, v, take, j)
				open, all := f.capacityIncidents(t)
				require.Equal(t, []int{0, 1}, []int{open, all})
				require.Empty(t, rows[models.Promise](t, f, "broken_at IS NOT NULL"))
			})
		})
	}
}
