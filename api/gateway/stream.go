package gateway

import (
	"context"
	"errors"
	"net/http"

	"github.com/coder/websocket"

	"cubby/agent/protocol"
	"cubby/models"
)

// Why a stream ends by our doing.
var (
	errGoingAway = errors.New("this gateway is going away")
	errFenced    = errors.New("a newer connection of the cabinet took over")
	errSilent    = errors.New("no pong came")
	errSlow      = errors.New("the cabinet does not take its messages")
	errFlood     = errors.New("too many messages")
)

// stream is a cabinet's websocket from hello to its end. This goroutine reads; one more
// writes.
func (g *Gateway) stream(w http.ResponseWriter, r *http.Request, l models.LockerID) error {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		// Accept has answered.
		g.Logger.Info("stream refused", "locker", l, "error", err)
		return nil
	}
	conn.SetReadLimit(protocol.MaxMessage)
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	ln := newLine(g, l, conn, cancel)
	if err := g.open(ctx, ln); err != nil {
		g.Logger.Info("stream refused", "locker", l, "error", err)
		ln.refuse(ctx, err)
		return nil
	}
	defer g.drop(ln)
	g.Logger.Info("cabinet connected", "locker", l, "n", ln.n)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ln.write(ctx)
	}()
	cancel(ln.read(ctx)) // whatever ended it first is the cause
	<-done
	g.Logger.Info("cabinet disconnected", "locker", l, "n", ln.n, "reason", context.Cause(ctx).Error())
	return nil
}

// open reads the hello, answers it, and gives the cabinet's place to the line.
func (g *Gateway) open(ctx context.Context, ln *line) error {
	hello, err := g.readHello(ctx, ln)
	if err != nil {
		return err
	}
	version, err := negotiate(hello)
	if err != nil {
		return err
	}
	head, err := g.Cabinets.Head(ctx, ln.locker)
	if err != nil {
		return err
	}
	now := g.Now()
	if err := g.follow(ctx, ln, now); err != nil {
		return err
	}
	if ln.n, err = g.Cabinets.Connect(ctx, ln.locker, g.Instance); err != nil {
		return err
	}
	ln.told = hello.Cursor
	kind, body := greet(hello, head, version, now)
	if kind == protocol.TypeNewEpoch {
		// It does not happen to a cabinet with a whole store: it doubts its cells now.
		g.Logger.Warn("a cabinet's journal must begin anew", "locker", ln.locker,
			"epoch", hello.Epoch, "seq", hello.Seq, "server_epoch", head.Epoch, "server_seq", head.Seq)
	}
	// Into the queue before anyone can send a command: it goes out first.
	if err := ln.send(kind, body); err != nil {
		return err
	}
	return g.take(ln)
}

func (g *Gateway) readHello(ctx context.Context, ln *line) (protocol.Hello, error) {
	var h protocol.Hello
	ctx, cancel := context.WithTimeout(ctx, g.HelloTimeout)
	defer cancel()
	_, frame, err := ln.conn.Read(ctx)
	if err != nil {
		return h, models.Wrap(models.CodeMalformedFrame, err, "no hello came")
	}
	m, err := protocol.Decode(frame)
	if err != nil {
		return h, err
	}
	if m.Type != protocol.TypeHello {
		return h, models.Errorf(models.CodeMalformedFrame, "the first message must be hello")
	}
	if err := m.Into(&h); err != nil {
		return h, err
	}
	return h, checkHello(h)
}
