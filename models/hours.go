package models

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// TimeOfDay is a local time, "HH:MM"; "24:00" is the end of the day.
type TimeOfDay string

// minutes since midnight; ok is false for anything else than HH:MM.
func (t TimeOfDay) minutes() (n int, ok bool) {
	h, m, found := strings.Cut(string(t), ":")
	hours, err := strconv.ParseUint(h, 10, 8) // no sign
	minutes, err2 := strconv.ParseUint(m, 10, 8)
	n = int(hours)*60 + int(minutes)
	ok = found && len(h) == 2 && len(m) == 2 && err == nil && err2 == nil && minutes < 60 && n <= minutesOfDay
	return n, ok
}

const minutesOfDay = 24 * 60

// on is the moment of the time on a date. A time that a change of the clock skips is the
// moment of the change, or an hour beside it; one that comes twice is the one or the other.
func (t TimeOfDay) on(d time.Time) time.Time {
	n, _ := t.minutes()
	return time.Date(d.Year(), d.Month(), d.Day(), n/60, n%60, 0, 0, d.Location())
}

// OpenTime is when a site is open within one day.
type OpenTime struct {
	From TimeOfDay `json:"from"`
	To   TimeOfDay `json:"to"`
}

// Hours says when people may come to a site, by its own clock.
type Hours struct {
	// Week has the times of each day by its English name, such as "monday". A day that is
	// not in it is closed.
	Week map[string][]OpenTime `json:"week"`
	// Exceptions stand for the week's times on their dates.
	Exceptions []Exception `json:"exceptions,omitempty"`
}

// Exception is when a site is open on a date, such as "2026-12-25". No times: not at all.
type Exception struct {
	Date string     `json:"date"`
	Open []OpenTime `json:"open"`
}

// Weekdays are the names of the days, from Monday.
func Weekdays() []string {
	return []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
}

// Check adds what is wrong to fields, under a path such as "/hours".
func (h *Hours) Check(fields *Fields, path string) {
	for _, day := range Weekdays() {
		checkTimes(fields, path+"/week/"+day, h.Week[day])
	}
	dates := map[string]bool{}
	for i, e := range h.Exceptions {
		at := path + "/exceptions/" + strconv.Itoa(i)
		if _, err := time.Parse(time.DateOnly, e.Date); err != nil {
			fields.Add(at+"/date", "must be a date such as 2026-12-25")
		}
		if dates[e.Date] {
			fields.Add(at+"/date", "must not come twice")
		}
		dates[e.Date] = true
		checkTimes(fields, at+"/open", e.Open)
	}
}

func checkTimes(fields *Fields, path string, times []OpenTime) {
	last := -1
	for i, t := range times {
		from, ok := t.From.minutes()
		to, ok2 := t.To.minutes()
		at := path + "/" + strconv.Itoa(i)
		switch {
		case !ok || !ok2:
			fields.Add(at, "must have two times from 00:00 to 24:00")
		case from >= to:
			fields.Add(at, "must end after it begins; a night is two: one to 24:00 and one from 00:00")
		case from < last:
			fields.Add(at, "must begin after the one before has ended")
		}
		last = to
	}
}

// open lists when the site is open on a date, in the date's zone.
func (h *Hours) open(date time.Time) []OpenTime {
	day := date.Format(time.DateOnly)
	if i := slices.IndexFunc(h.Exceptions, func(e Exception) bool { return e.Date == day }); i >= 0 {
		return h.Exceptions[i].Open
	}
	return h.Week[strings.ToLower(date.Weekday().String())]
}

// OpenAt reports whether the site is open at a moment, by the clock of its zone. Nil hours are
// always open.
func (h *Hours) OpenAt(zone *time.Location, at time.Time) bool {
	if h == nil {
		return true
	}
	date := at.In(zone)
	return slices.ContainsFunc(h.open(date), func(t OpenTime) bool {
		return !at.Before(t.From.on(date)) && at.Before(t.To.on(date))
	})
}

// Closed lists when the site is closed between two moments, by the clock of its zone. Nil
// hours are never closed.
func (h *Hours) Closed(zone *time.Location, from, until time.Time) []Span {
	if h == nil || !from.Before(until) {
		return nil
	}
	var closed []Span
	since := from
	first := from.In(zone)
	for date := time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, zone); date.Before(until); date = date.AddDate(0, 0, 1) {
		for _, t := range h.open(date) {
			opens, closes := t.From.on(date), t.To.on(date)
			if opens.After(since) {
				closed = append(closed, Span{From: since, Until: opens})
			}
			if closes.After(since) {
				since = closes
			}
		}
	}
	closed = append(closed, Span{From: since, Until: until})
	return within(closed, from, until)
}

// OpenFor is for how long the site was open between two moments.
func (h *Hours) OpenFor(zone *time.Location, from, until time.Time) time.Duration {
	return max(until.Sub(from)-covered(h.Closed(zone, from, until), from, until), 0)
}

// QuietHours are when clients are not disturbed by messages, by a site's own clock. From may
// be later than To: it is then the night between.
type QuietHours struct {
	From TimeOfDay `json:"from"`
	To   TimeOfDay `json:"to"`
}

// Check adds what is wrong to fields.
func (q *QuietHours) Check(fields *Fields, path string) {
	from, ok := q.From.minutes()
	to, ok2 := q.To.minutes()
	if !ok || !ok2 || from == to {
		fields.Add(path, "must have two different times from 00:00 to 24:00")
	}
}

// Until is when the quiet hours that run at a moment end; ok is false when none do. Nil
// ones never run.
func (q *QuietHours) Until(zone *time.Location, now time.Time) (end time.Time, ok bool) {
	if q == nil {
		return time.Time{}, false
	}
	today := now.In(zone)
	for _, date := range []time.Time{today.AddDate(0, 0, -1), today} {
		begin, end := q.From.on(date), q.To.on(date)
		if from, _ := q.From.minutes(); !overnight(from, q.To) {
			if !now.Before(begin) && now.Before(end) {
				return end, true
			}
			continue
		}
		if end = q.To.on(date.AddDate(0, 0, 1)); !now.Before(begin) && now.Before(end) {
			return end, true
		}
	}
	return time.Time{}, false
}

func overnight(from int, to TimeOfDay) bool {
	n, _ := to.minutes()
	return n < from
}
