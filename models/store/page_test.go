package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// token stands for the worker's way to make one.
func token(s models.Shipment) (string, error) {
	return models.PageHash(fmt.Sprint(s.ID, s.PageRev)), nil
}

// waiting is a shipment that lies in a cell, ready, with its code's first issue.
func (f *fixture) waiting(t *testing.T) models.ShipmentView {
	t.Helper()
	l := f.locker(t, "L-1")
	v := f.create(t, f.announcement(l.ID, "N1"))
	life, err := f.LoadLife(t.Context(), v.Shipment.ID)
	require.NoError(t, err)
	_, err = f.NextIssue(t.Context(), v.Shipment.ID, 0, func(models.Shipment, []models.Shipment) (int, error) { return 1, nil })
	require.NoError(t, err)
	in := models.FactSignal{Locker: l.ID, Epoch: 1, Seq: 1, At: f.clock(), Type: models.FactDeposited, Parcel: v.Parcels[0].ID, Cell: 3}
	_, err = f.Project(t.Context(), projected(&life, in), signed)
	require.NoError(t, err)
	_, err = f.Project(t.Context(), life.Projection(life.Due(f.clock().Add(time.Hour))), signed)
	require.NoError(t, err)
	return v
}

// TestSealedCode: it waits for a minute, is read once, and is made only while it opens something.
func TestSealedCode(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		seal := func(id models.SealedID, s models.ShipmentID, text string) error {
			return f.SealCode(t.Context(), id, s, token, func(row models.Shipment) ([]byte, error) {
				return fmt.Append(nil, text, row.Issue), nil
			})
		}
		l := f.locker(t, "L-0")
		coming := f.create(t, f.announcement(l.ID, "N0")).Shipment.ID
		require.Equal(t, models.CodeInvalidState, code(seal("sea_1", coming, "x")))
		require.Equal(t, models.CodeNotFound, code(seal("sea_1", "shp_none", "x")))

		id := f.waiting(t).Shipment.ID
		require.NoError(t, seal("sea_1", id, "first"))
		require.NoError(t, seal("sea_1", id, "again"), "an activity may be repeated")
		sealed, err := f.TakeSealed(t.Context(), "sea_1")
		require.NoError(t, err)
		require.Equal(t, "first1", string(sealed))
		_, err = f.TakeSealed(t.Context(), "sea_1")
		require.Equal(t, models.CodeNotFound, code(err), "it is read once")

		require.NoError(t, seal("sea_2", id, "late"))
		f.advance(30 * time.Second)
		require.NoError(t, seal("sea_3", id, "in time"))
		f.advance(30 * time.Second)
		_, err = f.TakeSealed(t.Context(), "sea_2")
		require.Equal(t, models.CodeNotFound, code(err), "a minute is over")
		require.NoError(t, f.EraseSealed(t.Context()))
		var left []string
		require.NoError(t, f.DB().Raw("SELECT id FROM sealed_codes").Scan(&left).Error)
		require.Equal(t, []string{"sea_3"}, left)
		require.Error(t, f.SealCode(t.Context(), "sea_4", id, token, func(models.Shipment) ([]byte, error) { return nil, errors.New("no key") }))
	})
}

// TestClientPage: it is found by its hash, and a former address shows nothing.
func TestClientPage(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		v := f.waiting(t)
		id := v.Shipment.ID
		first, _ := token(v.Shipment)
		_, err := f.ClientPage(t.Context(), first)
		require.Equal(t, models.CodeNotFound, code(err))
		for range 2 {
			require.NoError(t, f.OpenPage(t.Context(), id, token))
		}
		page, err := f.ClientPage(t.Context(), first)
		require.NoError(t, err)
		require.Equal(t, id, page.Shipment.ID)
		require.Len(t, page.Parcels, 1)
		require.Equal(t, "L-1", page.Locker.Number)
		require.Equal(t, f.place.ID, page.Location.ID)
		require.Equal(t, v.Shipment.PolicyName, page.Policy.Name)
		require.Zero(t, page.Extended)
		require.Nil(t, page.AwaySince)

		f.beat(t, "g1", "run", true)
		_, err = f.Connect(t.Context(), page.Locker.ID, "g1", "run")
		require.NoError(t, err)
		f.lapse(t, "g1")
		page, err = f.ClientPage(t.Context(), first)
		require.NoError(t, err)
		require.NotNil(t, page.AwaySince, "the cabinet is away")

		issue := func(n int) {
			t.Helper()
			_, err := f.NextIssue(t.Context(), id, n-1, func(models.Shipment, []models.Shipment) (int, error) { return n, nil })
			require.NoError(t, err)
		}
		issue(1)
		page, err = f.ClientPage(t.Context(), first)
		require.NoError(t, err)
		require.False(t, page.Replaced, "its first code")
		issue(2)
		page, err = f.ClientPage(t.Context(), first)
		require.NoError(t, err)
		require.Equal(t, models.ClientPage{Replaced: true}, page, "who knows the code before does not see the new one")
		require.NoError(t, f.OpenPage(t.Context(), id, token))
		second, _ := token(models.Shipment{ID: id, PageRev: 1})
		page, err = f.ClientPage(t.Context(), second)
		require.NoError(t, err)
		require.Equal(t, id, page.Shipment.ID)
	})
}

// TestClientReports: one incident for what a client tells again, another after it is resolved, and an end.
func TestClientReports(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		v := f.waiting(t)
		tell := func(text string) error {
			f.advance(time.Second) // ids of one moment have no order
			return f.ReportProblem(t.Context(), models.ClientReport{Shipment: v.Shipment.ID, Problem: models.ProblemCellEmpty, Text: text})
		}
		open := func() models.Incident {
			found := rows[models.Incident](t, f, "resolved IS NULL")
			require.Len(t, found, 1)
			return found[0]
		}
		require.NoError(t, tell("it is empty"))
		f.advance(time.Second)
		require.NoError(t, tell("really"))
		first := open()
		require.Equal(t, models.IncidentClientReport, first.Kind)
		require.Equal(t, v.Shipment.ID, first.Shipment)
		require.Equal(t, v.Shipment.Locker, first.Locker)
		require.NotContains(t, first.Evidence, "empty\n")
		told, err := f.ClientReports(t.Context(), models.Request{Actor: f.actor(f.operator)}, first.ID)
		require.NoError(t, err)
		require.Len(t, told, 2)
		require.Equal(t, "it is empty", told[0].Text)
		require.Equal(t, string(told[0].ID)+": cell_empty", first.Evidence)
		require.Len(t, rows[models.AuditEntry](t, f, "action = 'incident.read_reports'"), 1)
		for _, r := range rows[models.OutboxRow](t, f, "true") {
			require.NotContains(t, string(r.Input)+string(r.Payload), "really")
		}
		_, err = f.ResolveIncident(t.Context(), models.Request{}, first.ID, "looked at")
		require.NoError(t, err)
		require.NoError(t, tell("still"))
		require.NotEqual(t, first.ID, open().ID)
		for range 17 {
			require.NoError(t, tell("again"))
		}
		require.Equal(t, models.CodeTooMany, code(tell("once more")))
		require.Equal(t, models.CodeNotFound, code(f.ReportProblem(t.Context(), models.ClientReport{Shipment: "shp_none"})))
		_, err = f.ClientReports(t.Context(), models.Request{}, "inc_none")
		require.Equal(t, models.CodeNotFound, code(err))

		require.NoError(t, f.OpenPage(t.Context(), v.Shipment.ID, token))
		require.NoError(t, f.DB().Exec("UPDATE shipments SET ended_at = ?", f.clock()).Error)
		f.advance(31 * 24 * time.Hour)
		_, err = f.Prune(t.Context(), 1000)
		require.NoError(t, err)
		require.Empty(t, rows[models.ClientReport](t, f, "true"), "erased with the contact")
		hash, _ := token(v.Shipment)
		_, err = f.ClientPage(t.Context(), hash)
		require.Equal(t, models.CodeNotFound, code(err))
	})
}
