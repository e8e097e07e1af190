// Package line is a cabinet's network: a forward proxy that its agent goes through, which
// can be cut and restored, and have each of the faults that networks have.
package line

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const dialLimit = 5 * time.Second

// Line is a proxy for CONNECT on the loopback interface. It connects to one address alone.
type Line struct {
	target string
	server *http.Server
	addr   string

	mu     sync.Mutex
	cut    bool
	fault  Fault
	dice   dice
	routes map[*route]bool
}

// Start serves a line to an address.
func Start(ctx context.Context, target string) (*Line, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Line{target: target, addr: listener.Addr().String(), routes: map[*route]bool{}}
	l.server = &http.Server{Handler: http.HandlerFunc(l.connect), ReadHeaderTimeout: dialLimit}
	go func() { _ = l.server.Serve(listener) }() // it ends with Close
	return l, nil
}

// URL is what the agent has for its proxy.
func (l *Line) URL() string { return "http://" + l.addr }

func (l *Line) connect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect || r.Host != l.target {
		http.Error(w, "this line goes to "+l.target+" only", http.StatusForbidden)
		return
	}
	if l.IsCut() {
		l.hangUp(w)
		return
	}
	far, err := (&net.Dialer{Timeout: dialLimit}).DialContext(r.Context(), "tcp", l.target)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	near, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = far.Close() // nothing was sent
		return
	}
	way := &route{near: near, far: far}
	if !l.keep(way) {
		return
	}
	if _, err := near.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		l.drop(way)
		return
	}
	var both sync.WaitGroup
	both.Go(func() { l.carry(way, up) })
	both.Go(func() { l.carry(way, down) })
	both.Wait()
}

// hangUp ends a connection without a word, as a line that is cut does.
func (l *Line) hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close() // that is the point
	}
}

func (l *Line) keep(way *route) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut { // meanwhile
		way.close()
		return false
	}
	way.left[up], way.left[down] = l.dice.below(l.fault.CutUp), l.dice.below(l.fault.CutDown)
	l.routes[way] = true
	return true
}

func (l *Line) drop(way *route) {
	l.mu.Lock()
	defer l.mu.Unlock()
	way.close()
	delete(l.routes, way)
}

// Cut ends what goes over the line, and lets nothing over it any more.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for way := range l.routes {
		way.close()
		delete(l.routes, way)
	}
}

// Restore mends the line.
func (l *Line) Restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}

// IsCut reports whether the line is cut.
func (l *Line) IsCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// Close ends the line for good.
func (l *Line) Close() error {
	l.Cut()
	err := l.server.Close()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
