package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/coder/websocket"

	"cubby/agent/protocol"
	"cubby/agent/protocol/session"
	"cubby/models"
)

// Why a stream ends by our doing.
var (
	errGoingAway = errors.New("this gateway is going away")
	errFenced    = errors.New("a newer connection of the cabinet took over")
	errSilent    = errors.New("no pong came")
	errSlow      = errors.New("the cabinet does not take its messages")
	errFlood     = errors.New("too many messages")
	errTooBig    = errors.New("a message is over the limit")
	errLeaseLost = errors.New("this gateway's lease ran out")
	errRevoked   = errors.New("the cabinet's certificate was revoked, or the cabinet is held")
	errExpired   = errors.New("the cabinet's certificate has ended")
)

// stream takes a cabinet's websocket and its hello.
func (g *Gateway) stream(w http.ResponseWriter, r *http.Request, p Peer) error {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		// Accept has answered.
		g.Logger.Warn("stream refused", "locker", p.Locker, "reason", models.CodeMalformedFrame, "error", err)
		return nil
	}
	conn.SetReadLimit(protocol.MaxMessage)
	// Not the request's: it ends when this returns.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.Context()))
	ln := newLine(g, p, conn, cancel)
	if err := g.open(ctx, ln); err != nil {
		g.Logger.Warn("stream refused", "locker", p.Locker, "serial", p.Serial, "reason", models.ErrorCode(err), "error", brief(err.Error()))
		ln.refuse(ctx, err)
		g.disconnect(ctx, ln)
		cancel(nil)
		return nil
	}
	// In a goroutine of its own: the request and this one's stack, grown by the handshake,
	// would cost as much as the rest of a line.
	go g.serve(ctx, ln)
	return nil
}

// serve holds a line until it ends. This goroutine reads; one more writes.
func (g *Gateway) serve(ctx context.Context, ln *line) {
	defer func() {
		// Nobody else's line ends by what this one's cabinet has brought about.
		if v := recover(); v != nil {
			g.Logger.Error("a line ended in a panic", "locker", ln.peer.Locker, "panic", v, "stack", string(debug.Stack()))
		}
		ln.end(nil)
		g.drop(ln)
		g.disconnect(ctx, ln)
	}()
	g.Logger.Info("cabinet connected", "locker", ln.peer.Locker, "n", ln.n)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ln.write(ctx)
	}()
	ln.end(ln.read(ctx)) // whatever ended it first is the cause
	<-done
	why, level := context.Cause(ctx), slog.LevelInfo
	if errors.Is(why, errFlood) || errors.Is(why, errTooBig) {
		level = slog.LevelWarn
	}
	g.Logger.Log(ctx, level, "cabinet disconnected", "locker", ln.peer.Locker, "n", ln.n, "reason", why.Error())
}

// disconnect records the end of a line that was connected. At the end of the gateway one
// statement does it for all.
func (g *Gateway) disconnect(ctx context.Context, ln *line) {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed || ln.n == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), directoryTimeout)
	defer cancel()
	if err := g.Cabinets.Disconnect(ctx, ln.peer.Locker, ln.n, time.UnixMilli(ln.seen.Load())); err != nil {
		g.Logger.Warn("a cabinet's disconnection was not recorded", "locker", ln.peer.Locker, "n", ln.n, "error", err)
	}
}

// open reads the hello, answers it, and gives the cabinet's place to the line.
func (g *Gateway) open(ctx context.Context, ln *line) error {
	hello, err := g.readHello(ctx, ln)
	if err != nil {
		return err
	}
	if err := g.awaitLease(ctx); err != nil {
		return err
	}
	locker := ln.peer.Locker
	head, err := g.Cabinets.Head(ctx, locker)
	if err != nil {
		return err
	}
	now := g.Now()
	greeting, err := session.Greet(hello, head, now)
	if err != nil {
		return err
	}
	if err := g.follow(ctx, ln, now); err != nil {
		return err
	}
	if err := g.alone(ctx, locker, hello.Boot); err != nil {
		return err
	}
	if ln.n, err = g.Cabinets.Connect(ctx, locker, g.Instance, g.run, hello.Boot); err != nil {
		return err
	}
	ln.told, ln.nonce, ln.boot = hello.Cursor, hello.Nonce, hello.Boot
	ln.inEpoch(hello.Epoch)
	if greeting.Type == protocol.TypeNewEpoch {
		// It does not happen to a cabinet with a whole store: it doubts its cells now.
		g.Logger.Warn("a cabinet's journal must begin anew", "locker", locker,
			"epoch", hello.Epoch, "seq", hello.Seq, "server_epoch", head.Epoch, "server_seq", head.Seq)
	}
	// Into the queue before anyone can send a command: it goes out first.
	if err := ln.send(greeting.Type, greeting.Body); err != nil {
		return err
	}
	return g.take(ln)
}

// alone refuses a cabinet's second computer while the first one answers: a computer that
// started anew does not answer on the line of its boot before. What other gateways have of
// the cabinet is seen once that computer comes back.
func (g *Gateway) alone(ctx context.Context, l models.LockerID, boot string) error {
	other := g.line(l)
	if other == nil || other.boot == boot || !other.answers(ctx) {
		return nil
	}
	evidence := fmt.Sprintf("boot %.64s connects while boot %.64s answers", boot, other.boot)
	if err := g.Cabinets.Cloned(ctx, l, evidence); err != nil {
		return err
	}
	other.end(errRevoked)
	return models.Errorf(models.CodeCabinetCloned, "Two computers speak for this cabinet: neither is heard until somebody says which one is right.")
}

// awaitLease waits for this gateway's first beat.
func (g *Gateway) awaitLease(ctx context.Context) error {
	wait := time.NewTimer(g.HelloTimeout)
	defer wait.Stop()
	select {
	case <-g.leased:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return models.Errorf(models.CodeUnavailable, "This gateway has no lease yet.")
	}
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
	return h, m.Into(&h)
}
