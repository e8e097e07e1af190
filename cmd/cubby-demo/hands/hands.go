// Package hands moves cabinets that have no hardware, as people would: it shuts doors,
// puts things in and takes them out, scans, types and presses. It reaches nothing that a
// person before a cabinet could not, save for reading what the cabinet believes.
package hands

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"cubby/cmd/cubby-demo/boards"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

//go:embed page
var page embed.FS

const maxBody = 16 << 10

// Hands serves the hands of a set of sites.
type Hands struct {
	set *sites.Set
	log *slog.Logger
}

// New returns the handler of everything below /hands/.
func New(set *sites.Set, log *slog.Logger) http.Handler {
	h := &Hands{set: set, log: log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hands/lockers", h.lockers)
	mux.HandleFunc("GET /hands/lockers/{l}", h.on(h.locker))
	mux.HandleFunc("GET /hands/lockers/{l}/cells", h.on(h.cells))
	mux.HandleFunc("GET /hands/lockers/{l}/screen", h.on(h.screen))
	mux.HandleFunc("POST /hands/lockers/{l}/cells/{n}/close", h.onCell(h.closeDoor))
	mux.HandleFunc("POST /hands/lockers/{l}/cells/{n}/put", h.onCell(h.put))
	mux.HandleFunc("POST /hands/lockers/{l}/cells/{n}/take", h.onCell(h.take))
	mux.HandleFunc("POST /hands/lockers/{l}/cells/{n}/jam", h.onCell(h.jam))
	mux.HandleFunc("POST /hands/lockers/{l}/cells/{n}/unjam", h.onCell(h.unjam))
	mux.HandleFunc("POST /hands/lockers/{l}/scan", h.on(h.scan))
	mux.HandleFunc("POST /hands/lockers/{l}/keys", h.on(h.keys))
	mux.HandleFunc("POST /hands/lockers/{l}/press", h.on(h.press))
	mux.HandleFunc("POST /hands/lockers/{l}/climates/{m}", h.on(h.climate))
	mux.HandleFunc("POST /hands/lockers/{l}/auto-close", h.on(h.autoClose))
	mux.HandleFunc("POST /hands/lockers/{l}/line/{what}", h.on(h.network))
	mux.HandleFunc("POST /hands/lockers/{l}/power/{what}", h.on(h.power))
	mux.HandleFunc("POST /hands/lockers/{l}/boards/{n}/{what}", h.on(h.board))
	mux.HandleFunc("GET /hands", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/hands/", http.StatusFound)
	})
	mux.HandleFunc("GET /hands/{$}", h.index)
	mux.HandleFunc("GET /hands/hands.js", h.asset("page/hands.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /hands/hands.css", h.asset("page/hands.css", "text/css; charset=utf-8"))
	mux.HandleFunc("/hands/", func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, r, models.Errorf(models.CodeNotFound, "the hands have no %s %s", r.Method, r.URL.Path))
	})
	return mux
}

// on finds the cabinet that a path names.
func (h *Hands) on(f func(w http.ResponseWriter, r *http.Request, c *sites.Site) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := h.set.Find(r.Context(), r.PathValue("l"))
		if err == nil {
			err = f(w, r, c)
		}
		if err != nil {
			h.fail(w, r, err)
		}
	}
}

// sideOf is the face of the cabinet that a hand is at: ?side=back of a two-way one, else the front.
func sideOf(r *http.Request, c *sites.Site) (models.Side, error) {
	switch side := models.Side(r.URL.Query().Get("side")); {
	case side == "" || side == models.SideFront:
		return models.SideFront, nil
	case side == models.SideBack && c.Build().TwoWay:
		return side, nil
	case side == models.SideBack:
		return "", models.Errorf(models.CodeNotFound, "this cabinet has no screen at its back")
	}
	return "", models.Errorf(models.CodeInvalid, "side is front or back")
}

// onCell finds the cabinet and the door's number too: that of its cell, and of one at the back of a two-way cell that
// and 1000.
func (h *Hands) onCell(f func(w http.ResponseWriter, r *http.Request, c *sites.Site, n int) error) http.HandlerFunc {
	return h.on(func(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil {
			return models.Errorf(models.CodeNotFound, "%q is not a cell's number", r.PathValue("n"))
		}
		front, back := boards.Door(0, false), boards.Door(0, true)
		if (n <= front || n > front+sites.MaxCells) && (!c.Build().TwoWay || n <= back || n > back+sites.MaxCells) {
			return models.Errorf(models.CodeNotFound, "this cabinet has no cell %d", n)
		}
		return f(w, r, c, n)
	})
}

// lockerView is a cabinet in the list.
type lockerView struct {
	Locker  models.LockerID `json:"locker"`
	Number  string          `json:"number"` // empty until its computer has answered once
	Power   bool            `json:"power"`
	LineCut bool            `json:"line_cut"`
	Boards  []sites.Board   `json:"boards"`
	Online  bool            `json:"online"`
	Keyed   bool            `json:"keyed"`
	Unsent  int64           `json:"unsent_facts"`
	Cells   int             `json:"cells"`
}

func (h *Hands) list(ctx context.Context) []lockerView {
	views := []lockerView{}
	for _, c := range h.set.All() {
		s, err := c.Snapshot(ctx)
		if err != nil {
			views = append(views, lockerView{
				Locker: c.Locker(), Number: c.Number(), Power: c.Powered(), LineCut: c.LineCut(), Boards: c.Boards(),
			})
			continue
		}
		views = append(views, lockerView{
			Locker: s.Locker, Number: s.Number, Power: true, LineCut: s.LineCut, Boards: s.Boards,
			Online: s.Online, Keyed: s.Keyed, Unsent: s.Unsent, Cells: len(s.Cells),
		})
	}
	return views
}

func (h *Hands) lockers(w http.ResponseWriter, r *http.Request) {
	reply(w, map[string]any{"lockers": h.list(r.Context())})
}

func (h *Hands) locker(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	s, err := c.Snapshot(r.Context())
	if err == nil {
		reply(w, s)
	}
	return err
}

func (h *Hands) cells(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	s, err := c.Snapshot(r.Context())
	if err == nil {
		reply(w, map[string]any{"cells": s.Cells})
	}
	return err
}

func (h *Hands) screen(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	side, err := sideOf(r, c)
	if err != nil {
		return err
	}
	s, err := c.View(r.Context(), side)
	if err == nil {
		reply(w, s)
	}
	return err
}

func (h *Hands) closeDoor(w http.ResponseWriter, _ *http.Request, c *sites.Site, n int) error {
	return done(w, c.CloseDoor(n))
}

func (h *Hands) put(w http.ResponseWriter, r *http.Request, c *sites.Site, n int) error {
	var body struct {
		Thing string `json:"thing"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	return done(w, c.Put(n, body.Thing))
}

func (h *Hands) take(w http.ResponseWriter, r *http.Request, c *sites.Site, n int) error {
	var body struct {
		Thing string `json:"thing"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	taken, err := c.Take(n, body.Thing)
	if err != nil {
		return err
	}
	reply(w, map[string]any{"taken": append([]string{}, taken...)})
	return nil
}

func (h *Hands) jam(w http.ResponseWriter, _ *http.Request, c *sites.Site, n int) error {
	c.Jam(n, true)
	return done(w, nil)
}

func (h *Hands) unjam(w http.ResponseWriter, _ *http.Request, c *sites.Site, n int) error {
	c.Jam(n, false)
	return done(w, nil)
}

// text is the body of scan and keys.
type text struct {
	Text string `json:"text"`
}

func (h *Hands) scan(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	var body text
	if err := read(w, r, &body); err != nil {
		return err
	}
	return h.shown(w, r, c, func(side models.Side) error { return c.Scan(r.Context(), side, body.Text) })
}

func (h *Hands) keys(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	var body text
	if err := read(w, r, &body); err != nil {
		return err
	}
	return h.shown(w, r, c, func(side models.Side) error { return c.Keys(r.Context(), side, body.Text) })
}

func (h *Hands) press(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	var body struct {
		Button string `json:"button"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	return h.shown(w, r, c, func(side models.Side) error { return c.Press(r.Context(), side, body.Button) })
}

// shown acts at a side and answers with its screen after that.
func (h *Hands) shown(w http.ResponseWriter, r *http.Request, c *sites.Site, act func(side models.Side) error) error {
	side, err := sideOf(r, c)
	if err == nil {
		err = act(side)
	}
	if err != nil {
		return err
	}
	return h.screen(w, r, c)
}

// climate has a cold module be warmer or colder.
func (h *Hands) climate(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	module, err := strconv.Atoi(r.PathValue("m"))
	if err != nil {
		return models.Errorf(models.CodeNotFound, "%q is not a module's number", r.PathValue("m"))
	}
	var body struct {
		Celsius *float64 `json:"celsius"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	if body.Celsius == nil {
		return models.Errorf(models.CodeInvalid, `say how warm it is: {"celsius": 4.5}`)
	}
	return done(w, c.Warm(module, *body.Celsius))
}

func (h *Hands) autoClose(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	var body struct {
		Seconds *float64 `json:"seconds"`
		Off     bool     `json:"off"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	if (body.Seconds == nil) != body.Off {
		return models.Errorf(models.CodeInvalid, `say {"seconds": 4} or {"off": true}`)
	}
	var after time.Duration
	if body.Seconds != nil {
		if *body.Seconds < 0 || *body.Seconds > 3600 {
			return models.Errorf(models.CodeInvalid, "seconds is from 0 (off) to 3600")
		}
		after = time.Duration(*body.Seconds * float64(time.Second))
	}
	c.SetAutoClose(after)
	return done(w, nil)
}

// network cuts and mends the cabinet's line.
func (h *Hands) network(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	switch r.PathValue("what") {
	case "cut":
		c.CutLine()
	case "restore":
		c.RestoreLine()
	default:
		return models.Errorf(models.CodeNotFound, "a line can be cut and restored")
	}
	return done(w, nil)
}

// power cuts and restores the power of the cabinet's computer.
func (h *Hands) power(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	switch r.PathValue("what") {
	case "cut":
		return done(w, c.CutPower())
	case "restore":
		return done(w, c.RestorePower(r.Context()))
	}
	return models.Errorf(models.CodeNotFound, "the power can be cut and restored")
}

// board takes a lock board off the bus and puts it back.
func (h *Hands) board(w http.ResponseWriter, r *http.Request, c *sites.Site) error {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return models.Errorf(models.CodeNotFound, "%q is not a board's number", r.PathValue("n"))
	}
	switch r.PathValue("what") {
	case "unplug":
		return done(w, c.Unplug(n, true))
	case "plug":
		return done(w, c.Unplug(n, false))
	}
	return models.Errorf(models.CodeNotFound, "a board can be unplugged and plugged")
}

// read decodes a body. None at all is an empty object.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return models.Errorf(models.CodeTooLarge, "the body is over %d bytes", maxBody)
	}
	return models.Wrap(models.CodeInvalid, err, "the body is not the JSON object that is wanted here")
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the caller went away
}

func done(w http.ResponseWriter, err error) error {
	if err == nil {
		reply(w, map[string]bool{"done": true})
	}
	return err
}

// fail answers with a problem document (RFC 9457).
func (h *Hands) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	switch models.ErrorCode(err) {
	case models.CodeInvalid:
		status = http.StatusBadRequest
	case models.CodeNotFound:
		status = http.StatusNotFound
	case models.CodeConflict:
		status = http.StatusConflict
	case models.CodeTooLarge:
		status = http.StatusRequestEntityTooLarge
	case models.CodeUnavailable:
		status = http.StatusServiceUnavailable
	default:
		h.log.Error("a hand failed", "path", r.URL.Path, "error", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the caller went away
		"type": "about:blank", "title": http.StatusText(status), "status": status,
		"code": models.ErrorCode(err), "detail": models.ErrorMessage(err),
	})
}
