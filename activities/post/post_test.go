package post_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/activities/post"
	"cubby/models"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func poster(private bool, trusted *x509.Certificate) *post.Poster {
	pool := x509.NewCertPool()
	if trusted != nil {
		pool.AddCert(trusted)
	}
	return post.New(post.Options{Private: private, TLS: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, Now: func() time.Time { return now }})
}

// TestWhatReceiversAnswer: over TLS and plain, each class of answer.
func TestWhatReceiversAnswer(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	elsewhere := 0
	mux := http.NewServeMux()
	answer := func(path string, status int, header, value, reply string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				panic(err)
			}
			got, body = r, string(raw)
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, reply)
		})
	}
	answer("/ok", 204, "", "", "")
	answer("/redirect", 302, "Location", "/elsewhere", "")
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { elsewhere++ })
	answer("/gone", 410, "", "", "no more")
	answer("/seconds", 429, "Retry-After", "120", "slow down")
	answer("/date", 503, "Retry-After", now.Add(time.Hour).Format(http.TimeFormat), "")
	answer("/nonsense", 503, "Retry-After", "-7", "")
	answer("/long", 500, "", "", strings.Repeat("x", 1<<20))
	answer("/bytes", 500, "", "", "a\x00b\xff")
	for name, server := range map[string]*httptest.Server{"http": httptest.NewServer(mux), "https": httptest.NewTLSServer(mux)} {
		t.Cleanup(server.Close)
		p := poster(true, server.Certificate())
		send := func(path string) models.WebhookAnswer {
			return p.Post(t.Context(), server.URL+path, map[string]string{"webhook-id": "evt_1"}, []byte(`{"a":1}`))
		}
		require.Equal(t, 204, send("/ok").Status, name)
		require.Equal(t, `{"a":1}`, body)
		require.Equal(t, "evt_1", got.Header.Get("webhook-id"))
		require.Equal(t, "application/json", got.Header.Get("Content-Type"))
		require.Equal(t, http.MethodPost, got.Method)
		require.Equal(t, 302, send("/redirect").Status)
		require.Zero(t, elsewhere, "a redirect is not followed")
		require.Equal(t, models.WebhookAnswer{Status: 410, Reply: "no more"}, send("/gone"))
		require.Equal(t, models.WebhookAnswer{Status: 429, Reply: "slow down", RetryAfter: 2 * time.Minute}, send("/seconds"))
		require.Equal(t, time.Hour, send("/date").RetryAfter)
		require.Zero(t, send("/nonsense").RetryAfter)
		require.Len(t, send("/long").Reply, 1<<10)
		require.Equal(t, "a\uFFFDb\uFFFD", send("/bytes").Reply)
	}
}

// TestWhereNothingIsPosted: URLs that are not public, and receivers that cannot be reached or
// believed.
func TestWhereNothingIsPosted(t *testing.T) {
	t.Parallel()
	reached := 0
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ })
	plain, secure := httptest.NewServer(h), httptest.NewTLSServer(h)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	problem := func(p *post.Poster, url string) string {
		t.Helper()
		answer := p.Post(t.Context(), url, nil, nil)
		require.Zero(t, answer.Status, url)
		require.NotContains(t, answer.Problem, "127.0.0.1", "nothing of our network is told")
		return answer.Problem
	}
	guarded, open := poster(false, secure.Certificate()), poster(true, secure.Certificate())
	named := "https://localhost.:" + secure.URL[strings.LastIndex(secure.URL, ":")+1:]
	require.Contains(t, problem(guarded, secure.URL), "not public")
	require.Contains(t, problem(guarded, plain.URL), "https")
	require.Contains(t, problem(guarded, named), "not public")
	require.Contains(t, problem(open, "http://10.0.0.1/"), "not public")
	require.Contains(t, problem(open, "https://169.254.169.254/latest/meta-data"), "not public")
	require.Equal(t, "its certificate is not valid", problem(poster(true, nil), secure.URL))
	require.Equal(t, "its name cannot be resolved", problem(open, "https://receiver.invalid/"))
	closed := httptest.NewServer(h)
	closed.Close()
	require.Equal(t, "it refuses connections", problem(open, closed.URL))
	require.Zero(t, reached)
}
