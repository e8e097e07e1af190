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

// FuzzHashClaim: a made claim is known however it is typed, and what is taken for a claim
// is known by its 26 digits alone.
func FuzzHashClaim(f *testing.F) {
	raw := bytes.Repeat([]byte{0xa5}, 16)
	for _, typed := range []string{
		"7ZK0-1QMX-0000-0000-0000-0000-0A", " 7zkO iqmx oooo 0000 0000 0000 0a ", "7ZK0-1QMX-0000-0000-0000-0000-0", "7ZK0-1QMX-0000-0000-0000-0000-0U",
		"7ZK0-1QMX-0000-0000-0000-0000-0AA", "", strings.Repeat("-", 104), strings.Repeat("0", 105), "\xff", "\u212a0000000000000000000000000", "\u01300000000000000000000000000",
	} {
		f.Add(raw, typed)
	}
	f.Fuzz(func(t *testing.T, raw []byte, typed string) {
		if hash, ok := models.HashClaim(typed); ok {
			require.Len(t, hash, 64)
			plain := plainClaim(typed)
			require.Len(t, plain, 26)
			again, ok := models.HashClaim(plain)
			require.True(t, ok, plain)
			require.Equal(t, hash, again)
			other := []byte(plain)
			other[0] = "01"[1&(other[0]+1)]
			if string(other) != plain {
				different, ok := models.HashClaim(string(other))
				require.True(t, ok)
				require.NotEqual(t, hash, different)
			}
		} else {
			require.Empty(t, hash)
		}
		code, err := models.NewClaimCode(bytes.NewReader(raw))
		if err != nil {
			require.Less(t, len(raw), 16)
			return
		}
		want, ok := models.HashClaim(code)
		require.True(t, ok, code)
		for _, same := range []string{strings.ToLower(code), strings.ReplaceAll(code, "-", ""), strings.ReplaceAll(code, "-", "  "), strings.ReplaceAll(code, "0", "O"), strings.ReplaceAll(code, "1", "l")} {
			got, ok := models.HashClaim(same)
			require.True(t, ok, same)
			require.Equal(t, want, got, same)
		}
	})
}

// plainClaim is a claim as its hash sees it, by another way than the code's own.
func plainClaim(typed string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '-', ' ':
			return -1
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		return r
	}, strings.ToLower(typed))
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
