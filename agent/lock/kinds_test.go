package lock_test

import (
	"cubby/agent/lock"
	"cubby/cmd/cubby-demo/boards"
)

// kind is a row of the conformance table: a family, or a make of it.
type kind struct {
	name     string
	dialect  string
	locks    int
	first    int // address
	change   func(b *lock.Board)
	sim      func(b lock.Board) []boards.Board
	asks     int  // requests of a look
	answers  bool // an unlock
	refuses  bool // an unlock, in words
	pushes   bool
	sensors  bool // for parcels, of its own or on inputs
	tells    bool // the address of who answers
	sensePar *lock.Parcels
}

func (k kind) baud() int { return lock.Speed(k.dialect) }

// board is the i-th board of a line, whose cells follow those of the boards before it.
func (k kind) board(i int) lock.Board {
	b := lock.Board{
		Name: string(rune('A' + i)), Dialect: k.dialect, Address: k.first + i,
		FirstCell: 1 + k.locks*i, Channels: k.locks, Feedback: lock.ClosedWhenLocked,
	}
	if k.change != nil {
		k.change(&b)
	}
	return b
}

// plain is a kind whose boards have a simulated one each.
func plain(family string, change func(b *boards.Board)) func(lock.Board) []boards.Board {
	return func(b lock.Board) []boards.Board {
		s := boards.Board{Family: family, Address: b.Address, First: b.FirstCell, Locks: b.Channels}
		if change != nil {
			change(&s)
		}
		return []boards.Board{s}
	}
}

// module is the address of a board's input module, less its own.
const module = 100

// withModule is a kind whose boards have a simulated one each, and an input module beside it.
func withModule(family string, m boards.Board) func(lock.Board) []boards.Board {
	return func(b lock.Board) []boards.Board {
		m.Family, m.Address, m.First, m.Locks = boards.FamilyInputs, module+b.Address, b.FirstCell, b.Channels
		return append(plain(family, nil)(b), m)
	}
}

var cu48 = kind{
	name: "Kerong KR-CU48", dialect: lock.DialectKerongCU48, locks: 48, asks: 1, tells: true,
	sim: plain(boards.FamilyKerongCU48, nil),
}

func kinds() []kind {
	return []kind{
		{
			name: "Kerong KR-CU16", dialect: lock.DialectKerongCU16, locks: 16, asks: 1, tells: true, sensors: true,
			sensePar: &lock.Parcels{Sense: lock.SetWhenPresent},
			sim:      plain(boards.FamilyKerongCU16, nil),
		},
		cu48,
		{
			name: "CU48 with 60 and 61", dialect: lock.DialectKerongCU48x60, locks: 48, asks: 1, tells: true, answers: true,
			sim: plain(boards.FamilyKerongCU48x60, nil),
		},
		{
			name: "8A, 24 channels", dialect: lock.DialectShuoming8A, locks: 24, first: 1, asks: 1, tells: true, answers: true,
			sim: plain(boards.FamilyShuoming8A, nil),
		},
		{
			name: "8A, 8 channels, high byte first", dialect: lock.DialectShuoming8A, locks: 8, first: 1, asks: 1, tells: true, answers: true,
			change: func(b *lock.Board) { b.StatusByteOrder = lock.HighFirst },
			sim:    plain(boards.FamilyShuoming8A, func(b *boards.Board) { b.HighFirst = true }),
		},
		{
			name: "8A, 50 channels, tells doors", dialect: lock.DialectShuoming8A, locks: 50, first: 1, asks: 1, tells: true, answers: true,
			pushes: true,
			sim:    plain(boards.FamilyShuoming8A, func(b *boards.Board) { b.Pushes = true }),
		},
		{
			name: "WKLY", dialect: lock.DialectWKLY, locks: 24, asks: 1, tells: true, answers: true, refuses: true, pushes: true,
			sim: plain(boards.FamilyWKLY, func(b *boards.Board) { b.Pushes = true }),
		},
		{
			name: "Winnsen-style", dialect: lock.DialectWinnsen, locks: 16, first: 1, asks: 16, tells: true, answers: true, refuses: true,
			sim: plain(boards.FamilyWinnsen, nil),
		},
		{
			name: "Winnsen-style, swapped", dialect: lock.DialectWinnsen, locks: 8, first: 1, asks: 8, tells: true, answers: true, refuses: true,
			change: func(b *lock.Board) { b.Swapped = true },
			sim:    plain(boards.FamilyWinnsen, func(b *boards.Board) { b.Swapped = true }),
		},
		{
			name: "Waveshare relays", dialect: lock.DialectWaveshareRelay, locks: 8, first: 1, asks: 1, answers: true, refuses: true,
			sensors: true, sensePar: &lock.Parcels{Sense: lock.SetWhenPresent, Inputs: lock.Inputs{Address: module + 1}},
			sim: withModule(boards.FamilyWaveshareRelay, boards.Board{Sensors: 1}),
		},
		{
			name: "R413 relays and input module", dialect: lock.DialectR413Relay, locks: 8, first: 1, asks: 2, answers: true, refuses: true,
			sensors: true, sensePar: &lock.Parcels{Sense: lock.SetWhenPresent, Inputs: lock.Inputs{Address: module + 1, First: 17}},
			change: func(b *lock.Board) { b.Inputs = &lock.Inputs{Address: module + b.Address} },
			sim:    withModule(boards.FamilyR413Relay, boards.Board{Contacts: 1, Sensors: 17}),
		},
	}
}
