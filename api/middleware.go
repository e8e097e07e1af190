package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cubby/models"
)

// call is what is known of one request; it travels in its context. One goroutine at a
// time uses it.
type call struct {
	id             string
	actor          models.Actor
	idempotencyKey string
	fingerprint    string        // SHA-256 of the body, hex
	faults         map[int]error // of items of the body that stand for themselves
	problem        error         // what it was answered with, for the log
}

type callKey struct{}

// callOf returns the call of a context made by identify.
func callOf(ctx context.Context) *call {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		panic("api: a handler runs without identify")
	}
	return c
}

// request says who acts, for the ports.
func (c *call) request() models.Request { return models.Request{Actor: c.actor, ID: c.id} }

// identify gives the request its id: the caller's own where that is sane.
func (s *server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		info := &call{id: r.Header.Get(echo.HeaderXRequestID)}
		if !saneRequestID(info.id) {
			info.id = s.ids.New("req")
		}
		c.Response().Header().Set(echo.HeaderXRequestID, info.id)
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), callKey{}, info)))
		return next(c)
	}
}

// saneRequestID reports whether a caller's id may stand in our logs and tables.
func saneRequestID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	return strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == ""
}

// observe answers errors with problems and logs every request: never a body, a query or
// a header.
func (s *server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := s.Now()
		if err := next(c); err != nil {
			s.fail(c, err)
		}
		took := s.Now().Sub(start)
		r, code := c.Request(), c.Response().Status
		info := callOf(r.Context())
		if s.Observe != nil {
			s.Observe(knownMethod(r.Method), c.Path(), code, took)
		}
		attrs := []slog.Attr{
			slog.String("request", info.id), slog.String("method", r.Method), slog.String("path", cut(r.URL.EscapedPath(), 200)),
			slog.Int("status", code), slog.Int64("bytes", c.Response().Size), slog.Duration("took", took),
			slog.String("remote", c.RealIP()), slog.String("key", string(info.actor.Key)),
		}
		level := slog.LevelInfo
		if info.problem != nil {
			attrs = append(attrs, slog.String("code", string(models.ErrorCode(info.problem))))
		}
		// What a caller did wrong is in the code; the cause is told where we failed.
		if code >= http.StatusInternalServerError && info.problem != nil {
			level = slog.LevelError
			if code == http.StatusServiceUnavailable {
				level = slog.LevelWarn
			}
			attrs = append(attrs, slog.String("error", info.problem.Error()))
		}
		s.Logger.LogAttrs(r.Context(), level, "request", attrs...)
		return nil
	}
}

// knownMethod is the method as a metric's label: callers invent others without end, and
// each label value is kept for good.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// fail answers with a problem, unless an answer has begun.
func (s *server) fail(c echo.Context, err error) {
	info := callOf(c.Request().Context())
	info.problem = domainError(err)
	if c.Response().Committed {
		return
	}
	WriteProblem(c.Response(), c.Request(), info.id, info.problem)
}

// rescue turns a panic into an internal error.
func (s *server) rescue(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
				panic(p)
			}
			err = models.Wrap(models.CodeInternal, fmt.Errorf("panic: %v\n%s", p, debug.Stack()), "")
		}()
		return next(c)
	}
}

// secure sets the headers that keep a browser from making anything of an answer but what
// it is. The pages of /docs set a policy of their own.
func secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if strings.HasPrefix(c.Path(), "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		return next(c)
	}
}

// bound keeps the number of calls at once, and the time of each, within limits, so that
// a flood is told to come back instead of taking everyone down.
func (s *server) bound(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, ok := s.operation(c); !ok {
			return next(c)
		}
		r := c.Request()
		select {
		case s.slots <- struct{}{}:
		default:
			wait := time.NewTimer(s.MaxWait)
			defer wait.Stop()
			select {
			case s.slots <- struct{}{}:
			case <-wait.C:
				return models.Errorf(models.CodeUnavailable, "Too many calls at once. Please try again.")
			case <-r.Context().Done():
				return r.Context().Err()
			}
		}
		defer func() { <-s.slots }()
		ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
		defer cancel()
		c.SetRequest(r.WithContext(ctx))
		return next(c)
	}
}

// operation returns the contract's operation of the route; ok is false for other pages
// and for what is not found.
func (s *server) operation(c echo.Context) (operation, bool) {
	op, ok := s.contract.operations[c.Request().Method+" "+c.Path()]
	return op, ok
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
