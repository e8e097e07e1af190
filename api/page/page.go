// Package page serves the client's page: what a person needs to collect a parcel, behind an address
// that nobody guesses. It works without scripts, loads nothing, and dies with the shipment's end.
package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // for the template and its style
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cubby/api/limit"
	"cubby/models"
	"cubby/models/catalogue"
)

// What a visit costs of a rate. An address of no page costs more: somebody is trying.
const (
	costKnown   = 1
	costUnknown = 20
)

// Pages is what the pages need of the store.
type Pages interface {
	// ClientPage returns what the page with a token of the hash shows, or not_found.
	ClientPage(ctx context.Context, hash string) (models.ClientPage, error)
	// ReportProblem keeps what a client tells and opens an incident about it. It returns
	// too_many_requests for a client who told enough.
	ReportProblem(ctx context.Context, r models.ClientReport) error
	// Audit records an act that the engine carries out.
	Audit(ctx context.Context, r models.Request, action, object, detail string) error
}

// Engine lengthens the storage time.
type Engine interface {
	// Extend returns unavailable while the engine cannot be reached, and invalid_state where
	// storage cannot be lengthened. The same request is the same action.
	Extend(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
}

// Codes reads pickup codes.
type Codes interface {
	// Read returns a shipment's code by now; unavailable while the engine cannot be reached.
	Read(ctx context.Context, s models.ShipmentID) (models.ClientCode, error)
}

// Config is what the pages are made of. All is required.
type Config struct {
	Pages  Pages
	Engine Engine
	Codes  Codes
	Logger *slog.Logger
	Now    func() time.Time
}

const (
	callTimeout = 9 * time.Second
	// longestForm bounds a form's bytes: 500 characters of four bytes, each escaped.
	longestForm    = 8 << 10
	languageCookie = "cubby_language"
	fieldUntil     = "until"
	fieldProblem   = "problem"
	fieldText      = "text"
	queryLanguage  = "lang"
	queryTold      = "told"
)

// The notices that a page may begin with, after an act.
const (
	toldExtended = "extended"
	toldNot      = "not_extended"
	toldAway     = "away"
	toldReported = "reported"
	toldEnough   = "enough"
	toldChoose   = "choose"
)

//go:embed page.html
var document string

//go:embed page.css
var style string

type pages struct {
	Config
	texts    *catalogue.Catalogue
	template *template.Template
	policy   string
	// They keep floods away, by the address that they come from and by page. Many people may come
	// from one address, behind a carrier's or our own proxy.
	byAddress, byToken *limit.Each
}

// Handler serves what is below models.PagePath.
func Handler(cfg Config) http.Handler {
	texts, err := catalogue.Load()
	if err != nil {
		panic("api/page: " + err.Error()) // a test of the catalogue rules it out
	}
	sum := sha256.Sum256([]byte(style))
	p := &pages{
		Config: cfg, texts: texts,
		byAddress: limit.NewEach(limit.Rate{Burst: 400, PerSecond: 20}), byToken: limit.NewEach(limit.Rate{Burst: 30, PerSecond: 0.5}),
		template: template.Must(template.New("page").Parse(document)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+models.PagePath+"{token}", p.serve(p.show))
	mux.HandleFunc("POST "+models.PagePath+"{token}/extend", p.serve(p.extend))
	mux.HandleFunc("POST "+models.PagePath+"{token}/report", p.serve(p.report))
	mux.HandleFunc(models.PagePath, p.serve(func(v *visit) { p.last(v, http.StatusNotFound, "unknown") }))
	return mux
}

// visit is one request for a page.
type visit struct {
	w        http.ResponseWriter
	r        *http.Request
	page     models.ClientPage
	token    string
	language string
}

// serve sets what is common to all answers, keeps floods away, and finds the page.
func (p *pages) serve(then func(*visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		v := &visit{w: w, r: r.WithContext(ctx), token: r.PathValue("token")}
		h := w.Header()
		h.Set("Content-Security-Policy", p.policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
		v.language = p.languageOf(v, catalogue.Fallback)
		if !sameOrigin(r) {
			p.last(v, http.StatusForbidden, "foreign")
			return
		}
		address, hash, now := limit.Address(r), models.PageHash(v.token), p.Now()
		if !p.byAddress.Take(address, costKnown, now) || !p.byToken.Take(hash, costKnown, now) {
			p.tooMany(v)
			return
		}
		var err error
		if v.page, err = p.find(ctx, v.token, hash); err != nil {
			if models.ErrorCode(err) == models.CodeNotFound && !p.byAddress.Take(address, costUnknown, now) {
				p.tooMany(v)
				return
			}
			p.failed(v, err)
			return
		}
		if v.page.Replaced {
			p.last(v, http.StatusGone, "replaced")
			return
		}
		v.language = p.languageOf(v, v.page.Shipment.Language)
		if v.page.Shipment.State.Final() {
			p.last(v, http.StatusGone, string(v.page.Shipment.State))
			return
		}
		then(v)
	}
}

func (p *pages) find(ctx context.Context, token, hash string) (models.ClientPage, error) {
	if !models.ValidPageToken(token) {
		return models.ClientPage{}, models.Errorf(models.CodeNotFound, "There is no such page.")
	}
	return p.Pages.ClientPage(ctx, hash)
}

// sameOrigin keeps forms of other sites away. Without a referrer browsers name no origin for a
// form of our own page ("null"), and those that tell Sec-Fetch-Site only do so over TLS; behind
// all this the token in the address is what nobody else knows.
func sameOrigin(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin" || site == "none"
	}
	origin := r.Header.Get("Origin")
	if origin == "" || origin == "null" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// languageOf chooses a language: the one that was asked for, now or before, the first that the
// browser wants and we have, or else a default.
func (p *pages) languageOf(v *visit, missing string) string {
	have := p.texts.Languages()
	if asked := v.r.URL.Query().Get(queryLanguage); slices.Contains(have, asked) {
		return asked
	}
	if c, err := v.r.Cookie(languageCookie); err == nil && slices.Contains(have, c.Value) {
		return c.Value
	}
	for wanted := range strings.SplitSeq(v.r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(wanted), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if slices.Contains(have, tag) {
			return tag
		}
	}
	if slices.Contains(have, missing) {
		return missing
	}
	return catalogue.Fallback
}

// show is the page of a shipment that has not ended.
func (p *pages) show(v *visit) {
	p.remember(v)
	var code *models.ClientCode
	away := false
	if v.page.Shipment.CheckCode(v.page.Parcels) == nil {
		c, err := p.Codes.Read(v.r.Context(), v.page.Shipment.ID)
		switch models.ErrorCode(err) {
		case "":
			code = &c
		case models.CodeInvalidState:
			// Collected, or held back, this moment: the next look tells.
		default:
			p.Logger.Warn("a client's page has no code", "shipment", v.page.Shipment.ID, "error", err)
			away = true
			v.w.Header().Set("Refresh", "15")
		}
	}
	d, err := p.view(v, code, away)
	if err != nil {
		p.failed(v, err)
		return
	}
	p.write(v, http.StatusOK, d)
}

// remember keeps the language that was asked for.
func (p *pages) remember(v *visit) {
	if asked := v.r.URL.Query().Get(queryLanguage); asked == v.language {
		http.SetCookie(v.w, &http.Cookie{
			Name: languageCookie, Value: asked, Path: models.PagePath, MaxAge: int((365 * 24 * time.Hour).Seconds()),
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: v.r.TLS != nil,
		})
	}
}

// extend lengthens the storage time, once for each end that the client has seen.
func (p *pages) extend(v *visit) {
	if !p.form(v) {
		return
	}
	s := v.page.Shipment
	sum := sha256.Sum256([]byte("client\n" + string(s.ID) + "\n" + v.r.PostForm.Get(fieldUntil)))
	if seen := v.r.PostForm.Get(fieldUntil); !v.page.MayExtend() || seen != until(s) {
		p.back(v, toldNot) // pressed twice, or somebody else was faster: the page shows the new end
		return
	}
	// The act is on record before it is done: one that was done is never missing there.
	err := p.Pages.Audit(v.r.Context(), models.Request{Actor: models.Client()}, "shipment.extend", string(s.ID), "")
	if err == nil {
		_, err = p.Engine.Extend(v.r.Context(), s.ID, models.ActionInput{Request: hex.EncodeToString(sum[:16])})
	}
	switch models.ErrorCode(err) {
	case "":
		p.back(v, toldExtended)
	case models.CodeInvalidState, models.CodeNotFound:
		p.back(v, toldNot)
	default:
		p.Logger.Warn("a client could not lengthen the storage time", "shipment", s.ID, "error", err)
		p.back(v, toldAway)
	}
}

// report takes what a client says is wrong.
func (p *pages) report(v *visit) {
	if !p.form(v) {
		return
	}
	r := models.ClientReport{
		Shipment: v.page.Shipment.ID, Problem: models.ClientProblem(v.r.PostForm.Get(fieldProblem)), Text: plain(v.r.PostForm.Get(fieldText)),
	}
	if !slices.Contains(models.ClientProblems(), r.Problem) {
		p.back(v, toldChoose)
		return
	}
	switch err := p.Pages.ReportProblem(v.r.Context(), r); models.ErrorCode(err) {
	case "":
		p.back(v, toldReported)
	case models.CodeTooMany:
		p.back(v, toldEnough)
	default:
		p.failed(v, err)
	}
}

// plain is a client's text as it is kept: cut to its length, and without what is no text.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, strings.ReplaceAll(text, "\r\n", "\n"))
	text = strings.TrimSpace(text)
	if r := []rune(text); len(r) > models.LongestReport {
		return string(r[:models.LongestReport])
	}
	return text
}

func (p *pages) form(v *visit) bool {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, longestForm)
	if err := v.r.ParseForm(); err != nil {
		p.last(v, http.StatusBadRequest, "form")
		return false
	}
	return true
}

// back shows the page again, with a notice.
func (p *pages) back(v *visit, told string) {
	http.Redirect(v.w, v.r, models.PagePath+v.token+"?"+queryTold+"="+told, http.StatusSeeOther)
}

func (p *pages) tooMany(v *visit) {
	v.w.Header().Set("Retry-After", "30")
	p.last(v, http.StatusTooManyRequests, "too_many")
}

// failed tells of what is no fault of the client.
func (p *pages) failed(v *visit, err error) {
	if models.ErrorCode(err) == models.CodeNotFound {
		p.last(v, http.StatusNotFound, "unknown")
		return
	}
	p.Logger.Error("a client's page failed", "error", err)
	v.w.Header().Set("Retry-After", "5")
	p.last(v, http.StatusServiceUnavailable, "failed")
}

// last is a page that only says something.
func (p *pages) last(v *visit, status int, what string) {
	if !v.page.Shipment.State.Final() {
		what = "page.last." + what
	} else {
		what = "page.ended." + what
	}
	params := map[string]string{"locker": v.page.Locker.Number, "number": v.page.Shipment.Number}
	p.write(v, status, &view{
		Words: p.words(v.language), Language: v.language, Languages: p.switches(v),
		Title: p.texts.Text(v.language, what+".title", params), Only: p.texts.Text(v.language, what+".text", params),
	})
}

// write renders into memory first, so that a page is whole or is not there.
func (p *pages) write(v *visit, status int, d *view) {
	d.Style = template.CSS(style)
	var b bytes.Buffer
	if err := p.template.Execute(&b, d); err != nil {
		p.Logger.Error("a client's page could not be drawn", "error", err)
		http.Error(v.w, "", http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.language)
	v.w.WriteHeader(status)
	// A client that went away is no error of ours.
	_, _ = v.w.Write(b.Bytes())
}
