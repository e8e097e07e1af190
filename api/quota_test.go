package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api"
)

// TestQuota: a key that asks too often is told when to come back, others are served, and a new window begins.
func TestQuota(t *testing.T) {
	t.Parallel()
	now := testNow
	h := handler(&ports{}, nil, func(c *api.Config) {
		c.Quota, c.Now = api.Quota{Calls: 3, Window: time.Minute}, func() time.Time { return now }
	})
	call := func(role string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, scenario{role: role, method: http.MethodGet, url: "/api/v1/lockers"}.request())
		return w
	}
	for left := range 3 {
		w := call("carrier")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, `"default";q=3;w=60`, w.Header().Get("RateLimit-Policy"))
		require.Equal(t, []string{`"default";r=2;t=60`, `"default";r=1;t=60`, `"default";r=0;t=60`}[left], w.Header().Get("RateLimit"))
	}
	now = now.Add(20500 * time.Millisecond)
	for range 5 {
		w := call("carrier")
		require.Equal(t, http.StatusTooManyRequests, w.Code)
		require.Equal(t, "40", w.Header().Get("Retry-After"), "never early")
		require.Equal(t, `"default";r=0;t=40`, w.Header().Get("RateLimit"))
		require.Contains(t, w.Body.String(), `"code":"too_many_requests"`)
		require.Contains(t, w.Body.String(), `"violated-policies":["default"]`)
	}
	require.Equal(t, http.StatusOK, call("operator").Code, "another key")
	require.Empty(t, call("").Header().Get("RateLimit"), "nobody known")
	now = now.Add(40 * time.Second)
	require.Equal(t, http.StatusOK, call("carrier").Code)
}
