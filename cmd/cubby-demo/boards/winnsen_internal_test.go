package boards

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWinnsen(t *testing.T) {
	s := at(t, Board{Family: FamilyWinnsen, Address: 1, First: 1, Locks: 16})
	require.Equal(t, unhex(t, "90 07 92 01 00 05 03"), winnsen{}.answer(s, unhex(t, "90 06 12 01 05 03")))
	require.Equal(t, unhex(t, "90 07 85 01 05 01 03"), winnsen{}.answer(s, unhex(t, "90 06 05 01 05 03")))
	s.Swapped = true
	require.Equal(t, unhex(t, "90 07 92 01 05 00 03"), winnsen{}.answer(s, unhex(t, "90 06 12 01 05 03")))
	require.Nil(t, winnsen{}.answer(s, unhex(t, "90 06 12 02 05 03")))
	require.Equal(t, 1, s.bus.steel.Truth(5).Pulses)
}
