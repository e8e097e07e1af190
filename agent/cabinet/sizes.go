package cabinet

import (
	"slices"
	"strings"

	"cubby/models"
)

const (
	sizeButton = "size_"
	listPage   = 20 // lines of a list that are shown at once
)

func buttonOfSize(s models.Size) Button { return Button(sizeButton + strings.ToLower(string(s))) }

// sizeOfButton is the inverse; ok is false for every other button.
func sizeOfButton(b Button) (size models.Size, ok bool) {
	i := slices.IndexFunc(models.Sizes(), func(s models.Size) bool { return buttonOfSize(s) == b })
	if i < 0 {
		return "", false
	}
	return models.Sizes()[i], true
}

// askSize asks how large a parcel is of which that is not known; false: there is no cell for any.
func (t *turn) askSize(p models.DirectoryParcel) bool {
	asked := Session{Choices: []models.ParcelID{p.Parcel}}
	if buttons := t.sizeButtons(&asked); buttons[0] == ButtonCancel {
		return false
	}
	t.await(ScreenSize, TextSize)
	t.Session.Choices = asked.Choices
	return true
}

// foundSize is the size of what an operation has put into a cell where only its courier knew that; empty: it was told.
func (s *State) foundSize(op *Operation, id models.ParcelID) models.Size {
	p, ok := s.Directory.parcel(op.Shipment, id)
	if !ok {
		return ""
	}
	found := op.Size
	if above := slices.IndexFunc(models.Sizes(), func(s models.Size) bool { return s.Rank() > op.Above }); found.Rank() <= op.Above && above >= 0 {
		found = models.Sizes()[above] // it did not fit into one below
	}
	if found == p.Size && !p.AsksSize() {
		return ""
	}
	return found
}

// sizeButtons offers the sizes of which a cell is free for the parcel.
func (s *State) sizeButtons(session *Session) []Button {
	var offered []Button
	for _, size := range models.Sizes() {
		for _, id := range session.Choices {
			p := s.parcelOf(id)
			p.Size = size
			if c := s.allocate(p, 0, nil); c != nil && c.Layout.Size == size {
				offered = append(offered, buttonOfSize(size))
			}
		}
	}
	return append(offered, ButtonCancel)
}

// tellFree puts on each button of a size how many cells of it are free, and whether parcels of the
// sender are usually so large.
func (v *View) tellFree(p models.DirectoryParcel) {
	for _, b := range v.Buttons {
		if size, ok := sizeOfButton(b); ok {
			text := TextSizeFree
			if p.SizeFrom == models.SizeUsual && p.Size == size {
				text = TextSizeUsual
			}
			v.Labels[b] = v.Language.sentence(text, map[string]string{
				"size": v.Labels[b], "free": v.Params["free_"+strings.ToLower(string(size))],
			})
		}
	}
}

// parcelOf finds a parcel of the directory by its id alone.
func (s *State) parcelOf(id models.ParcelID) models.DirectoryParcel {
	for _, shipment := range s.Directory.ids() {
		if p, ok := s.Directory.parcel(shipment, id); ok {
			return p
		}
	}
	return models.DirectoryParcel{}
}

// choseSize puts a parcel into a cell of the size, or has a list show that size alone.
func (t *turn) choseSize(size models.Size) {
	s := t.Session
	switch s.Screen {
	case ScreenSize:
		if len(s.Choices) == 1 {
			id := s.Choices[0]
			t.Session.Size = size
			t.depositOf(id)
			t.Session.Size = ""
		}
	case ScreenList:
		s.Page = 0
		if s.Only == size {
			size = ""
		}
		s.Only = size
	}
}

// shownChoices are the parcels of a list that its page shows, and whether there are more.
func (s *State) shownChoices(session *Session) (page []models.ParcelID, more bool) {
	all := session.Choices
	if session.Only != "" {
		all = slices.DeleteFunc(slices.Clone(all), func(id models.ParcelID) bool { return s.parcelOf(id).Size != session.Only })
	}
	from := min(session.Page*listPage, len(all))
	to := min(from+listPage, len(all))
	return all[from:to], to < len(all) || session.Page > 0
}

// nextPage turns the list's page; after the last comes the first.
func (t *turn) nextPage() {
	t.Session.Page++
	if page, _ := t.shownChoices(t.Session); len(page) == 0 {
		t.Session.Page = 0
	}
}

// listButtons are those of a list: one for each size in it, and one for its next page.
func (s *State) listButtons(session *Session) []Button {
	var sizes []models.Size
	for _, id := range session.Choices {
		if size := s.parcelOf(id).Size; !slices.Contains(sizes, size) {
			sizes = append(sizes, size)
		}
	}
	var buttons []Button
	for _, size := range models.Sizes() {
		if len(sizes) > 1 && slices.Contains(sizes, size) {
			buttons = append(buttons, buttonOfSize(size))
		}
	}
	if _, more := s.shownChoices(session); more {
		buttons = append(buttons, ButtonMore)
	}
	return append(buttons, ButtonCancel)
}

// smaller is the largest size below that of the cell which is open for a parcel, of which a cell
// is free for it; empty: there is none.
func (s *State) smaller(op *Operation) models.Size {
	open := op.Cells(DoorPulsed, DoorOpen)
	if op.Kind != models.Deposit || op.sharing() || op.Label != "" || op.GaveUp != "" || len(open) == 0 {
		return ""
	}
	p, ok := s.Directory.parcel(op.Shipment, op.Doors[len(op.Doors)-1].Parcels[0])
	rank := s.cell(open[0]).Layout.Size.Rank()
	for _, size := range slices.Backward(models.Sizes()) {
		p.Size = size
		if c := s.allocate(p, 0, op.Doors); ok && size.Rank() < rank && c != nil && c.Layout.Size.Rank() < rank {
			return size
		}
	}
	return ""
}
