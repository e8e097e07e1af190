package boards

import (
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The frames are the vendor's own examples (CU48 protocol v2.1).
func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

func TestVendorsRequests(t *testing.T) {
	for _, frame := range []string{
		"02 00 00 50 03 55", "02 0A 00 50 03 5F", "02 00 00 51 03 56", "02 00 30 51 03 86", "02 0A 30 51 03 90",
	} {
		want := unhex(t, frame)
		got, rest := nextRequest(append([]byte{0xFA, 0x02}, want...))
		require.Equal(t, want, got)
		require.Empty(t, rest)
	}
}

func TestVendorsAnswers(t *testing.T) {
	for _, c := range []struct {
		address int
		locked  []int
		frame   string
	}{
		{0, []int{1, 2, 3, 47, 48}, "02 00 00 65 07 00 00 00 00 C0 03 31"},
		{1, []int{24}, "02 01 00 65 00 00 80 00 00 00 03 EB"},
	} {
		s, err := OpenSteel(filepath.Join(t.TempDir(), "steel"), 0)
		require.NoError(t, err)
		for n := range locksPerBoard {
			s.cell(n + 1).Open = true
		}
		for _, n := range c.locked {
			s.cell(n).Open = false
		}
		b := Bus{steel: s}
		require.Equal(t, unhex(t, c.frame), b.status(Board{Address: c.address, First: 1, Locks: 48}, FaultNone))
	}
}

func FuzzNextRequest(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0x50, 3, 0x55})
	f.Add([]byte{0xFA, 2, 2, 0, 0, 0x51, 3, 0x56, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		request, rest := nextRequest(b)
		require.LessOrEqual(t, len(request)+len(rest), len(b))
		require.True(t, request != nil || len(rest) < requestBytes)
	})
}
