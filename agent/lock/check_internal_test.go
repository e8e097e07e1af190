package lock

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBoardsAreChecked: whoever writes a configuration is told what is wrong in plain words.
func TestBoardsAreChecked(t *testing.T) {
	cu16 := Board{Name: "A", Dialect: DialectKerongCU16, FirstCell: 1, Channels: 16, Feedback: ClosedWhenLocked}
	for says, change := range map[string]func(b *Board){
		"":                                  func(b *Board) { b.Parcels = &Parcels{Sense: SetWhenPresent, Unfitted: []int{3}} },
		`there is no dialect "x"`:           func(b *Board) { b.Dialect = "x" },
		"a name of its own":                 func(b *Board) { b.Name = "" },
		"the address is from 0 to 15":       func(b *Board) { b.Address = 16 },
		"the address is from 1 to 99":       func(b *Board) { b.Dialect = DialectShuoming8A },
		"channels is from 1 to 16":          func(b *Board) { b.Channels = 17 },
		"first_cell counts from 1":          func(b *Board) { b.FirstCell = 0 },
		"feedback is closed_when_locked or": func(b *Board) { b.Feedback = "x" },
		"inverted names cell 17":            func(b *Board) { b.Inverted = []int{17} },
		"unfitted names cell 99":            func(b *Board) { b.Unfitted = []int{99} },
		"locks names cell 99":               func(b *Board) { b.Locks = map[int]int{99: 1} },
		"locks has channel 17 for cell 1":   func(b *Board) { b.Locks = map[int]int{1: 17} },
		"would drive the locks of cells 1":  func(b *Board) { b.Locks = map[int]int{1: 2} },
		"status_byte_order is not for":      func(b *Board) { b.StatusByteOrder = LowFirst },
		"status_byte_order is low_first or": func(b *Board) { b.Dialect, b.Address, b.StatusByteOrder = DialectShuoming8A, 1, "x" },
		"swapped is not for":                func(b *Board) { b.Swapped = true },
		"pulse_ms cannot be set":            func(b *Board) { b.PulseMS = 100 },
		"pulse_ms is from 1000 to 9000 in":  func(b *Board) { b.Dialect, b.Address, b.PulseMS = DialectShuoming8A, 1, 1500 },
		"inputs is not for kerong-cu16":     func(b *Board) { b.Inputs = &Inputs{Address: 2} },
		"inputs is missing: r413-relay has": func(b *Board) { b.Dialect, b.Address = DialectR413Relay, 1 },
		"inputs.address is missing":         func(b *Board) { b.Dialect, b.Address, b.Inputs = DialectR413Relay, 1, &Inputs{First: 3} },
		"inputs.address is from 1 to 247":   func(b *Board) { b.Dialect, b.Address, b.Inputs = DialectR413Relay, 1, &Inputs{Address: 248} },
		"inputs.first is from 1 to 1000":    func(b *Board) { b.Dialect, b.Address, b.Inputs = DialectR413Relay, 1, &Inputs{Address: 2, First: 1001} },
		"parcels.sense is set_when_present": func(b *Board) { b.Parcels = &Parcels{} },
		"parcels.first is of an input":      func(b *Board) { b.Parcels = &Parcels{Sense: SetWhenEmpty, Inputs: Inputs{First: 2}} },
		"parcels.unfitted names cell 99":    func(b *Board) { b.Parcels = &Parcels{Sense: SetWhenEmpty, Unfitted: []int{99}} },
		"kerong-cu48 has no parcel sensors": func(b *Board) { b.Dialect, b.Parcels = DialectKerongCU48, &Parcels{Sense: SetWhenEmpty} },
		"parcels.address is from 1 to 247":  func(b *Board) { b.Parcels = &Parcels{Sense: SetWhenEmpty, Inputs: Inputs{Address: -1}} },
		"parcels.first is missing: say which": func(b *Board) {
			b.Dialect, b.Address, b.Channels, b.Parcels = DialectWaveshareRelay, 1, 4, &Parcels{Sense: SetWhenEmpty}
		},
	} {
		b := cu16
		change(&b)
		err := CheckBoards([]Board{b})
		if says == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, says)
		}
	}
	other := cu16
	other.Name, other.FirstCell = "B", 16
	require.ErrorContains(t, CheckBoards([]Board{cu16, other}), "cell 16 is on board A and on B")
}

func TestLinesAreChecked(t *testing.T) {
	a, b := relayBoard(DialectR413Relay, 8), relayBoard(DialectWaveshareRelay, 4)
	a.Inputs = &Inputs{Address: 9}
	b.Name, b.FirstCell = "B", 9
	require.ErrorContains(t, CheckLine([]Board{a, b}), "boards A and B have address 1 on one line")
	b.Address = 2
	require.NoError(t, CheckLine([]Board{a, b}))
	b.Inputs = &Inputs{Address: 9, First: 8}
	require.ErrorContains(t, CheckLine([]Board{a, b}), "input 8 of module 9 is of board A's doors and of board B's doors")
	b.Inputs.First = 9
	require.NoError(t, CheckLine([]Board{a, b}))
	b.Parcels = &Parcels{Sense: SetWhenPresent, Inputs: Inputs{Address: 9, First: 12}}
	err := CheckLine([]Board{a, b})
	require.ErrorContains(t, err, "input 12 of module 9 is of board B's doors and of board B's parcels")
	require.Equal(t, 1, strings.Count(err.Error(), "module"))
	_, err = NewBus([]Board{a, b}, Timing{}, nil, nil)
	require.Error(t, err, "a bus is not made of them")

	a, b = Board{Name: "A", Dialect: DialectKerongCU16}, Board{Name: "B", Dialect: DialectKerongCU48}
	require.NoError(t, CheckLine([]Board{a, b}), "their addresses are different things")
}
