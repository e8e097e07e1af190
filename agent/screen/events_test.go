package screen_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/screen"
)

// TestEvents: the view comes at once and after each change, until the cabinet stops.
func TestEvents(t *testing.T) {
	t.Parallel()
	c := &chooser{view: cabinet.View{Sentence: "first"}, watched: make(chan struct{}), stopped: make(chan struct{})}
	srv := httptest.NewServer(screen.New(c, screen.Panel{PxPerMM: 4}, func() {}, slog.New(slog.DiscardHandler)))
	defer srv.Close()
	answer, err := srv.Client().Get(srv.URL + "/events")
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))

	lines := bufio.NewScanner(answer.Body)
	sees := func(sentence string) {
		t.Helper()
		require.True(t, lines.Scan())
		raw, ok := strings.CutPrefix(lines.Text(), "data: ")
		require.True(t, ok, lines.Text())
		var v cabinet.View
		require.NoError(t, json.Unmarshal([]byte(raw), &v))
		require.Equal(t, sentence, v.Sentence)
		require.True(t, lines.Scan())
		require.Empty(t, lines.Text(), "an event ends with an empty line")
	}
	require.True(t, lines.Scan())
	require.Equal(t, "event: site", lines.Text(), "what the view is drawn on comes first, and once")
	require.True(t, lines.Scan())
	require.Contains(t, lines.Text(), `"number":"L-001"`)
	require.Contains(t, lines.Text(), `"px_per_mm":4`)
	require.True(t, lines.Scan())
	sees("first")
	c.change("second")
	sees("second")
	c.change("third")
	sees("third")
	close(c.stopped)
	require.False(t, lines.Scan())
	require.NoError(t, lines.Err(), "it ends, and is not cut off")
}

// listener is a browser whose test looks at what it heard while more comes.
type listener struct {
	*httptest.ResponseRecorder
	mu sync.Mutex
}

func (l *listener) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ResponseRecorder.Write(b)
}

func (l *listener) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.Body.String(), what)
}

// TestEventsBeat: the browser of a still screen hears that the cabinet is there.
func TestEventsBeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/events", nil)
		w := &listener{ResponseRecorder: httptest.NewRecorder()}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			screen.New(&chooser{watched: make(chan struct{})}, screen.Panel{PxPerMM: 4}, func() {}, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		}()
		<-time.After(15*time.Second - 1) // of the bubble's own time
		synctest.Wait()
		require.Equal(t, 2, w.count("\n\n"), "the site and the view")
		<-time.After(15*time.Second + 2)
		synctest.Wait()
		require.Equal(t, 2, w.count(": here\n\n"))
		leave() // the browser goes away
		<-ended
	})
}
