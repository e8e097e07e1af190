package link_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
	"cubby/cmd/cubby-demo/boards"
)

func TestSerialLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "line")
	far, err := boards.NewScanner(path)
	require.NoError(t, err)
	p, err := link.Open("serial:" + path + "?baud=9600")
	require.NoError(t, err)

	require.NoError(t, p.SetReadTimeout(time.Millisecond))
	_, err = p.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "silence is no error of the line")

	require.NoError(t, p.SetReadTimeout(time.Second))
	require.NoError(t, far.Scan("\x00\x03\x11\x13\xff")) // what a terminal would take for itself
	got := make([]byte, 7)
	_, err = io.ReadFull(p, got)
	require.NoError(t, err)
	require.Equal(t, "\x00\x03\x11\x13\xff\r\n", string(got), "eight bits, nothing changed")

	require.NoError(t, far.Scan("old"))
	require.Eventually(t, func() bool { // once it is there it can be dropped
		if p.ResetInput() != nil || p.SetReadTimeout(time.Millisecond) != nil {
			return false
		}
		_, err := p.Read(got)
		return os.IsTimeout(err)
	}, time.Second, time.Millisecond)

	require.NoError(t, far.Close())
	require.Eventually(t, func() bool {
		_, err := p.Read(got)
		return err != nil && !os.IsTimeout(err)
	}, time.Second, time.Millisecond, "a line that is gone is an error")
	require.NoError(t, p.Close())

	_, err = link.Open("serial:" + path)
	require.ErrorContains(t, err, "cannot be opened")
}

func TestCloseEndsARead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "line")
	far, err := boards.NewScanner(path)
	require.NoError(t, err)
	p, err := link.Open("serial:" + path)
	require.NoError(t, err)
	require.NoError(t, p.SetReadTimeout(time.Minute))
	ended := make(chan error, 1)
	go func() {
		_, err := p.Read(make([]byte, 1))
		ended <- err
	}()
	require.NoError(t, p.Close())
	require.Error(t, <-ended)
	require.NoError(t, far.Close())
}
