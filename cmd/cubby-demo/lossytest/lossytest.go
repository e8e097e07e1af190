// Package lossytest mounts file systems that lose writes, for tests.
package lossytest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/lossy"
)

// Need skips the test where no such file system can be mounted. With CI set it fails instead.
func Need(t *testing.T) {
	t.Helper()
	err := lossy.Available()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("no lossy file system can be mounted, and this is CI: %v", err)
	default:
		t.Skipf("SKIPPED: no lossy file system can be mounted: %v", err)
	}
}

// Mount mounts an empty one, which is gone at the end of the test.
func Mount(t *testing.T) (disk *lossy.Disk, point string) {
	t.Helper()
	Need(t)
	point = t.TempDir()
	disk, err := lossy.Mount(t.TempDir(), point)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, disk.Unmount()) })
	return disk, point
}
