package line_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/line"
)

// echo is a server that gives back what it gets.
type echo struct {
	listener net.Listener

	mu    sync.Mutex
	got   int
	ended int // connections that ended, by the server's word
}

func newEcho(t *testing.T) *echo {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	e := &echo{listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go e.serve(conn)
		}
	}()
	return e
}

func (e *echo) serve(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		e.mu.Lock()
		e.got += n
		if err != nil {
			e.ended++
		}
		e.mu.Unlock()
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (e *echo) has(got, ended int) func() bool {
	return func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.got == got && e.ended == ended
	}
}

// world is a line to an echo and a connection over it.
type world struct {
	*echo
	line *line.Line
	conn net.Conn
}

func start(t *testing.T, fault line.Fault) *world {
	t.Helper()
	w := &world{echo: newEcho(t)}
	var err error
	w.line, err = line.Start(t.Context(), w.listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.line.Close()) })
	w.line.Disturb(fault)
	w.conn = w.dial(t)
	return w
}

func (w *world) dial(t *testing.T) net.Conn {
	t.Helper()
	proxy, err := url.Parse(w.line.URL())
	require.NoError(t, err)
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", proxy.Host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	target := w.listener.Addr().String()
	_, err = io.WriteString(conn, "CONNECT "+target+" HTTP/1.1\r\nHost: "+target+"\r\n\r\n")
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	return conn
}

// comes reads so many bytes, or what comes within a moment.
func comes(t *testing.T, conn net.Conn, want int) (int, error) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
	return io.ReadFull(conn, make([]byte, want))
}

func says(t *testing.T, conn net.Conn, n int) {
	t.Helper()
	_, err := io.WriteString(conn, strings.Repeat("x", n))
	require.NoError(t, err)
}

const soon, often = 5 * time.Second, 2 * time.Millisecond

func TestSound(t *testing.T) {
	t.Parallel()
	w := start(t, line.Fault{})
	says(t, w.conn, 1000)
	n, err := comes(t, w.conn, 1000)
	require.NoError(t, err)
	require.Equal(t, 1000, n)
	w.line.Cut()
	_, err = comes(t, w.conn, 1)
	require.ErrorIs(t, err, io.EOF)
	require.Eventually(t, w.has(1000, 1), soon, often)
}

func TestDelay(t *testing.T) {
	t.Parallel()
	w := start(t, line.Fault{Delay: 50 * time.Millisecond, Jitter: 10 * time.Millisecond})
	began := time.Now()
	says(t, w.conn, 10)
	_, err := comes(t, w.conn, 10)
	require.NoError(t, err)
	require.Greater(t, time.Since(began), 100*time.Millisecond, "50 ms each way")
}

func TestCutInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]line.Fault{"up": {CutUp: 500, Seed: 7}, "down": {CutDown: 500, Seed: 7}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []int
			for range 2 {
				w := start(t, fault)
				says(t, w.conn, 1000)
				n, err := comes(t, w.conn, 1000)
				require.Error(t, err)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				require.False(t, errors.Is(err, errTimeout(err)), "it is ended, not silent: %v", err)
				require.Less(t, n, 500)
				all = append(all, n)
			}
			if name == "down" {
				require.Equal(t, all[0], all[1], "a seed gives the same cut")
			}
		})
	}
}

// errTimeout is err if it is a time-out.
func errTimeout(err error) error {
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return err
	}
	return errors.New("none")
}

func TestBlackHole(t *testing.T) {
	t.Parallel()
	w := start(t, line.Fault{Swallow: true})
	says(t, w.conn, 100)
	_, err := comes(t, w.conn, 1)
	require.ErrorIs(t, err, errTimeout(err), "nothing comes, not even the end")
	require.True(t, w.has(0, 0)())
	w.line.Disturb(line.Fault{})
	_, err = comes(t, w.conn, 1)
	require.ErrorIs(t, err, io.EOF, "what has lost something ends")
	again := w.dial(t)
	says(t, again, 10)
	_, err = comes(t, again, 10)
	require.NoError(t, err)
}

func TestHalfOpen(t *testing.T) {
	t.Parallel()
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		w := start(t, line.Fault{})
		says(t, w.conn, 10)
		_, err := comes(t, w.conn, 10)
		require.NoError(t, err)
		w.line.HalfOpen(line.Server)
		require.Eventually(t, w.has(10, 1), soon, often)
		says(t, w.conn, 10)
		_, err = comes(t, w.conn, 1)
		require.ErrorIs(t, err, errTimeout(err), "the cabinet is not told")
		require.True(t, w.has(10, 1)())
	})
	t.Run("cabinet", func(t *testing.T) {
		t.Parallel()
		w := start(t, line.Fault{})
		says(t, w.conn, 10)
		_, err := comes(t, w.conn, 10)
		require.NoError(t, err)
		w.line.HalfOpen(line.Cabinet)
		_, err = comes(t, w.conn, 1)
		require.ErrorIs(t, err, io.EOF)
		require.Never(t, w.has(10, 1), 200*time.Millisecond, often, "the server is not told")
	})
}

func TestReset(t *testing.T) {
	t.Parallel()
	w := start(t, line.Fault{})
	says(t, w.conn, 10)
	_, err := comes(t, w.conn, 10)
	require.NoError(t, err)
	w.line.Reset()
	_, err = comes(t, w.conn, 1)
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Eventually(t, w.has(10, 1), soon, often)
}
