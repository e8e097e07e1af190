package lock_test

import (
	"io"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
)

// bridge is a transparent one: what comes over TCP goes to the serial line, and back. It
// takes one connection at a time, as such boxes do.
func bridge(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var served sync.WaitGroup
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			_ = c.Close() // it may be closed already
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		served.Wait()
	})
	return l.Addr().String()
}

func TestOverABridge(t *testing.T) {
	r := cu48.start(t, cu48.board(0))
	r.stop() // the serial line is the bridge's now
	address := bridge(t, func(c net.Conn) {
		line, err := os.OpenFile(r.line, os.O_RDWR, 0)
		if err != nil {
			return
		}
		var back sync.WaitGroup
		back.Go(func() { _, _ = io.Copy(c, line) }) // ends with either side
		_, _ = io.Copy(line, c)
		_ = line.Close()
		back.Wait()
	})
	r.drive(t, "tcp:"+address, []lock.Board{cu48.board(0)})
	defer r.stop()
	r.await(t, 0, true)
	require.NoError(t, r.Unlock(t.Context(), 5))
	require.Eventually(t, func() bool { return r.open(5) }, patience, often)
	r.onlyPulsed(t, 5)
}

// A far end that talks without end must not hold the bus: its board is down, a pulse is
// refused at once, and the bus ends when told to.
func TestABridgeThatTalksWithoutEnd(t *testing.T) {
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(i%3 + 1) // start and end bytes among them
	}
	r := &rig{}
	r.drive(t, "tcp:"+bridge(t, func(c net.Conn) {
		for {
			if _, err := c.Write(noise); err != nil {
				return
			}
		}
	}), []lock.Board{cu48.board(0)})
	defer r.stop()
	r.await(t, 0, false)
	require.Error(t, r.Unlock(t.Context(), 1))
}

// A far end that takes nothing fails the write, in a second, and the bus dials again.
func TestABridgeThatEndsIsDialledAgain(t *testing.T) {
	calls := make(chan struct{}, 100)
	r := &rig{}
	r.drive(t, "tcp:"+bridge(t, func(net.Conn) {
		select {
		case calls <- struct{}{}:
		default:
		}
	}), []lock.Board{cu48.board(0)})
	defer r.stop()
	for range 3 {
		<-calls
	}
	r.await(t, 0, false)
	require.Error(t, r.Unlock(t.Context(), 1))
}
