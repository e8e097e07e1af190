package desk

import (
	"compress/gzip"
	"context"
	"embed"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"cubby/models"
	"cubby/models/catalogue"
)

// Config is what the desk is made of. All but TemporalUI is required.
type Config struct {
	Staff      Staff
	Sessions   Sessions
	Lockers    Lockers
	Cells      Cells
	Shipments  Shipments
	Incidents  Incidents
	Remotes    Remotes
	Badges     Badges
	Enrolments Enrolments
	Engine     Engine

	Texts  *catalogue.Catalogue
	Logger *slog.Logger
	Now    func() time.Time
	// Rand must be safe for concurrent use, as crypto/rand.Reader is.
	Rand io.Reader
	// PublicURL is where browsers reach the server, such as "https://parcels.example".
	PublicURL string
	// TemporalUI is where a namespace's workflows are seen, such as
	// "https://temporal.example/namespaces/cubby"; empty: nowhere.
	TemporalUI string
}

const (
	callTimeout = 15 * time.Second
	maxForm     = 16 << 10
	// hashesAtOnce bounds the memory that strangers can have taken: 19 MiB each.
	hashesAtOnce = 2
)

// policy keeps the pages to what this server serves: no script, style or picture of another
// place or within a page. Tabler's styles hold pictures as data.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

//go:embed all:assets
var assetFiles embed.FS

// desk holds what the pages share.
type desk struct {
	Config
	secure  bool // browsers come by https
	hashing chan struct{}
	nobody  string
	pages   *template.Template
}

// New makes the handler of /desk and what is below it.
func New(cfg Config) http.Handler {
	d := &desk{
		Config: cfg, secure: strings.HasPrefix(cfg.PublicURL, "https://"), hashing: make(chan struct{}, hashesAtOnce), nobody: nobody(),
		pages: template.Must(template.New("").Funcs(functions()).ParseFS(pageFiles, "pages/*.html")),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /desk/sign-in", d.signInPage)
	mux.HandleFunc("POST /desk/sign-in", d.signIn)
	for pattern, page := range map[string]page{
		"GET /desk":                                          d.front,
		"POST /desk/sign-out":                                d.signOut,
		"POST /desk/language":                                d.language,
		"GET /desk/lockers":                                  d.lockers,
		"GET /desk/lockers/{id}":                             d.locker,
		"POST /desk/lockers/{id}/{action}":                   d.changeLocker,
		"POST /desk/lockers/{id}/cells/{cell}/{action}":      d.orderCell,
		"POST /desk/lockers/{id}/open":                       d.openRemotely,
		"GET /desk/remote":                                   d.remotes,
		"GET /desk/remote/{id}":                              d.remote,
		"POST /desk/remote/{id}/{action}":                    d.decideRemote,
		"GET /desk/badges":                                   d.badges,
		"POST /desk/badges/{id}/{action}":                    d.suspendBadge,
		"POST /desk/lockers/{id}/release":                    d.releaseIdentity,
		"GET /desk/enrolments":                               d.enrolments,
		"POST /desk/enrolments/{id}/{action}":                d.decideEnrolment,
		"GET /desk/shipments":                                d.shipments,
		"GET /desk/shipments/{id}":                           d.shipment,
		"POST /desk/shipments/{id}/contact":                  d.contact,
		"POST /desk/shipments/{id}/{action}":                 d.act,
		"POST /desk/shipments/{id}/messages/{message}/again": d.sendAgain,
		"GET /desk/incidents":                                d.incidents,
		"GET /desk/incidents/{id}":                           d.incident,
		"POST /desk/incidents/{id}/resolve":                  d.resolve,
		"POST /desk/incidents/{id}/reports":                  d.reports,
		"/desk/":                                             d.nowhere,
	} {
		mux.HandleFunc(pattern, d.signedIn(page))
	}
	// The folders are part of the build, so Sub cannot fail.
	static, _ := fs.Sub(staticFiles, "static")
	mux.Handle("GET /desk/static/", http.StripPrefix("/desk/static/", http.FileServerFS(static)))
	mux.HandleFunc("GET /desk/assets/{name}", asset)

	own := http.NewCrossOriginProtection()
	if err := own.AddTrustedOrigin(cfg.PublicURL); err != nil {
		cfg.Logger.Warn("the desk does not know its own address", "error", err)
	}
	own.SetDenyHandler(http.HandlerFunc(d.foreign))
	return headers(own.Handler(mux))
}

// headers are those of every answer, with a limit on how long it may take and on what is read.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// asset serves a browser library as it is embedded, compressed.
func asset(w http.ResponseWriter, r *http.Request) {
	kind := map[string]string{"htmx.min.js": "text/javascript; charset=utf-8", "tabler.min.css": "text/css; charset=utf-8"}[r.PathValue("name")]
	file, err := assetFiles.Open("assets/" + r.PathValue("name") + ".gz")
	if kind == "" || err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Vary", "Accept-Encoding")
	var content io.Reader = file
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
	} else if content, err = gzip.NewReader(file); err != nil {
		http.Error(w, "a broken build", http.StatusInternalServerError)
		return
	}
	// A client that went away is no error of ours.
	_, _ = io.Copy(w, content)
}

// request says who acts, for the ports. The id is the one that the answer carries.
func request(w http.ResponseWriter, p models.Staff) models.Request {
	return models.Request{Actor: p.Actor(), ID: w.Header().Get("X-Request-Id")}
}
