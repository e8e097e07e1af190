package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/host"
)

const good = `{"dir": "/var/lib/cubby", "server": "https://lockers.example.test:8443", "server_ca": "/etc/cubby/ca.pem",
	"buses": [{"port": "serial:/dev/ttyS0", "boards": [{"name": "A", "dialect": "kerong-cu48", "address": 0, "first_cell": 1,
	"channels": 16, "feedback": "closed_when_locked"}]}], "scanners": [{"port": "serial:/dev/ttyUSB0?baud=9600"}]}`

func configOf(t *testing.T, text string) (config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agent.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return readConfig(path)
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	c, err := configOf(t, good)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8070", c.Screen)
	require.Equal(t, "/var/lib/cubby/agent.sock", c.Socket)
	require.Equal(t, "info", c.LogLevel)
	require.Equal(t, 16, c.Buses[0].Boards[0].Channels)
}

// TestAllThatIsWrongIsSaidAtOnce: a technician on site does not come back for each mistake.
func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	_, err := configOf(t, `{"server": "http://x", "screen": "0.0.0.0:80", "log_level": "loud", "socket": "`+strings.Repeat("s", 108)+`",
		"buses": [{"port": "usb:1", "boards": []}, {"port": "tcp:host", "boards": [
			{"name": "A", "dialect": "kerong-cu48", "address": 99, "first_cell": 1, "channels": 16, "feedback": "closed_when_locked"},
			{"name": "B", "dialect": "other", "address": 0, "first_cell": 1, "channels": 16, "feedback": "closed_when_locked"}]},
			{"port": "serial:/dev/ttyS9", "boards": [
			{"name": "C", "dialect": "r413-relay", "address": 1, "first_cell": 20, "channels": 8, "feedback": "closed_when_locked", "inputs": {"address": 2}},
			{"name": "D", "dialect": "r413-relay", "address": 1, "first_cell": 30, "channels": 8, "feedback": "closed_when_locked", "inputs": {"address": 3}}]}],
		"relays": [{"port": "tcp:host", "boards": [{"name": "R", "dialect": "waveshare-relay", "address": 1, "outputs": [{"name": "pump", "relay": 1}]}]}],
		"scanners": [{"port": "serial:"}]}`)
	require.Error(t, err)
	for _, mistake := range []string{
		"dir is missing", "server must be https://", "server_ca is missing", "screen must be an address of this computer alone",
		"log_level", "longer than 107 bytes", `"usb:1" names no line`, "the bus at usb:1 has no boards", "missing port",
		"board A: the address", `no dialect "other"`, "needs the path of a device",
		"boards r413-relay come with 9600 baud: write serial:/dev/ttyS9?baud=9600", "boards C and D have address 1 on one line",
		`relays: tcp:host is a line of lock boards`, `board R: there is no output "pump"`,
	} {
		require.ErrorContains(t, err, mistake)
	}
}

func TestConfigurationThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		`{"dirr": "x"}`: `unknown field "dirr"`,
		`{`:             "unexpected EOF",
		`{}`:            "buses is empty",
	} {
		_, err := configOf(t, text)
		require.ErrorContains(t, err, says)
	}
	_, err := readConfig(filepath.Join(t.TempDir(), "none.json"))
	require.ErrorContains(t, err, "say where it is with --config")
}

func TestCommands(t *testing.T) {
	t.Parallel()
	call := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), args, program{&out, &out, host.Computer})
		return out.String(), err
	}
	for _, args := range [][]string{nil, {"help"}, {"--help"}, {"-h"}} {
		out, err := call(args...)
		require.NoError(t, err)
		for _, c := range commands() {
			require.Contains(t, out, "cubby-agent "+c.usage)
		}
		require.Contains(t, out, "first_cell")
	}
	_, err := call("dance")
	require.ErrorContains(t, err, `no command "dance"`)
	out, err := call("version")
	require.NoError(t, err)
	require.Equal(t, version+"\n", out)
	path := filepath.Join(t.TempDir(), "agent.json")
	require.NoError(t, os.WriteFile(path, []byte(good), 0o600))
	_, err = call("open", "--config", path)
	require.ErrorContains(t, err, "--cell is missing")
	_, err = call("enroll", "--config", path)
	require.ErrorContains(t, err, "--claim is missing")
	_, err = call("run", "--config", path)
	require.ErrorContains(t, err, "not enrolled")
	_, err = call("check", "--colour")
	require.ErrorContains(t, err, "colour")
}
