package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/api/gateway"
)

// TestRequests: a code is sent again three times an hour, and the answer never says what came of
// it.
func TestRequests(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	w := newWorld(t, func(c *gateway.Config) {
		c.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}
	})
	ask := func(r protocol.Request) (int, string) {
		t.Helper()
		raw, err := json.Marshal(r)
		require.NoError(t, err)
		status, _, body := w.call(t, http.MethodPost, protocol.PathRequests, "application/json", raw)
		return status, strings.TrimSpace(string(body))
	}
	resent := func() int {
		w.cabinets.mu.Lock()
		defer w.cabinets.mu.Unlock()
		return len(w.cabinets.resent)
	}
	for i := range 5 {
		status, body := ask(protocol.Request{Kind: protocol.ResendCode, Label: "LP1"})
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "{}", body)
		require.Equal(t, min(i+1, 3), resent())
	}
	require.Equal(t, string(w.locker)+" LP1", w.cabinets.resent[0])
	mu.Lock()
	now = now.Add(20 * time.Minute)
	mu.Unlock()
	ask(protocol.Request{Kind: protocol.ResendCode, Label: "LP2"})
	require.Equal(t, 4, resent())

	for _, bad := range []protocol.Request{
		{Kind: "make_coffee", Label: "x"}, {Kind: protocol.ResendCode}, {Kind: protocol.ResendCode, Label: strings.Repeat("x", 301)},
	} {
		status, _ := ask(bad)
		require.Equal(t, http.StatusBadRequest, status)
	}
	require.Equal(t, 4, resent())
}
