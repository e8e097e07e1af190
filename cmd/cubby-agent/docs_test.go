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

// TestThePageOnHardware: its examples are configurations that are taken, and it names every dialect.
func TestThePageOnHardware(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/hardware.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, examples, 5)
	var buses, relays, probes, scanners int
	for _, example := range examples {
		text := strings.TrimPrefix(strings.TrimSpace(string(example[1])), "{")
		if !strings.Contains(text, `"buses"`) {
			text = `"buses": [{"port": "serial:/dev/ttyS9", "boards": [{"name": "A", "dialect": "kerong-cu48", "address": 0,
				"first_cell": 1, "channels": 1, "feedback": "closed_when_locked"}]}], ` + text
		}
		c, err := configOf(t, `{"dir": "/var/lib/cubby", "server": "https://lockers.example.test:8443", "server_ca": "/etc/cubby/ca.pem", `+text)
		require.NoError(t, err)
		buses += len(c.Buses)
		scanners += len(c.Scanners)
		for _, line := range c.Relays {
			relays += len(line.Boards)
		}
		for _, line := range c.Climates {
			probes += len(line.Probes)
		}
	}
	require.Equal(t, 3+1+1+1+1, buses)
	require.Equal(t, 2+2+3, scanners)
	require.Equal(t, 2, relays)
	require.Equal(t, 1+2, probes)
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
