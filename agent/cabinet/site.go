package cabinet

import "cubby/models"

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
