package main

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func keyCommand(t *testing.T, name, dir string, args ...string) {
	t.Helper()
	require.NoError(t, run(t.Context(), append([]string{"key", name, "--dir", dir}, args...), env(), io.Discard, io.Discard))
}

func authoritySettings(dir string) []string {
	file := func(name string) string { return filepath.Join(dir, name) }
	return []string{
		"CUBBY_GATEWAY_CERT_FILE", file("gateway.pem"), "CUBBY_GATEWAY_KEY_FILE", file("gateway.key"), "CUBBY_DEVICE_CA_FILE", file("device-ca.pem"),
		"CUBBY_DEVICE_CA_KEY_FILE", file("device-ca.key"), "CUBBY_SIGNER_KEY_FILE", file("signer.key"),
		"CUBBY_SIGNER_BUDGET_FILE", file("signer-budget.json"),
	}
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "authority")
	keyCommand(t, "authority", dir, "--hosts", "gw.example.test, 192.0.2.7")
	contents := map[string]string{}
	for file, mode := range map[string]os.FileMode{
		"device-ca.pem": 0o644, "device-ca.key": 0o600, "server-ca.pem": 0o644, "server-ca.key": 0o600,
		"gateway.pem": 0o644, "gateway.key": 0o600, "signer.key": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), file)
		raw, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		contents[file] = string(raw)
	}
	// A second time makes what is missing and touches nothing else.
	require.NoError(t, os.Remove(filepath.Join(dir, "signer.key")))
	keyCommand(t, "authority", dir)
	for file, content := range contents {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Equal(t, file != "signer.key", string(raw) == content, file)
	}

	servers, err := readDevicePool(filepath.Join(dir, "server-ca.pem"))
	require.NoError(t, err)
	leaf, err := readCertificate(filepath.Join(dir, "gateway.pem"))
	require.NoError(t, err)
	for _, host := range []string{"gw.example.test", "192.0.2.7"} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: servers, DNSName: host})
		require.NoError(t, err, host)
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: servers, DNSName: "localhost"})
	require.Error(t, err)

	signers, err := readSigners(filepath.Join(dir, "signer.key"))
	require.NoError(t, err)
	require.Len(t, signers, 1)
	require.Len(t, signers[0].Key, ed25519.PrivateKeySize)
	again, err := readSigners(filepath.Join(dir, "signer.key"))
	require.NoError(t, err)
	require.Equal(t, signers[0].ID, again[0].ID)
	require.Error(t, run(t.Context(), []string{"key", "gateway", "--dir", dir, "--hosts", "https://gw"}, env(), io.Discard, io.Discard))
}

// TestSignersInTurn: a key is believed before it signs.
func TestSignersInTurn(t *testing.T) {
	t.Parallel()
	dir, next := t.TempDir(), t.TempDir()
	keyCommand(t, "authority", dir)
	keyCommand(t, "authority", next)
	old, err := os.ReadFile(filepath.Join(dir, "signer.key"))
	require.NoError(t, err)
	fresh, err := os.ReadFile(filepath.Join(next, "signer.key"))
	require.NoError(t, err)
	first, err := readSigners(filepath.Join(dir, "signer.key"))
	require.NoError(t, err)
	both := filepath.Join(dir, "both.key")
	require.NoError(t, os.WriteFile(both, append(old, fresh...), 0o600))
	signers, err := readSigners(both)
	require.NoError(t, err)
	require.Len(t, signers, 2)
	require.Equal(t, first[0].ID, signers[0].ID)
}

func TestKeysOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	keyCommand(t, "authority", dir)
	keyCommand(t, "authority", other)
	_, err := readDeviceAuthority(filepath.Join(dir, "device-ca.pem"), filepath.Join(other, "device-ca.key"))
	require.ErrorContains(t, err, "not the key of a certificate")
	a, err := readDeviceAuthority(filepath.Join(dir, "device-ca.pem"), filepath.Join(dir, "device-ca.key"))
	require.NoError(t, err)
	require.True(t, a.Certificate.IsCA)

	require.NoError(t, os.Chmod(filepath.Join(dir, "device-ca.key"), 0o640))
	_, err = readDeviceAuthority(filepath.Join(dir, "device-ca.pem"), filepath.Join(dir, "device-ca.key"))
	require.ErrorContains(t, err, "chmod 600")
	require.NoError(t, os.Chmod(filepath.Join(dir, "signer.key"), 0o644))
	_, err = readSigners(filepath.Join(dir, "signer.key"))
	require.ErrorContains(t, err, "chmod 600")
	for _, content := range []string{"", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"} {
		bad := filepath.Join(dir, "bad.key")
		require.NoError(t, os.WriteFile(bad, []byte(content), 0o600))
		_, err = readSigners(bad)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}

// TestWorkerNeedsTheAuthority: what is missing is told with the command that makes it; a
// gateway needs none of the keys that sign.
func TestWorkerNeedsTheAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	master := filepath.Join(dir, "master.key")
	settings := append(authoritySettings(dir), "CUBBY_MASTER_KEY_FILE", master)
	require.NoError(t, run(t.Context(), []string{"key", "master"}, env(settings...), io.Discard, io.Discard))
	conf, err := load(env(settings...))
	require.NoError(t, err)
	s := &server{program: program{config: conf, log: slog.New(slog.DiscardHandler)}}
	for _, missing := range []string{"device-ca.pem", "device-ca.key", "signer.key"} {
		keyCommand(t, "authority", dir)
		_, err := s.parts()
		require.NoError(t, err)
		require.NoError(t, os.Remove(filepath.Join(dir, missing)))
		_, err = s.parts()
		require.ErrorContains(t, err, "cubby key authority", missing)
		for _, file := range []string{"device-ca.pem", "device-ca.key"} {
			_ = os.Remove(filepath.Join(dir, file)) // the two are one
		}
	}
}

// TestGatewayTakesUpARenewal: new files count without a restart; files that do not fit each
// other do not.
func TestGatewayTakesUpARenewal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keyCommand(t, "authority", dir)
	now := time.Now()
	g, err := readGatewayCertificate(filepath.Join(dir, "gateway.pem"), filepath.Join(dir, "gateway.key"), slog.New(slog.DiscardHandler), func() time.Time { return now })
	require.NoError(t, err)
	serial := func() string {
		now = now.Add(lookAgain)
		c, err := g.get(nil)
		require.NoError(t, err)
		return c.Leaf.SerialNumber.String()
	}
	first := serial()
	touch := func(file string) {
		require.NoError(t, os.Chtimes(filepath.Join(dir, file), now, now)) // a coarse clock of the disk would hide the change
	}
	key, err := os.ReadFile(filepath.Join(dir, "gateway.key"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gateway.key"), []byte("torn"), 0o600))
	touch("gateway.key")
	require.Equal(t, first, serial())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gateway.key"), key, 0o600))
	keyCommand(t, "gateway", dir)
	touch("gateway.pem")
	second := serial()
	require.NotEqual(t, first, second)
	leaf, err := readCertificate(filepath.Join(dir, "gateway.pem"))
	require.NoError(t, err)
	require.Equal(t, second, leaf.SerialNumber.String())
	require.Equal(t, []string{"localhost"}, leaf.DNSNames, "the names stay")
	require.True(t, leaf.IPAddresses[0].Equal(net.IPv4(127, 0, 0, 1)))
	_, err = tls.LoadX509KeyPair(filepath.Join(dir, "gateway.pem"), filepath.Join(dir, "gateway.key"))
	require.NoError(t, err)
}
