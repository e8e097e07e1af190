package page

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cubby/models"
)

// view is what the template draws.
type view struct {
	Words     words
	Style     template.CSS
	Language  string
	Languages []switchTo
	Title     string
	Only      string // all that there is to say
	Notice    string // what came of an act
	Warned    bool   // the notice is no good news

	Path     string // of the page
	State    string
	Said     string // the state in a sentence
	QR, Bars template.HTML
	Code     string // spaced
	Away     bool   // the code cannot be reckoned just now
	Number   string

	Locker, Place, Address string
	Map                    template.URL
	HowToFind, HowToFindIn string // and the language of it
	Open                   string // whether it is open now
	OpenNow                bool
	Always                 bool
	Days                   []day
	Until, Left, Stopped   string
	Seen                   string // the end that the page shows, for the form
	MayExtend              bool
	Longer                 string
	Parcels                []parcel
	Problems               []problem
	LongestText            int
}

type switchTo struct {
	Tag, Name, Href string
	Current         bool
}

type day struct {
	Name, Times string
	Today       bool
}

type parcel struct{ Label, State string }

type problem struct{ Key, Name string }

// switches lead to the page in other languages, each named in its own.
func (p *pages) switches(v *visit) []switchTo {
	tags := p.texts.Languages()
	slices.Sort(tags)
	all := make([]switchTo, len(tags))
	for i, tag := range tags {
		query := url.Values{queryLanguage: {tag}}
		all[i] = switchTo{tag, p.words(tag).Say("language"), "?" + query.Encode(), tag == v.language}
	}
	return all
}

// until is the end of storage as a form tells it back.
func until(s models.Shipment) string {
	if s.ExpiresAt == nil {
		return ""
	}
	return strconv.FormatInt(s.ExpiresAt.UnixMilli(), 10)
}

// view makes what the template draws of a shipment; code is nil where there is none.
func (p *pages) view(v *visit, code *models.ClientCode, away bool) (*view, error) {
	t, s, now := p.words(v.language), v.page.Shipment, p.Now()
	d := &view{
		Words: t, Language: v.language, Languages: p.switches(v), Path: models.PagePath + v.token, Away: away,
		// A hyphen would let the number break.
		Title: t.Say("title", "locker", strings.ReplaceAll(v.page.Locker.Number, "-", "\u2011")), Number: s.Number,
		State: t.Say("state." + string(s.State)), Said: t.Say("said." + string(s.State)), LongestText: models.LongestReport,
		MayExtend: v.page.MayExtend(), Seen: until(s), Longer: t.span(v.page.Policy.Extension.Duration()),
	}
	if away {
		d.Said = "" // it tells of the code
	}
	if s.Frozen {
		d.State, d.Said = t.Say("frozen"), t.Say("said.frozen")
	}
	d.Notice, d.Warned = p.notice(v)
	d.where(v.page)
	d.HowToFind, d.HowToFindIn = v.page.Location.Directions(v.language)
	d.hours(v.page.Location, t, now)
	d.time(v.page, t, now)
	for i, parcel := range v.page.Parcels {
		d.add(i, parcel, t)
	}
	for _, known := range models.ClientProblems() {
		d.Problems = append(d.Problems, problem{string(known), t.Say("problem." + string(known))})
	}
	if code == nil {
		return d, nil
	}
	d.Code = models.SpacedCode(code.Code)
	var err error
	if d.QR, err = drawQR(code.QR, t.Say("qr.label")); err != nil {
		return nil, err
	}
	d.Bars, err = drawBars(code.Code, t.Say("bars.label"))
	return d, err
}

// notice says what came of the act before.
func (p *pages) notice(v *visit) (text string, warned bool) {
	switch told := v.r.URL.Query().Get(queryTold); told {
	case toldExtended, toldReported:
		return p.words(v.language).Say("told." + told), false
	case toldNot, toldAway, toldEnough, toldChoose:
		return p.words(v.language).Say("told." + told), true
	}
	return "", false
}

// where says where the locker is.
func (d *view) where(v models.ClientPage) {
	l := v.Location
	d.Locker, d.Place = v.Locker.Number, l.Name
	d.Address = strings.Join(slices.DeleteFunc([]string{l.Address, l.City}, func(s string) bool { return s == "" }), ", ")
	if l.Latitude != 0 || l.Longitude != 0 {
		at := fmt.Sprintf("%.6f,%.6f", l.Latitude, l.Longitude)
		d.Map = template.URL("geo:" + at + "?q=" + at) //nolint:gosec // numbers
	}
}

// looksAhead is how far the next opening is looked for.
const looksAhead = 14 * 24 * time.Hour

// hours says when people may come, and whether now.
func (d *view) hours(l models.Location, t words, now time.Time) {
	zone := l.Zone()
	if l.Hours == nil {
		d.Always, d.OpenNow, d.Open = true, true, t.Say("open.always")
		return
	}
	closed := l.Hours.Closed(zone, now, now.Add(looksAhead))
	switch {
	case len(closed) == 0:
		d.OpenNow, d.Open = true, t.Say("open.now")
	case closed[0].From.After(now):
		d.OpenNow, d.Open = true, t.Say("open.until", "when", t.soon(closed[0].From, now, zone))
	case closed[0].Until.Before(now.Add(looksAhead)):
		d.Open = t.Say("closed.until", "when", t.soon(closed[0].Until, now, zone))
	default:
		d.Open = t.Say("closed.long")
	}
	today := strings.ToLower(now.In(zone).Weekday().String())
	for _, name := range models.Weekdays() {
		d.Days = append(d.Days, day{t.Say("day." + name), t.times(l.Hours.Week[name]), name == today})
	}
	for _, e := range l.Hours.Exceptions {
		date, err := time.ParseInLocation(time.DateOnly, e.Date, zone)
		if err == nil && date.After(now.AddDate(0, 0, -1)) && date.Before(now.Add(looksAhead)) {
			d.Days = append(d.Days, day{t.date(date), t.times(e.Open), false})
		}
	}
}

// time says how long the parcel waits. While time stands still nobody knows the end: it is at
// least the one that is shown.
func (d *view) time(v models.ClientPage, t words, now time.Time) {
	s, zone := v.Shipment, v.Location.Zone()
	if s.ExpiresAt == nil {
		return
	}
	end := t.when(*s.ExpiresAt, zone)
	switch {
	case s.State == models.StateExpired:
		d.Until = t.Say("until.over", "when", end)
	case s.State != models.StateReady && s.State != models.StatePartlyPickedUp:
	case s.Frozen:
		d.Stopped = t.Say("stopped.frozen")
	case v.AwaySince != nil:
		d.Until, d.Stopped = t.Say("until.least", "when", end), t.Say("stopped.away", "when", t.when(*v.AwaySince, zone))
	default:
		d.Until = t.Say("until", "when", end)
		running := s.ExpiresAt.Sub(now)
		closed := v.Location.Hours.Closed(zone, now, *s.ExpiresAt)
		for _, span := range closed {
			running -= span.Until.Sub(span.From)
		}
		switch {
		case running <= 0:
		case len(closed) > 0:
			d.Left = t.Say("left.open", "left", t.span(running))
		default:
			d.Left = t.Say("left", "left", t.span(running))
		}
		if len(closed) > 0 && !closed[0].From.After(now) {
			d.Stopped = t.Say("stopped.closed")
		}
	}
}

// labelEnd is how much of a label's end tells parcels apart.
const labelEnd = 4

func (d *view) add(i int, p models.Parcel, t words) {
	label := []rune(p.Barcode)
	label = label[max(0, len(label)-labelEnd):]
	d.Parcels = append(d.Parcels, parcel{
		Label: t.Say("parcel", "n", strconv.Itoa(i+1), "label", string(label)), State: t.Say("parcel." + string(p.State)),
	})
}
