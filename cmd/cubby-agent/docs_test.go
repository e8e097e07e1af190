package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
)

// TestThePageOnHardware: its examples are configurations that are taken, and it names every dialect.
func TestThePageOnHardware(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/hardware.md")
	require.NoError(t, err)
	example := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, example, 2)
	for i, buses := range []int{3, 1} {
		c, err := configOf(t, `{"dir": "/var/lib/cubby", "server": "https://lockers.example.test:8443", "server_ca": "/etc/cubby/ca.pem", `+
			strings.TrimPrefix(strings.TrimSpace(string(example[i][1])), "{"))
		require.NoError(t, err)
		require.Len(t, c.Buses, buses)
	}
	for _, name := range lock.Dialects() {
		require.Equal(t, 2, strings.Count(string(page), "\n| `"+name+"` |"), "%s is in both tables", name)
	}
}
