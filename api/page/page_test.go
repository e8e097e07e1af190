package page_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"cubby/api/page"
	"cubby/models"
)

const token = "4mjgxeacbyesdr9stv53ef303n"

var (
	now    = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // a Monday
	opener = models.ClientCode{Code: "12345670", QR: models.QRPrefix + strings.ToUpper(token), Page: token}
)

// desk is what is behind the pages: one shipment, and what was done with it.
type desk struct {
	page     models.ClientPage
	code     error
	extend   error
	report   error
	requests []string
	reports  []models.ClientReport
	audited  []string
	at       time.Time
	log      bytes.Buffer
}

func (d *desk) ClientPage(_ context.Context, hash string) (models.ClientPage, error) {
	if hash != models.PageHash(token) {
		return models.ClientPage{}, models.Errorf(models.CodeNotFound, "There is no such page.")
	}
	return d.page, nil
}

func (d *desk) ReportProblem(_ context.Context, r models.ClientReport) error {
	d.reports = append(d.reports, r)
	return d.report
}

func (d *desk) Audit(_ context.Context, r models.Request, action, object, _ string) error {
	d.audited = append(d.audited, fmt.Sprint(r.Actor.Key, " ", action, " ", object))
	return nil
}

func (d *desk) Extend(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	d.requests = append(d.requests, in.Request)
	return models.ActionResult{}, d.extend
}

func (d *desk) Read(context.Context, models.ShipmentID) (models.ClientCode, error) {
	if d.code != nil {
		return models.ClientCode{}, d.code
	}
	return opener, nil
}

// waiting is a shipment of two parcels that is ready until Thursday.
func waiting() *desk {
	ends := now.Add(72 * time.Hour)
	return &desk{at: now, page: models.ClientPage{
		Shipment: models.Shipment{ID: "shp_1", Number: "N-1", Locker: "lkr_1", Issue: 1, State: models.StateReady, Language: "ru", ExpiresAt: &ends},
		Parcels: []models.Parcel{
			{Barcode: "CBAAAA1111", State: models.ParcelInCell, Cell: 3}, {Barcode: "CBAAAA2222", State: models.ParcelPickedUp},
		},
		Policy:   models.Policy{Extension: models.Seconds(24 * 3600), Extensions: 1},
		Locker:   models.Locker{Number: "L-001"},
		Location: models.Location{Name: "<Courtyard>", Address: "Long Street 7", City: "Hamburg", TimeZone: "Europe/Berlin", Latitude: 53.5, Longitude: 10},
	}}
}

func (d *desk) handler() http.Handler {
	return page.Handler(page.Config{
		Pages: d, Engine: d, Codes: d, Logger: slog.New(slog.NewTextHandler(&d.log, nil)), Now: func() time.Time { return d.at },
	})
}

func (d *desk) open(t *testing.T, path string, header ...string) (*httptest.ResponseRecorder, *goquery.Document) {
	t.Helper()
	return send(t, d.handler(), http.MethodGet, path, nil, header...)
}

func send(t *testing.T, h http.Handler, method, path string, form url.Values, header ...string) (*httptest.ResponseRecorder, *goquery.Document) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.NotRegexp(t, `page\.[a-z]`, w.Body.String(), "every text is there")
	require.NotContains(t, w.Body.String(), "ZgotmplZ")
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(w.Body.String()))
	require.NoError(t, err)
	return w, doc
}

func text(d *goquery.Document, id string) string {
	return strings.TrimSpace(d.Find(`[data-testid="` + id + `"]`).Text())
}

func TestEveryStateInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, state := range models.ShipmentStates() {
		for _, language := range []string{"en", "ru"} {
			for _, frozen := range []bool{false, true} {
				d := waiting()
				d.page.Shipment.State, d.page.Shipment.Frozen = state, frozen
				w, doc := d.open(t, "/t/"+token+"?lang="+language)
				got, _ := doc.Find("html").Attr("lang")
				require.Equal(t, language, got)
				code := text(doc, "code")
				if state.Final() {
					require.Equal(t, http.StatusGone, w.Code, state)
					require.Contains(t, text(doc, "only"), "N-1")
				} else {
					require.Equal(t, http.StatusOK, w.Code, state)
				}
				opens := d.page.Shipment.CheckCode(d.page.Parcels) == nil
				require.Equal(t, opens, code == "1234 5670", "%s frozen %t", state, frozen)
				require.Equal(t, opens, doc.Find("svg").Length() == 2)
				require.Equal(t, state != models.StateReady && state != models.StatePartlyPickedUp && state != models.StateExpired || frozen,
					doc.Find(`[data-testid="extend"]`).Length() == 0, "%s frozen %t", state, frozen)
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/t/" + token, "/t/none", "/t/" + token + "/x"} {
		w, doc := waiting().open(t, path)
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive",
		} {
			require.Equal(t, want, w.Header().Get(name), path)
		}
		policy := w.Header().Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'")
		require.NotContains(t, policy, "unsafe")
		require.Zero(t, doc.Find("script, link, img, iframe, [style], [onclick]").Length())
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query, cookie, accept, want string
	}{
		"the shipment's":        {"", "", "", "ru"},
		"the browser's":         {"", "", "de-DE, en-GB;q=0.8, ru;q=0.5", "en"},
		"none that we have":     {"", "", "de, fr", "ru"},
		"chosen before":         {"", "ru", "en", "ru"},
		"chosen now":            {"?lang=en", "ru", "ru", "en"},
		"chosen, and not there": {"?lang=xx", "", "en", "en"},
	} {
		header := []string{"Accept-Language", c.accept}
		if c.cookie != "" {
			header = append(header, "Cookie", "cubby_language="+c.cookie)
		}
		w, _ := waiting().open(t, "/t/"+token+c.query, header...)
		require.Equal(t, c.want, w.Header().Get("Content-Language"), name)
		require.Equal(t, c.query == "?lang=en", w.Header().Get("Set-Cookie") != "", name)
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	week := map[string][]models.OpenTime{}
	for _, day := range models.Weekdays() {
		week[day] = []models.OpenTime{{From: "08:00", To: "20:00"}}
	}
	hours := &models.Hours{Week: week, Exceptions: []models.Exception{{Date: "2026-03-05"}}}
	since := now.Add(-time.Hour)
	for name, c := range map[string]struct {
		change                     func(*desk)
		open, until, left, stopped string
	}{
		"day and night": {func(*desk) {}, "Open day and night", "by Thu 5 March, 13:00", "3 days", ""},
		"open until the evening": {func(d *desk) { d.page.Location.Hours = hours },
			"Open now, until 20:00", "by Thu 5 March, 13:00", "1 day 7 hours. Hours when the place is closed", ""},
		"closed at night": {func(d *desk) { d.page.Location.Hours = hours; d.at = now.Add(13 * time.Hour) },
			"Closed now. Opens 08:00", "by Thu", "1 day", "The time has stopped until it opens"},
		"closed until tomorrow": {func(d *desk) { d.page.Location.Hours = hours; d.at = now.Add(9 * time.Hour) },
			"Closed now. Opens Tue 3 March, 08:00", "by Thu", "1 day", "The time has stopped until it opens"},
		"closed for long": {func(d *desk) { d.page.Location.Hours = &models.Hours{} }, "Closed for now", "by Thu", "", "until it opens"},
		"away": {func(d *desk) { d.page.AwaySince = &since },
			"Open day and night", "by Thu 5 March, 13:00, or later", "", "Since Mon 2 March, 12:00 the locker cannot be reached"},
		"frozen": {func(d *desk) { d.page.Shipment.Frozen = true }, "Open day and night", "", "", "held back"},
		"over":   {func(d *desk) { d.page.Shipment.State = models.StateExpired }, "Open day and night", "Storage ended Thu 5 March, 13:00", "", ""},
	} {
		d := waiting()
		c.change(d)
		_, doc := d.open(t, "/t/"+token+"?lang=en")
		for id, want := range map[string]string{"open": c.open, "until": c.until, "left": c.left, "stopped": c.stopped} {
			if want == "" {
				require.Empty(t, text(doc, id), "%s: %s", name, id)
			} else {
				require.Contains(t, text(doc, id), want, "%s: %s", name, id)
			}
		}
	}
}

func TestPlaceAndParcels(t *testing.T) {
	t.Parallel()
	w, doc := waiting().open(t, "/t/"+token+"?lang=en")
	require.Contains(t, text(doc, "address"), "Long Street 7, Hamburg")
	require.NotContains(t, w.Body.String(), "<Courtyard>", "what people entered is no markup")
	require.Equal(t, "geo:53.500000,10.000000?q=53.500000,10.000000", doc.Find(".map a").AttrOr("href", ""))
	rows := doc.Find(`[data-testid="parcel"]`)
	require.Equal(t, 2, rows.Length())
	require.Contains(t, rows.Eq(0).Text(), "1111")
	require.Contains(t, rows.Eq(0).Text(), "in the locker")
	require.Contains(t, rows.Eq(1).Text(), "collected")
	require.NotContains(t, w.Body.String(), "CBAAAA1111", "the whole label is nobody's to see")
}

// TestWithoutEngine: all but the code is there, and the page asks again.
// TestHowToFindIt is told in the page's language, or else in another, which is named to who reads it aloud.
func TestHowToFindIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		texts                     map[string]string
		language, title, want, in string
	}{
		"in English":        {map[string]string{"en": "Left of <b>the gate</b>", "ru": "Слева от ворот"}, "en", "How to find it", "Left of <b>the gate</b>", "en"},
		"in Russian":        {map[string]string{"en": "Left of the gate", "ru": "Слева от ворот"}, "ru", "Как найти", "Слева от ворот", "ru"},
		"in English alone":  {map[string]string{"de": "Links", "en": "Left of the gate"}, "ru", "Как найти", "Left of the gate", "en"},
		"in another":        {map[string]string{"de": "Links", "fr": "Gauche"}, "ru", "Как найти", "Links", "de"},
		"blank is not told": {map[string]string{"ru": "  ", "en": "Left"}, "ru", "Как найти", "Left", "en"},
		"not told":          {nil, "ru", "", "", ""},
	} {
		d := waiting()
		d.page.Location.HowToFind = c.texts
		_, doc := d.open(t, "/t/"+token+"?lang="+c.language)
		require.Equal(t, c.want, text(doc, "how-to-find"), name)
		in, _ := doc.Find(`[data-testid="how-to-find"]`).Attr("lang")
		require.Equal(t, c.in, in, name)
		require.Equal(t, c.title, doc.Find("h3").Text(), name)
	}
}

func TestWithoutEngine(t *testing.T) {
	t.Parallel()
	d := waiting()
	d.code = models.Errorf(models.CodeUnavailable, "The engine does not answer.")
	w, doc := d.open(t, "/t/"+token+"?lang=en")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "15", w.Header().Get("Refresh"))
	require.Contains(t, text(doc, "away"), "shortly")
	require.Contains(t, text(doc, "address"), "Long Street 7")
	require.Contains(t, text(doc, "until"), "Thu 5 March")
	require.Zero(t, doc.Find("svg").Length())
	require.NotContains(t, d.log.String(), token)
}

func TestExtend(t *testing.T) {
	t.Parallel()
	path := "/t/" + token + "/extend"
	seen := func(d *desk) url.Values {
		_, doc := d.open(t, "/t/"+token)
		return url.Values{"until": {doc.Find(`input[name="until"]`).AttrOr("value", "")}}
	}
	d := waiting()
	form := seen(d)
	w, _ := send(t, d.handler(), http.MethodPost, path, form)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/t/"+token+"?told=extended", w.Header().Get("Location"))
	require.Equal(t, []string{"client shipment.extend shp_1"}, d.audited)
	_, _ = send(t, d.handler(), http.MethodPost, path, form)
	require.Len(t, d.requests, 2)
	require.Equal(t, d.requests[0], d.requests[1], "pressed twice is one action")

	later := d.page.Shipment.ExpiresAt.Add(24 * time.Hour)
	d.page.Shipment.ExpiresAt = &later
	w, _ = send(t, d.handler(), http.MethodPost, path, form)
	require.Equal(t, "/t/"+token+"?told=not_extended", w.Header().Get("Location"))
	require.Len(t, d.requests, 2, "of the end that the client saw nothing is left")

	d = waiting()
	form = seen(d)
	d.page.Extended = 1
	w, _ = send(t, d.handler(), http.MethodPost, path, form)
	require.Equal(t, "/t/"+token+"?told=not_extended", w.Header().Get("Location"))
	require.Empty(t, d.requests)
	for _, failed := range []struct {
		code models.Code
		told string
	}{{models.CodeUnavailable, "away"}, {models.CodeInvalidState, "not_extended"}} {
		d = waiting()
		d.extend = models.Errorf(failed.code, "no")
		w, _ = send(t, d.handler(), http.MethodPost, path, form)
		require.Equal(t, "/t/"+token+"?told="+failed.told, w.Header().Get("Location"))
		require.NotContains(t, d.log.String(), token)
	}
	for _, told := range []string{"extended", "not_extended", "away", "reported", "enough", "choose", "", "anything"} {
		_, doc := waiting().open(t, "/t/"+token+"?told="+told)
		require.Equal(t, told == "" || told == "anything", text(doc, "notice") == "", told)
	}
}

// TestForeignForms: a form of another site does nothing.
func TestForeignForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value string
		taken       bool
	}{
		{"Sec-Fetch-Site", "same-origin", true}, {"Sec-Fetch-Site", "none", true}, {"Sec-Fetch-Site", "cross-site", false},
		{"Sec-Fetch-Site", "same-site", false}, {"Origin", "null", true}, {"Origin", "http://example.com", true},
		{"Origin", "https://elsewhere.example", false}, {"Origin", "%", false},
	} {
		d := waiting()
		w, _ := send(t, d.handler(), http.MethodPost, "/t/"+token+"/report", url.Values{"problem": {"other"}}, c.name, c.value)
		require.Equal(t, c.taken, len(d.reports) == 1, "%s: %s", c.name, c.value)
		require.Equal(t, !c.taken, w.Code == http.StatusForbidden)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	path := "/t/" + token + "/report"
	long := strings.Repeat("ы", 600)
	for name, c := range map[string]struct {
		form           url.Values
		err            error
		location, text string
		status         int
	}{
		"told":     {url.Values{"problem": {"cell_empty"}, "text": {" a\r\nb\x00\x1b "}}, nil, "reported", "a\nb", 303},
		"no words": {url.Values{"problem": {"door_did_not_open"}}, nil, "reported", "", 303},
		"long":     {url.Values{"problem": {"other"}, "text": {long}}, nil, "reported", long[:1000], 303},
		"not one":  {url.Values{"problem": {"bad_weather"}}, nil, "choose", "", 303},
		"none":     {url.Values{}, nil, "choose", "", 303},
		"enough":   {url.Values{"problem": {"other"}}, models.Errorf(models.CodeTooMany, "enough"), "enough", "", 303},
		"broken":   {url.Values{"problem": {"other"}}, models.Errorf(models.CodeUnavailable, "the database is away"), "", "", 503},
		"huge":     {url.Values{"problem": {"other"}, "text": {strings.Repeat("x", 9000)}}, nil, "", "", 400},
	} {
		d := waiting()
		d.report = c.err
		w, _ := send(t, d.handler(), http.MethodPost, path, c.form)
		require.Equal(t, c.status, w.Code, name)
		if c.location != "" {
			require.Equal(t, "/t/"+token+"?told="+c.location, w.Header().Get("Location"), name)
		}
		if c.location == "reported" {
			require.Equal(t, []models.ClientReport{{Shipment: "shp_1", Problem: models.ClientProblem(c.form.Get("problem")), Text: c.text}}, d.reports, name)
		}
		if c.text != "" {
			require.NotContains(t, d.log.String(), c.text)
		}
	}
	d := waiting()
	d.page.Shipment.State = models.StatePickedUp
	w, _ := send(t, d.handler(), http.MethodPost, path, url.Values{"problem": {"other"}})
	require.Equal(t, http.StatusGone, w.Code)
	require.Empty(t, d.reports)
}

func TestNoPage(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/t/", "/t/" + token[1:], "/t/" + strings.ToUpper(token), "/t/" + strings.Replace(token, "4", "5", 1), "/t/" + token + "/x/y"} {
		w, doc := waiting().open(t, path)
		require.Equal(t, http.StatusNotFound, w.Code, path)
		require.NotEmpty(t, text(doc, "only"))
	}
	d := waiting()
	d.page = models.ClientPage{Replaced: true}
	w, doc := d.open(t, "/t/"+token)
	require.Equal(t, http.StatusGone, w.Code)
	require.Contains(t, text(doc, "only"), "newest message")
}

// TestFloods: one page is looked at so often, an address that tries tokens is kept away before it
// found one, and time heals both.
func TestFloods(t *testing.T) {
	t.Parallel()
	d := waiting()
	h := d.handler()
	look := func(path, from string) int {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = from + ":1234"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests {
			require.NotEmpty(t, w.Header().Get("Retry-After"))
		}
		return w.Code
	}
	for i := range 30 {
		require.Equal(t, http.StatusOK, look("/t/"+token, fmt.Sprint("10.0.0.", i)))
	}
	require.Equal(t, http.StatusTooManyRequests, look("/t/"+token, "10.0.0.99"), "one page, from everywhere")
	d.at = d.at.Add(2 * time.Second)
	require.Equal(t, http.StatusOK, look("/t/"+token, "10.0.0.99"))

	tried := 0
	for ; look(fmt.Sprintf("/t/%026d", tried), "10.0.1.1") == http.StatusNotFound; tried++ {
		require.Less(t, tried, 25)
	}
	require.Greater(t, tried, 10)
	require.Equal(t, http.StatusTooManyRequests, look(fmt.Sprintf("/t/%026d", 9999), "10.0.1.1"))
	require.Equal(t, http.StatusNotFound, look(fmt.Sprintf("/t/%026d", 9999), "10.0.1.2"), "another address is another's")
}
