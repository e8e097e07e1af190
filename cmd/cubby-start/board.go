package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"
)

//go:embed page
var page embed.FS

// lastLines of a step's output are shown, each of up to longest bytes.
const (
	lastLines = 14
	longest   = 400
)

// board keeps how far everything is, and serves the page. It takes the output of the children.
type board struct {
	now func() time.Time

	mu      sync.Mutex
	steps   []step
	at      int // the running step; -1 before the first
	began   time.Time
	took    []float64
	failed  string
	partial []byte
	lines   []string
	demo    http.Handler // nil: not yet
}

func newBoard(steps []step, now func() time.Time) *board {
	return &board{now: now, steps: append(append([]step{}, steps...), demoStep()), at: -1}
}

// stepView is a step for the page.
type stepView struct {
	Name    string  `json:"name"`
	State   string  `json:"state"` // waits, runs, done, failed
	Seconds float64 `json:"seconds"`
	Usual   int     `json:"usual"`
	Cold    int     `json:"cold"`
}

// stateView is all that the page shows.
type stateView struct {
	Steps  []stepView `json:"steps"`
	Lines  []string   `json:"lines"`
	Failed string     `json:"failed,omitempty"`
	Advice string     `json:"advice,omitempty"`
	Up     bool       `json:"up"`
}

func (b *board) begin(i int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at >= 0 {
		b.took = append(b.took, b.now().Sub(b.began).Seconds())
	}
	b.at, b.began = i, b.now()
	b.lines, b.partial = nil, nil
}

func (b *board) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = err.Error()
}

func (b *board) handOver(demo http.Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.demo = demo
}

func (b *board) takeBack() { b.handOver(nil) }

// Write takes output and keeps its last lines.
func (b *board) Write(raw []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.partial = append(b.partial, raw...)
	for {
		i := bytes.IndexAny(b.partial, "\r\n")
		if i < 0 {
			break
		}
		if line := strings.TrimSpace(string(b.partial[:i])); line != "" {
			b.lines = append(b.lines, line[:min(len(line), longest)])
		}
		b.partial = b.partial[i+1:]
	}
	b.partial = b.partial[max(0, len(b.partial)-longest):]
	b.lines = b.lines[max(0, len(b.lines)-lastLines):]
	return len(raw), nil
}

func (b *board) state() stateView {
	b.mu.Lock()
	defer b.mu.Unlock()
	view := stateView{Lines: append([]string{}, b.lines...), Failed: b.failed, Up: b.demo != nil}
	for i, s := range b.steps {
		v := stepView{Name: s.Name, State: "waits", Usual: s.Usual, Cold: s.Cold}
		switch {
		case i < b.at:
			v.State, v.Seconds = "done", b.took[i]
		case i == b.at:
			v.State, v.Seconds = "runs", b.now().Sub(b.began).Seconds()
			if b.failed != "" {
				v.State, view.Advice = "failed", s.Advice
			}
		}
		view.Steps = append(view.Steps, v)
	}
	return view
}

func (b *board) handler() http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	own := http.NewServeMux()
	own.Handle("GET /{$}", http.FileServerFS(files))
	own.Handle("GET /building/", http.StripPrefix("/building/", http.FileServerFS(files)))
	own.HandleFunc("GET /building/state", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(b.state()) // to a browser that may have gone
	})
	own.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { // what a later page asks for
		http.Error(w, "The network is not up yet: see the start page.", http.StatusServiceUnavailable)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		demo := b.demo
		b.mu.Unlock()
		if demo != nil && !strings.HasPrefix(r.URL.Path, "/building/") {
			demo.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'")
		own.ServeHTTP(w, r)
	})
}
