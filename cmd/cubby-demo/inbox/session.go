package inbox

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// errDropped ends a session without an answer; nobody reads it, the connection is closed.
var errDropped = errors.New("dropped")

// backend makes a session for each connection.
type backend struct {
	messages *messages
	faults   *faults
	now      func() time.Time
	log      *slog.Logger
	done     <-chan struct{}
}

// NewSession implements smtp.Backend.
func (b *backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{backend: b, conn: c.Conn()}, nil
}

// session is one dialogue.
type session struct {
	*backend
	conn net.Conn
	from string
	to   []string
}

var _ smtp.Session = (*session)(nil)

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt implements smtp.Session. Every address exists.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if fault, taken := s.faults.take(ModeReject4xx, ModeReject5xx); taken {
		s.log.Info("recipient refused", "to", to, "mode", fault.Mode)
		if fault.Mode == ModeReject5xx {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such mailbox"}
		}
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "Mailbox busy, try again later"}
	}
	s.to = append(s.to, to)
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		s.log.Info("message cut off", "to", s.to, "error", err)
		return err
	}
	m := parse(raw)
	m.At, m.From, m.To = s.now().UTC(), s.from, s.to
	m.ID, err = s.messages.add(m)
	if err != nil {
		s.log.Error("message not kept", "message_id", m.MessageID, "error", err)
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Cannot keep the message"}
	}
	fault, _ := s.faults.take(ModeDropAfterData, ModeSlow)
	if fault.Mode == ModeSlow {
		s.wait(time.Duration(fault.DelayMS) * time.Millisecond)
	}
	if fault.Mode == ModeDropAfterData {
		s.logData(m, errDropped)
		return errors.Join(errDropped, s.conn.Close())
	}
	hook := replies(s.conn)
	if hook == nil {
		return errors.New("not a connection of this listener")
	}
	hook.next = func(send func() error) error {
		err := s.messages.reply(m.ID, send)
		s.logData(m, err)
		return err
	}
	return nil
}

// logData writes the line that is compared with what the sender says it did.
func (s *session) logData(m Message, replied error) {
	attrs := []any{"at", m.At, "id", m.ID, "message_id", m.MessageID, "to", m.To, "replied", replied == nil}
	if replied != nil {
		attrs = append(attrs, "error", replied)
	}
	s.log.Info("message taken", attrs...)
}

func (s *session) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.done:
	}
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// replyListener accepts connections that can tell when the answer to a DATA went out.
type replyListener struct{ net.Listener }

// Accept implements net.Listener.
func (l replyListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &replyConn{Conn: conn}, nil
}

// replyConn hands its next write to next, once. Only the goroutine that serves the connection touches it.
type replyConn struct {
	net.Conn
	next func(send func() error) error
}

// Write implements net.Conn.
func (c *replyConn) Write(b []byte) (n int, err error) {
	next := c.next
	if next == nil {
		return c.Conn.Write(b)
	}
	c.next = nil
	err = next(func() error {
		n, err = c.Conn.Write(b)
		return err
	})
	return n, err
}

// replies finds the connection below TLS.
func replies(conn net.Conn) *replyConn {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	c, _ := conn.(*replyConn)
	return c
}
