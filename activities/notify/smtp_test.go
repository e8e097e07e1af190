package notify_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"cubby/activities"
	"cubby/activities/notify"
	"cubby/models"
	"cubby/models/catalogue"
)

// server is a mail server that refuses as told.
type server struct {
	mu    sync.Mutex
	texts []string
	mail  error
	rcpt  error
	data  error
}

func (s *server) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{s}, nil }

type session struct{ *server }

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(string, *smtp.MailOptions) error { return s.mail }
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return s.rcpt }
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, string(raw))
	return s.data
}

func begin(t *testing.T) (*server, *notify.SMTP) {
	t.Helper()
	s := &server{}
	srv := smtp.NewServer(s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = srv.Serve(l) }() // ends with Close below
	t.Cleanup(func() { require.NoError(t, srv.Close()) })
	return s, &notify.SMTP{Address: l.Addr().String(), From: "noreply@cubby.localhost", TLS: notify.TLSNone, Timeout: 5 * time.Second}
}

var letter = activities.Message{ID: "ntf_1@cubby.localhost", To: "a@example.test", Subject: "Посылка", Text: "Код 1\n", HTML: "<p>Код 1</p>"}

func TestSendKeepsItsMessageID(t *testing.T) {
	t.Parallel()
	s, m := begin(t)
	left := 0
	for range 2 {
		require.NoError(t, m.Send(t.Context(), letter, func() error { left++; return nil }))
	}
	require.Equal(t, 2, left)
	require.Len(t, s.texts, 2)
	for _, text := range s.texts {
		require.Contains(t, text, "Message-Id: <ntf_1@cubby.localhost>")
		require.Contains(t, text, "To: <a@example.test>")
		require.Contains(t, text, "multipart/alternative")
	}
}

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	s, m := begin(t)
	left := 0
	leaving := func() error { left++; return nil }
	var no *activities.Rejected

	s.rcpt = &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 1}, Message: "a@example.test is busy"}
	require.ErrorAs(t, m.Send(t.Context(), letter, leaving), &no)
	require.False(t, no.Final)
	require.Zero(t, left, "nothing has left")
	require.NotContains(t, no.Error(), "example.test", "an address never gets into a log")

	s.rcpt, s.mail = nil, &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "no such sender"}
	require.ErrorAs(t, m.Send(t.Context(), letter, leaving), &no)
	require.False(t, no.Final, "our own trouble gives no message up")
	require.Zero(t, left)

	s.mail, s.data = nil, &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "no"}
	require.ErrorAs(t, m.Send(t.Context(), letter, leaving), &no)
	require.True(t, no.Final)
	require.Equal(t, 1, left)
}

// TestStopsBeforeTheTextLeaves: when "sending" cannot be recorded, nothing is sent.
func TestStopsBeforeTheTextLeaves(t *testing.T) {
	t.Parallel()
	s, m := begin(t)
	stop := errors.New("the database is away")
	require.ErrorIs(t, m.Send(t.Context(), letter, func() error { return stop }), stop)
	require.Empty(t, s.texts)
}

// TestNoFallBackToPlainText: a server that offers no STARTTLS gets nothing.
func TestNoFallBackToPlainText(t *testing.T) {
	t.Parallel()
	s, m := begin(t)
	m.TLS = notify.TLSStart
	require.ErrorContains(t, m.Send(t.Context(), letter, func() error { return nil }), "STARTTLS")
	require.Empty(t, s.texts)
	m.TLS, m.Address = notify.TLSNone, "192.0.2.1:25"
	require.Error(t, m.Check(), "plain text stays on this machine")
}

// TestSilentServer: a server that accepts and says nothing does not hold a worker.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	m := &notify.SMTP{Address: l.Addr().String(), From: "a@b.test", TLS: notify.TLSNone, Timeout: 100 * time.Millisecond}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.Error(t, m.Send(ctx, letter, func() error { return nil }))
	require.NoError(t, ctx.Err())
}

func TestReadyMessage(t *testing.T) {
	t.Parallel()
	texts, err := catalogue.Load()
	require.NoError(t, err)
	r := &notify.Renderer{Texts: texts, Domain: "cubby.localhost"}
	until := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	n := models.Notice{
		Notification: models.Notification{ID: "ntf_1", Kind: models.NoticeReady, Channel: models.ChannelEmail}, To: "a@example.test",
		Shipment: models.Shipment{Number: "<b>7</b>", ExpiresAt: &until},
		Locker:   models.Locker{Number: "L-001"},
		Location: models.Location{Address: "Street 5", City: "Town", TimeZone: "Europe/Berlin"},
	}
	for _, lang := range texts.Languages() {
		n.Language = lang
		m, err := r.Render(n, "01234567")
		require.NoError(t, err)
		require.Contains(t, m.Text, "0123 4567")
		require.Contains(t, m.Text, "L-001")
		require.Contains(t, m.Text, "2026-05-04 14:00 CEST", "the locker's clock")
		require.NotContains(t, m.HTML, "<b>7</b>", "input is escaped")
		require.NotContains(t, m.Subject+m.Text+m.HTML, "{", "no placeholder is left")
		require.NotContains(t, strings.ToLower(m.Subject), "0123", "no code where a locked phone shows it")
	}
	n.Notification.Kind = "nonsense"
	_, err = r.Render(n, "")
	require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
}
