package models_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestClaimCodes(t *testing.T) {
	t.Parallel()
	for raw, want := range map[byte]string{
		0x00: "0000-0000-0000-0000-0000-0000-00",
		0xff: "7ZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZ",
	} {
		got, err := models.NewClaimCode(bytes.NewReader(bytes.Repeat([]byte{raw}, 16)))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := models.NewClaimCode(strings.NewReader("short"))
	require.Error(t, err)
	seen := map[string]bool{}
	for range 1000 {
		code, err := models.NewClaimCode(rand.Reader)
		require.NoError(t, err)
		hash, ok := models.HashClaim(code)
		require.True(t, ok)
		require.False(t, seen[hash])
		seen[hash] = true
	}
}

// As people type it: it is the same claim. Anything else is another, or none.
func TestHashClaim(t *testing.T) {
	t.Parallel()
	want, ok := models.HashClaim("7ZK0-1QMX-0000-0000-0000-0000-0A")
	require.True(t, ok)
	require.Len(t, want, 64)
	for _, same := range []string{"7zk01qmx00000000000000000a", " 7ZKO IQMX oooo 0000 0000 0000 0a ", "7zkO-LQMX-0000-0000-0000-0000-0A"} {
		got, ok := models.HashClaim(same)
		require.True(t, ok, same)
		require.Equal(t, want, got, same)
	}
	other, ok := models.HashClaim("7ZK0-1QMX-0000-0000-0000-0000-0B")
	require.True(t, ok)
	require.NotEqual(t, want, other)
	for _, none := range []string{"", "7", "7ZK0-1QMX-0000-0000-0000-0000-0", "7ZK0-1QMX-0000-0000-0000-0000-0AA", "7ZK0-1QMX-0000-0000-0000-0000-0U", strings.Repeat("-", 200), strings.Repeat("0", 1<<20)} {
		_, ok := models.HashClaim(none)
		require.False(t, ok)
	}
}

func TestLockerOf(t *testing.T) {
	t.Parallel()
	const id = models.LockerID("lkr_01hv0000000000000000000001")
	require.Equal(t, "spiffe://cubby/locker/"+string(id), models.LockerURI(id).String())
	l, ok := models.LockerOf(&x509.Certificate{URIs: []*url.URL{models.LockerURI(id)}})
	require.True(t, ok)
	require.Equal(t, id, l)
	for _, uris := range [][]string{
		nil, {""}, {"spiffe://cubby/locker/" + string(id), "spiffe://cubby/locker/" + string(id)},
		{"spiffe://other/locker/" + string(id)}, {"https://cubby/locker/" + string(id)}, {"spiffe://cubby/gateway/" + string(id)},
		{"spiffe://cubby/locker/shp_01hv0000000000000000000001"}, {"spiffe://cubby/locker/" + string(id) + "/x"},
		{"spiffe://user@cubby/locker/" + string(id)}, {"spiffe://cubby/locker/" + string(id) + "#x"},
		{"spiffe://cubby/locker/%6ckr_01hv0000000000000000000001"},
	} {
		c := &x509.Certificate{}
		for _, text := range uris {
			u, err := url.Parse(text)
			require.NoError(t, err)
			c.URIs = append(c.URIs, u)
		}
		_, ok := models.LockerOf(c)
		require.False(t, ok, "%v", uris)
	}
}

func FuzzCheckCSR(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	good, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, der []byte) {
		public, hash, err := models.CheckCSR(der)
		if err != nil {
			require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
			return
		}
		require.Equal(t, elliptic.P256(), public.Curve)
		require.Len(t, hash, 64)
	})
}
