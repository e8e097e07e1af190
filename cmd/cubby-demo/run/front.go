package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// front is the demo's one port for browsers. It is there from the first moment: while the network starts, or starts
// anew, it tells how far that is.
type front struct {
	server *http.Server

	mu     sync.Mutex
	pages  http.Handler // nil: the network is not up
	doing  string
	began  time.Time
	failed string
}

// progress is what a browser is told about the start.
type progress struct {
	Up      bool    `json:"up"`
	Doing   string  `json:"doing"`
	Seconds float64 `json:"seconds"` // since the start began
	Failed  string  `json:"failed,omitempty"`
}

// startFront listens; failed is told when it cannot serve any more.
func startFront(ctx context.Context, address string, failed chan<- error) (*front, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	f := &front{began: time.Now()}
	// Other sites that a browser has open must not act here, nor have their name point here.
	f.server = &http.Server{Handler: local(http.NewCrossOriginProtection().Handler(f)), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := f.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("start page: %w", err)
		}
	}()
	return f, nil
}

// local refuses requests under a name that is not this machine's own.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
			http.Error(w, "This is the demo of one machine: call it localhost.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// begins says what is done now; first: a whole start begins.
func (f *front) begins(doing string, first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.doing = doing
	if first {
		f.pages, f.failed, f.began = nil, "", time.Now()
	}
}

func (f *front) up(pages http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pages = pages
}

func (f *front) fails(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = err.Error()
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	pages := f.pages
	told := progress{Up: pages != nil, Doing: f.doing, Seconds: time.Since(f.began).Seconds(), Failed: f.failed}
	f.mu.Unlock()
	switch {
	case r.URL.Path == "/demo/progress":
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(told) // to a browser that may have gone
	case pages != nil:
		pages.ServeHTTP(w, r)
	default:
		w.Header().Set("Retry-After", "2")
		w.Header().Set("Refresh", "2") // a page that is opened meanwhile comes back by itself
		http.Error(w, "The network starts: "+told.Doing+".", http.StatusServiceUnavailable)
	}
}

func (f *front) close() error {
	grace, cancel := context.WithTimeout(context.Background(), pagesGrace)
	defer cancel()
	if f.server.Shutdown(grace) == nil {
		return nil
	}
	return f.server.Close()
}
