// Package hooks is a stand-in for a carrier's or shop's receiver of webhooks: it verifies what it is sent with the library
// of Standard Webhooks, keeps a short list of it, and can be told to misbehave.
package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	kept    = 200
	maxBody = 1 << 20
)

// Options say where a receiver listens.
type Options struct {
	// Address is host:port; empty: a free port of this machine.
	Address string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Keep is how many messages are kept, 200 when zero; negative: all.
	Keep int
	// Decide says how a verified message is answered that no call of Answer was about; nil: with 204. It is called for one
	// message at a time, and must not call the receiver.
	Decide func(Message) Answer
}

// Message is one request that came.
type Message struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	At       time.Time       `json:"at"` // when it came
	Verified bool            `json:"verified"`
	Problem  string          `json:"problem,omitempty"` // why it is not verified
	Answered int             `json:"answered"`          // status; 0: none was given
	Body     json.RawMessage `json:"body"`
}

// Answer is how a receiver answers; the zero value is 204.
type Answer struct {
	Status     int
	Location   string
	RetryAfter time.Duration
	Hang       bool // until the sender gives up
	Delay      time.Duration
	Body       string
}

// Receiver is a running receiver.
type Receiver struct {
	// URL is what a webhook is to be made for.
	URL string

	options Options
	server  *http.Server
	served  chan error

	mu       sync.Mutex
	keys     []*standardwebhooks.Webhook
	answers  []Answer
	messages []Message
}

// Start takes webhooks until Close.
func Start(ctx context.Context, options Options) (*Receiver, error) {
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Keep == 0 {
		options.Keep = kept
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", options.Address)
	if err != nil {
		return nil, err
	}
	r := &Receiver{URL: "http://" + listener.Addr().String() + "/webhooks", options: options, served: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks", r.take)
	r.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { r.served <- r.server.Serve(listener) }()
	return r, nil
}

// Close stops it.
func (r *Receiver) Close() error {
	err := r.server.Close()
	if served := <-r.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Trust has it verify with a secret, "whsec_…", beside those before.
func (r *Receiver) Trust(secret string) error {
	key, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append(r.keys, key)
	return nil
}

// Answer says how the next requests are answered, one answer each; those after them with 204.
func (r *Receiver) Answer(answers ...Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = slices.Clone(answers)
}

// Messages returns the last ones, oldest first.
func (r *Receiver) Messages() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.messages)
}

// ServeHTTP shows the messages as JSON, newest first.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	messages := r.Messages()
	slices.Reverse(messages)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"items": append([]Message{}, messages...)}) // the reader has gone: nothing to do
}

func (r *Receiver) take(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	m := Message{ID: request.Header.Get("webhook-id"), At: r.options.Now(), Body: body}
	var of struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(body, &of); err != nil {
		m.Body, m.Problem = json.RawMessage("null"), "it is not JSON"
	}
	m.Type = of.Type
	r.mu.Lock()
	if m.Problem == "" {
		m.Problem = r.verify(body, request.Header)
	}
	m.Verified = m.Problem == ""
	answer := r.decide(m)
	m.Answered = answer.Status
	r.messages = append(r.messages, m)
	if r.options.Keep > 0 && len(r.messages) > r.options.Keep {
		r.messages = r.messages[1:]
	}
	r.mu.Unlock()
	answer.give(w, request)
}

// decide says how a message is answered.
func (r *Receiver) decide(m Message) Answer {
	switch {
	case !m.Verified:
		return Answer{Status: http.StatusUnauthorized, Body: m.Problem}
	case len(r.answers) > 0:
		answer := r.answers[0]
		r.answers = r.answers[1:]
		return answer
	case r.options.Decide != nil:
		return r.options.Decide(m)
	}
	return Answer{Status: http.StatusNoContent}
}

// verify says why none of the keys verifies a message, or nothing.
func (r *Receiver) verify(body []byte, header http.Header) string {
	problem := "no secret is known"
	for _, k := range r.keys {
		err := k.Verify(body, header)
		if err == nil {
			return ""
		}
		problem = err.Error()
	}
	return problem
}

func (a Answer) give(w http.ResponseWriter, r *http.Request) {
	if a.Hang {
		<-r.Context().Done()
		return
	}
	if a.Delay > 0 {
		select {
		case <-time.After(a.Delay):
		case <-r.Context().Done():
			return
		}
	}
	if a.Location != "" {
		w.Header().Set("Location", a.Location)
	}
	if a.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(a.RetryAfter.Seconds())))
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body) // the sender has gone: nothing to do
}
