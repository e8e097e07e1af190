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

// spoken is a page read aloud: what it says, where the doors are, and what can be pressed.
// What a person types is never spoken.
func (v View) spoken() string {
	said := []string{v.Sentence}
	for _, door := range v.Doors {
		said = append(said, v.Places[door])
	}
	said = append(said, v.Progress)
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
