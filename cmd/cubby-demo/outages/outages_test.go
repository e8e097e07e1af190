package outages

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	every, err := choose("")
	require.NoError(t, err)
	require.Len(t, every, len(all()))
	names := map[string]bool{}
	for _, p := range every {
		require.NotEmpty(t, p.breakage)
		require.False(t, names[p.name], "two plays are called %s", p.name)
		names[p.name] = true
	}
	some, err := choose("line-slow,api-killed")
	require.NoError(t, err)
	require.Len(t, some, 2)
	_, err = choose("line-slow,rain")
	require.ErrorContains(t, err, "\"rain\": there is no such play; there are gateway-killed, ")
}
