// Package people plays those who use the product: a carrier's system, an operator's, a courier and a client before a
// cabinet. They do what their likes can do from outside, over HTTP, and no more. Whatever they wait for has a deadline,
// and what they say when it passes names what they waited for and what they saw instead.
package people

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	answerLimit = 4 << 20
	callLimit   = 20 * time.Second
	retryFirst  = 100 * time.Millisecond
	retryLast   = time.Second
)

// Service is something to be called over HTTP.
type Service struct {
	// Base is "http://host:port".
	Base string
	// Key is the secret of an API key; empty: none is sent.
	Key string
	// Persist has a call repeated while the service is away or says that a repeat makes sense, as a careful integrator
	// does. A repeat is the same request, with the same Idempotency-Key.
	Persist bool
	// Client is http.DefaultClient when nil.
	Client *http.Client
}

// Refusal is an answer that is not a success.
type Refusal struct {
	Call   string // method and path
	Status int
	Code   string
	Detail string
	Body   []byte
	// RetryAfter is the header of that name.
	RetryAfter string
}

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s: %d %s: %s", r.Call, r.Status, r.Code, r.Detail)
}

// RefusedWith reports whether an error is an answer with the status and code.
func RefusedWith(err error, status int, code string) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Status == status && r.Code == code
}

// passing reports whether the trouble is one that goes by. An internal error is none: it is the product's own.
func passing(err error) bool {
	var r *Refusal
	if !errors.As(err, &r) {
		return true
	}
	switch r.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		return true
	}
	return r.Code == "request_in_progress"
}

// call makes a call, again and again with Persist, until the context ends.
func (s Service) call(ctx context.Context, method, path string, header http.Header, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	for wait := retryFirst; ; wait = min(2*wait, retryLast) {
		err := s.once(ctx, method, path, header, body, out)
		if err == nil || !s.Persist || !passing(err) {
			return err
		}
		if !Pause(ctx, wait) {
			return fmt.Errorf("gave up: %w", err)
		}
	}
}

func (s Service) once(ctx context.Context, method, path string, header http.Header, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.Base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.Key != "" {
		req.Header.Set("Authorization", "Bearer "+s.Key)
	}
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("%s %s: the answer broke off: %w", method, path, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		r := refusal(method+" "+path, res.StatusCode, raw)
		r.RetryAfter = res.Header.Get("Retry-After")
		return r
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s %s: %d with a body that is not what was expected: %w", method, path, res.StatusCode, err)
	}
	return nil
}

func refusal(call string, status int, raw []byte) *Refusal {
	r := &Refusal{Call: call, Status: status, Body: raw}
	var problem struct{ Code, Detail, Error string }
	if json.Unmarshal(raw, &problem) == nil {
		r.Code, r.Detail = problem.Code, strings.TrimSpace(problem.Detail+problem.Error)
	}
	return r
}

// Pause waits; false means that the context ended first.
func Pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Await asks again and again until check is done or fails, or the context ends; then the error says what was waited for
// and what was seen last.
func Await(ctx context.Context, what string, every time.Duration, check func() (done bool, seen string, err error)) error {
	began := time.Now()
	for {
		done, seen, err := check()
		if done && err == nil {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		if ctx.Err() != nil || !Pause(ctx, every) {
			return fmt.Errorf("waited %.1f s for %s; seen last: %s", time.Since(began).Seconds(), what, seen)
		}
	}
}

// Holds asks again and again for some time, and fails as soon as what should hold does not.
func Holds(ctx context.Context, what string, long time.Duration, check func() (holds bool, seen string, err error)) error {
	const every = 50 * time.Millisecond
	for until := time.Now().Add(long); time.Now().Before(until); {
		holds, seen, err := check()
		switch {
		case err != nil:
			return err
		case !holds:
			return fmt.Errorf("it does not hold that %s: %s", what, seen)
		case !Pause(ctx, every):
			return ctx.Err()
		}
	}
	return nil
}
