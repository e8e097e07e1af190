package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
)

// TestThePageOnHardware: its examples are a configuration that is taken, and it names every dialect.
func TestThePageOnHardware(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/hardware.md")
	require.NoError(t, err)
	whole := `{"dir": "/var/lib/cubby", "server": "https://lockers.example.test:8443", "server_ca": "/etc/cubby/ca.pem"`
	for _, example := range regexp.MustCompile("(?s)```json\n\\{(.*?)\\}\n```").FindAllSubmatch(page, -1) {
		whole += ", " + string(example[1])
	}
	c, err := configOf(t, whole+"}")
	require.NoError(t, err)
	require.Len(t, c.Buses, 3)
	require.Len(t, c.Scanners, 3)
	for _, name := range lock.Dialects() {
		require.Equal(t, 2, strings.Count(string(page), "\n| `"+name+"` |"), "%s is in both tables", name)
	}
}
