package balance_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/balance"
)

// instance answers its name on every connection, and its health as it is told to.
type instance struct {
	balance.Backend
	listener net.Listener
	ill      atomic.Bool
}

func start(t *testing.T, name string) *instance {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	i := &instance{listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, name)
			_ = conn.Close()
		}
	}()
	health := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if i.ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(health.Close)
	i.Backend = balance.Backend{Address: listener.Addr().String(), Health: health.URL}
	return i
}

func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// names connects some times and joins who answered.
func names(t *testing.T, address string) string {
	t.Helper()
	var all strings.Builder
	for range 4 {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		name, err := io.ReadAll(conn)
		require.NoError(t, err)
		_ = conn.Close()
		all.Write(name)
	}
	return all.String()
}

func TestConnectionsAreShared(t *testing.T) {
	t.Parallel()
	a, b := start(t, "a"), start(t, "b")
	address := free(t)
	balancer, err := balance.Start(t.Context(), address, []balance.Backend{a.Backend, b.Backend})
	require.NoError(t, err)
	defer func() { require.NoError(t, balancer.Close()) }()
	shared := names(t, address)
	require.Equal(t, 2, strings.Count(shared, "a"), shared)

	a.ill.Store(true) // as a frozen one is: its port takes connections
	require.Eventually(t, func() bool { return names(t, address) == "bbbb" }, 5*time.Second, 10*time.Millisecond)
	b.ill.Store(true) // then the probes may be what is ill
	require.Eventually(t, func() bool { return strings.Contains(names(t, address), "a") }, 5*time.Second, 10*time.Millisecond)
	a.ill.Store(false)
	require.NoError(t, b.listener.Close()) // gone
	require.Eventually(t, func() bool { return names(t, address) == "aaaa" }, 5*time.Second, 10*time.Millisecond)
}
