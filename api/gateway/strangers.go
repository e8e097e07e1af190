package gateway

import (
	"container/list"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// strangersTold is how often the log is told of connections that were dropped.
const strangersTold = time.Second

// strangers are the open connections that no cabinet has shown its certificate on: those
// in their handshake, those that enrol, and those that only want to take up room. They are
// bounded together, whatever addresses they come from, since many cabinets may share one.
// When there are too many, the oldest goes: a handshake takes a moment, so who means well
// is never the oldest for long.
type strangers struct {
	most   int
	logger *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	order   *list.List // of net.Conn, the oldest in front
	at      map[net.Conn]*list.Element
	dropped int
	told    time.Time
}

func newStrangers(most int, logger *slog.Logger, now func() time.Time) *strangers {
	return &strangers{most: most, logger: logger, now: now, order: list.New(), at: map[net.Conn]*list.Element{}}
}

type connectionKey struct{}

// guard has a server count its connections.
func (s *strangers) guard(srv *http.Server) {
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		s.add(c)
		return context.WithValue(ctx, connectionKey{}, c)
	}
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			s.forget(c)
		}
	}
}

// known says that a request's connection is a cabinet's.
func (s *strangers) known(r *http.Request) {
	if c, ok := r.Context().Value(connectionKey{}).(net.Conn); ok {
		s.forget(c)
	}
}

func (s *strangers) add(c net.Conn) {
	s.mu.Lock()
	s.at[c] = s.order.PushBack(c)
	var oldest net.Conn
	if s.order.Len() > s.most {
		oldest = s.order.Remove(s.order.Front()).(net.Conn)
		delete(s.at, oldest)
		s.tell(oldest)
	}
	s.mu.Unlock()
	if oldest != nil {
		cut(oldest)
	}
}

// tell counts a connection that is dropped.
func (s *strangers) tell(c net.Conn) {
	s.dropped++
	if now := s.now(); now.Sub(s.told) >= strangersTold {
		s.logger.Warn("connections without a cabinet's certificate are dropped", "reason", "too many connections",
			"dropped", s.dropped, "address", c.RemoteAddr().String())
		s.told, s.dropped = now, 0
	}
}

func (s *strangers) forget(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.at[c]; ok {
		s.order.Remove(e)
		delete(s.at, c)
	}
}

// cut closes a connection without a word: a TLS close would wait for who does not read.
func cut(c net.Conn) {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	_ = c.Close() // it is over either way
}
