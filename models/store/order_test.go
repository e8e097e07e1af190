package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// sign signs grants as a worker does.
func sign(g models.Grant) models.SignedGrant { return models.SignedGrant{Grant: g, Signer: "signer-1"} }

// ordered is what a cabinet is told to do with a cell; nil: nothing.
func (f *fixture) ordered(t *testing.T, l models.LockerID, cell int) (row models.DirectoryRow, order *models.DirectoryCell) {
	t.Helper()
	found := rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryCell, fmt.Sprint(cell))
	if len(found) == 0 {
		return row, nil
	}
	require.NoError(t, json.Unmarshal(found[0].Body, &order))
	require.Equal(t, models.ScopeOfLocker(l), found[0].Scope)
	return found[0], order
}

func TestACellIsOrderedOut(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		exec(t, f, "DELETE FROM outbox")
		request := models.Request{Actor: models.Actor{Key: "key_1"}, ID: "req_1"}
		v, err := f.OrderCell(t.Context(), request, l.ID, 2, models.CellChange{Action: models.CellTakeOut, Reason: "hinge"})
		require.NoError(t, err)
		require.Equal(t, models.CellFree, v.State, "the cabinet alone says what the cell is")
		require.Equal(t, v.State, rows[models.StoredCell](t, f, "locker = ? AND number = 2", l.ID)[0].State)
		require.True(t, v.Order.OutOfService)
		audits := rows[models.AuditEntry](t, f, "action = ?", "cell.out-of-service")
		require.Len(t, audits, 1)
		require.Equal(t, []string{string(l.ID) + "/2", "hinge", "key_1"}, []string{audits[0].Object, audits[0].Detail, audits[0].Actor})
		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, batch, 1)
		require.Equal(t, models.WorkflowCellOrder, batch[0].Workflow)
		_, order := f.ordered(t, l.ID, 2)
		require.Nil(t, order, "not before a worker signed it")

		for range 2 { // again writes nothing
			require.NoError(t, f.PublishCellOrder(t.Context(), l.ID, 2, sign))
			row, order := f.ordered(t, l.ID, 2)
			require.Equal(t, models.DirectoryCell{Locker: l.ID, Cell: 2, OutOfService: true}, *order)
			require.Equal(t, "signer-1", row.Signer)
			require.Equal(t, v.Order.Rev, row.Rev)
			require.Equal(t, int64(2), row.Position)
		}
		again, err := f.OrderCell(t.Context(), request, l.ID, 2, models.CellChange{Action: models.CellPutBack, Reason: "mended"})
		require.NoError(t, err)
		require.Greater(t, again.Order.Rev, v.Order.Rev)
		require.NoError(t, f.PublishCellOrder(t.Context(), l.ID, 2, sign))
		_, order = f.ordered(t, l.ID, 2)
		require.False(t, order.OutOfService)
		require.Nil(t, order.PutBack, "its cabinet has told of nothing yet")
		j := &journal{at: f.clock()}
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{opened(j)})
		require.NoError(t, err)
		_, err = f.OrderCell(t.Context(), request, l.ID, 2, models.CellChange{Action: models.CellPutBack, Reason: "mended"})
		require.NoError(t, err)
		require.NoError(t, f.PublishCellOrder(t.Context(), l.ID, 2, sign))
		_, order = f.ordered(t, l.ID, 2)
		require.Equal(t, &models.PutBack{Epoch: 1, Seq: 1}, order.PutBack)

		for _, none := range []struct {
			locker models.LockerID
			cell   int
		}{{l.ID, 99}, {"lkr_none", 2}} {
			_, err = f.OrderCell(t.Context(), request, none.locker, none.cell, models.CellChange{Action: models.CellTakeOut, Reason: "x"})
			require.Equal(t, models.CodeNotFound, code(err))
			require.Equal(t, models.CodeNotFound, code(f.PublishCellOrder(t.Context(), none.locker, none.cell, sign)))
		}
		_, err = f.Cells(t.Context(), "lkr_none")
		require.Equal(t, models.CodeNotFound, code(err))
	})
}

// TestOrdersAreCarriedOutByTheCabinet: its facts change the cell, what it may be promised for, and
// the incident; and since when it is so.
func TestOrdersAreCarriedOutByTheCabinet(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		made := f.clock()
		f.advance(time.Hour)
		j := &journal{at: f.clock()}
		take := func(facts ...models.Fact) models.CellView {
			f.advance(time.Minute)
			_, err := f.TakeIn(t.Context(), l.ID, facts)
			require.NoError(t, err)
			cells, err := f.Cells(t.Context(), l.ID)
			require.NoError(t, err)
			require.Len(t, cells, 10)
			return cells[1]
		}
		report := func(state models.CellState, doubtful bool) models.FactData {
			return models.FactData{After: &models.CellReport{Cell: 2, State: state, Doubtful: doubtful, Generation: 3}}
		}
		smalls := func() int {
			lines, err := f.Availability(t.Context(), l.ID, f.carrier.ID, f.clock())
			require.NoError(t, err)
			require.Equal(t, models.SizeS, lines[0].Size)
			return lines[0].Free
		}
		cell := take(opened(j))
		require.Equal(t, made, cell.Since.UTC(), "since it was made")
		doubt := j.fact(models.FactCellDoubtful, 2, report(models.CellFree, true))
		cell = take(doubt, j.fact(models.FactDoorOpened, 2, report(models.CellFree, true)))
		require.Equal(t, doubt.At(), cell.Since.UTC())
		require.Equal(t, 3, smalls())
		cell = take(j.fact(models.FactDoorClosed, 2, report(models.CellFree, true)))
		require.Equal(t, doubt.At(), cell.Since.UTC(), "nothing changed since")

		mark := models.CellChange{Action: models.CellMarkSeen, Reason: "looked", Generation: 3, Found: models.FoundEmpty}
		v, err := f.OrderCell(t.Context(), models.Request{}, l.ID, 2, mark)
		require.NoError(t, err)
		require.True(t, v.Doubtful)
		require.Equal(t, "found empty: looked", rows[models.AuditEntry](t, f, "action = ?", "cell.mark-checked")[0].Detail)
		require.NoError(t, f.PublishCellOrder(t.Context(), l.ID, 2, sign))
		_, order := f.ordered(t, l.ID, 2)
		require.Equal(t, &models.CellCheck{Generation: 3, Found: models.FoundEmpty, Epoch: 1, Seq: 4}, order.Check)
		open, err := f.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 10}, Open: true})
		require.NoError(t, err)
		require.Len(t, open, 1)

		checked := j.fact(models.FactCellChecked, 2, report(models.CellFree, false))
		out := j.fact(models.FactCellOutOfService, 2, report(models.CellOutOfService, false))
		cell = take(checked, out)
		require.Equal(t, models.CellOutOfService, cell.State)
		require.Equal(t, out.At(), cell.Since.UTC())
		require.Equal(t, 3, smalls())
		open, err = f.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 10}, Open: true})
		require.NoError(t, err)
		require.Empty(t, open)
		_, err = f.OrderCell(t.Context(), models.Request{}, l.ID, 2, mark)
		require.Equal(t, models.CodeInvalidState, code(err), "it is not in doubt any more")

		cell = take(j.fact(models.FactCellInService, 2, report(models.CellFree, false)))
		require.Equal(t, models.CellFree, cell.State)
		require.Equal(t, 4, smalls())
	})
}

// TestACellThatFailsIsWeighed: with too few cells left a promise is broken, and kept again once
// they are back.
func TestACellThatFailsIsWeighed(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, _, take, j := f.crowd(t)
		open, _ := f.capacityIncidents(t)
		require.Zero(t, open)
		change := func(kind models.FactType, state models.CellState) {
			var facts []models.Fact
			for _, c := range rows[models.StoredCell](t, f, "locker = ?", l.ID) {
				facts = append(facts, j.fact(kind, c.Number, models.FactData{After: &models.CellReport{Cell: c.Number, State: state}}))
			}
			take(facts...)
		}
		change(models.FactCellOutOfService, models.CellOutOfService)
		open, _ = f.capacityIncidents(t)
		require.Equal(t, 1, open)
		change(models.FactCellInService, models.CellFree)
		open, _ = f.capacityIncidents(t)
		require.Zero(t, open)
	})
}

// TestOrdersAreToldAgain after the database was put back.
func TestOrdersAreToldAgain(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		_, err := f.OrderCell(t.Context(), models.Request{}, l.ID, 2, models.CellChange{Action: models.CellTakeOut, Reason: "hinge"})
		require.NoError(t, err)
		exec(t, f, "DELETE FROM outbox")
		_, _, err = f.Reconcile(t.Context(), f.clock())
		require.NoError(t, err)
		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, batch, 1)
		require.Equal(t, models.WorkflowCellOrder, batch[0].Workflow)
	})
}
