package run

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func write(t *testing.T, text string, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

func text(t *testing.T, path ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(raw)
}

func TestKeptDataComesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := openFolder(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.close()) }()
	require.False(t, f.hasKept())
	write(t, "kept", dir, "cubby.db")
	write(t, "log", dir, "cubby.db-wal")
	write(t, "of another moment", dir, "cubby.db-shm")
	write(t, "three parcels", dir, "cabinets", "lkr_1", "steel.json")
	socket, err := net.Listen("unix", filepath.Join(dir, "s"))
	require.NoError(t, err)
	require.NoError(t, f.keep())
	require.NoError(t, socket.Close())
	require.True(t, f.hasKept())

	write(t, "changed", dir, "cubby.db")
	write(t, "", dir, "cabinets", "lkr_1", "steel.json")
	write(t, "later", dir, "cabinets", "lkr_2", "steel.json")
	write(t, "what happened", dir, "log", "server.log")
	for range 2 { // the copy serves again and again
		require.NoError(t, f.restore())
		require.Equal(t, "kept", text(t, dir, "cubby.db"))
		require.Equal(t, "log", text(t, dir, "cubby.db-wal"))
		require.Equal(t, "three parcels", text(t, dir, "cabinets", "lkr_1", "steel.json"))
		require.NoDirExists(t, filepath.Join(dir, "cabinets", "lkr_2"))
		require.NoFileExists(t, filepath.Join(dir, "cubby.db-shm"))
		require.Equal(t, "what happened", text(t, dir, "log", "server.log"), "logs stay")
		require.NoFileExists(t, filepath.Join(dir, restoringFile))
	}

	// A restore that was cut off is ended by the next start.
	write(t, "", dir, restoringFile)
	write(t, "half", dir, "cubby.db")
	require.NoError(t, f.restoreInterrupted())
	require.Equal(t, "kept", text(t, dir, "cubby.db"))
	require.NoFileExists(t, filepath.Join(dir, restoringFile))
	write(t, "new", dir, "cubby.db")
	require.NoError(t, f.restoreInterrupted())
	require.Equal(t, "new", text(t, dir, "cubby.db"), "there was nothing to end")
}

func TestResetNeedsACopy(t *testing.T) {
	t.Parallel()
	f, err := openFolder(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, f.close()) }()
	s := &System{folder: f, resets: make(chan struct{}, 1)}
	require.Equal(t, models.CodeConflict, models.ErrorCode(s.Reset()))
	require.Empty(t, s.resets)
	require.NoError(t, f.keep())
	require.NoError(t, s.Reset())
	require.NoError(t, s.Reset(), "asked twice it is one")
	require.Len(t, s.resets, 1)
}
