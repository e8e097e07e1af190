package boards

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWaveshare(t *testing.T) {
	s := at(t, Board{Family: FamilyWaveshareRelay, Address: 1, First: 1, Locks: 8}).only()
	for request, answer := range map[string]string{
		"01 05 02 00 00 02 4D B3": "01 05 02 00 00 02 4D B3",
		"01 02 00 00 00 08 79 CC": "01 02 01 00 A1 88",
		"01 01 00 00 00 08 3D CC": "01 01 01 00 51 88",
		"01 05 02 00 00 00 CC 72": "01 85 03 02 91", // not at all
	} {
		got, rest := waveshare{}.cut(append([]byte{0xFA, 1, 5, 2}, unhex(t, request)...))
		require.Equal(t, unhex(t, request), got)
		require.Empty(t, rest)
		require.Equal(t, unhex(t, answer), waveshare{}.answer(s, got), request)
	}
	require.Equal(t, unhex(t, "01 85 02 C3 51"), waveshare{}.answer(s, sealCRC(1, 5, 2, 8, 0, 2)))
	require.Nil(t, waveshare{}.answer(s, sealCRC(2, 5, 2, 0, 0, 2)))
	require.Equal(t, 1, s.bus.steel.Truth(1).Pulses)
}

func TestR413(t *testing.T) {
	s := at(t, Board{Family: FamilyR413Relay, Address: 1, First: 1, Locks: 8})
	momentary := unhex(t, "01 06 00 01 05 00 DB 5A")
	require.Equal(t, momentary, r413{}.answer(s, momentary))
	delay := unhex(t, "01 06 00 01 06 02 5A 6B")
	require.Equal(t, delay, r413{}.answer(s, delay))
	require.Equal(t, sealCRC(1, 3, 2, 0, 0), r413{}.answer(s, unhex(t, "01 03 00 01 00 01 D5 CA")))
	require.Equal(t, sealCRC(1, 0x86, 3), r413{}.answer(s, unhex(t, "01 06 00 01 01 00 D9 9A")), "a solenoid is not held on")
	require.Equal(t, sealCRC(1, 0x82, 1), r413{}.answer(s, sealCRC(1, 2, 0, 1, 0, 8)), "it has no inputs")
	require.Equal(t, 2, s.bus.steel.Truth(1).Pulses)
}

func TestModule(t *testing.T) {
	s := at(t, Board{Family: FamilyInputs, Address: 9, First: 1, Locks: 8, Contacts: 1, Sensors: 17}).only(1, 3)
	s.bus.steel.Fill(2, "a parcel")
	require.Equal(t, sealCRC(9, 2, 3, 0b101, 0, 0b10), module{}.answer(s, sealCRC(9, 2, 0, 0, 0, 24)))
	require.Equal(t, sealCRC(9, 2, 1, 0b10), module{}.answer(s, sealCRC(9, 2, 0, 1, 0, 2)))
	require.Equal(t, sealCRC(9, 0x82, 2), module{}.answer(s, sealCRC(9, 2, 0, 0, 0, 49)))
}
