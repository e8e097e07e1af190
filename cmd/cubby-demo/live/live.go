// Package live serves the demo's page that shows everything side by side: a cabinet's real screen, the cabinet with hands,
// the messages that arrive, and what happened. Its buttons do what people do, by the public API, the hands and the
// scanner; nothing here knows the database.
package live

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

//go:embed page
var page embed.FS

// policy keeps the page to what this program serves, the screen's frame too.
const policy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"

// Config is what the page shows and moves.
type Config struct {
	Set *sites.Set
	// Locker is the cabinet that the buttons move, LockerNumber its public number.
	Locker, LockerNumber string
	// Others can be looked at, and moved by hand.
	Others []Shown
	// Own is the origin at which this program serves hands and inbox; Public that which people use.
	Own, Public string
	// TemporalUI is the origin of the Temporal UI, Namespace the one of the workflows.
	TemporalUI, Namespace string
	Operator              people.Operator
	Carrier               people.Carrier
	// Desk is the address of the desk; Login says how to sign in there, and is empty where nobody can.
	Desk, Login string
	// Sheet is where the labels of all expected parcels can be printed from; empty: nowhere.
	Sheet string
	// Policy is what announced parcels live by.
	Policy string
	// Badges are couriers to click; the first one brings the parcels.
	Badges []Badge
	// Sources are where messages arrive.
	Sources []Source
	// Pace is how long people take before each act, so that eyes can follow.
	Pace time.Duration
	// Filling tells how far the network is filled; nil: nothing is.
	Filling func() Filling
	// Expected are parcels whose labels may be held to the scanner; nil: none is known.
	Expected func() []Label
	// Reset puts the network back, later and in the background; nil: it cannot be.
	Reset func() error
	// Past has the network begin anew, two weeks ago; nil: it cannot, or its past is lived.
	Past  func() error
	Links []Link
	Log   *slog.Logger
}

// Shown is a cabinet on the page.
type Shown struct{ Locker, Number string }

// shown are all cabinets on the page, that of the buttons first.
func (c Config) shown() []Shown { return append([]Shown{{c.Locker, c.LockerNumber}}, c.Others...) }

// Badge is a courier that anybody may play.
type Badge struct{ Name, Badge, PIN string }

// Link is an address to show.
type Link struct{ Name, URL, About string }

// Filling is how far the network is filled.
type Filling struct {
	Done    int    `json:"done"`
	Total   int    `json:"total"`
	Doing   string `json:"doing"`
	Problem string `json:"problem,omitempty"`
	// Free: the page's own cabinet is left to people.
	Free bool `json:"free"`
	// Kept: there is a copy to go back to.
	Kept bool `json:"kept"`
}

// Page is the live page of a running network.
type Page struct {
	cfg       Config
	templates *template.Template
	acts      *acts
	watch     *watch
}

// New returns the page; Close ends what it does.
func New(cfg Config) *Page {
	p := &Page{cfg: cfg, templates: template.Must(template.ParseFS(page, "page/*.html"))}
	p.acts = newActs(cfg)
	p.watch = newWatch(cfg, p.acts)
	return p
}

// Close ends a running act and every open stream.
func (p *Page) Close() {
	p.acts.close()
	p.watch.close()
}

// Handler serves / and everything below /live/ and /screen/.
func (p *Page) Handler() http.Handler {
	static, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.index)
	mux.Handle("GET /live/live.js", http.StripPrefix("/live/", http.FileServerFS(static)))
	mux.Handle("GET /live/live.css", http.StripPrefix("/live/", http.FileServerFS(static)))
	mux.HandleFunc("GET /live/events", p.watch.events)
	mux.HandleFunc("POST /live/acts/{name}", p.act)
	mux.HandleFunc("POST /live/reset", again(p.cfg.Reset))
	mux.HandleFunc("POST /live/past", again(p.cfg.Past))
	mux.HandleFunc("/screen/{locker}/{rest...}", p.screen)
	return mux
}

func (p *Page) index(w http.ResponseWriter, _ *http.Request) {
	var out bytes.Buffer
	err := p.templates.ExecuteTemplate(&out, "live.html", struct {
		Config
		Acts []actText
	}{p.cfg, actTexts()})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = out.WriteTo(w) // to a browser that may have gone
}

func (p *Page) act(w http.ResponseWriter, r *http.Request) {
	if err := p.acts.begin(r.PathValue("name")); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// again asks for the network to be started again in a way; nil: it cannot be.
func again(how func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		err := error(models.Errorf(models.CodeConflict, "This network cannot be restored."))
		if how != nil {
			err = how()
		}
		if err != nil {
			refuse(w, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusConflict
	if models.ErrorCode(err) == models.CodeNotFound {
		status = http.StatusNotFound
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the caller went away
		"type": "about:blank", "title": http.StatusText(status), "status": status,
		"code": models.ErrorCode(err), "detail": models.ErrorMessage(err),
	})
}

// pacing waits before each act of a person, and lets reading be.
type pacing struct {
	pace time.Duration
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t pacing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && t.pace > 0 {
		wait := time.NewTimer(t.pace)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return t.next.RoundTrip(r)
}

// workflow is the address of a shipment's workflow in the Temporal UI.
func (c Config) workflow(shipment string) string {
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s", c.TemporalUI, c.Namespace, models.ShipmentWorkflowID(models.ShipmentID(shipment)))
}

// Source is where messages of one kind arrive.
type Source interface {
	// Messages returns the newest, newest first.
	Messages(ctx context.Context, limit int) ([]Message, error)
}

// Message is one that has arrived, whatever brought it.
type Message struct {
	Kind  string    `json:"kind"` // e-mail, sms, webhook
	ID    string    `json:"id"`   // of its kind
	At    time.Time `json:"at"`
	To    string    `json:"to"`
	Title string    `json:"title"`
	Text  string    `json:"text"`
	Link  string    `json:"link,omitempty"` // to all of it
	// Signature is what its receiver found: ok, wrong; empty where nothing is signed.
	Signature string `json:"signature,omitempty"`
	Body      string `json:"body,omitempty"` // of a webhook, as it came
}
