package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func (f *fixture) change(t *testing.T, l models.LockerID, a models.LockerAction, withdraw bool) models.Locker {
	t.Helper()
	changed, err := f.ChangeLocker(t.Context(), models.Request{ID: "req_1"}, l, models.LockerChange{Action: a, Reason: "moved", Withdraw: withdraw})
	require.NoError(t, err)
	return changed
}

// asked lists whose lives were asked to leave.
func (f *fixture) asked(t *testing.T) (asked []models.ShipmentID) {
	t.Helper()
	for _, r := range rows[models.OutboxRow](t, f, "signal = ?", models.SignalLocker) {
		var s models.LockerSignal
		require.NoError(t, json.Unmarshal(r.Payload, &s))
		if id, ok := models.ShipmentFromWorkflowID(r.WorkflowID); ok && s.News == models.NewsClosed {
			asked = append(asked, id)
		}
	}
	return asked
}

func (f *fixture) round(t *testing.T, l models.LockerID) bool {
	t.Helper()
	exec(t, f, "DELETE FROM outbox")
	over, err := f.CloseRound(t.Context(), l)
	require.NoError(t, err)
	return over
}

// furnished is a locker with a shipment ready in cell 1, one announced, and a doubtful cell 9.
func (f *fixture) furnished(t *testing.T) (l models.Locker, inside, coming models.ShipmentView, take func(...models.Fact), j *journal) {
	t.Helper()
	l = f.locker(t, "L-1")
	inside, coming = f.create(t, f.announcement(l.ID, "N1")), f.create(t, f.announcement(l.ID, "N2"))
	j = &journal{at: f.clock()}
	take = func(facts ...models.Fact) {
		t.Helper()
		f.advance(time.Second)
		_, err := f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
	}
	take(opened(j), j.fact(models.FactDeposited, 1, deposited(inside, 0, 1)),
		j.fact(models.FactCellDoubtful, 9, models.FactData{After: &models.CellReport{Cell: 9, State: models.CellFree, Doubtful: true}}))
	_, err := f.Project(t.Context(), models.Projection{Shipment: inside.Shipment.ID, Rev: 1, State: models.StateReady, Events: []models.Event{{
		Shipment: inside.Shipment.ID, Seq: 1, Type: models.EventParcelIn, At: f.clock(), Locker: l.ID, Cell: 1,
	}}}, nil)
	require.NoError(t, err)
	return l, inside, coming, take, j
}

func TestAClosedLockerIsDecommissioned(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, inside, coming, take, j := f.furnished(t)
		exec(t, f, "DELETE FROM outbox")
		closed := f.change(t, l.ID, models.LockerClose, false)
		require.Equal(t, models.LockerOutOfService, closed.State)
		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		var started []string
		for _, r := range batch {
			started = append(started, r.Workflow)
		}
		require.ElementsMatch(t, []string{models.WorkflowClosing, models.WorkflowShipment, models.WorkflowIncident}, started,
			"its closing, who lost room, and the incident of that")
		require.Equal(t, []models.ShipmentID{coming.Shipment.ID}, f.news(t))

		require.False(t, f.round(t, l.ID))
		require.Empty(t, f.asked(t), "what is inside may be collected")
		f.change(t, l.ID, models.LockerClose, true)
		f.change(t, l.ID, models.LockerClose, false) // asked out stays asked out
		require.False(t, f.round(t, l.ID))
		require.Equal(t, []models.ShipmentID{inside.Shipment.ID}, f.asked(t))
		exec(t, f, "UPDATE shipments SET frozen = true WHERE id = ?", inside.Shipment.ID)
		require.False(t, f.round(t, l.ID))
		require.Empty(t, f.asked(t), "frozen")
		exec(t, f, "UPDATE shipments SET frozen = false, state = ? WHERE id = ?", models.StateWithdrawing, inside.Shipment.ID)
		require.False(t, f.round(t, l.ID))
		require.Empty(t, f.asked(t), "it leaves already")

		out := deposited(inside, 0, 1)
		out.After = &models.CellReport{Cell: 1, State: models.CellFree}
		take(j.fact(models.FactWithdrawn, 1, out))
		_, err = f.Project(t.Context(), models.Projection{Shipment: coming.Shipment.ID, Rev: 1, State: models.StateCancelled}, signed)
		require.NoError(t, err)
		require.False(t, f.round(t, l.ID), "a cell is doubtful")
		take(j.fact(models.FactCellChecked, 9, models.FactData{After: &models.CellReport{Cell: 9, State: models.CellFree}}))
		require.True(t, f.round(t, l.ID))

		v, err := f.Locker(t.Context(), l.ID)
		require.NoError(t, err)
		require.Equal(t, models.LockerDecommissioned, v.Locker.State)
		require.Len(t, rows[models.AuditEntry](t, f, "action = ? AND actor = ?", "locker.decommission", "system"), 1)
		var layout models.DirectoryLayout
		require.NoError(t, json.Unmarshal(rows[models.DirectoryRow](t, f, "kind = ?", models.EntryLayout)[0].Body, &layout))
		require.Equal(t, models.LockerDecommissioned, layout.State)
		require.Len(t, layout.Cells, 10)
		require.True(t, f.round(t, l.ID), "again")
		_, err = f.ChangeLocker(t.Context(), models.Request{}, l.ID, models.LockerChange{Action: models.LockerResume})
		require.Equal(t, models.CodeInvalidState, code(err), "for good")
	})
}

func TestAClosingEndsWithAResumption(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, _, coming, _, _ := f.furnished(t)
		f.change(t, l.ID, models.LockerClose, true)
		require.Len(t, rows[models.Promise](t, f, "broken_at IS NOT NULL"), 1)
		resumed := f.change(t, l.ID, models.LockerResume, false)
		require.False(t, resumed.Emptying)
		require.True(t, f.round(t, l.ID))
		require.Empty(t, rows[models.Promise](t, f, "broken_at IS NOT NULL"), "the room is there again")
		open, all := f.capacityIncidents(t)
		require.Equal(t, []int{0, 1}, []int{open, all})
		f.advance(time.Second)
		exec(t, f, "DELETE FROM outbox")
		f.change(t, l.ID, models.LockerClose, false)
		require.Equal(t, []models.ShipmentID{coming.Shipment.ID}, f.news(t))
		require.Empty(t, rows[models.Locker](t, f, "emptying"))
	})
}

// TestWhatAnEmptyLockerWaitsFor: a shipment on its way, and a cabinet that is away: it may hold
// what nobody has told yet.
func TestWhatAnEmptyLockerWaitsFor(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		f.change(t, l.ID, models.LockerClose, false)
		require.False(t, f.round(t, l.ID), "a shipment is on its way")
		_, err := f.Project(t.Context(), models.Projection{Shipment: v.Shipment.ID, Rev: 1, State: models.StateCancelled}, signed)
		require.NoError(t, err)
		exec(t, f, "INSERT INTO locker_connections (locker, instance, run, n, at, seen_at, ended_at) VALUES (?, 'g', 'r', 1, ?, ?, ?)",
			l.ID, f.clock(), f.clock(), f.clock())
		require.False(t, f.round(t, l.ID), "it is away")
		exec(t, f, "DELETE FROM locker_connections")
		require.True(t, f.round(t, l.ID), "it was never used")
	})
}

func TestWorklist(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, inside, coming, _, _ := f.furnished(t)
		rival, announced := f.rival(t)
		theirs := f.create(t, announced(l.ID, "R1"))
		operator := models.Actor{Organization: f.operator.ID, Scopes: []models.Scope{models.ScopeOperator}}
		list := func(a models.Actor) (cells []int, expected []models.ShipmentID, w models.Worklist) {
			w, err := f.Worklist(t.Context(), a, l.ID)
			require.NoError(t, err)
			for _, c := range w.Inside {
				cells = append(cells, c.Number)
			}
			for _, s := range w.Expected {
				expected = append(expected, s.ID)
			}
			return cells, expected, w
		}
		cells, expected, w := list(operator)
		require.Equal(t, []int{1, 9}, cells)
		require.ElementsMatch(t, []models.ShipmentID{coming.Shipment.ID, theirs.Shipment.ID}, expected)
		require.Equal(t, inside.Shipment.ID, w.Inside[0].Of.ID)
		require.True(t, f.clock().Equal(*w.Inside[0].Since))
		require.Empty(t, w.Inside[0].Reason)
		require.True(t, w.Inside[1].Doubtful)
		require.Nil(t, w.Inside[1].Of)
		cells, expected, _ = list(f.actor(f.carrier))
		require.Equal(t, []int{1}, cells)
		require.Equal(t, []models.ShipmentID{coming.Shipment.ID}, expected)
		cells, expected, _ = list(f.actor(rival))
		require.Empty(t, cells)
		require.Equal(t, []models.ShipmentID{theirs.Shipment.ID}, expected)

		leaving := models.DirectoryWithdrawal{Shipment: inside.Shipment.ID, Locker: l.ID, Reason: models.LeaveClosed}
		_, err := f.Project(t.Context(), models.Projection{Shipment: inside.Shipment.ID, Rev: 2, State: models.StateWithdrawing, Withdrawal: &leaving}, signed)
		require.NoError(t, err)
		_, _, w = list(operator)
		require.Equal(t, models.LeaveClosed, w.Inside[0].Reason)
		_, err = f.Worklist(t.Context(), operator, "lkr_none")
		require.Equal(t, models.CodeNotFound, code(err))
	})
}
