package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestOutages(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.advance(time.Since(f.clock())) // the database's own clock is the true one
		ctx, l := t.Context(), f.locker(t, "1").ID
		v := f.create(t, f.announcement(l, "N1"))
		exec(t, f, "DELETE FROM outbox")
		since := f.clock().Add(-time.Hour)
		look := func() models.ClockResult {
			t.Helper()
			res, err := f.StorageClock(ctx, models.ClockInput{Shipment: v.Shipment.ID, Locker: l, Clock: models.StorageClock{From: since, For: 10 * time.Hour}})
			require.NoError(t, err)
			return res
		}
		connect := func() int64 {
			t.Helper()
			n, err := f.Connect(ctx, l, "one", "r1", "boot")
			require.NoError(t, err)
			return n
		}
		require.Equal(t, models.ClockResult{EndsAt: since.Add(10 * time.Hour)}, look(), "it was never there")

		f.beat(t, "one", "r1", true)
		n := connect()
		require.False(t, look().Current, "nobody knows yet whether all of its journal is here")
		require.NoError(t, f.JournalCurrent(ctx, l, n-1, true))
		require.False(t, look().Current, "an older connection's word")
		require.NoError(t, f.JournalCurrent(ctx, l, n, true))
		require.True(t, look().Current)
		require.NoError(t, f.JournalCurrent(ctx, l, n, false))
		require.False(t, look().Current)
		require.NoError(t, f.JournalCurrent(ctx, l, n, true))

		// A fact that is on its way to the life.
		exec(t, f, "INSERT INTO outbox (workflow_id, workflow, kind, signal, created_at) VALUES (?, 'shipment', 'signal', 'fact', ?)",
			models.ShipmentWorkflowID(v.Shipment.ID), f.clock())
		require.False(t, look().Current)
		exec(t, f, "DELETE FROM outbox")

		// Away for a moment: its journal of a minute ago is good enough, and no outage is kept.
		require.NoError(t, f.Disconnect(ctx, l, n, time.Now().Add(-20*time.Second)))
		require.True(t, look().Current)
		require.Empty(t, look().Outages)
		n = connect()
		require.NoError(t, f.JournalCurrent(ctx, l, n, true))
		require.Empty(t, look().Outages)

		// Away, though not for long: the outage goes on.
		require.NoError(t, f.Disconnect(ctx, l, n, time.Now().Add(-40*time.Second)))
		require.False(t, look().Current)
		require.Len(t, look().Outages, 1)
		n = connect()
		require.NoError(t, f.JournalCurrent(ctx, l, n, true))
		require.Len(t, look().Outages, 1)
		exec(t, f, "DELETE FROM outages")

		// Away for long, and back.
		away := time.Now().Add(-5 * time.Hour).UTC().Truncate(time.Millisecond)
		since = away.Add(-time.Hour)
		require.NoError(t, f.Disconnect(ctx, l, n, away))
		res := look()
		require.False(t, res.Current)
		require.Equal(t, []models.Span{{From: away}}, res.Outages)
		require.WithinDuration(t, since.Add(15*time.Hour), res.EndsAt, time.Minute)
		back := time.Now()
		connect()
		res = look()
		require.False(t, res.Current, "its journal is on its way")
		require.Len(t, res.Outages, 1)
		require.Equal(t, away, res.Outages[0].From)
		require.WithinDuration(t, back, res.Outages[0].Until, time.Minute)
		connect()
		require.Len(t, look().Outages, 1, "it was there: nothing ends a second time")
		since = time.Now().Add(time.Hour)
		require.Empty(t, look().Outages, "one that was over when the clock began")
	})
}

// TestALapsedLeaseIsAnOutage: nobody has ended the connections of a gateway that died.
func TestALapsedLeaseIsAnOutage(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.advance(time.Since(f.clock())) // the database's own clock is the true one
		ctx, l := t.Context(), f.locker(t, "1").ID
		f.beat(t, "one", "r1", true)
		n, err := f.Connect(ctx, l, "one", "r1", "boot")
		require.NoError(t, err)
		require.NoError(t, f.JournalCurrent(ctx, l, n, true))
		f.lapse(t, "one")
		res, err := f.StorageClock(ctx, models.ClockInput{Locker: l, Clock: models.StorageClock{From: f.clock(), For: time.Hour}})
		require.NoError(t, err)
		require.False(t, res.Current)
		require.Len(t, res.Outages, 1)
		require.Zero(t, res.Outages[0].Until)
		require.WithinDuration(t, time.Now().Add(-time.Hour), res.Outages[0].From, time.Minute)
		// It starts again: the outage ends with the next connection.
		f.beat(t, "one", "r2", true)
		_, err = f.Connect(ctx, l, "one", "r2", "boot")
		require.NoError(t, err)
		res, err = f.StorageClock(ctx, models.ClockInput{Locker: l, Clock: models.StorageClock{From: time.Now().Add(-2 * time.Hour), For: time.Hour}})
		require.NoError(t, err)
		require.Len(t, res.Outages, 1)
		require.NotZero(t, res.Outages[0].Until)
	})
}

// TestHours: the end of storage goes by the hours of the shipment's place.
func TestHours(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		week := map[string][]models.OpenTime{}
		for _, day := range models.Weekdays() {
			week[day] = []models.OpenTime{{From: "00:00", To: "12:00"}}
		}
		hours, quiet := &models.Hours{Week: week, Exceptions: []models.Exception{{Date: "2000-01-01"}}}, &models.QuietHours{From: "21:00", To: "08:00"}
		place, err := f.SetHours(ctx, models.Request{}, l.Location, hours, quiet)
		require.NoError(t, err)
		require.Equal(t, "station", place.Name)
		require.Len(t, rows[models.AuditEntry](t, f, "action = 'location.hours'"), 1)
		_, err = f.SetHours(ctx, models.Request{}, "loc_none", hours, quiet)
		require.Equal(t, models.CodeNotFound, code(err))
		view, err := f.Locker(ctx, l.ID)
		require.NoError(t, err)
		require.Equal(t, hours, view.Location.Hours)
		require.Equal(t, quiet, view.Location.QuietHours)
		require.Equal(t, place.Address, view.Location.Address)

		begin := time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)
		naive := begin.Add(24 * time.Hour)
		p := models.Projection{Shipment: v.Shipment.ID, Rev: 1, State: models.StateReady, ReadyAt: &begin, ExpiresAt: &naive,
			Clock: &models.ClockInput{Shipment: v.Shipment.ID, Locker: l.ID, Clock: models.StorageClock{From: begin, For: 24 * time.Hour}}}
		for range 2 {
			res, err := f.Project(ctx, p, signed)
			require.NoError(t, err)
			require.Equal(t, begin.Add(48*time.Hour), res.EndsAt, "half of each day, also when it is asked twice")
		}
		row := rows[models.Shipment](t, f, "id = ?", v.Shipment.ID)[0]
		require.Equal(t, begin.Add(48*time.Hour), row.ExpiresAt.UTC())
		// What the life knows already is the least.
		told := begin.Add(1000 * time.Hour)
		p.Rev, p.ExpiresAt = 2, &told
		res, err := f.Project(ctx, p, signed)
		require.NoError(t, err)
		require.Equal(t, told, res.EndsAt)

		_, err = f.SetHours(ctx, models.Request{}, l.Location, nil, nil)
		require.NoError(t, err)
		view, err = f.Locker(ctx, l.ID)
		require.NoError(t, err)
		require.Nil(t, view.Location.Hours)
		require.Nil(t, view.Location.QuietHours)
	})
}
