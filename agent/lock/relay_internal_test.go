package lock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/modbus"
)

// dialectOf is how a board is spoken to.
func dialectOf(t testing.TB, b Board) dialect {
	t.Helper()
	require.NoError(t, CheckBoards([]Board{b}))
	f, err := familyOf(b.Dialect)
	require.NoError(t, err)
	return newBoard(b, f).dialect
}

func relayBoard(name string, channels int) Board {
	return Board{Name: "A", Dialect: name, Address: 1, FirstCell: 1, Channels: channels, Feedback: ClosedWhenLocked}
}

func TestWaveshare(t *testing.T) {
	b := relayBoard(DialectWaveshareRelay, 8)
	d := dialectOf(t, b)
	require.Equal(t, []string{"01 02 00 00 00 08 79 CC"}, asks(d), "its inputs show that it is there")
	require.Equal(t, "01 05 02 00 00 02 4D B3", hexed(d.unlock(1)))
	look := d.look()[0].request
	a := answered(t, d, look, "01 02 01 05 61 8B")
	require.Equal(t, 1, a.address)
	require.Equal(t, bits{known: 0xFF, set: 0b101}, a.doors)
	require.Equal(t, bits{}, a.parcels)
	require.NoError(t, answered(t, d, d.unlock(1), "01 05 02 00 00 02 4D B3").refused)
	require.ErrorIs(t, answered(t, d, d.unlock(1), "01 85 02 C3 51").refused, modbus.Exception(2))
	unanswered(t, d, look, hexed(look))
	unanswered(t, d, nil, "01 02 01 05 61 8B")

	b.PulseMS = 700
	require.Equal(t, "01 05 02 00 00 07 8D B0", hexed(dialectOf(t, b).unlock(1)))
	b.PulseMS = 800
	require.Equal(t, "01 05 02 01 00 08 9C 74", hexed(dialectOf(t, b).unlock(2)))
	b.Inputs = &Inputs{Address: 9, First: 9}
	require.Equal(t, []string{
		"01 01 00 00 00 08 3D CC", hexed(modbus.Request(9, modbus.ReadInputs, 0, 16)),
	}, asks(dialectOf(t, b)), "the relay board is asked whether it is there")

	b = relayBoard(DialectWaveshareRelay, 4)
	b.Parcels = &Parcels{Sense: SetWhenPresent, Inputs: Inputs{First: 5}}
	d = dialectOf(t, b)
	require.Equal(t, []string{"01 02 00 00 00 08 79 CC"}, asks(d), "one request reads doors and parcels")
	a = answered(t, d, look, hexed(modbus.Seal([]byte{1, 2, 1, 0b0010_1101})))
	require.Equal(t, bits{known: 0xF, set: 0b1101}, a.doors)
	require.Equal(t, bits{known: 0xF, set: 0b0010}, a.parcels)
}

func TestR413(t *testing.T) {
	b := relayBoard(DialectR413Relay, 8)
	b.Inputs = &Inputs{Address: 2}
	d := dialectOf(t, b)
	require.Equal(t, []string{"01 03 00 01 00 01 D5 CA", hexed(modbus.Request(2, modbus.ReadInputs, 0, 8))}, asks(d))
	require.Equal(t, "01 06 00 01 05 00 DB 5A", hexed(d.unlock(1)))
	alive := answered(t, d, d.look()[0].request, hexed(modbus.Seal([]byte{1, 3, 2, 0, 1})))
	require.Equal(t, bits{}, alive.doors)
	a := answered(t, d, d.look()[1].request, hexed(modbus.Seal([]byte{2, 2, 1, 0x81})))
	require.Equal(t, 1, a.address, "the module speaks for the board")
	require.Equal(t, bits{known: 0xFF, set: 0x81}, a.doors)

	b.PulseMS = 2000
	require.Equal(t, "01 06 00 01 06 02 5A 6B", hexed(dialectOf(t, b).unlock(1)))
	b.Parcels = &Parcels{Sense: SetWhenEmpty, Inputs: Inputs{Address: 3, First: 9}}
	d = dialectOf(t, b)
	require.Len(t, d.look(), 3)
	require.Equal(t, ask{modbus.Request(3, modbus.ReadInputs, 0, 16), true}, d.look()[2])
}

// TestSensorsOnAModule: a board of any family may have its parcel sensors on an input module.
func TestSensorsOnAModule(t *testing.T) {
	b := Board{
		Name: "A", Dialect: DialectKerongCU16, FirstCell: 1, Channels: 8, Feedback: ClosedWhenLocked,
		Parcels: &Parcels{Sense: SetWhenPresent, Inputs: Inputs{Address: 9}},
	}
	d := dialectOf(t, b)
	require.Equal(t, []string{"02 00 30 03 35", hexed(modbus.Request(9, modbus.ReadInputs, 0, 8))}, asks(d))
	require.True(t, d.look()[1].parcels)
	a := answered(t, d, d.look()[0].request, "02 00 35 FE FF 02 00 03 39")
	require.Equal(t, bits{}, a.parcels, "its own inputs are not the sensors")
	require.Len(t, a.doors.list(16), 15)
	a = answered(t, d, d.look()[1].request, hexed(modbus.Seal([]byte{9, 2, 1, 4})))
	require.Equal(t, bits{known: 0xFF, set: 4}, a.parcels)
	require.Equal(t, bits{}, a.doors)
}

func FuzzParseRelays(f *testing.F) {
	b := relayBoard(DialectR413Relay, 8)
	b.Inputs, b.Parcels = &Inputs{Address: 2}, &Parcels{Sense: SetWhenPresent, Inputs: Inputs{Address: 3}}
	fuzzParse(f, b, "01 06 00 01 05 00 DB 5A", "01 86 02 C3 A1", hexed(modbus.Seal([]byte{2, 2, 1, 0x81})), hexed(modbus.Seal([]byte{3, 2, 1, 7})))
}
