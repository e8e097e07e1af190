package run

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFrontTellsOfTheStartThenServes(t *testing.T) {
	t.Parallel()
	f, err := startFront(t.Context(), "127.0.0.1:0", make(chan error, 1))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.close()) }()
	get := func(host, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		f.server.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+path, http.NoBody))
		return w
	}
	told := func() (p progress) {
		require.NoError(t, json.Unmarshal(get("localhost", "/demo/progress").Body.Bytes(), &p))
		return p
	}
	f.begins("database", true)
	w := get("127.0.0.1:8070", "/")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "database")
	require.Equal(t, "database", told().Doing)
	require.False(t, told().Up)
	f.up(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	require.True(t, told().Up)
	for host, status := range map[string]int{
		"127.0.0.1:8070": http.StatusTeapot, "localhost:8070": http.StatusTeapot, "[::1]:8070": http.StatusTeapot, "localhost": http.StatusTeapot,
		"evil.example.com:8070": http.StatusForbidden, "192.0.2.1": http.StatusForbidden,
	} {
		require.Equal(t, status, get(host, "/").Code, host)
	}
	f.begins("everything is being stopped", true)
	require.Equal(t, http.StatusServiceUnavailable, get("localhost", "/").Code)
}
