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
	sensors bool // of parcels, which the boards have
}

// hardwareOf lists the boards of a build, as many as reach every cell, and every door at the back.
func hardwareOf(build Build) (hardware, error) {
	most, first, baud := 0, 1, 9600
	switch build.Family {
	case boards.FamilyKerongCU48, boards.FamilyKerongCU48x60:
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
		return hardware{}, models.Errorf(models.CodeInvalid, "there are no boards %q", build.Family)
	}
	if build.Sensors && build.Family != boards.FamilyKerongCU16 {
		return hardware{}, models.Errorf(models.CodeInvalid, "boards %q have no parcel sensors", build.Family)
	}
	h := hardware{baud: baud, sensors: build.Sensors}
	add := func(door, locks int) {
		i := len(h.locks)
		b := boards.Board{Family: build.Family, Address: first + i, First: door, Locks: locks, Pushes: build.Family == boards.FamilyWKLY}
		h.locks = append(h.locks, b)
		if build.Family == boards.FamilyR413Relay {
			h.modules = append(h.modules, boards.Board{
				Family: boards.FamilyInputs, Address: moduleUnit + i, First: b.First, Locks: b.Locks, Contacts: 1,
			})
		}
	}
	if build.Family == boards.FamilyKerongCU48 && build.Cells == MaxCells {
		add(1, 16) // two boards, so that one can be taken off
		add(17, 48)
		return h, nil
	}
	for _, side := range build.sides() {
		for cell := 1; cell <= build.Cells; cell += most {
			add(boards.Door(cell, side == models.SideBack), min(most, build.Cells-cell+1))
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
		if h.sensors {
			board["parcels"] = map[string]any{"sense": "set_when_present"}
		}
		if b.Family == boards.FamilyR413Relay {
			board["inputs"] = map[string]any{"address": h.modules[i].Address}
		}
		list = append(list, board)
	}
	return map[string]any{"port": fmt.Sprintf("serial:%s?baud=%d", line, h.baud), "boards": list}
}

func boardName(i int) string { return string(rune('A' + i)) }
