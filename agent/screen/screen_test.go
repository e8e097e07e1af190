package screen_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/screen"
	"cubby/models"
)

func post(path, body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "http://localhost"+path, strings.NewReader(body))
}

func get(path string) *http.Request {
	return httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
}

func ask(c screen.Cabinet, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	screen.New(c, screen.Panel{PxPerMM: 4}, func() {}, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w
}

// requireProblem checks an answer that says why nothing was done.
func requireProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code models.Code) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body)
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	var said struct {
		Status        int
		Code          models.Code
		Title, Detail string
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &said))
	require.Equal(t, status, said.Status)
	require.Equal(t, code, said.Code)
	require.NotEmpty(t, said.Title)
	require.NotEmpty(t, said.Detail)
}

func TestView(t *testing.T) {
	t.Parallel()
	c := &chooser{view: cabinet.View{Screen: cabinet.ScreenHome, Sentence: "Type your code."}}
	w := ask(c, get("/view"))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var v cabinet.View
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v))
	require.Equal(t, c.View(models.SideFront), v)
}

func TestPage(t *testing.T) {
	t.Parallel()
	for path, holds := range map[string]string{"/": "<main>", "/screen.js": "EventSource", "/screen.css": "button"} {
		w := ask(&chooser{}, get(path))
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Contains(t, w.Body.String(), holds, path)
	}
	for _, path := range []string{"/none", "/none/", "/screen.js/", "//", "/../screen.go"} {
		require.NotEqual(t, http.StatusOK, ask(&chooser{}, get(path)).Code, path)
	}
	requireProblem(t, ask(&chooser{}, get("/none")), http.StatusNotFound, models.CodeNotFound)
}

func TestActs(t *testing.T) {
	t.Parallel()
	for path, c := range map[string]struct {
		text string
		want cabinet.Input
	}{
		"/keys":   {"12345670", cabinet.Keyed{Text: "12345670", ID: "op_1", Side: models.SideFront}},
		"/press":  {"open_next", cabinet.Pressed{Button: cabinet.ButtonOpenNext, ID: "op_1", Side: models.SideFront}},
		"/choose": {"par_1", cabinet.Chose{Key: "par_1", ID: "op_1", Side: models.SideFront}},
	} {
		good := `{"text":"` + c.text + `"}`
		shown := &chooser{view: cabinet.View{Sentence: "Done."}}
		w := ask(shown, post(path, good))
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		require.Contains(t, w.Body.String(), `"sentence":"Done."`, "the answer is the view")
		require.Equal(t, []cabinet.Input{c.want}, shown.told)

		for _, bad := range []string{``, `{`, `"` + c.text + `"`, `{"text":7}`, `{"text":"` + strings.Repeat("x", 4<<10) + `"}`} {
			still := &chooser{}
			requireProblem(t, ask(still, post(path, bad)), http.StatusBadRequest, models.CodeInvalid)
			require.Empty(t, still.told, "%s %.20s", path, bad)
		}
		gone := &chooser{refuses: errors.New("it stops")}
		requireProblem(t, ask(gone, post(path, good)), http.StatusServiceUnavailable, models.CodeUnavailable)
		require.Equal(t, http.StatusMethodNotAllowed, ask(&chooser{}, httptest.NewRequest(http.MethodPut, "http://localhost"+path, strings.NewReader(good))).Code)
	}
	c := &chooser{}
	requireProblem(t, ask(c, post("/press", `{"text":"self_destruct"}`)), http.StatusBadRequest, models.CodeInvalid)
	require.Empty(t, c.told)
}

func TestHost(t *testing.T) {
	t.Parallel()
	for host, may := range map[string]bool{
		"localhost": true, "localhost:8080": true, "127.0.0.1": true, "127.0.0.1:8080": true, "[::1]": true, "[::1]:8080": true,
		"evil.example": false, "evil.example:8080": false, "localhost.evil.example": false, "127.0.0.1.evil.example:80": false,
		"192.0.2.1": false, "[2001:db8::1]:80": false, "0.0.0.0": false, "": false,
	} {
		c := &chooser{}
		r := post("/keys", `{"text":"12345670"}`)
		r.Host = host
		w := ask(c, r)
		if may {
			require.Equal(t, http.StatusOK, w.Code, host)
			require.Len(t, c.told, 1)
			continue
		}
		requireProblem(t, w, http.StatusForbidden, models.CodeForbidden)
		require.Empty(t, c.told, host)
		r = get("/view")
		r.Host = host
		requireProblem(t, ask(c, r), http.StatusForbidden, models.CodeForbidden)
	}
}

// TestOtherPages: a page of another site cannot press a button here.
func TestOtherPages(t *testing.T) {
	t.Parallel()
	for _, h := range [][2]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		c := &chooser{}
		r := post("/keys", `{"text":"12345670"}`)
		r.Header.Set(h[0], h[1])
		requireProblem(t, ask(c, r), http.StatusForbidden, models.CodeForbidden)
		require.Empty(t, c.told, h)
	}
	own := post("/keys", `{"text":"12345670"}`)
	own.Header.Set("Origin", "http://localhost")
	own.Header.Set("Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusOK, ask(&chooser{}, own).Code)
}

// TestHeaders: no answer is kept or guessed at, and no page loads anything from elsewhere.
func TestHeaders(t *testing.T) {
	t.Parallel()
	elsewhere := get("/view")
	elsewhere.Host = "evil.example"
	crossed := post("/keys", `{"text":"1"}`)
	crossed.Header.Set("Sec-Fetch-Site", "cross-site")
	ended := make(chan struct{})
	close(ended)
	for name, r := range map[string]*http.Request{
		"page": get("/"), "script": get("/screen.js"), "style": get("/screen.css"), "none": get("/none"), "folder": get("/none/"),
		"view": get("/view"), "events": get("/events"), "keys": post("/keys", `{"text":"1"}`), "bad": post("/keys", `{`),
		"no button": post("/press", `{"text":"x"}`), "method": httptest.NewRequest(http.MethodDelete, "http://localhost/view", nil),
		"other host": elsewhere, "other page": crossed,
	} {
		h := ask(&chooser{stopped: ended}, r).Header()
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'", name)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), name)
		require.Equal(t, "no-store", h.Get("Cache-Control"), name)
	}
}

// TestNothingTypedIsLogged: it may be a code or a PIN.
func TestNothingTypedIsLogged(t *testing.T) {
	t.Parallel()
	const secret = "71830462"
	typed := `{"text":"` + secret + `"}`
	crossed := post("/keys", typed)
	crossed.Header.Set("Sec-Fetch-Site", "cross-site")
	elsewhere := post("/keys", typed)
	elsewhere.Host = "evil.example"
	stops := errors.New("it stops")
	for name, c := range map[string]struct {
		request *http.Request
		refuses error
		status  int
	}{
		"taken":                {post("/keys", typed), nil, http.StatusOK},
		"chosen":               {post("/choose", typed), nil, http.StatusOK},
		"no button":            {post("/press", typed), nil, http.StatusBadRequest},
		"no form":              {post("/keys", typed[:len(typed)-1]), nil, http.StatusBadRequest},
		"a number":             {post("/keys", `{"text":`+secret+`}`), nil, http.StatusBadRequest},
		"another name":         {post("/keys", `{"`+secret+`":`), nil, http.StatusBadRequest},
		"too long":             {post("/keys", `{"text":"`+strings.Repeat(secret, 1<<10)+`"}`), nil, http.StatusBadRequest},
		"keys while it stops":  {post("/keys", typed), stops, http.StatusServiceUnavailable},
		"chosen while it ends": {post("/choose", typed), stops, http.StatusServiceUnavailable},
		"another page":         {crossed, nil, http.StatusForbidden},
		"another host":         {elsewhere, nil, http.StatusForbidden},
	} {
		var logged bytes.Buffer
		log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		w := httptest.NewRecorder()
		screen.New(&chooser{refuses: c.refuses}, screen.Panel{PxPerMM: 4}, func() {}, log).ServeHTTP(w, c.request)
		answer, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		require.Equal(t, c.status, w.Code, name)
		require.NotContains(t, logged.String(), secret, name)
		require.NotContains(t, string(answer), secret, name)
		require.Equal(t, c.refuses != nil, logged.Len() > 0, "%s: a failure is told without it", name)
	}
}
