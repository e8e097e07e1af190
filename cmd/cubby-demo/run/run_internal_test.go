package run

import (
	"bytes"
	"context"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/rig"
)

func TestBusyPortIsNamedWithItsFlag(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	ports, err := FreePorts()
	require.NoError(t, err)
	require.NoError(t, ports.check(t.Context()))
	ports.Gateway = listener.Addr().(*net.TCPAddr).Port
	err = ports.check(t.Context())
	require.ErrorContains(t, err, "--port-gateway")
	require.ErrorContains(t, err, "port "+strings.TrimPrefix(listener.Addr().String(), "127.0.0.1:"))
	require.ErrorContains(t, err, "--free-ports")
}

func TestParse(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	got, err := parse(nil, &stderr)
	require.NoError(t, err)
	require.Equal(t, Options{Var: "var", Bin: "bin", Ports: DefaultPorts(), AutoClose: autoClose, Full: true, Pace: pace}, got)
	got, err = parse([]string{"--var", "x", "--bin", "y", "--port-api", "8888", "--auto-close", "0"}, &stderr)
	require.NoError(t, err)
	require.Equal(t, "x", got.Var)
	require.Equal(t, 8888, got.Ports.API)
	require.Equal(t, 9090, got.Ports.Ops)
	require.Zero(t, got.AutoClose)
	got, err = parse([]string{"--free-ports"}, &stderr)
	require.NoError(t, err)
	require.Equal(t, Ports{}, got.Ports)
	require.Empty(t, stderr.String())
	for _, bad := range [][]string{{"--port-api", "x"}, {"more"}, {"--var", ""}} {
		_, err = parse(bad, &stderr)
		require.Equal(t, rig.ExitStatus(2), err)
	}
	_, err = parse([]string{"--help"}, &stderr)
	require.Equal(t, rig.ExitStatus(0), err)
	for _, n := range new(Ports).named() {
		require.Contains(t, stderr.String(), "-"+n.flag)
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := openFolder(dir)
	require.NoError(t, err)
	_, err = openFolder(dir)
	require.ErrorContains(t, err, "in use by another")

	var n Network
	there, err := f.load(networkFile, &n)
	require.NoError(t, err)
	require.False(t, there)
	want := Network{Carrier: "org_1", Lockers: []Locker{{ID: "lkr_1", Number: "L-001"}}}
	require.NoError(t, f.save(networkFile, want))
	there, err = f.load(networkFile, &n)
	require.NoError(t, err)
	require.True(t, there)
	require.Equal(t, want, n)
	info, err := os.Stat(f.in(networkFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds keys")
	require.NoError(t, f.close())

	temporary, err := openFolder("")
	require.NoError(t, err)
	require.NoError(t, temporary.close())
	require.NoDirExists(t, temporary.path)
}

func TestWaitTellsWhoDied(t *testing.T) {
	t.Parallel()
	log := t.TempDir() + "/part.log"
	script := "for i in $(seq 50); do echo line $i; done; echo fatal: no more disk; exec sleep 1000"
	process := rig.NewProcess(rig.Spec{
		Name: "part", Path: "/bin/sh", Args: []string{"-c", script}, Log: log,
		ReadyLine: func(line string) bool { return strings.HasPrefix(line, "fatal") },
	})
	require.NoError(t, process.Start(t.Context()))
	s := &System{watched: []child{{"part", log, process}}, failed: make(chan error, 1)}

	done, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.Wait(done), "asked to stop")

	require.NoError(t, process.Kill9())
	err := s.Wait(t.Context())
	require.ErrorContains(t, err, "part ended by itself")
	require.ErrorContains(t, err, "line 50\nfatal: no more disk")
	require.Equal(t, err, s.dead())
	require.NotContains(t, err.Error(), "line 30\n", "the last lines alone")
}

func TestTailOfALongLog(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/long.log"
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("x", 3*tailBytes)+"\nlast\n"), 0o600))
	got, err := tail(path)
	require.NoError(t, err)
	require.Len(t, got, tailBytes-1)
	require.True(t, strings.HasSuffix(got, "x\nlast"))
}
