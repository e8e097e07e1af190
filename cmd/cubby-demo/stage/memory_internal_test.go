package stage

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResident(t *testing.T) {
	bytes, err := resident(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, bytes, int64(1<<20))
}
