package live

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

const (
	cabinetEvery = 250 * time.Millisecond // what a person before it would see
	restEvery    = time.Second
	beatEvery    = 15 * time.Second
	writeTime    = 10 * time.Second
	newest       = 20 // messages of each source, so that none crowds out another
	longTimeline = 40
)

// State is all that the page shows.
type State struct {
	Boot      string         `json:"boot"` // another one after a restart
	Filling   *Filling       `json:"filling,omitempty"`
	Act       *Act           `json:"act,omitempty"`
	Cabinets  []CabinetView  `json:"cabinets"` // that of the buttons first
	Parcels   []ParcelView   `json:"parcels"`
	Expected  []Label        `json:"expected"`
	Timeline  []Line         `json:"timeline"`
	Messages  []Message      `json:"messages"`
	Incidents []IncidentView `json:"incidents"`
	Curls     []Curl         `json:"curls"`
	Problem   string         `json:"problem,omitempty"`
}

// CabinetView is a cabinet as it stands.
type CabinetView struct {
	Locker   string          `json:"locker"`
	Number   string          `json:"number"`
	TwoWay   bool            `json:"two_way"`
	Panel    sites.Panel     `json:"panel"`
	Snapshot *sites.Snapshot `json:"snapshot,omitempty"`
	Dark     string          `json:"dark,omitempty"` // why there is no snapshot
	LineCut  bool            `json:"line_cut"`
	Powered  bool            `json:"powered"`
}

// ParcelView is a parcel of the buttons.
type ParcelView struct {
	ID       string `json:"id"`
	Number   string `json:"number"`
	State    string `json:"state"`
	Barcode  string `json:"barcode"`
	Code     string `json:"code"`
	Cell     int    `json:"cell"`
	Jammed   bool   `json:"jammed"`
	Phone    string `json:"phone"`
	Workflow string `json:"workflow"`
}

// Label is a parcel's label to scan.
type Label struct {
	Shipment string `json:"shipment"` // its id
	Locker   string `json:"locker"`   // at which it is expected
	Number   string `json:"number"`
	Barcode  string `json:"barcode"`
	Size     string `json:"size"`
	Regime   string `json:"regime,omitempty"` // empty: ambient
}

// IncidentView is an open incident.
type IncidentView struct {
	people.Incident
	Workflow string `json:"workflow"`
	Desk     string `json:"desk,omitempty"`  // its page at the desk
	Login    string `json:"login,omitempty"` // to the desk
}

// Line is one thing that happened.
type Line struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"` // event, message
	Number string    `json:"number"`
	Text   string    `json:"text"`
	Cell   int       `json:"cell,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

// watch looks at everything while somebody looks at the page, and sends what has changed.
type watch struct {
	cfg  Config
	acts *acts
	boot string
	ctx  context.Context
	stop context.CancelFunc
	poke chan struct{}

	mu      sync.Mutex
	viewers map[chan []byte]bool
	last    []byte
	looking bool

	slow State // what REST said last; the look's alone
	next time.Time
}

func newWatch(cfg Config, a *acts) *watch {
	w := &watch{cfg: cfg, acts: a, boot: time.Now().Format(time.RFC3339Nano), viewers: map[chan []byte]bool{}, poke: make(chan struct{}, 1)}
	w.ctx, w.stop = context.WithCancel(context.Background()) // until close
	a.changed = func() {
		select {
		case w.poke <- struct{}{}:
		default: // it will look anyhow
		}
	}
	return w
}

func (w *watch) close() { w.stop() }

// events streams the state: all of it at once, and again after each change.
func (w *watch) events(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("Content-Type", "text/event-stream")
	out.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(out)
	mine := make(chan []byte, 1)
	w.join(mine)
	defer w.leave(mine)
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		var raw []byte
		select {
		case state := <-mine:
			raw = fmt.Appendf(nil, "data: %s\n\n", state)
		case <-beat.C:
			raw = []byte(": here\n\n")
		case <-w.ctx.Done():
			return
		case <-r.Context().Done():
			return
		}
		if err := control.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
			return
		}
		if _, err := out.Write(raw); err != nil || control.Flush() != nil {
			return
		}
	}
}

func (w *watch) join(mine chan []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.viewers[mine] = true
	if w.last != nil {
		mine <- w.last
	}
	if !w.looking && w.ctx.Err() == nil {
		w.looking = true
		go w.look()
	}
}

func (w *watch) leave(mine chan []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.viewers, mine)
}

// look goes on while there are viewers.
func (w *watch) look() {
	tick := time.NewTicker(cabinetEvery)
	defer tick.Stop()
	for {
		raw, err := json.Marshal(w.state())
		if err != nil {
			w.cfg.Log.Error("the live page's state has no form", "error", err)
		}
		if !w.send(raw) {
			return
		}
		select {
		case <-tick.C:
		case <-w.poke:
		case <-w.ctx.Done():
			return
		}
	}
}

// send gives viewers what is new, the latest in place of what they have not read; false: nobody looks any more.
func (w *watch) send(raw []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.viewers) == 0 {
		w.looking, w.last = false, nil
		return false
	}
	if bytes.Equal(raw, w.last) {
		return true
	}
	w.last = raw
	for mine := range w.viewers {
		select {
		case <-mine:
		default:
		}
		mine <- raw
	}
	return true
}

func (w *watch) state() State {
	if now := time.Now(); now.After(w.next) {
		w.slow = w.rest(w.slow)
		w.next = now.Add(restEvery)
	}
	s := w.slow
	s.Boot = w.boot
	if w.cfg.Filling != nil {
		f := w.cfg.Filling()
		s.Filling = &f
	}
	if w.cfg.Expected != nil {
		s.Expected = w.cfg.Expected()
	}
	s.Cabinets = nil
	for _, of := range w.cfg.shown() {
		s.Cabinets = append(s.Cabinets, w.cabinet(of))
	}
	w.acts.mu.Lock()
	if w.acts.last != nil {
		act := *w.acts.last
		act.Steps = slices.Clone(act.Steps)
		s.Act = &act
	}
	w.acts.mu.Unlock()
	return s
}

func (w *watch) cabinet(of Shown) CabinetView {
	v := CabinetView{Locker: of.Locker, Number: of.Number, Panel: sites.Landscape()}
	site, err := w.cfg.Set.Find(w.ctx, of.Locker)
	if err != nil {
		v.Dark = err.Error()
		return v
	}
	v.LineCut, v.Powered, v.TwoWay, v.Panel = site.LineCut(), site.Powered(), site.Build().TwoWay, site.Build().Panel
	snap, err := site.Snapshot(w.ctx)
	if err != nil {
		v.Dark = err.Error()
		return v
	}
	v.Snapshot = &snap
	return v
}

// rest asks the API, as a carrier and as the operator. What cannot be heard stays as it was, with the reason.
func (w *watch) rest(before State) State {
	s := State{Parcels: []ParcelView{}, Timeline: []Line{}, Messages: []Message{}, Incidents: []IncidentView{}, Expected: []Label{}}
	w.acts.mu.Lock()
	parcels := make([]parcel, len(w.acts.parcels))
	for i, p := range w.acts.parcels {
		parcels[i] = *p
	}
	w.acts.mu.Unlock()
	for _, p := range parcels {
		if err := w.parcel(&s, p); err != nil {
			return failed(before, err)
		}
	}
	for _, source := range w.cfg.Sources {
		list, err := source.Messages(w.ctx, newest)
		if err != nil {
			return failed(before, err)
		}
		s.Messages = append(s.Messages, list...)
	}
	slices.SortStableFunc(s.Messages, func(a, b Message) int { return b.At.Compare(a.At) })
	for _, m := range s.Messages {
		for _, p := range parcels {
			if p.told(m) {
				s.Timeline = append(s.Timeline, Line{At: m.At, Kind: "message", Number: p.shipment.Number, Text: m.Kind + ": " + cmp.Or(m.Title, "to the client")})
				break
			}
		}
	}
	open, err := w.cfg.Operator.Incidents(w.ctx)
	if err != nil {
		return failed(before, err)
	}
	var ours []IncidentView // of the cabinet that the buttons move
	for _, i := range open {
		if !slices.ContainsFunc(w.cfg.shown(), func(c Shown) bool { return c.Locker == i.Locker }) {
			continue
		}
		v := w.incident(i)
		if s.Incidents = append(s.Incidents, v); i.Locker == w.cfg.Locker {
			ours = append(ours, v)
		}
	}
	slices.SortStableFunc(s.Timeline, func(a, b Line) int { return cmp.Or(b.At.Compare(a.At), 0) })
	s.Timeline = s.Timeline[:min(len(s.Timeline), longTimeline)]
	s.Curls = w.curls(parcels, ours)
	return s
}

func (w *watch) incident(i people.Incident) IncidentView {
	v := IncidentView{Incident: i, Workflow: w.cfg.workflow(i.Shipment)}
	if w.cfg.Login != "" {
		v.Desk, v.Login = w.cfg.Desk+"/incidents/"+i.ID, w.cfg.Login
	}
	return v
}

func failed(before State, err error) State {
	before.Problem = "The API does not answer as it should: " + err.Error()
	return before
}

func (w *watch) parcel(s *State, p parcel) error {
	now, err := w.acts.carrier.Shipment(w.ctx, p.shipment.ID)
	if err != nil {
		return err
	}
	events, err := w.acts.carrier.Events(w.ctx, p.shipment.ID)
	if err != nil {
		return err
	}
	view := ParcelView{
		ID: now.ID, Number: now.Number, State: now.State, Code: models.SpacedCode(p.code), Jammed: p.jammed, Phone: p.phone, Workflow: w.cfg.workflow(now.ID),
	}
	if len(now.Parcels) > 0 {
		view.Barcode, view.Cell = now.Parcels[0].Barcode, now.Parcels[0].Cell
	}
	s.Parcels = append(s.Parcels, view)
	// The list is turned round, so that of two at the same moment the later one is above.
	slices.Reverse(events)
	for _, e := range events {
		s.Timeline = append(s.Timeline, Line{
			At: e.At, Kind: "event", Number: now.Number, Text: strings.ReplaceAll(e.Type, "_", " "), Cell: e.Cell, Reason: e.Reason,
		})
	}
	return nil
}
