package scan_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
	"cubby/agent/scan"
	"cubby/cmd/cubby-demo/boards"
)

const patience = 10 * time.Second

// A scanner whose plug was pulled is read again once it is back.
func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scanner")
	far, err := boards.NewScanner(path)
	require.NoError(t, err)
	opened, codes, ended := make(chan bool, 100), make(chan string, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		ended <- scan.Run(ctx, func() (link.Port, error) {
			p, err := link.Open("serial:" + path)
			opened <- err == nil
			return p, err
		}, slog.New(slog.DiscardHandler), func(code string) { codes <- code })
	}()
	require.True(t, await(t, opened))
	require.NoError(t, far.Scan("]C100340123450000000017"))
	require.Equal(t, "00340123450000000017", await(t, codes))

	require.NoError(t, far.Close())
	require.False(t, await(t, opened), "it is looked for while it is away")
	far, err = boards.NewScanner(path)
	require.NoError(t, err)
	for !await(t, opened) {
	}
	require.NoError(t, far.Scan("C-2"))
	require.Equal(t, "C-2", await(t, codes))

	cancel()
	require.NoError(t, await(t, ended))
	require.NoError(t, far.Close())
}

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
