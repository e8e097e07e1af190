package cabinet

import (
	"slices"
	"strings"

	"cubby/models"
)

// Site is the cabinet as it stands there: what a screen draws it from.
type Site struct {
	Locker  models.LockerID      `json:"locker"`
	Number  string               `json:"number"`
	Address string               `json:"address"`
	Cells   []models.LayoutCell  `json:"cells"`
	Screen  models.ScreenProfile `json:"screen"`
}

// Site is what the directory says of it.
func (s *State) Site() Site {
	layout := s.Directory.Layout
	site := Site{Locker: s.Locker, Number: layout.Number, Address: layout.Address, Cells: []models.LayoutCell{}, Screen: layout.Screen}
	for _, c := range s.Cells {
		site.Cells = append(site.Cells, c.Layout)
	}
	return site
}

// places say where doors are.
func (s *State) places(cells []int, l Language) []string {
	said := make([]string, 0, len(cells))
	for _, n := range cells {
		said = append(said, l.sentence(s.place(s.cell(n).Layout), nil))
	}
	return said
}

// place is in which third of the cabinet a cell is: across by its module, upwards by its floor
// among all floors, or by its row where none is known.
func (s *State) place(cell models.LayoutCell) TextKey {
	modules, rows, lowest, highest := 1, 1, cell.FloorMM, cell.FloorMM
	for _, c := range s.Cells {
		modules, rows = max(modules, c.Layout.Module), max(rows, c.Layout.Row)
		lowest, highest = min(lowest, c.Layout.FloorMM), max(highest, c.Layout.FloorMM)
	}
	across := third(cell.Module-1, modules-1)
	down := third(cell.Row-1, rows-1)
	if highest > lowest {
		down = third(highest-cell.FloorMM, highest-lowest)
	}
	return [3][3]TextKey{
		{TextPlaceUpperLeft, TextPlaceUpper, TextPlaceUpperRight},
		{TextPlaceLeft, TextPlaceMiddle, TextPlaceRight},
		{TextPlaceLowerLeft, TextPlaceLower, TextPlaceLowerRight},
	}[down][across]
}

// third is where in 0 to most something is; the middle, if there is but one place.
func third(at, most int) int {
	switch {
	case most <= 0:
		return 1
	case 3*at < most:
		return 0
	case 3*at > 2*most:
		return 2
	}
	return 1
}

// spoken is a page read aloud: what it says, where the doors are, and what can be pressed.
// What a person types is never spoken.
func (v View) spoken() string {
	said := append([]string{v.Sentence}, v.Places...)
	for _, item := range v.Items {
		said = append(said, item.Label)
	}
	for _, b := range v.Buttons {
		said = append(said, v.Labels[b])
	}
	for i, s := range said {
		said[i] = strings.TrimRight(s, ".")
	}
	return strings.Join(slices.DeleteFunc(said, func(s string) bool { return s == "" }), ". ") + "."
}
