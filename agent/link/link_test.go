package link_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
)

func TestCheck(t *testing.T) {
	for name, good := range map[string]bool{
		"serial:/dev/ttyS0": true, "serial:/dev/ttyS0?baud=9600": true, "tcp:192.0.2.7:5000": true,
		"serial:": false, "serial:/dev/ttyS0?baud=fast": false, "serial:/dev/ttyS0?baud=1": false,
		"tcp:192.0.2.7": false, "tcp:192.0.2.7:": false, "tcp::5000": false, "tcp:192.0.2.7:65536": false, "usb:1": false, "": false,
	} {
		require.Equal(t, good, link.Check(name) == nil, name)
	}
}

// A bridge whose far end takes nothing more fails the write in a second: the bus is not
// held up for ever.
func TestTCPWriteTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	p, err := link.Open("tcp:" + l.Addr().String())
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := p.Write(make([]byte, 1<<16)); err != nil {
				ended <- err
				return
			}
		}
	}()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	case <-time.After(10 * time.Second):
		t.Fatal("the write did not end")
	}
	require.NoError(t, p.Close())
}

// TestExchange: an answer that comes in pieces behind noise is found, nothing is silence, and a line that is gone is neither.
func TestExchange(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	p, err := link.Open("tcp:" + l.Addr().String())
	require.NoError(t, err)
	far, err := l.Accept()
	require.NoError(t, err)
	go func() {
		asked := make([]byte, 3)
		if _, err := io.ReadFull(far, asked); err == nil {
			_, _ = far.Write([]byte("noise an"))
			_, _ = far.Write([]byte("swer"))
		}
	}()
	var found string
	whole := func(came []byte) bool {
		found = string(came)
		return strings.Contains(found, "answer")
	}
	require.NoError(t, link.Exchange(p, []byte("ask"), 10*time.Second, whole))
	require.Equal(t, "noise answer", found)
	require.ErrorIs(t, link.Exchange(p, []byte("ask"), 10*time.Millisecond, whole), link.ErrSilent)
	require.NoError(t, far.Close())
	require.Eventually(t, func() bool {
		err := link.Exchange(p, []byte("ask"), 10*time.Second, whole)
		return err != nil && !errors.Is(err, link.ErrSilent)
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, p.Close())
}

func TestTCPReadTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	p, err := link.Open("tcp:" + l.Addr().String())
	require.NoError(t, err)
	require.NoError(t, p.SetReadTimeout(time.Millisecond))
	_, err = p.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, p.Close())
}
