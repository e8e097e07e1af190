package boards

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShuoming8A(t *testing.T) {
	s := at(t, Board{Family: FamilyShuoming8A, Address: 1, First: 1, Locks: 8}).only()
	for request, answer := range map[string]string{
		"80 01 00 33 B2":    "80 01 00 00 00 33 B2", // a board of 8 channels answers as one of 24
		"80 01 01 33 B3":    "80 01 01 00 80",
		"8A 01 01 11 9B":    "8A 01 01 00 8A",
		"8A 01 01 11 05 9E": "8A 01 01 00 8A",
	} {
		got, rest := shuoming8A{}.cut(append([]byte{0xFA, bccStatus, 0x99}, unhex(t, request)...))
		require.Equal(t, unhex(t, request), got)
		require.Empty(t, rest)
		require.Equal(t, unhex(t, answer), shuoming8A{}.answer(s, got))
	}
	require.Equal(t, 2, s.bus.steel.Truth(1).Pulses)
	require.Nil(t, shuoming8A{}.answer(s, unhex(t, "80 02 00 33 B1")))
	require.Equal(t, unhex(t, "82 01 01 11 93"), shuoming8A{}.push(s, 1, true))

	s = at(t, Board{Family: FamilyShuoming8A, Address: 1, First: 1, Locks: 50})
	require.Equal(t, unhex(t, "80 01 FF FF FF FF FF FF 03 33 B1"), shuoming8A{}.answer(s, unhex(t, "80 01 00 33 B2")))
	s = at(t, Board{Family: FamilyShuoming8A, Address: 1, First: 1, Locks: 24, HighFirst: true}).only(1)
	require.Equal(t, unhex(t, "80 01 00 00 01 33 B3"), shuoming8A{}.answer(s, unhex(t, "80 01 00 33 B2")))
}
