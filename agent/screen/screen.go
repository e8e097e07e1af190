// Package screen serves the cabinet's own screen to the browser that stands before it: a
// page, the view as it changes, and what a person does. It is for this computer alone.
package screen

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"cubby/agent/cabinet"
	"cubby/models"
)

//go:embed page
var page embed.FS

const (
	maxBody   = 4 << 10
	heartbeat = 15 * time.Second
	writeTime = 10 * time.Second
	// policy lets the page load nothing from anywhere else.
	policy = "default-src 'none'; script-src 'self'; img-src data:; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// Cabinet is what the screen shows and moves. *host.Host is one.
type Cabinet interface {
	View(side models.Side) cabinet.View
	Site() cabinet.Site
	// Watch gives a value after changes of the view, until the context ends.
	Watch(ctx context.Context) <-chan struct{}
	Stopped() <-chan struct{}
	Tell(ctx context.Context, in cabinet.Input) error
	Operation() models.OperationID
}

// Panel is the glass that a screen is shown on.
type Panel struct {
	PxPerMM float64 `json:"px_per_mm"` // of the browser's pixels: keys are 20 mm
}

// site is what a browser needs once, and when it changes.
type site struct {
	cabinet.Site
	Panel
	PhoneQR *drawing `json:"phone_qr,omitempty"` // of the support
}

type server struct {
	cabinet Cabinet
	panel   Panel
	log     *slog.Logger
}

// New returns the screen's handler. alive is called whenever a page has drawn itself: some
// seconds apart, while it lives.
func New(c Cabinet, panel Panel, alive func(), log *slog.Logger) http.Handler {
	s := &server{c, panel, log}
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic("screen: " + err.Error()) // the files are embedded: cannot happen
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", found(files, http.FileServerFS(files)))
	mux.HandleFunc("GET /view", s.view)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("POST /keys", s.act(func(text string, side models.Side, id models.OperationID) (cabinet.Input, error) {
		return cabinet.Keyed{Text: text, ID: id, Side: side}, nil
	}))
	mux.HandleFunc("POST /press", s.act(func(text string, side models.Side, id models.OperationID) (cabinet.Input, error) {
		b := cabinet.Button(text)
		if !slices.Contains(cabinet.Buttons(), b) {
			return nil, models.Errorf(models.CodeInvalid, "there is no such button")
		}
		return cabinet.Pressed{Button: b, ID: id, Side: side}, nil
	}))
	mux.HandleFunc("POST /choose", s.act(func(text string, side models.Side, id models.OperationID) (cabinet.Input, error) {
		return cabinet.Chose{Key: text, ID: id, Side: side}, nil
	}))
	mux.HandleFunc("POST /touch", s.act(func(_ string, side models.Side, _ models.OperationID) (cabinet.Input, error) {
		return cabinet.Touched{Side: side}, nil
	}))
	mux.HandleFunc("POST /alive", func(w http.ResponseWriter, _ *http.Request) {
		alive()
		w.WriteHeader(http.StatusNoContent)
	})
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusForbidden, models.Errorf(models.CodeForbidden, "the screen takes nothing from another page"))
	}))
	return guarded(local(origins.Handler(mux)))
}

// guarded has the browser keep nothing, and load nothing from anywhere else.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// found answers for files that are not there itself: the file server would let go of the
// headers.
func found(files fs.FS, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := strings.TrimPrefix(r.URL.Path, "/"); name != "" {
			if info, err := fs.Stat(files, name); err != nil || info.IsDir() {
				problem(w, http.StatusNotFound, models.Errorf(models.CodeNotFound, "there is no such page"))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// local refuses requests that name another host: a page of another site that has its name
// point here must not reach the screen.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(r.Host); err == nil {
			host = h
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			problem(w, http.StatusForbidden, models.Errorf(models.CodeForbidden, "the screen is for this computer alone"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// side is which face of the cabinet a screen is at: the front, unless it says "back".
func side(r *http.Request) models.Side {
	if r.URL.Query().Get("side") == string(models.SideBack) {
		return models.SideBack
	}
	return models.SideFront
}

func (s *server) view(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.cabinet.View(side(r))) // the browser went away
}

// events sends the view at once and after each change.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	changed := s.cabinet.Watch(r.Context())
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var drawn []byte
	is := site{Panel: s.panel}
	for {
		phone := is.Screen.Phone
		is.Site = s.cabinet.Site()
		var err3 error
		if is.Screen.Phone != phone {
			is.PhoneQR, err3 = phoneQR(is.Screen.Phone)
		}
		now, err := json.Marshal(is)
		raw, err2 := json.Marshal(s.cabinet.View(side(r)))
		if err := errors.Join(err, err2, err3); err != nil {
			s.log.Error("the view has no form", "error", err)
			return
		}
		if !bytes.Equal(now, drawn) && !send(w, control, "event: site\ndata: %s\n\n", now) {
			return
		}
		if drawn = now; !send(w, control, "data: %s\n\n", raw) {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-changed:
				waiting = false
			case <-beat.C:
				if !send(w, control, ": here\n\n") {
					return
				}
			case <-s.cabinet.Stopped():
				return
			case <-r.Context().Done():
				return
			}
		}
	}
}

// send writes within a time: a browser that does not read comes back by itself.
func send(w http.ResponseWriter, control *http.ResponseController, format string, args ...any) bool {
	if err := control.SetWriteDeadline(time.Now().Add(writeTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return false
	}
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return false
	}
	return control.Flush() == nil
}

// act takes {"text": …} from the person. It is never logged: it may be a code or a PIN.
func (s *server) act(input func(text string, side models.Side, id models.OperationID) (cabinet.Input, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Text string `json:"text"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body); err != nil {
			problem(w, http.StatusBadRequest, models.Errorf(models.CodeInvalid, `say {"text": "…"}`))
			return
		}
		in, err := input(body.Text, side(r), s.cabinet.Operation())
		if err != nil {
			problem(w, http.StatusBadRequest, err)
			return
		}
		if err := s.cabinet.Tell(r.Context(), in); err != nil {
			s.log.Warn("what a person did was not taken", "error", err)
			problem(w, http.StatusServiceUnavailable, models.Errorf(models.CodeUnavailable, "The cabinet starts anew. Please try again in a moment."))
			return
		}
		s.view(w, r)
	}
}

func problem(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the browser went away
		"type": "about:blank", "title": http.StatusText(status), "status": status,
		"code": models.ErrorCode(err), "detail": models.ErrorMessage(err),
	})
}
