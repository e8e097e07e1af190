package gateway

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"cubby/agent/protocol"
	"cubby/api/limit"
	"cubby/models"
)

const (
	queueLength  = 32 // messages that wait for a cabinet
	asksAtOnce   = 8  // of one cabinet
	writeTimeout = 10 * time.Second
	closeTimeout = time.Second
)

// line is one connection of a cabinet.
type line struct {
	gateway *Gateway
	peer    Peer
	n       int64 // counts the cabinet's connections: the highest is the one
	conn    *websocket.Conn
	end     context.CancelCauseFunc
	out     chan []byte
	asks    chan struct{}
	seen    atomic.Int64 // Unix ms of the last message or pong
	bucket  limit.Bucket
	nonce   string       // of the hello
	boot    string       // of the hello
	epoch   atomic.Int64 // of the journal, by what the cabinet said last

	comparing chan struct{}
	inventory inventory
	arrival   arrival

	// For the poller alone, once the line is taken.
	scopes     []string
	scopesAt   time.Time
	generation int64 // of the network's scopes, when scopes was read
	told       protocol.Cursor
}

func newLine(g *Gateway, p Peer, conn *websocket.Conn, end context.CancelCauseFunc) *line {
	ln := &line{
		gateway: g, peer: p, conn: conn, end: end,
		out: make(chan []byte, queueLength), asks: make(chan struct{}, asksAtOnce), comparing: make(chan struct{}, 1),
		bucket: g.messages.Full(g.Now()),
	}
	ln.seen.Store(g.Now().UnixMilli())
	return ln
}

// send puts a message into the queue. A cabinet that does not take its messages is cut
// off: it comes back with a hello and catches up.
func (ln *line) send(t protocol.Type, body any) error {
	frame, err := protocol.Encode(t, body)
	if err != nil {
		return err
	}
	select {
	case ln.out <- frame:
		return nil
	default:
		ln.end(errSlow)
		return errSlow
	}
}

// read handles messages until the connection ends; it never returns nil. The end of ctx
// does not end it, since that would cut the connection before it can be told why: write
// does.
func (ln *line) read(ctx context.Context) error {
	for {
		_, frame, err := ln.conn.Read(context.WithoutCancel(ctx))
		if errors.Is(err, websocket.ErrMessageTooBig) {
			return errTooBig
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil { // it was replaced, or cut off, and talks on
			return context.Cause(ctx)
		}
		now := ln.gateway.Now()
		ln.seen.Store(now.UnixMilli())
		if !ln.bucket.Take(ln.gateway.messages, 1, now) {
			return errFlood
		}
		if err := ln.handle(ctx, frame, now); err != nil {
			ln.gateway.Logger.Warn("message refused", "locker", ln.peer.Locker, "reason", models.ErrorCode(err), "error", brief(err.Error()))
			if err := ln.send(protocol.TypeError, problem(err)); err != nil {
				return err
			}
		}
	}
}

// handle does what a message asks. An error is told to the cabinet; the connection stays.
func (ln *line) handle(ctx context.Context, frame []byte, now time.Time) error {
	m, err := protocol.Decode(frame)
	if err != nil {
		return err
	}
	switch m.Type {
	case protocol.TypeAsk:
		var ask protocol.Ask
		if err := m.Into(&ask); err != nil {
			return err
		}
		return ln.ask(ctx, ask, now)
	case protocol.TypeResult:
		var result protocol.Result
		if err := m.Into(&result); err != nil {
			return err
		}
		return ln.gateway.result(ln.peer.Locker, result)
	case protocol.TypeHeartbeat:
		var hb protocol.Heartbeat
		if err := m.Into(&hb); err != nil {
			return err
		}
		ln.inEpoch(hb.Epoch)
		ln.compare(ctx, hb, now)
		return nil
	case protocol.TypeError:
		var p protocol.Problem
		if err := m.Into(&p); err != nil {
			return err
		}
		ln.gateway.Logger.Warn("a cabinet did not understand a message", "locker", ln.peer.Locker, "code", brief(string(p.Code)))
		return nil
	}
	return models.Errorf(models.CodeMalformedFrame, "a message of this type is not known here")
}

// inEpoch takes the epoch of a cabinet's journal from what it says. Epochs only rise.
func (ln *line) inEpoch(epoch int64) {
	for {
		before := ln.epoch.Load()
		if epoch <= before || ln.epoch.CompareAndSwap(before, epoch) {
			return
		}
	}
}

// write sends what is queued, and pings, until the connection ends.
func (ln *line) write(ctx context.Context) {
	ping := time.NewTicker(ln.gateway.PingInterval)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			// This ends a read that waits.
			ln.close(context.Cause(ctx))
			return
		case frame := <-ln.out:
			if err := ln.writeFrame(ctx, frame); err != nil {
				ln.end(err)
			}
		case <-ping.C:
			// Waiting for a pong must not hold up a command, so it waits by itself; it lives
			// as long as the pong takes.
			go ln.ping(ctx)
		}
	}
}

// writeFrame and ping do not end with the line's context: the library cuts a connection
// whose context ends in the middle, and the cabinet would not be told why.
func (ln *line) writeFrame(ctx context.Context, frame []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	return ln.conn.Write(ctx, websocket.MessageText, frame)
}

// answers reports whether the cabinet's computer is at the other end at this moment.
func (ln *line) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ln.gateway.PongTimeout)
	defer cancel()
	return ln.conn.Ping(ctx) == nil
}

func (ln *line) ping(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ln.gateway.PongTimeout)
	defer cancel()
	if err := ln.conn.Ping(ctx); err != nil {
		ln.end(errSilent)
		return
	}
	ln.seen.Store(ln.gateway.Now().UnixMilli())
}

// refuse tells why a connection cannot be, and closes it.
func (ln *line) refuse(ctx context.Context, why error) {
	if frame, err := protocol.Encode(protocol.TypeError, problem(why)); err == nil {
		ctx, cancel := context.WithTimeout(ctx, closeTimeout)
		defer cancel()
		// Best effort: the status below says it too.
		_ = ln.conn.Write(ctx, websocket.MessageText, frame)
	}
	status := websocket.StatusPolicyViolation
	switch models.ErrorCode(why) {
	case models.CodeUnavailable, models.CodeInternal:
		status = websocket.StatusTryAgainLater
	}
	_ = ln.conn.Close(status, "")
}

// close ends the connection and, where the cabinet may still be listening, says why.
func (ln *line) close(why error) {
	switch {
	case errors.Is(why, errGoingAway), errors.Is(why, errLeaseLost):
		_ = ln.conn.Close(websocket.StatusGoingAway, why.Error())
	case errors.Is(why, errFenced), errors.Is(why, errFlood), errors.Is(why, errRevoked), errors.Is(why, errExpired):
		_ = ln.conn.Close(websocket.StatusPolicyViolation, why.Error())
	case errors.Is(why, errTooBig):
		_ = ln.conn.Close(websocket.StatusMessageTooBig, "")
	default:
		// It has closed, or it does not answer.
		_ = ln.conn.CloseNow()
	}
}

// problem is what a cabinet may see of an error.
func problem(err error) protocol.Problem {
	return protocol.Problem{Code: models.ErrorCode(err), Detail: models.ErrorMessage(err)}
}
