package rig_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/rig"
)

// fakeTemporal is a program that keeps the contract of cubby-temporal as far as starting goes: it writes down its
// arguments and says that it is ready.
func fakeTemporal(t *testing.T) (path, arguments string) {
	t.Helper()
	dir := t.TempDir()
	path, arguments = filepath.Join(dir, "cubby-temporal"), filepath.Join(dir, "arguments")
	script := "#!/bin/sh\necho \"$*\" >>" + arguments + "\necho 'temporal: ready 127.0.0.1:1 ui off'\nexec sleep 1000\n"
	require.NoError(t, os.WriteFile(path, []byte(script), 0o700))
	return path, arguments
}

func TestTemporalArguments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options rig.TemporalOptions
		want    string
	}{
		{
			name:    "folder",
			options: rig.TemporalOptions{Port: 7, UIPort: 8, DataDir: "/data", Namespace: "other", SearchAttributes: []string{"A", "B"}},
			want: "--ip 127.0.0.1 --port 7 --ui-port 8 --namespace other --log-level warn --data /data " +
				"--search-attribute A=Keyword --search-attribute B=Keyword",
		},
		{
			name:    "postgres and the product's attributes",
			options: rig.TemporalOptions{Port: 7, PostgresDSN: "postgres://x"},
			want: "--ip 127.0.0.1 --port 7 --ui-port 0 --namespace cubby --log-level warn --postgres postgres://x " +
				"--search-attribute Number=Keyword --search-attribute Locker=Keyword " +
				"--search-attribute Carrier=Keyword --search-attribute State=Keyword",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			binary, arguments := fakeTemporal(t)
			test.options.Binary = binary
			server, err := rig.StartTemporal(t.Context(), test.options)
			require.NoError(t, err)
			require.NoError(t, server.Stop())
			got, err := os.ReadFile(arguments)
			require.NoError(t, err)
			require.Equal(t, test.want, strings.TrimSpace(string(got)))
		})
	}
}

func TestTemporalKeepsItsAddress(t *testing.T) {
	t.Parallel()
	binary, arguments := fakeTemporal(t)
	server, err := rig.StartTemporal(t.Context(), rig.TemporalOptions{Binary: binary})
	require.NoError(t, err)
	require.NoError(t, server.Kill9())
	require.NoError(t, server.Start(t.Context()))
	require.NoError(t, server.Stop())
	got, err := os.ReadFile(arguments)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(got)), "\n")
	require.Len(t, lines, 2)
	require.Equal(t, lines[0], lines[1], "killed and started again with the same arguments")
	_, port, err := net.SplitHostPort(server.Address)
	require.NoError(t, err)
	require.Contains(t, lines[0], fmt.Sprintf("--port %s ", port))
}

func TestTemporalRefusesTwoStores(t *testing.T) {
	t.Parallel()
	_, err := rig.StartTemporal(t.Context(), rig.TemporalOptions{Binary: "x", DataDir: "/data", PostgresDSN: "postgres://x"})
	require.ErrorContains(t, err, "not in both")
	_, err = rig.StartTemporal(t.Context(), rig.TemporalOptions{})
	require.ErrorContains(t, err, "cubby-temporal")
}

// TestRealTemporal needs the program itself, which takes minutes to build: "make test" provides it.
func TestRealTemporal(t *testing.T) {
	t.Parallel()
	binary := os.Getenv(rig.EnvTemporalBinary)
	if binary == "" {
		t.Skipf("%s is not set", rig.EnvTemporalBinary)
	}
	ports, err := rig.FreePorts(1)
	require.NoError(t, err)
	server, err := rig.StartTemporal(t.Context(), rig.TemporalOptions{Binary: binary, UIPort: ports[0]})
	require.NoError(t, err)
	for range 2 {
		for _, address := range []string{server.Address, server.UIAddress} {
			conn, err := net.Dial("tcp", address)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
		}
		require.NoError(t, server.Kill9())
		_, err = net.Dial("tcp", server.Address)
		require.Error(t, err)
		require.NoError(t, server.Start(t.Context()))
	}
	require.NoError(t, server.Stop())
	require.False(t, alive(server.Pid()))
}
