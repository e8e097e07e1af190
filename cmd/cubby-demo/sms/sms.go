// Package sms is a stand-in for a provider of SMS: it speaks the bytes of Twilio's Messages
// resource, signs its callbacks as Twilio does, keeps what it was given, and can be told to
// misbehave.
package sms

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options say where a provider listens and whom it knows.
type Options struct {
	// Address is host:port of the listener; port 0 takes a free one.
	Address string
	// Account and Token are letters and digits.
	Account, Token string
	// Inbound is the URL that is told of texts from phones; empty: none is.
	Inbound string
	// Log is told of callbacks that fail; nil: nobody is.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Message is an SMS that was taken.
type Message struct {
	SID      string    `json:"sid"`
	To       string    `json:"to"`
	From     string    `json:"from"`
	Service  string    `json:"service,omitempty"`
	Body     string    `json:"body"`
	Status   string    `json:"status"`
	Code     int       `json:"code,omitempty"` // why it was not delivered
	Callback string    `json:"callback,omitempty"`
	At       time.Time `json:"at"`
	// Answered says that the answer was handed to the connection: the sender may still have died before reading it.
	Answered bool `json:"answered"`
}

// Question is one look at the list of messages.
type Question struct {
	At    time.Time
	To    string   // a phone; empty: all
	Found []string // SIDs
}

// keptMessages bounds the list, and that of the questions about it.
const keptMessages = 2000

// Provider is a running provider.
type Provider struct {
	// URL is where the API listens.
	URL string

	options Options
	server  *http.Server
	served  chan error
	running context.Context // ends with Close
	stop    context.CancelFunc
	calls   sync.WaitGroup // callbacks under way

	mu        sync.Mutex
	messages  []Message
	questions []Question
	next      int
	faults    Faults
	optedOut  map[string]bool
	silent    map[string]bool // phones of which no callback tells
}

// Start takes messages until Close.
func Start(ctx context.Context, options Options) (*Provider, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", options.Address)
	if err != nil {
		return nil, err
	}
	p := &Provider{URL: "http://" + listener.Addr().String(), options: options, served: make(chan error, 1),
		optedOut: map[string]bool{}, silent: map[string]bool{}}
	// The provider lives until Close, longer than the context of its start.
	p.running, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	p.server = &http.Server{Handler: p.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { p.served <- p.server.Serve(listener) }()
	return p, nil
}

// Close stops taking messages and waits for callbacks under way.
func (p *Provider) Close() error {
	p.stop()
	err := p.server.Close()
	if served := <-p.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	p.calls.Wait()
	return err
}

// Messages returns what was taken, the oldest first.
func (p *Provider) Messages() []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.messages)
}

// Questions returns who asked for the list of messages, the oldest first.
func (p *Provider) Questions() []Question {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.questions)
}
