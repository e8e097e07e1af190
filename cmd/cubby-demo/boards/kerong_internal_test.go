package boards

import (
	"encoding/hex"
	"path/filepath"
	"slices"
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
		got, rest := kerongCU48{}.cut(append([]byte{0xFA, 0x02}, want...))
		require.Equal(t, want, got)
		require.Empty(t, rest)
	}
}

// at is a board on no line.
func at(t testing.TB, b Board) *socket {
	s, err := OpenSteel(filepath.Join(t.TempDir(), "steel"), 0)
	require.NoError(t, err)
	return &socket{Board: b, voice: voiceOf(b.Family), bus: &Bus{steel: s, faults: map[int]Fault{}}}
}

// only has these doors shut, and all others open.
func (s *socket) only(shut ...int) *socket {
	for n := range s.Locks {
		s.bus.steel.cell(n + 1).Open = !slices.Contains(shut, n+1)
	}
	return s
}

func TestVendorsAnswers(t *testing.T) {
	ask := unhex(t, "02 0A 00 50 03 5F")
	require.Equal(t, unhex(t, "02 00 00 65 07 00 00 00 00 C0 03 31"),
		kerongCU48{}.answer(at(t, Board{Address: 0, First: 1, Locks: 48}).only(1, 2, 3, 47, 48), ask))
	require.Equal(t, unhex(t, "02 01 00 65 00 00 80 00 00 00 03 EB"),
		kerongCU48{}.answer(at(t, Board{Address: 1, First: 1, Locks: 48}).only(24), ask))
}

func TestCU16(t *testing.T) {
	s := at(t, Board{Family: FamilyKerongCU16, Address: 0, First: 1, Locks: 16})
	ask := unhex(t, "02 00 30 03 35")
	require.Equal(t, unhex(t, "02 00 35 FF FF 00 00 03 38"), kerongCU16{}.answer(s, ask))
	s.bus.steel.cell(1).Open = true
	require.Equal(t, unhex(t, "02 00 35 FE FF 00 00 03 37"), kerongCU16{}.answer(s, ask))
	s.bus.steel.Fill(2, "a parcel")
	require.Equal(t, unhex(t, "02 00 35 FE FF 02 00 03 39"), kerongCU16{}.answer(s, ask))
	require.Nil(t, kerongCU16{}.answer(s, unhex(t, "02 10 30 03 45")), "it is another board's")
	require.Nil(t, kerongCU16{}.answer(s, unhex(t, "02 0F 31 03 45")), "an unlock is not answered")
	require.Equal(t, 1, s.bus.steel.Truth(16).Pulses)
}

func TestCU48x60(t *testing.T) {
	s := at(t, Board{Family: FamilyKerongCU48x60, Address: 0, First: 1, Locks: 48}).only(1, 2, 3, 47, 48)
	require.Equal(t, unhex(t, "02 00 00 75 06 07 00 00 00 00 C0 44"), kerongCU48x60{}.answer(s, unhex(t, "02 00 00 60 03 65")))
	require.Equal(t, unhex(t, "02 00 00 75 00 77"), kerongCU48x60{}.answer(s, unhex(t, "02 00 00 61 03 66")))
	require.Equal(t, 1, s.bus.steel.Truth(1).Pulses)
}

// FuzzCut: whatever comes, no family gives back more than came, or keeps it for ever.
func FuzzCut(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0x50, 3, 0x55})
	f.Add([]byte{0xFA, 2, 2, 0, 0, 0x51, 3, 0x56, 2})
	f.Add([]byte{2, 0, 0x30, 3, 0x35})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, family := range Families() {
			request, rest := voiceOf(family).cut(b)
			require.LessOrEqual(t, len(request)+len(rest), len(b))
			require.True(t, request != nil || len(rest) < longest)
		}
	})
}
