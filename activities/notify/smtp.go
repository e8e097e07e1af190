package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"time"

	"github.com/jordan-wright/email"

	"cubby/activities"
	"cubby/models"
)

// TLSMode says how a connection to the mail server is protected.
type TLSMode string

// The modes. None is for a server on this machine only.
const (
	TLSStart    TLSMode = "starttls" // required: no silent fall back to plain text
	TLSImplicit TLSMode = "tls"
	TLSNone     TLSMode = "none"
)

// SMTP sends e-mail through one mail server, a connection for each message.
type SMTP struct {
	Address  string // host:port
	From     string
	User     string // empty: no AUTH
	Password string
	TLS      TLSMode
	Config   *tls.Config // nil: the system's roots and the address's host
	Timeout  time.Duration
}

var _ activities.Mailer = (*SMTP)(nil)

// Check returns what is wrong with the settings.
func (s *SMTP) Check() error {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return fmt.Errorf("mail server address: %w", err)
	}
	switch s.TLS {
	case TLSStart, TLSImplicit:
	case TLSNone:
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("mail without TLS is allowed to this machine only, not to %s", host)
		}
	default:
		return fmt.Errorf("mail TLS mode %q is not starttls, tls or none", s.TLS)
	}
	return nil
}

// Send implements activities.Mailer. Every step shares one deadline.
func (s *SMTP) Send(ctx context.Context, m activities.Message, leaving func() error) error {
	if err := s.Check(); err != nil {
		return err
	}
	raw, err := compose(s.From, m)
	if err != nil {
		return err
	}
	c, err := s.dial(ctx)
	if err != nil {
		return notNow(err)
	}
	defer func() { _ = c.Close() }() // after Quit it is closed already
	if err := c.Mail(s.From); err != nil {
		return notNow(err)
	}
	if err := c.Rcpt(m.To); err != nil {
		return rejected(err)
	}
	if err := leaving(); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return rejected(err)
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return rejected(err)
	}
	// The server has the message; how it takes the goodbye changes nothing.
	_ = c.Quit()
	return nil
}

func (s *SMTP) dial(ctx context.Context) (*smtp.Client, error) {
	host, _, _ := net.SplitHostPort(s.Address)
	config := s.Config
	if config == nil {
		config = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	if s.TLS == TLSImplicit {
		conn = tls.Client(conn, config)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := s.greet(c, config); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (s *SMTP) greet(c *smtp.Client, config *tls.Config) error {
	if s.TLS == TLSStart {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New("mail server does not offer STARTTLS, and plain text is not allowed")
		}
		if err := c.StartTLS(config); err != nil {
			return err
		}
	}
	if s.User == "" {
		return nil
	}
	if ok, _ := c.Extension("AUTH"); !ok {
		return errors.New("mail server does not offer AUTH")
	}
	return c.Auth(smtp.PlainAuth("", s.User, s.Password, config.ServerName))
}

// notNow is for what a server says before it has heard of the message's recipient: a
// wrong password or a barred sender is our trouble, and no message is given up for it.
func notNow(err error) error {
	err = rejected(err)
	var no *activities.Rejected
	if errors.As(err, &no) {
		no.Final = false
	}
	return err
}

// rejected tells a server's "no" from a broken connection. 421 means "closing": the
// message was not refused.
func rejected(err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return &activities.Rejected{Refusal: models.Refusal{By: "mail server", Code: reply.Code, Final: reply.Code >= 500}}
	}
	return err
}

func compose(from string, m activities.Message) ([]byte, error) {
	e := email.NewEmail()
	e.From, e.To, e.Subject = from, []string{m.To}, m.Subject
	e.Text, e.HTML = []byte(m.Text), []byte(m.HTML)
	e.Headers.Set("Message-Id", "<"+m.ID+">")
	// RFC 3834: no vacation reply to a machine.
	e.Headers.Set("Auto-Submitted", "auto-generated")
	return e.Bytes()
}
