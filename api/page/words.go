package page

import (
	"strconv"
	"strings"
	"time"

	"cubby/models"
	"cubby/models/catalogue"
)

// words are the texts of one language.
type words struct {
	all      *catalogue.Catalogue
	language string
}

func (p *pages) words(language string) words { return words{p.texts, language} }

// Say is the text of a key, for the template too; params are names and values in turn.
func (w words) Say(key string, params ...string) string {
	filled := map[string]string{}
	for i := 0; i+1 < len(params); i += 2 {
		filled[params[i]] = params[i+1]
	}
	return w.all.Text(w.language, "page."+key, filled)
}

// when is a moment by the clock of a place.
func (w words) when(at time.Time, zone *time.Location) string {
	at = at.In(zone)
	return w.Say("when", "date", w.date(at), "time", at.Format("15:04"))
}

// soon is a moment that may be today: then its time is enough.
func (w words) soon(at, now time.Time, zone *time.Location) string {
	at, now = at.In(zone), now.In(zone)
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return w.when(at, zone)
}

func (w words) date(at time.Time) string {
	return w.Say("date", "day", w.Say("day."+strings.ToLower(at.Weekday().String())+".short"),
		"number", strconv.Itoa(at.Day()), "month", w.Say("month."+strconv.Itoa(int(at.Month()))))
}

// form is the form of a noun after a number.
func (w words) form(n int) string {
	switch {
	case w.language != "ru" && n == 1, w.language == "ru" && n%10 == 1 && n%100 != 11:
		return "one"
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return "few"
	}
	return "many"
}

// span is a length of time in its two largest units.
func (w words) span(d time.Duration) string {
	d = d.Round(time.Minute)
	days, hours, minutes := int(d/(24*time.Hour)), int(d%(24*time.Hour)/time.Hour), int(d%time.Hour/time.Minute)
	unit := func(name string, n int) string { return w.Say("span."+name+"."+w.form(n), "n", strconv.Itoa(n)) }
	switch {
	case days > 0 && hours > 0:
		return unit("days", days) + " " + unit("hours", hours)
	case days > 0:
		return unit("days", days)
	case hours > 0 && minutes > 0:
		return unit("hours", hours) + " " + unit("minutes", minutes)
	case hours > 0:
		return unit("hours", hours)
	}
	return unit("minutes", minutes)
}

// times are those of a day.
func (w words) times(open []models.OpenTime) string {
	if len(open) == 0 {
		return w.Say("closed")
	}
	var all []string
	for _, t := range open {
		all = append(all, string(t.From)+"–"+string(t.To))
	}
	return strings.Join(all, ", ")
}
