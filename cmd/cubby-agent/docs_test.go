package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
)

// TestThePageOnHardware: its example is a configuration that is taken, and it names every dialect.
func TestThePageOnHardware(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/hardware.md")
	require.NoError(t, err)
	example := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, example)
	c, err := configOf(t, `{"dir": "/var/lib/cubby", "server": "https://lockers.example.test:8443", "server_ca": "/etc/cubby/ca.pem", `+
		strings.TrimPrefix(strings.TrimSpace(string(example[1])), "{"))
	require.NoError(t, err)
	require.Len(t, c.Buses, 3)
	for _, name := range lock.Dialects() {
		require.Equal(t, 2, strings.Count(string(page), "\n| `"+name+"` |"), "%s is in both tables", name)
	}
}
