package cabinets

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	retryFirst = 200 * time.Millisecond
	retryLast  = 3 * time.Second
	dialLimit  = 10 * time.Second
	outgoing   = 64 // messages that may wait to be written

	agentVersion = "cubby-demo"
)

// line is one stream to the gateway.
type line struct {
	out chan []byte
	cut context.CancelFunc
}

// pause waits between two tries, longer each time and never in step with others.
type pause struct{ next time.Duration }

func (p *pause) reset() { p.next = 0 }

func (p *pause) wait(ctx context.Context) bool {
	p.next = min(max(2*p.next, retryFirst), retryLast)
	t := time.NewTimer(p.next/2 + rand.N(p.next/2+1))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// keepLine holds a stream to the gateway, and dials again whenever it ends.
func (c *Cabinet) keepLine(ctx context.Context) {
	var p pause
	for {
		stood, err := c.holdLine(ctx)
		if ctx.Err() != nil {
			return
		}
		c.log.Debug("no line to the gateway", "error", err)
		if stood {
			p.reset()
		}
		if !p.wait(ctx) {
			return
		}
	}
}

// holdLine dials and serves one stream until it ends.
func (c *Cabinet) holdLine(ctx context.Context) (stood bool, err error) {
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	dialing, done := context.WithTimeout(ctx, dialLimit)
	defer done()
	url := "ws" + strings.TrimPrefix(c.cfg.GatewayURL, "http") + protocol.PathStream
	conn, _, err := websocket.Dial(dialing, url, &websocket.DialOptions{
		HTTPClient: c.cfg.Client,
		HTTPHeader: http.Header{protocol.HeaderLocker: {string(c.locker)}},
	})
	if err != nil {
		return false, err
	}
	defer conn.CloseNow()
	conn.SetReadLimit(protocol.MaxMessage)
	nonce, err := token(c.cfg.Random)
	if err != nil {
		return false, err
	}
	l := &line{out: make(chan []byte, outgoing), cut: cut}
	go c.write(ctx, conn, l)
	go ping(ctx, conn, l)
	err = c.act(ctx, func() {
		c.line = l
		c.step(cabinet.LinkUp{Nonce: nonce, Agent: agentVersion})
	})
	for err == nil {
		var frame []byte
		if _, frame, err = conn.Read(ctx); err == nil {
			stood = true
			err = c.received(ctx, frame)
		}
	}
	// The stream is over whatever ended it; the cabinet must know, also while stopping.
	c.later(func() {
		if c.line == l {
			c.line = nil
			c.step(cabinet.LinkDown{})
		}
	})
	return stood, err
}

func (c *Cabinet) write(ctx context.Context, conn *websocket.Conn, l *line) {
	defer l.cut()
	for {
		select {
		case <-ctx.Done():
			return
		case frame := <-l.out:
			limited, done := context.WithTimeout(ctx, protocol.PongTimeout)
			err := conn.Write(limited, websocket.MessageText, frame)
			done()
			if err != nil {
				return
			}
		}
	}
}

// ping ends a stream whose other side is silent.
func ping(ctx context.Context, conn *websocket.Conn, l *line) {
	defer l.cut()
	tick := time.NewTicker(protocol.PingInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			limited, done := context.WithTimeout(ctx, protocol.PongTimeout)
			err := conn.Ping(limited)
			done()
			if err != nil {
				return
			}
		}
	}
}

// received gives a message from the gateway to the core.
func (c *Cabinet) received(ctx context.Context, frame []byte) error {
	in, err := decode(frame)
	if err != nil {
		c.log.Warn("a message was not understood", "error", err)
		return c.act(ctx, func() {
			c.send(protocol.TypeError, protocol.Problem{Code: models.ErrorCode(err), Detail: models.ErrorMessage(err)})
		})
	}
	if in == nil {
		return nil
	}
	return c.tell(ctx, in)
}

// decode turns a message into an input; nil for one that asks nothing of the core.
func decode(frame []byte) (cabinet.Input, error) {
	m, err := protocol.Decode(frame)
	if err != nil {
		return nil, err
	}
	switch m.Type {
	case protocol.TypeContinueFrom:
		return input(m, func(v protocol.ContinueFrom) cabinet.Input { return cabinet.ContinueFrom{ContinueFrom: v} })
	case protocol.TypeNewEpoch:
		return input(m, func(v protocol.NewEpoch) cabinet.Input { return cabinet.NewEpoch{NewEpoch: v} })
	case protocol.TypeAnswer:
		return input(m, func(v protocol.Answer) cabinet.Input { return cabinet.Answer{Answer: v} })
	case protocol.TypeCommand:
		return input(m, func(v protocol.Command) cabinet.Input { return cabinet.Command{Command: v} })
	case protocol.TypeDirectoryChanged:
		return cabinet.DirectoryChanged{}, nil
	case protocol.TypeError:
		return nil, nil // never answer an error with an error
	}
	return nil, models.Errorf(models.CodeMalformedFrame, "there is no message %q for a cabinet", m.Type)
}

func input[T any](m protocol.Message, wrap func(T) cabinet.Input) (cabinet.Input, error) {
	var v T
	if err := m.Into(&v); err != nil {
		return nil, err
	}
	return wrap(v), nil
}
