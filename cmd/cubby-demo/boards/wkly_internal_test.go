package boards

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWKLY(t *testing.T) {
	s := at(t, Board{Family: FamilyWKLY, Address: 0, First: 1, Locks: 2}).only(2)
	for request, answer := range map[string]string{
		"57 4B 4C 59 09 00 82 01 83": "57 4B 4C 59 0B 00 82 00 01 00 81",
		"57 4B 4C 59 09 00 83 01 82": "57 4B 4C 59 0B 00 83 00 01 00 80",
		"57 4B 4C 59 09 00 83 02 81": "57 4B 4C 59 0B 00 83 00 02 01 82",
		"57 4B 4C 59 08 00 84 85":    "57 4B 4C 59 0C 00 84 00 02 00 01 82",
	} {
		got, rest := wkly{}.cut(append([]byte("WK"), unhex(t, request)...))
		require.Equal(t, unhex(t, request), got)
		require.Empty(t, rest)
		require.Equal(t, unhex(t, answer), wkly{}.answer(s, got), request)
	}
	require.Nil(t, wkly{}.answer(s, unhex(t, "57 4B 4C 59 08 01 84 84")))
	require.Equal(t, unhex(t, "57 4B 4C 59 0A 00 85 01 01 86"), wkly{}.push(s, 1, true))
	require.Equal(t, unhex(t, "57 4B 4C 59 0A 00 85 01 00 87"), wkly{}.push(s, 1, false))
}
