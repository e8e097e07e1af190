package cabinet

import (
	"slices"
	"strconv"
	"strings"

	"cubby/models"
)

const (
	typedAtLeast = 4 // characters of a label, to find its parcel by
	labelEnd     = 8 // characters of a label that a list shows
)

// expectedHere lists the parcels that the courier may put in and whose label ends as typed,
// in the order of their labels. Another carrier's are the operator's people's alone to see.
func (s *State) expectedHere(courier models.DirectoryCourier, typed string) []models.DirectoryParcel {
	var found []models.DirectoryParcel
	for _, id := range s.Directory.ids() {
		e := s.Directory.Shipments[id]
		if s.leaving(e) || !courier.Operator && e.Carrier != courier.Organization {
			continue
		}
		for _, p := range e.Parcels {
			if endsAs(p.Barcode, typed) && !e.gone(p.Parcel) && !s.knownHere(p.Parcel) {
				found = append(found, p)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b models.DirectoryParcel) int { return strings.Compare(a.Barcode, b.Barcode) })
	return found
}

// endsAs compares the end of a label with what was typed; a pad may have capitals only.
func endsAs(label, typed string) bool {
	return len(typed) <= len(label) && strings.EqualFold(label[len(label)-len(typed):], typed)
}

// labelTyped finds a parcel by the end of its label, typed by a courier. It reports false
// when none ends so.
func (t *turn) labelTyped(typed string) bool {
	courier, ok := t.courier()
	if !ok || len(typed) < typedAtLeast {
		return false
	}
	found := t.expectedHere(courier, typed)
	switch len(found) {
	case 0:
		return false
	case 1:
		t.depositOf(found[0].Parcel)
	default:
		t.showList(found)
	}
	return true
}

// list shows everything that the courier may put in.
func (t *turn) list() {
	courier, ok := t.courier()
	if !ok {
		return
	}
	found := t.expectedHere(courier, "")
	if len(found) == 0 {
		t.say(TextNothingHere, messageMS)
		return
	}
	t.showList(found)
}

func (t *turn) showList(found []models.DirectoryParcel) {
	t.await(ScreenList, TextHere)
	for _, p := range found {
		t.Session.Choices = append(t.Session.Choices, p.Parcel)
	}
}

// chose begins the deposit of a parcel that the screen lists.
func (t *turn) chose(key string) {
	t.there()
	id := models.ParcelID(key)
	if op := t.operation(t.Session.Operation); op != nil && op.Choosing {
		t.choseDoor(op, key)
		return
	}
	if t.service() {
		if !t.busy() {
			t.choseStaff(key)
		}
		return
	}
	if t.Session.Screen == ScreenCollect && !t.busy() {
		t.choseCell(key)
		return
	}
	if t.Session.Screen == ScreenFull && !t.busy() {
		t.sendThere(models.LockerID(key))
		return
	}
	if t.busy() || t.Session.Screen != ScreenList || !containsParcel(t.Session.Choices, id) {
		return
	}
	t.home() // an entry that is gone meanwhile leaves nothing to do
	t.depositOf(id)
}

// choseCell begins the withdrawal of a cell that the screen lists.
func (t *turn) choseCell(key string) {
	courier, ok := t.courier()
	if !ok {
		return
	}
	for _, c := range t.toCollect(courier) {
		if strconv.Itoa(c.Number()) == key {
			t.takeOutOf(courier, c)
			return
		}
	}
	t.collect() // gone meanwhile
}

// depositOf begins the deposit of a parcel of the directory.
func (t *turn) depositOf(id models.ParcelID) {
	for _, shipment := range t.Directory.ids() {
		if p, ok := t.Directory.parcel(shipment, id); ok {
			t.deposit(t.Directory.Shipments[shipment], p)
			return
		}
	}
}

// Item is a line of a list on the screen: what it says, and the key to choose it by.
type Item struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Look  string `json:"look,omitempty"` // of a cell: how it is drawn
}

// items are the parcels to choose from: the ends of their labels, and their sizes. While
// parcels are taken out or given back they are cells.
func (s *State) items(session *Session, l Language) []Item {
	items := []Item{}
	if op := s.operation(session.Operation); op != nil && !op.ended() {
		if op.Choosing {
			op.refusals(func(key string, d *Door, p models.ParcelID) {
				label := strconv.Itoa(d.Cell)
				if p != "" {
					label += " " + end(s.parcelOf(p).Barcode, labelEnd)
				}
				items = append(items, Item{Key: key, Label: label})
			})
		}
		return items
	}
	if session.Screen == ScreenCollect {
		return s.outItems(session, l)
	}
	switch session.Screen {
	case ScreenSize:
		return items
	case ScreenFull:
		return otherItems(session, l)
	}
	page, _ := s.shownChoices(session)
	for _, id := range page {
		if p := s.parcelOf(id); p.Parcel != "" {
			items = append(items, Item{Key: string(id), Label: end(p.Barcode, labelEnd) + " " + string(p.Size)})
		}
	}
	return items
}

// end is the last n characters.
func end(s string, n int) string {
	r := []rune(s)
	return string(r[max(0, len(r)-n):])
}
