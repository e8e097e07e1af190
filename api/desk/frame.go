package desk

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cubby/api"
	"cubby/api/limit"
	"cubby/models"
	"cubby/models/catalogue"
)

// frame is what every page has.
type frame struct {
	texts    *catalogue.Catalogue
	now      time.Time
	zone     *time.Location
	Language string
	Others   []string // languages that can be chosen instead
	Staff    models.Staff
	Proof    string
	Tab      string // the part of the desk: lockers, shipments, incidents
	Here     string // the page's own address
	Live     string // the same, asked for by the page itself
	Done     string // the word of what was just done
	Problem  string // what was refused, and what to do
}

// stranger is the frame of who is not signed in.
func (d *desk) stranger(r *http.Request) frame {
	language := catalogue.Fallback
	for _, wish := range []string{r.URL.Query().Get("language"), r.PostFormValue("language"), r.Header.Get("Accept-Language")} {
		if tag, _, _ := strings.Cut(wish, "-"); d.known(strings.ToLower(first(tag))) {
			language = strings.ToLower(first(tag))
			break
		}
	}
	return d.frame(r, language)
}

// first is the first of a list's items, without its weight.
func first(list string) string {
	item, _, _ := strings.Cut(list, ",")
	item, _, _ = strings.Cut(item, ";")
	return strings.TrimSpace(item)
}

func (d *desk) known(language string) bool { return slices.Contains(d.Texts.Languages(), language) }

func (d *desk) frame(r *http.Request, language string) frame {
	f := frame{texts: d.Texts, now: d.Now(), zone: time.UTC, Language: language, Here: r.URL.Path}
	query := r.URL.Query()
	if r.Method != http.MethodGet {
		query = url.Values{}
	}
	query.Del("done")
	query.Del("live")
	if len(query) > 0 {
		f.Here += "?" + query.Encode()
	}
	query.Set("live", "1")
	f.Live = r.URL.Path + "?" + query.Encode()
	for _, tag := range d.Texts.Languages() {
		if tag != language {
			f.Others = append(f.Others, tag)
		}
	}
	slices.Sort(f.Others)
	return f
}

// of is the frame of a visit.
func (d *desk) of(v visit, tab string) frame {
	f := d.frame(v.r, v.staff.Language)
	f.Staff, f.Proof, f.Tab = v.staff, proof(v.token), tab
	if done := v.r.URL.Query().Get("done"); done != "" && f.has("desk.done."+done) {
		f.Done = f.T("desk.done." + done)
	}
	return f
}

// T is a text in the reader's language; names and values of its placeholders follow in turn.
func (f frame) T(key string, pairs ...any) string {
	params := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		params[fmt.Sprint(pairs[i])] = fmt.Sprint(pairs[i+1])
	}
	return f.texts.Text(f.Language, key, params)
}

func (f frame) has(key string) bool { return f.T(key) != key }

// Word is the word for a code of the product, such as a state; the code itself where there is
// none yet.
func (f frame) Word(of string, code any) string {
	name := fmt.Sprint(code)
	if key := "desk." + of + "." + name; f.has(key) {
		return f.T(key)
	}
	return name
}

// Hint is what to do about a code of the product; empty where nothing is known.
func (f frame) Hint(of string, code any) string {
	if word := f.Word(of, code); word != fmt.Sprint(code) {
		return word
	}
	return ""
}

// moment is a time as pages show it.
type moment struct{ ISO, Text, Ago string }

// At shows a time in the zone of the page's place, and how long ago it was.
func (f frame) At(t any) moment {
	var at time.Time
	switch t := t.(type) {
	case time.Time:
		at = t
	case *time.Time:
		if t != nil {
			at = *t
		}
	}
	if at.IsZero() {
		return moment{Text: "–"}
	}
	return moment{ISO: at.UTC().Format(time.RFC3339), Text: at.In(f.zone).Format("2006-01-02 15:04 MST"), Ago: f.distance(at)}
}

// distance says how far a time is from now.
func (f frame) distance(at time.Time) string {
	d, key := f.now.Sub(at), "desk.ago."
	if d < 0 {
		d, key = -d, "desk.in."
	}
	switch {
	case d < time.Minute:
		return f.T("desk.ago.now")
	case d < time.Hour:
		return f.T(key+"minutes", "n", int(d/time.Minute))
	case d < 48*time.Hour:
		return f.T(key+"hours", "n", int(d/time.Hour))
	}
	return f.T(key+"days", "n", int(d/(24*time.Hour)))
}

// explain says what went wrong in the reader's language, and what to do.
func (f frame) explain(err error) string {
	code := models.ErrorCode(err)
	var e *models.Error
	wait := 1
	if errors.As(err, &e) {
		if seconds, ok := e.Details["retry_after"].(int); ok {
			wait = seconds
		}
	}
	if key := "desk.problem." + string(code); f.has(key) {
		return f.T(key, "seconds", wait)
	}
	return f.T("desk.problem.internal")
}

// withPage hands a part of a page both the page and what the part is of.
type withPage struct{ Page, Of any }

func functions() template.FuncMap {
	return template.FuncMap{"of": func(page, of any) withPage { return withPage{page, of} }}
}

// statusOf is the HTTP status of an error.
func statusOf(err error) int {
	switch models.ErrorCode(err) {
	case codeReason, codeFound, codeCells:
		return http.StatusBadRequest
	case codeSecond:
		return http.StatusForbidden
	}
	return api.Status(err)
}

// log writes down what went wrong, and returns its status.
func (d *desk) log(r *http.Request, who models.StaffID, err error) int {
	status, level := statusOf(err), slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	d.Logger.LogAttrs(r.Context(), level, "desk", slog.String("staff", string(who)), slog.String("method", r.Method),
		slog.String("path", r.URL.EscapedPath()), slog.Int("status", status), slog.String("remote", limit.Address(r)), slog.String("error", err.Error()))
	return status
}

// problemView is a page that says what went wrong.
type problemView struct {
	frame
	Text string
}

// fail answers a visit with what went wrong.
func (d *desk) fail(v visit, err error) {
	status := d.log(v.r, v.staff.ID, err)
	view := problemView{frame: d.of(v, "")}
	view.Text = view.explain(err)
	d.render(v.w, status, "problem.html", view)
}

// foreign answers a form that another site has sent.
func (d *desk) foreign(w http.ResponseWriter, r *http.Request) {
	err := models.Errorf(models.CodeForbidden, "The form is of another site.")
	view := problemView{frame: d.stranger(r)}
	view.Text = view.explain(err)
	d.render(w, d.log(r, "", err), "problem.html", view)
}

// nowhere answers an address that there is not.
func (d *desk) nowhere(visit) error {
	return models.Errorf(models.CodeNotFound, "There is no such page.")
}

func (d *desk) render(w http.ResponseWriter, status int, name string, view any) {
	var page bytes.Buffer
	if err := d.pages.ExecuteTemplate(&page, name, view); err != nil {
		d.Logger.Error("desk", "page", name, "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// A client that went away is no error of ours.
	_, _ = page.WriteTo(w)
}

// note is what is said above a page after an act that was refused.
type note struct {
	status int
	text   string
	Reason string // what the person had typed
}

// done is where a browser goes after an act: to a page that says so.
func done(v visit, to, word, fragment string) error {
	u, err := url.Parse(to)
	if err != nil {
		return err
	}
	query := u.Query()
	query.Set("done", word)
	u.RawQuery, u.Fragment = query.Encode(), fragment
	http.Redirect(v.w, v.r, u.String(), http.StatusSeeOther)
	return nil
}

// Limits of what is typed, in characters.
const (
	longestReason = 500
	longestSearch = 100
	pageSize      = 25
)

// typed is what a person typed, without what no database keeps as text.
func typed(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", ""))
}

// reasonOf takes the reason of an act; reason_needed without one.
func reasonOf(v visit) (string, error) {
	reason := typed(v.r.PostFormValue("reason"))
	if reason == "" || utf8.RuneCountInString(reason) > longestReason {
		return reason, models.Errorf(codeReason, "A reason of at most %d characters is needed.", longestReason)
	}
	return reason, nil
}

// codeReason is of an act that needs a reason.
const codeReason models.Code = "reason_needed"

// searchOf takes what is searched for.
func searchOf(r *http.Request) string {
	q := []rune(typed(r.URL.Query().Get("q")))
	return string(q[:min(len(q), longestSearch)])
}

// pager is the links below a list.
type pager struct{ Next, First string }

// pagerOf makes the links: to the page after, where there is one, and back to the first.
func pagerOf(r *http.Request, next string) pager {
	var p pager
	query := r.URL.Query()
	for _, name := range []string{"live", "done"} {
		query.Del(name)
	}
	at := query.Get("cursor")
	query.Del("cursor")
	if at != "" {
		p.First = r.URL.Path + "?" + query.Encode()
	}
	if next != "" {
		query.Set("cursor", next)
		p.Next = r.URL.Path + "?" + query.Encode()
	}
	return p
}
