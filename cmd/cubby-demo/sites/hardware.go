package sites

import (
	"fmt"

	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

// MaxCells is how many cells the boards of a site reach.
const MaxCells = 64

// moduleUnit is where the Modbus modules beside relay boards begin.
const moduleUnit = 100

// hardware is the boards of a site: those that a person can take off the bus come first.
type hardware struct {
	locks   []boards.Board
	modules []boards.Board
	baud    int
}

// hardwareOf lists boards of a family, as many as reach every cell of the demo. None is the
// Kerong CU48.
func hardwareOf(family string) (hardware, error) {
	most, first, baud := 0, 1, 9600
	switch family {
	case "", boards.FamilyKerongCU48:
		return hardware{baud: 19200, locks: []boards.Board{
			{Family: boards.FamilyKerongCU48, Address: 0, First: 1, Locks: 16}, {Family: boards.FamilyKerongCU48, Address: 1, First: 17, Locks: 48},
		}}, nil
	case boards.FamilyKerongCU48x60:
		most, first, baud = 48, 0, 19200
	case boards.FamilyKerongCU16:
		most, first, baud = 16, 0, 19200
	case boards.FamilyShuoming8A:
		most = 24
	case boards.FamilyWKLY:
		most, first = 24, 0
	case boards.FamilyWinnsen:
		most = 16
	case boards.FamilyWaveshareRelay, boards.FamilyR413Relay:
		most = 8
	default:
		return hardware{}, models.Errorf(models.CodeInvalid, "there are no boards %q", family)
	}
	h := hardware{baud: baud}
	for cell := 1; cell <= MaxCells; cell += most {
		i := len(h.locks)
		b := boards.Board{Family: family, Address: first + i, First: cell, Locks: min(most, MaxCells-cell+1), Pushes: family == boards.FamilyWKLY}
		h.locks = append(h.locks, b)
		if family == boards.FamilyR413Relay {
			h.modules = append(h.modules, boards.Board{
				Family: boards.FamilyInputs, Address: moduleUnit + i, First: b.First, Locks: b.Locks, Contacts: 1,
			})
		}
	}
	return h, nil
}

func (h hardware) all() []boards.Board {
	return append(append([]boards.Board{}, h.locks...), h.modules...)
}

// config is the bus in the agent's configuration.
func (h hardware) config(line string) map[string]any {
	var list []map[string]any
	for i, b := range h.locks {
		board := map[string]any{
			"name": boardName(i), "dialect": b.Family, "address": b.Address, "first_cell": b.First,
			"channels": b.Locks, "feedback": "closed_when_locked",
		}
		if b.Family == boards.FamilyR413Relay {
			board["inputs"] = map[string]any{"address": h.modules[i].Address}
		}
		list = append(list, board)
	}
	return map[string]any{"port": fmt.Sprintf("serial:%s?baud=%d", line, h.baud), "boards": list}
}

func boardName(i int) string { return string(rune('A' + i)) }
