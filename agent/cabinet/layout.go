package cabinet

import (
	"encoding/json"
	"slices"

	"cubby/agent/protocol"
	"cubby/models"
)

// takeLayout adds the cells that are new. A cell is never taken away from under what is
// in it.
func (t *turn) takeLayout(entry protocol.Entry) {
	var body models.DirectoryLayout
	if entry.Deleted || json.Unmarshal(entry.Body, &body) != nil || body.Locker != t.Locker {
		return
	}
	t.Directory.Layout = body
	first := len(t.Cells) == 0
	for _, l := range body.Cells {
		if l.Number < 1 {
			continue
		}
		if c := t.cell(l.Number); c != nil {
			c.place(l)
			continue
		}
		c := &Cell{Occupancy: models.Occupancy{State: models.CellFree, Doubtful: t.LostStore}}
		c.place(l)
		t.Cells = append(t.Cells, c)
		slices.SortFunc(t.Cells, func(a, b *Cell) int { return a.Number() - b.Number() })
	}
	if !first || len(t.Cells) == 0 {
		return
	}
	if t.Unsure {
		t.adopt() // the inventory waits for what the server believes
		return
	}
	t.LostStore = false
	t.inventory()
}
