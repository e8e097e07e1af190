package inbox_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/inbox"
)

const letter = "From: noreply@cubby.localhost\r\nTo: client@example.com\r\nSubject: =?UTF-8?q?Locker_=E2=84=96_1?=\r\n" +
	"Message-Id: <ntf_1@cubby.localhost>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=xyz\r\n\r\n" +
	"--xyz\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nCode: 1234=20567=\r\n8\r\n" +
	"--xyz\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+PGI+Q29kZTwvYj48L3A+\r\n--xyz--\r\n"

func start(t *testing.T, options inbox.Options) *inbox.Inbox {
	t.Helper()
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	in, err := inbox.Start(t.Context(), options)
	require.NoError(t, err)
	return in
}

func started(t *testing.T) *inbox.Inbox {
	t.Helper()
	in := start(t, inbox.Options{})
	t.Cleanup(func() { require.NoError(t, in.Close()) })
	return in
}

func send(in *inbox.Inbox, to, text string) error {
	return smtp.SendMail(in.Address, nil, "noreply@cubby.localhost", []string{to}, []byte(text))
}

func call(t *testing.T, in *inbox.Inbox, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	in.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body)))
	return w
}

type list struct {
	Items []inbox.Message `json:"items"`
	Next  int64           `json:"next"`
}

func messages(t *testing.T, in *inbox.Inbox, query string) list {
	t.Helper()
	w := call(t, in, http.MethodGet, "/inbox/api/messages"+query, "")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var l list
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &l))
	return l
}

func misbehave(t *testing.T, in *inbox.Inbox, faults string) {
	t.Helper()
	w := call(t, in, http.MethodPut, "/inbox/api/faults", faults)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
}

func TestTakesMail(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	in := start(t, inbox.Options{Now: func() time.Time { return at }})
	require.NoError(t, send(in, "client@example.com", letter))
	want := inbox.Message{
		ID: 1, At: at, To: []string{"client@example.com"}, From: "noreply@cubby.localhost", Subject: "Locker № 1",
		Text: "Code: 1234 5678", HTML: "<p><b>Code</b></p>", MessageID: "ntf_1@cubby.localhost", DeliveredReply: true,
	}
	require.Equal(t, list{Items: []inbox.Message{want}}, messages(t, in, ""))
	w := call(t, in, http.MethodGet, "/inbox/api/messages/1", "")
	var got inbox.Message
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, want, got)
	require.Equal(t, http.StatusNotFound, call(t, in, http.MethodGet, "/inbox/api/messages/2", "").Code)
	require.Equal(t, http.StatusNotFound, call(t, in, http.MethodGet, "/inbox/api/messages/x", "").Code)
	require.NoError(t, in.Close())
}

func TestStartTLS(t *testing.T) {
	t.Parallel()
	config, pool, err := inbox.SelfSigned(time.Now())
	require.NoError(t, err)
	in := start(t, inbox.Options{TLS: config})
	defer func() { require.NoError(t, in.Close()) }()
	c, err := smtp.Dial(in.Address)
	require.NoError(t, err)
	require.NoError(t, c.StartTLS(&tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}))
	require.NoError(t, c.Mail("a@example.com"))
	require.NoError(t, c.Rcpt("b@example.com"))
	w, err := c.Data()
	require.NoError(t, err)
	_, err = w.Write([]byte(letter))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, c.Quit())
	got := messages(t, in, "").Items
	require.Len(t, got, 1)
	require.True(t, got[0].DeliveredReply)
}

func TestRejects(t *testing.T) {
	t.Parallel()
	for mode, code := range map[string]int{"reject_4xx": 450, "reject_5xx": 550} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			in := started(t)
			misbehave(t, in, `{"mode":"`+mode+`","count":2}`)
			for range 2 {
				var reply *textproto.Error
				require.ErrorAs(t, send(in, "client@example.com", letter), &reply)
				require.Equal(t, code, reply.Code)
			}
			require.Empty(t, messages(t, in, "").Items)
			require.NoError(t, send(in, "client@example.com", letter), "the count is used up")
			require.JSONEq(t, `{"mode":"none"}`, call(t, in, http.MethodGet, "/inbox/api/faults", "").Body.String())
		})
	}
}

func TestDropAfterData(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	in := start(t, inbox.Options{Log: slog.New(slog.NewTextHandler(&logged, nil))})
	misbehave(t, in, `{"mode":"drop_after_data","count":1}`)
	require.Error(t, send(in, "client@example.com", letter))
	require.NoError(t, send(in, "client@example.com", letter))
	got := messages(t, in, "").Items
	require.Len(t, got, 2, "the first is here although its sender does not know")
	require.Equal(t, got[0].MessageID, got[1].MessageID)
	require.False(t, got[0].DeliveredReply)
	require.True(t, got[1].DeliveredReply)
	require.NoError(t, in.Close())
	lines := strings.Split(strings.TrimSpace(logged.String()), "\n")
	require.Len(t, lines, 2)
	for i, replied := range []string{"replied=false", "replied=true"} {
		require.Contains(t, lines[i], replied)
		require.Contains(t, lines[i], "message_id=ntf_1@cubby.localhost")
		require.Contains(t, lines[i], "client@example.com")
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	in := started(t)
	misbehave(t, in, `{"mode":"slow","delay_ms":300,"count":1}`)
	began := time.Now()
	require.NoError(t, send(in, "client@example.com", letter))
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
	require.True(t, messages(t, in, "").Items[0].DeliveredReply)
}

func TestCloseEndsASlowAnswer(t *testing.T) {
	t.Parallel()
	in := start(t, inbox.Options{})
	misbehave(t, in, `{"mode":"slow","delay_ms":600000}`)
	sent := make(chan error, 1)
	go func() { sent <- send(in, "client@example.com", letter) }()
	require.Eventually(t, func() bool { return len(messages(t, in, "").Items) == 1 }, 10*time.Second, 5*time.Millisecond)
	require.False(t, messages(t, in, "").Items[0].DeliveredReply)
	require.NoError(t, in.Close())
	<-sent
}

func TestKeepsMessagesOverARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := start(t, inbox.Options{Dir: dir})
	for _, to := range []string{"a@example.com", "b@example.com"} {
		require.NoError(t, send(in, to, letter))
	}
	before := messages(t, in, "")
	require.NoError(t, in.Close())

	// A crash in the middle of a write leaves half a line.
	file, err := os.OpenFile(filepath.Join(dir, "messages.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"message":{"id":3,"to`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	in = start(t, inbox.Options{Dir: dir})
	require.Equal(t, before, messages(t, in, ""))
	require.Equal(t, http.StatusNoContent, call(t, in, http.MethodDelete, "/inbox/api/messages", "").Code)
	require.Empty(t, messages(t, in, "").Items)
	require.NoError(t, in.Close())

	in = start(t, inbox.Options{Dir: dir})
	require.Empty(t, messages(t, in, "").Items)
	require.NoError(t, send(in, "c@example.com", letter))
	require.Equal(t, int64(3), messages(t, in, "").Items[0].ID, "ids are never used again")
	require.NoError(t, in.Close())
}

func TestRefusesADamagedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "messages.jsonl"), []byte("nonsense\n"), 0o600))
	_, err := inbox.Start(t.Context(), inbox.Options{Address: "127.0.0.1:0", Dir: dir})
	require.ErrorContains(t, err, "messages.jsonl")
}

func TestList(t *testing.T) {
	t.Parallel()
	in := started(t)
	for _, to := range []string{"a@example.com", "b@example.com", "a@example.com"} {
		require.NoError(t, send(in, to, "Subject: For "+to+"\r\n\r\nHello\r\n"))
	}
	ids := func(query string) (found []int64) {
		for _, m := range messages(t, in, query).Items {
			found = append(found, m.ID)
		}
		return found
	}
	require.Equal(t, []int64{1, 2, 3}, ids(""))
	require.Equal(t, []int64{1, 3}, ids("?to=A@example.com"))
	require.Equal(t, []int64{2}, ids("?q=for+B%40"))
	require.Equal(t, []int64{2, 3}, ids("?after=1"))
	require.Empty(t, ids("?after=3"))
	first := messages(t, in, "?limit=2")
	require.Equal(t, int64(2), first.Next)
	require.Equal(t, []int64{3}, ids("?limit=2&after=2"))
	for _, bad := range []string{"?limit=0", "?limit=201", "?limit=x", "?after=-1", "?after=x"} {
		require.Equal(t, http.StatusBadRequest, call(t, in, http.MethodGet, "/inbox/api/messages"+bad, "").Code, bad)
	}
}

func TestUnreadableMailIsShownAsItCame(t *testing.T) {
	t.Parallel()
	in := started(t)
	require.NoError(t, send(in, "a@example.com", "no header at all\r\n"))
	require.NoError(t, send(in, "a@example.com", "Content-Type: multipart/mixed\r\n\r\nno boundary\r\n"))
	got := messages(t, in, "").Items
	require.Len(t, got, 2)
	require.Contains(t, got[0].Text, "no header at all")
}

func TestBadFaults(t *testing.T) {
	t.Parallel()
	in := started(t)
	for _, bad := range []string{
		``, `{}`, `{"mode":"dance"}`, `{"mode":"none","count":-1}`, `{"mode":"slow"}`, `{"mode":"slow","delay_ms":-1}`,
		`{"mode":"slow","delay_ms":600001}`, `{"mode":"none","colour":"red"}`,
	} {
		require.Equal(t, http.StatusBadRequest, call(t, in, http.MethodPut, "/inbox/api/faults", bad).Code, bad)
	}
}
