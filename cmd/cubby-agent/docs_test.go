package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
	"cubby/models"
)

// TestThePageOnHardware: its examples are together a configuration that is taken, and it names every
// dialect.
func TestThePageOnHardware(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/hardware.md")
	require.NoError(t, err)
	parts := []string{`"dir": "/var/lib/cubby", "server": "https://lockers.example.test:8443", "server_ca": "/etc/cubby/ca.pem"`}
	for _, example := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1) {
		parts = append(parts, strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(example[1])), "{"), "}"))
	}
	require.Len(t, parts, 4)
	c, err := configOf(t, "{"+strings.Join(parts, ",")+"}")
	require.NoError(t, err)
	require.Len(t, c.Buses, 3)
	require.Len(t, c.Relays[0].Boards, 2)
	require.Len(t, c.Climates[0].Probes, 2)
	require.NotNil(t, c.Power)
	for _, name := range lock.Dialects() {
		require.Equal(t, 2, strings.Count(string(page), "\n| `"+name+"` |"), "%s is in both tables", name)
	}
	for _, o := range models.Outputs() {
		require.Contains(t, string(page), "`"+string(o)+"`")
	}
	for _, c := range models.Tampers() {
		require.Contains(t, string(page), "\n| `"+string(c)+"` |")
	}
}
