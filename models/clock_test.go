package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func moment(t *testing.T, z *time.Location, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, z)
	require.NoError(t, err)
	return at
}

// mall is open from ten to ten, on Sundays not at all.
func mall() *models.Hours {
	h := &models.Hours{Week: map[string][]models.OpenTime{}}
	for _, day := range models.Weekdays()[:6] {
		h.Week[day] = []models.OpenTime{{From: "10:00", To: "22:00"}}
	}
	return h
}

// ran measures by brute force how many minutes a clock ran between two moments.
func ran(h *models.Hours, z *time.Location, pauses []models.Span, from, until time.Time) time.Duration {
	var total time.Duration
	for at := from; at.Before(until); at = at.Add(time.Minute) {
		stands := false
		for _, p := range pauses {
			stands = stands || !at.Before(p.From) && (p.Until.IsZero() || at.Before(p.Until))
		}
		if h != nil {
			local := at.In(z)
			times, excepted := []models.OpenTime(nil), false
			for _, e := range h.Exceptions {
				if e.Date == local.Format(time.DateOnly) {
					times, excepted = e.Open, true
				}
			}
			if !excepted {
				times = h.Week[map[time.Weekday]string{0: "sunday", 1: "monday", 2: "tuesday", 3: "wednesday", 4: "thursday", 5: "friday", 6: "saturday"}[local.Weekday()]]
			}
			open := false
			for _, o := range times {
				clock := models.TimeOfDay(local.Format("15:04"))
				open = open || clock >= o.From && clock < o.To
			}
			stands = stands || !open
		}
		if !stands {
			total += time.Minute
		}
	}
	return total
}

func TestClockRunsItsTime(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	holidays := mall()
	holidays.Exceptions = []models.Exception{{Date: "2026-12-24", Open: []models.OpenTime{{From: "10:00", To: "14:00"}}}, {Date: "2026-12-25"},
		{Date: "2026-12-26"}, {Date: "2026-12-27", Open: []models.OpenTime{{From: "13:00", To: "18:00"}}}}
	nights := &models.Hours{Week: map[string][]models.OpenTime{}}
	for _, day := range models.Weekdays() {
		nights.Week[day] = []models.OpenTime{{From: "00:00", To: "03:30"}, {From: "20:00", To: "24:00"}}
	}
	for name, c := range map[string]struct {
		hours   *models.Hours
		from    string
		lasts   time.Duration
		held    []models.Span
		outages []models.Span
	}{
		"always open":                     {nil, "2026-11-26 15:00", 72 * time.Hour, nil, nil},
		"a mall, over a Sunday":           {mall(), "2026-11-26 15:00", 72 * time.Hour, nil, nil},
		"begins while it is closed":       {mall(), "2026-11-26 23:00", 12 * time.Hour, nil, nil},
		"holidays":                        {holidays, "2026-12-23 12:00", 24 * time.Hour, nil, nil},
		"the clock goes forward":          {mall(), "2027-03-27 12:00", 30 * time.Hour, nil, nil},
		"the clock goes back":             {mall(), "2026-10-24 12:00", 30 * time.Hour, nil, nil},
		"open while the clock goes back":  {nights, "2026-10-24 12:00", 30 * time.Hour, nil, nil},
		"an outage":                       {nil, "2026-11-26 15:00", 10 * time.Hour, nil, []models.Span{{From: moment(t, berlin, "2026-11-26 16:00"), Until: moment(t, berlin, "2026-11-26 19:30")}}},
		"an outage from before":           {nil, "2026-11-26 15:00", 10 * time.Hour, nil, []models.Span{{From: moment(t, berlin, "2026-11-25 16:00"), Until: moment(t, berlin, "2026-11-26 19:30")}}},
		"an outage over closing time":     {mall(), "2026-11-26 15:00", 10 * time.Hour, nil, []models.Span{{From: moment(t, berlin, "2026-11-26 20:00"), Until: moment(t, berlin, "2026-11-27 12:00")}}},
		"held back within an outage":      {nil, "2026-11-26 15:00", 10 * time.Hour, []models.Span{{From: moment(t, berlin, "2026-11-26 17:00"), Until: moment(t, berlin, "2026-11-26 18:00")}}, []models.Span{{From: moment(t, berlin, "2026-11-26 16:00"), Until: moment(t, berlin, "2026-11-26 19:30")}}},
		"two outages, one over the other": {nil, "2026-11-26 15:00", 10 * time.Hour, nil, []models.Span{{From: moment(t, berlin, "2026-11-26 20:00"), Until: moment(t, berlin, "2026-11-26 22:00")}, {From: moment(t, berlin, "2026-11-26 16:00"), Until: moment(t, berlin, "2026-11-26 21:00")}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := moment(t, berlin, c.from)
			clock := models.StorageClock{From: from, For: c.lasts, Held: c.held}
			end := clock.End(c.hours, berlin, c.outages, from.AddDate(0, 1, 0))
			pauses := append(c.held, c.outages...)
			require.Equal(t, c.lasts, ran(c.hours, berlin, pauses, from, end), "until %s", end)
			require.Less(t, ran(c.hours, berlin, pauses, from, end.Add(-time.Minute)), c.lasts, "and not a minute longer than it has to")
		})
	}
}

// TestClockKnowsNoFuture: of an outage that goes on, what has passed of it counts.
func TestClockKnowsNoFuture(t *testing.T) {
	t.Parallel()
	from := moment(t, time.UTC, "2026-11-26 15:00")
	clock := models.StorageClock{From: from, For: 10 * time.Hour}
	goesOn := []models.Span{{From: from.Add(time.Hour)}}
	require.Equal(t, from.Add(12*time.Hour), clock.End(nil, time.UTC, goesOn, from.Add(3*time.Hour)))
	require.Equal(t, from.Add(10*time.Hour), clock.End(nil, time.UTC, nil, from.Add(3*time.Hour)))
}

// TestNeverOpen: a site that never opens does not keep the clock for ever.
func TestNeverOpen(t *testing.T) {
	t.Parallel()
	from := moment(t, time.UTC, "2026-11-26 15:00")
	end := models.StorageClock{From: from, For: 72 * time.Hour}.End(&models.Hours{}, time.UTC, nil, from)
	require.True(t, end.After(from.AddDate(0, 6, 0)) && end.Before(from.AddDate(3, 0, 0)), "%s", end)
}

func TestQuietHours(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	night, noon := &models.QuietHours{From: "21:00", To: "08:00"}, &models.QuietHours{From: "12:00", To: "14:00"}
	for _, c := range []struct {
		quiet      *models.QuietHours
		now, until string // empty: not quiet
	}{
		{night, "2026-11-26 20:59", ""},
		{night, "2026-11-26 21:00", "2026-11-27 08:00"},
		{night, "2026-11-27 07:59", "2026-11-27 08:00"},
		{night, "2026-11-27 08:00", ""},
		{night, "2027-03-28 01:30", "2027-03-28 08:00"}, // the clock goes forward
		{night, "2026-10-25 02:30", "2026-10-25 08:00"}, // and back
		{noon, "2026-11-26 11:59", ""},
		{noon, "2026-11-26 12:00", "2026-11-26 14:00"},
		{noon, "2026-11-26 14:00", ""},
		{nil, "2026-11-26 03:00", ""},
	} {
		until, quiet := c.quiet.Until(berlin, moment(t, berlin, c.now))
		require.Equal(t, c.until != "", quiet, c.now)
		if quiet {
			require.True(t, moment(t, berlin, c.until).Equal(until), "%s: %s", c.now, until)
		}
	}
}

func TestHoursAreChecked(t *testing.T) {
	t.Parallel()
	var none models.Fields
	mall().Check(&none, "/hours")
	(&models.QuietHours{From: "21:00", To: "08:00"}).Check(&none, "/quiet_hours")
	require.NoError(t, none.Err())
	for name, h := range map[string]models.Hours{
		"a time that is none":    {Week: map[string][]models.OpenTime{"monday": {{From: "9:00", To: "10:00"}}}},
		"after midnight":         {Week: map[string][]models.OpenTime{"monday": {{From: "09:00", To: "24:01"}}}},
		"backwards":              {Week: map[string][]models.OpenTime{"monday": {{From: "20:00", To: "02:00"}}}},
		"one over the other":     {Week: map[string][]models.OpenTime{"monday": {{From: "08:00", To: "12:00"}, {From: "11:00", To: "14:00"}}}},
		"a date that is none":    {Exceptions: []models.Exception{{Date: "2026-02-30"}}},
		"an exception's times":   {Exceptions: []models.Exception{{Date: "2026-12-25", Open: []models.OpenTime{{From: "10:00", To: "10:00"}}}}},
		"a date that is twice":   {Exceptions: []models.Exception{{Date: "2026-12-25"}, {Date: "2026-12-25"}}},
		"a minute that is none":  {Week: map[string][]models.OpenTime{"monday": {{From: "09:60", To: "11:00"}}}},
		"no time, but a number":  {Week: map[string][]models.OpenTime{"monday": {{From: "0900", To: "11:00"}}}},
		"a sign before the hour": {Week: map[string][]models.OpenTime{"monday": {{From: "-1:00", To: "11:00"}}}},
		"another sign":           {Week: map[string][]models.OpenTime{"monday": {{From: "+1:00", To: "11:00"}}}},
	} {
		var fields models.Fields
		h.Check(&fields, "/hours")
		require.Error(t, fields.Err(), name)
	}
	var same models.Fields
	(&models.QuietHours{From: "21:00", To: "21:00"}).Check(&same, "/quiet_hours")
	require.Error(t, same.Err())
}
