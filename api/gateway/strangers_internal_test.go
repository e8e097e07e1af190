package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStrangers: there are never more than so many, the oldest goes first, a cabinet is
// none, and the log is told once in a while.
func TestStrangers(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	var told bytes.Buffer
	s := newStrangers(2, slog.New(slog.NewTextHandler(&told, nil)), func() time.Time { return now })
	srv := &http.Server{}
	s.guard(srv)
	var near, far []net.Conn
	open := func() context.Context {
		a, b := net.Pipe()
		t.Cleanup(func() { _ = b.Close() })
		near, far = append(near, a), append(far, b)
		return srv.ConnContext(t.Context(), a)
	}
	closed := func(i int) bool {
		return errors.Is(far[i].SetReadDeadline(time.Time{}), io.ErrClosedPipe)
	}
	cabinets := open()
	open()
	s.known((&http.Request{}).WithContext(cabinets))
	open()
	require.False(t, closed(0) || closed(1) || closed(2), "two strangers and a cabinet")
	require.Empty(t, told.String())
	open()
	require.True(t, closed(1), "the oldest stranger")
	require.False(t, closed(0) || closed(2) || closed(3))
	open()
	require.True(t, closed(2))
	require.Equal(t, 1, strings.Count(told.String(), "are dropped"), "not for each of them")
	srv.ConnState(near[3], http.StateClosed)
	open()
	require.False(t, closed(4) || closed(5), "one has left by itself")
	now = now.Add(strangersTold)
	open()
	require.Contains(t, told.String(), "dropped=2")
	s.known(&http.Request{}) // a test's, without a connection
	require.Len(t, s.at, s.order.Len())
}

func TestBrief(t *testing.T) {
	t.Parallel()
	require.Equal(t, "short", brief("short"))
	long := brief(strings.Repeat("x", maxBrief-1) + "łłł")
	require.Equal(t, strings.Repeat("x", maxBrief-1)+"…", long)
}
