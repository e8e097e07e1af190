package rig

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPostgresBinIsTheNewest(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, version := range []string{"9.6", "9", "15", "13", "snapshot"} {
		bin := filepath.Join(root, version, "bin")
		require.NoError(t, os.MkdirAll(bin, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(bin, "initdb"), nil, 0o600))
	}
	bin, err := postgresBin(root)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, "15", "bin"), bin)
}
