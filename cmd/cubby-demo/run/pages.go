package run

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"cubby/cmd/cubby-demo/people"
)

//go:embed page
var pageFiles embed.FS

// pagePolicy keeps the pages to what this program serves.
const pagePolicy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"

const maxForm = 16 << 10

// startView is what the start page shows.
type startView struct {
	Links      []link
	CarrierKey string
	ShopKey    string
	Lockers    []Locker
	Sizes      []string
	Badge, PIN string
	Error      string // why the form was refused
	Email      string
	Locker     string // chosen
	Size       string
}

func (s *System) view() startView {
	return startView{
		Links: s.addresses(), CarrierKey: s.CarrierKey, ShopKey: s.ShopKey, Lockers: s.Lockers, Sizes: []string{"S", "M", "L", "XL"},
		Badge: s.Badge, PIN: s.PIN, Email: "you@example.com", Size: "M",
	}
}

// pages are the form to send a parcel and the progress of a parcel. They know what a carrier knows: they ask the public API.
type pages struct {
	templates *template.Template
	view      startView
	carrier   people.Carrier
}

func newPages(view startView, carrier people.Carrier) http.Handler {
	p := &pages{template.Must(template.ParseFS(pageFiles, "page/*.html")), view, carrier}
	static, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /send", func(w http.ResponseWriter, _ *http.Request) { p.render(w, http.StatusOK, "start.html", p.view) })
	mux.HandleFunc("POST /parcels", p.send)
	mux.HandleFunc("GET /parcels/{id}", p.parcel)
	mux.Handle("GET /start.css", http.FileServerFS(static))
	mux.Handle("GET /parcel.js", http.FileServerFS(static))
	return mux
}

// send announces a parcel to oneself.
func (p *pages) send(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	view := p.view
	view.Email = strings.TrimSpace(r.PostFormValue("email"))
	view.Locker, view.Size = r.PostFormValue("locker"), r.PostFormValue("size")
	if address, err := mail.ParseAddress(view.Email); err != nil || address.Address != view.Email {
		view.Error = "Type an e-mail address, such as you@example.com. It need not exist: mail goes to the inbox here."
		p.render(w, http.StatusUnprocessableEntity, "start.html", view)
		return
	}
	number := "DEMO-" + rand.Text()[:8]
	shipment, err := p.carrier.Announce(r.Context(), number, people.Announcement{
		Number: number, Locker: view.Locker, Language: "en",
		Contact: people.Contact{Email: view.Email}, Parcels: []people.NewParcel{{Size: view.Size}},
	})
	if err != nil {
		var status int
		status, view.Error = explain(err)
		p.render(w, status, "start.html", view)
		return
	}
	http.Redirect(w, r, "/parcels/"+url.PathEscape(shipment.ID), http.StatusSeeOther)
}

// explain turns what the API says into a status and a sentence.
func explain(err error) (int, string) {
	var refused *people.Refusal
	if errors.As(err, &refused) {
		return refused.Status, fmt.Sprintf("The API refused: %s (%s).", strings.TrimSuffix(refused.Detail, "."), refused.Code)
	}
	return http.StatusBadGateway, "The API does not answer. Is the server running?"
}

// step is one thing that somebody does in the life of a parcel.
type step struct {
	Name       string // of its template
	Done, Now  bool
	Title      string
	ParcelView *parcelView
}

// parcelView is what the page of a parcel shows.
type parcelView struct {
	Error      string
	ID, Number string
	State      string
	Barcode    string
	Cell       int
	Locker     Locker
	Badge, PIN string
	Hands      string
	Inbox      string
	Steps      []step
	Events     []eventView
	Ended      bool
}

type eventView struct {
	Type, Time, ISO string
	Cell            int
}

func (p *pages) parcel(w http.ResponseWriter, r *http.Request) {
	view, err := p.look(r.Context(), r.PathValue("id"))
	status := http.StatusOK
	if err != nil {
		status, view.Error = explain(err)
	}
	p.render(w, status, "parcel.html", view)
}

func (p *pages) look(ctx context.Context, id string) (*parcelView, error) {
	view := &parcelView{ID: id, Badge: p.view.Badge, PIN: p.view.PIN}
	shipment, err := p.carrier.Shipment(ctx, id)
	if err != nil {
		return view, err
	}
	events, err := p.carrier.Events(ctx, id)
	if err != nil {
		return view, err
	}
	view.Number, view.State = shipment.Number, shipment.State
	view.Locker = Locker{ID: shipment.Locker, Number: shipment.Locker}
	for _, locker := range p.view.Lockers {
		if locker.ID == shipment.Locker {
			view.Locker = locker
		}
	}
	if len(shipment.Parcels) > 0 {
		view.Barcode, view.Cell = shipment.Parcels[0].Barcode, shipment.Parcels[0].Cell
	}
	view.Hands = "/hands/?locker=" + url.QueryEscape(shipment.Locker)
	view.Inbox = "/inbox/?q=" + url.QueryEscape(shipment.Number)
	for _, e := range events {
		view.Events = append(view.Events, eventView{
			Type: e.Type, Time: e.At.Local().Format(time.TimeOnly), ISO: e.At.UTC().Format(time.RFC3339), Cell: e.Cell,
		})
	}
	view.follow(shipment.State)
	return view, nil
}

// follow says what is done, and what somebody does next.
func (v *parcelView) follow(state string) {
	v.Steps = []step{
		{Name: "announced", Title: "The parcel is announced"},
		{Name: "deposit", Title: "A courier puts it into a cell"},
		{Name: "message", Title: "The pickup code is sent"},
		{Name: "pickup", Title: "You pick it up"},
	}
	done := map[string]int{
		"created": 1, "in_transit": 1, "loading": 2, "ready_for_pickup": 3, "partly_picked_up": 3, "expired": 3, "picked_up": 4,
	}[state]
	v.Ended = slices.Contains([]string{"picked_up", "returned", "cancelled", "lost"}, state)
	for i := range v.Steps {
		v.Steps[i].Done, v.Steps[i].Now = i < done, i == done && done > 0
		v.Steps[i].ParcelView = v
	}
}

func (p *pages) render(w http.ResponseWriter, status int, name string, view any) {
	render(w, p.templates, status, name, view)
}

func render(w http.ResponseWriter, templates *template.Template, status int, name string, view any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // to a browser that may have gone
}
