package uplink

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	dialLimit = 20 * time.Second
	queue     = 64 // messages that may wait to be written
	nonceLen  = 16
)

// stream is one websocket to the server.
type stream struct {
	ctx     context.Context
	conn    *websocket.Conn
	out     chan []byte
	end     context.CancelCauseFunc
	greeted bool // hello is on its way; under the uplink's mutex
}

var errSlow = errors.New("the server does not take its messages")

func (s *stream) send(frame []byte) {
	select {
	case s.out <- frame:
	default:
		s.end(errSlow)
	}
}

// keepStream holds a stream, and dials again whenever it ends.
func (u *Uplink) keepStream(ctx context.Context, core Core) error {
	p := u.pause()
	for {
		began := time.Now()
		err := u.hold(ctx, core)
		if ctx.Err() != nil {
			return nil
		}
		var stopped *coreError
		if errors.As(err, &stopped) {
			return stopped.error
		}
		var no *refusal
		if errors.As(err, &no) && no.code == models.CodeCertificateExpired {
			nudge(u.expired)
		}
		u.Logger.Info("no line to the server", "error", err)
		u.note(func(s *Status) {
			if s.Connected {
				s.Since, _ = u.Time()
			}
			s.Connected, s.Error = false, err.Error()
		})
		if time.Since(began) >= u.timing.steady {
			p.reset()
		}
		if !p.wait(ctx, waitOf(err)) {
			return nil
		}
	}
}

// coreError is the core's: the cabinet stops.
type coreError struct{ error }

// hold dials and serves one stream until it ends.
func (u *Uplink) hold(ctx context.Context, core Core) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	conn, err := u.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }() // it is over
	conn.SetReadLimit(protocol.MaxMessage)
	nonce := make([]byte, nonceLen)
	if _, err := io.ReadFull(u.Rand, nonce); err != nil {
		return err
	}
	s := &stream{ctx: ctx, conn: conn, out: make(chan []byte, queue), end: end}
	u.use(s)
	defer u.use(nil)
	go s.write(ctx, u.timing)
	go s.ping(ctx, u.timing)
	if err := core.Tell(ctx, cabinet.LinkUp{Nonce: hex.EncodeToString(nonce), Agent: u.Agent}); err != nil {
		return u.stopped(ctx, err)
	}
	for err == nil {
		var frame []byte
		if _, frame, err = conn.Read(ctx); err == nil {
			err = u.received(ctx, core, frame)
		}
	}
	u.use(nil)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	// A line that went silent has taken the other connections with it: none is used again.
	end(err)
	u.client.CloseIdleConnections()
	// The core must know, whatever ended the stream; when the program stops, it does not matter.
	if told := core.Tell(context.WithoutCancel(ctx), cabinet.LinkDown{}); told != nil {
		return &coreError{told}
	}
	return err
}

// use makes a stream the one that messages go out on; nil: there is none.
func (u *Uplink) use(s *stream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stream = s
}

// stopped tells the end of the core from that of the stream.
func (u *Uplink) stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return &coreError{err}
}

func (u *Uplink) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, done := context.WithTimeout(ctx, dialLimit)
	defer done()
	at := *u.base
	at.Path = protocol.PathStream
	conn, res, err := websocket.Dial(ctx, at.String(), &websocket.DialOptions{HTTPClient: u.client})
	if err != nil && res != nil && res.StatusCode != http.StatusSwitchingProtocols && res.Body != nil {
		return nil, refused(res)
	}
	return conn, err
}

func (s *stream) write(ctx context.Context, limits timing) {
	for {
		select {
		case <-ctx.Done():
			return
		case frame := <-s.out:
			limited, done := context.WithTimeout(ctx, limits.pongWithin)
			err := s.conn.Write(limited, websocket.MessageText, frame)
			done()
			if err != nil {
				s.end(err)
				return
			}
		}
	}
}

var errSilent = errors.New("no pong came from the server")

// ping ends a stream whose other side is silent.
func (s *stream) ping(ctx context.Context, limits timing) {
	tick := time.NewTicker(limits.pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			limited, done := context.WithTimeout(ctx, limits.pongWithin)
			err := s.conn.Ping(limited)
			done()
			if err != nil {
				s.end(errSilent)
				return
			}
		}
	}
}

// received gives a message to the core. One that is not understood is answered and changes
// nothing.
func (u *Uplink) received(ctx context.Context, core Core, frame []byte) error {
	u.Logger.Debug("received", "frame", string(frame))
	in, err := decode(frame)
	if err != nil {
		u.Logger.Warn("a message was not understood", "error", err)
		u.Send(protocol.TypeError, protocol.Problem{Code: models.ErrorCode(err), Detail: models.ErrorMessage(err)})
		return nil
	}
	switch in.(type) {
	case nil:
		return nil
	case cabinet.ContinueFrom, cabinet.NewEpoch:
		u.note(func(st *Status) {
			st.Connected, st.Error = true, ""
			st.Since, _ = u.Time()
		})
		u.Logger.Info("connected", "server", u.Server)
	}
	if err := core.Tell(ctx, in); err != nil {
		return u.stopped(ctx, err)
	}
	return nil
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
		return input(m, func(protocol.DirectoryChanged) cabinet.Input { return cabinet.DirectoryChanged{} })
	case protocol.TypeError:
		return nil, nil // an error is never answered with an error
	}
	return nil, models.Errorf(models.CodeMalformedFrame, "there is no message of this type for a cabinet")
}

func input[T any](m protocol.Message, wrap func(T) cabinet.Input) (cabinet.Input, error) {
	var v T
	if err := m.Into(&v); err != nil {
		return nil, err
	}
	return wrap(v), nil
}
