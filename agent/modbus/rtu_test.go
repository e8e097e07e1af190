package modbus_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/modbus"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

// The frames are those of vendors' papers, or were captured from devices.
func TestRequests(t *testing.T) {
	for _, c := range []struct {
		frame          string
		unit           byte
		f              modbus.Function
		address, value uint16
	}{
		{"01 05 00 00 FF 00 8C 3A", 1, modbus.WriteCoil, 0, 0xFF00},
		{"01 05 02 00 00 02 4D B3", 1, modbus.WriteCoil, 0x0200, 2},
		{"01 05 02 01 00 08 9C 74", 1, modbus.WriteCoil, 0x0201, 8},
		{"01 01 00 00 00 08 3D CC", 1, modbus.ReadCoils, 0, 8},
		{"01 02 00 00 00 08 79 CC", 1, modbus.ReadInputs, 0, 8},
		{"01 03 00 01 00 01 D5 CA", 1, modbus.ReadHolding, 1, 1},
		{"01 04 00 01 00 02 20 0B", 1, modbus.ReadRegisters, 1, 2},
		{"01 06 00 01 05 00 DB 5A", 1, modbus.WriteRegister, 1, 0x0500},
		{"00 06 40 00 00 01 5C 1B", 0, modbus.WriteRegister, 0x4000, 1},
	} {
		require.Equal(t, unhex(t, c.frame), modbus.Request(c.unit, c.f, c.address, c.value), c.frame)
	}
}

func TestAnswers(t *testing.T) {
	inputs := modbus.Request(1, modbus.ReadInputs, 0, 8)
	a, ok := modbus.Find(inputs, unhex(t, "FA 01 02 01 02 01 00 A1 88 77"))
	require.True(t, ok, "noise and what looks like a beginning do not hide it")
	require.NoError(t, a.Refused)
	require.Equal(t, []int{3, 9}, []int{a.From, a.To})
	require.False(t, a.Bit(0))

	climate := modbus.Request(1, modbus.ReadRegisters, 1, 2)
	a, ok = modbus.Find(climate, unhex(t, "01 04 04 01 31 02 22 2A CE"))
	require.True(t, ok)
	require.Equal(t, []uint16{0x0131, 0x0222, 0}, []uint16{a.Register(0), a.Register(1), a.Register(2)})
	a, ok = modbus.Find(modbus.Request(1, modbus.ReadRegisters, 1, 1), unhex(t, "01 04 02 FF 33 B8 D5"))
	require.True(t, ok)
	require.Equal(t, int16(-205), int16(a.Register(0)))

	coils := modbus.Request(1, modbus.ReadCoils, 0, 8)
	a, ok = modbus.Find(coils, unhex(t, "01 01 01 01 90 48"))
	require.True(t, ok)
	require.Equal(t, []bool{true, false, false}, []bool{a.Bit(0), a.Bit(1), a.Bit(8)})

	flash := modbus.Request(1, modbus.WriteCoil, 0x0200, 2)
	a, ok = modbus.Find(flash, flash)
	require.True(t, ok)
	require.NoError(t, a.Refused)
	a, ok = modbus.Find(flash, unhex(t, "01 85 02 C3 51"))
	require.True(t, ok)
	require.EqualError(t, a.Refused, "modbus: the unit refuses: it has no such address")
	a, ok = modbus.Find(flash, unhex(t, "01 85 03 02 91"))
	require.True(t, ok)
	require.ErrorIs(t, a.Refused, modbus.Exception(3))
}

func TestNoAnswers(t *testing.T) {
	inputs := modbus.Request(1, modbus.ReadInputs, 0, 8)
	for name, have := range map[string]string{
		"nothing": "", "half": "01 02 01 00 A1", "damaged": "01 02 01 00 A1 89", "another unit": "02 02 01 00 A1 CC",
		"its own echo": "01 02 00 00 00 08 79 CC", "another function": "01 01 01 01 90 48", "more bits than asked": "01 02 02 00 00 B9 B8",
	} {
		_, ok := modbus.Find(inputs, unhex(t, have))
		require.False(t, ok, name)
	}
	_, ok := modbus.Find(modbus.Request(1, modbus.WriteCoil, 0x0200, 2), modbus.Request(1, modbus.WriteCoil, 0x0201, 2))
	require.False(t, ok, "the echo of another pulse says nothing of this one")
	_, ok = modbus.Find([]byte{1, 2}, unhex(t, "01 02 01 00 A1 88"))
	require.False(t, ok, "no request, no answer")
	require.EqualError(t, modbus.Exception(77), "modbus: the unit refuses with code 77")
}

func FuzzFind(f *testing.F) {
	f.Add(byte(2), uint16(0), uint16(8), unhex(f, "01 02 01 00 A1 88"))
	f.Add(byte(5), uint16(0x200), uint16(2), unhex(f, "FA 01 85 02 C3 51"))
	f.Add(byte(4), uint16(1), uint16(2), unhex(f, "01 04 04 01 31 02 22 2A CE"))
	f.Add(byte(9), uint16(0), uint16(0xFFFF), []byte{1, 0x89, 1})
	f.Fuzz(func(t *testing.T, function byte, address, value uint16, have []byte) {
		request := modbus.Request(1, modbus.Function(function), address, value)
		a, ok := modbus.Find(request, have)
		if !ok {
			return
		}
		require.True(t, 0 <= a.From && a.From < a.To && a.To <= len(have))
		require.Equal(t, have[a.From:a.To], modbus.Seal(append([]byte{}, have[a.From:a.To-2]...)), "what is taken has its CRC")
		a.Bit(len(have) * 8)
		a.Register(len(have))
	})
}
