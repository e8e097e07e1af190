// Package inbox is a stand-in for a mail server and everybody's mailbox: it takes mail by SMTP, keeps it in a file, shows
// it over HTTP, and can be told to misbehave.
package inbox

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	maxMessage  = 1 << 20
	readTimeout = time.Minute
)

// Options say where an inbox listens and what it keeps.
type Options struct {
	// Address is host:port of the SMTP listener; port 0 takes a free one.
	Address string
	// Dir is the folder of the message file.
	Dir string
	// TLS offers STARTTLS when set; see SelfSigned.
	TLS *tls.Config
	// Log is told about every DATA; nil: nothing is.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Inbox is a running mail server with its messages.
type Inbox struct {
	// Address is host:port of the SMTP listener.
	Address string

	messages *messages
	faults   *faults
	server   *smtp.Server
	listener net.Listener
	stop     context.CancelFunc // ends the waits of slow answers
	served   chan struct{}      // closed after serveErr is set
	serveErr error
}

// Start reads the messages that are there and takes new ones until Close.
func Start(ctx context.Context, options Options) (*Inbox, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	kept, err := openMessages(filepath.Join(options.Dir, "messages.jsonl"))
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", options.Address)
	if err != nil {
		return nil, errors.Join(err, kept.close())
	}
	// The inbox lives until Close, longer than the context of its start.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	in := &Inbox{
		Address:  listener.Addr().String(),
		messages: kept,
		faults:   &faults{},
		listener: listener,
		stop:     stop,
		served:   make(chan struct{}),
	}
	in.server = smtp.NewServer(&backend{
		messages: kept, faults: in.faults, now: options.Now, log: options.Log, done: running.Done(),
	})
	in.server.Domain = "inbox.localhost"
	in.server.TLSConfig = options.TLS
	in.server.MaxMessageBytes = maxMessage
	in.server.ReadTimeout, in.server.WriteTimeout = readTimeout, readTimeout
	in.server.ErrorLog = slog.NewLogLogger(options.Log.Handler(), slog.LevelWarn)
	go func() {
		in.serveErr = in.server.Serve(replyListener{listener})
		close(in.served)
	}()
	return in, nil
}

// Close stops taking mail and closes the file.
func (in *Inbox) Close() error {
	in.stop()
	err := in.server.Close()
	// The server knows its listener only once Serve has begun, so it may not have closed it.
	if closeErr := in.listener.Close(); !errors.Is(closeErr, net.ErrClosed) {
		err = errors.Join(err, closeErr)
	}
	<-in.served
	return errors.Join(err, in.serveErr, in.messages.close())
}

// Newest returns the last messages, newest first.
func (in *Inbox) Newest(limit int) []Message {
	page, _ := in.messages.page(query{newest: true, limit: limit})
	return page
}
