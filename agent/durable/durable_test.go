package durable_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/durable"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, durable.MakeDir(dir))
	require.NoError(t, durable.MakeDir(dir), "it is there already")
	mode := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	require.Equal(t, fs.FileMode(0o700), mode(dir))

	path := filepath.Join(dir, "file")
	for _, text := range []string{"first", "second, which is longer", "3rd"} {
		require.NoError(t, durable.WriteFile(path, []byte(text)))
		have, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(have))
		require.Equal(t, fs.FileMode(0o600), mode(path))
	}
	require.NoError(t, durable.Append(path, []byte(" and more")))
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "3rd and more", string(have))
	require.NoError(t, durable.Append(filepath.Join(dir, "new"), nil))
	require.Equal(t, fs.FileMode(0o600), mode(filepath.Join(dir, "new")))
	require.NoError(t, durable.Remove(path))
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 1, "nothing is left over")
}

// TestFailures: what cannot be done leaves nothing behind, and what was there stays.
func TestFailures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	require.NoError(t, os.MkdirAll(filepath.Join(taken, "full"), 0o700))
	require.Error(t, durable.WriteFile(taken, []byte("x")), "a folder is there")
	require.Error(t, durable.WriteFile(filepath.Join(dir, "missing", "file"), nil))
	require.Error(t, durable.Append(taken, nil))
	require.Error(t, durable.Remove(filepath.Join(dir, "missing")))
	require.Error(t, durable.SyncDir(filepath.Join(dir, "missing")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	require.Error(t, durable.MakeDir(filepath.Join(dir, "file", "below")))
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 2)
}
