package cabinet

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"cubby/agent/protocol"
	"cubby/models"
)

// Reasons of a cell_checked fact that an order brought about.
const (
	reasonMarkedEmpty = "marked_empty"
	reasonMarkedFound = "marked_found"
)

func (t *turn) takeCellOrder(entry protocol.Entry) {
	var body models.DirectoryCell
	if entry.Deleted || !t.granted(entry) || json.Unmarshal(entry.Body, &body) != nil ||
		body.Locker != t.Locker || strconv.Itoa(body.Cell) != entry.Key {
		return
	}
	if t.Directory.Cells == nil {
		t.Directory.Cells = map[string]models.DirectoryCell{}
	}
	t.Directory.Cells[entry.Key] = body
}

// carryOutOrders does what the operator wants of cells, as far as it can be done now: the
// layout may not be here yet, or somebody may be at the cell.
func (t *turn) carryOutOrders() {
	if len(t.Cells) == 0 || t.Unsure || t.NextEpoch > 0 {
		return // an inventory comes first
	}
	for _, key := range slices.Sorted(maps.Keys(t.Directory.Cells)) {
		order := t.Directory.Cells[key]
		c := t.cell(order.Cell)
		if c == nil {
			continue
		}
		t.withhold(c, order.OutOfService)
		if order.PutBack != nil {
			t.putInService(c, *order.PutBack)
			order.PutBack = nil
			t.Directory.Cells[key] = order
		}
		if order.Check != nil && t.settled(c, *order.Check) {
			order.Check = nil
			t.Directory.Cells[key] = order
		}
	}
}

// withhold takes a cell out of service, or puts it back. A deposit under way into it ends as
// it began: its courier has the door before him.
func (t *turn) withhold(c *Cell, out bool) {
	if c.Withheld == out {
		return
	}
	c.Withheld = out
	if !out {
		c.Isolated = false // whoever takes it out of service from afar and puts it back means all of it
	}
	kind := models.FactCellInService
	if out {
		kind = models.FactCellOutOfService
	}
	t.write(kind, "", c, models.FactData{})
	if !out {
		t.lockRepaired(c)
	}
}

// putInService ends what a technician ordered on site, unless one did so since the operator looked.
func (t *turn) putInService(c *Cell, order models.PutBack) {
	j := &t.Journal
	if !c.Isolated || order.Epoch != j.Epoch || !j.reaches(order.Seq) || slices.ContainsFunc(j.Facts, func(f models.Fact) bool {
		return f.Seq > order.Seq && f.Cell == c.Number() && f.Type == models.FactCellOutOfService
	}) {
		return
	}
	c.Isolated = false
	t.write(models.FactCellInService, "", c, models.FactData{})
	t.lockRepaired(c)
}

// settled carries a check out, or drops it; false: it waits until nobody is at the cell.
func (t *turn) settled(c *Cell, check models.CellCheck) bool {
	inside := c.State == models.CellOccupied
	switch {
	case !c.Doubtful, check.Generation != c.Generation, !t.upToDate(c, check),
		check.Found == models.FoundEmpty && inside, check.Found == models.FoundParcel && !inside:
		return true // what was looked at is not what is here
	case c.anyOpen(), c.Operation != "", t.kept(c):
		return false
	case check.Found == models.FoundEmpty:
		c.Broken = false
		c.apply(models.CellCheckEmpty)
		t.write(models.FactCellChecked, "", c, models.FactData{Reason: reasonMarkedEmpty})
	case check.Found == models.FoundParcel:
		c.Doubtful, c.Broken, c.Interrupted = false, false, ""
		t.write(models.FactCellChecked, "", c, models.FactData{Reason: reasonMarkedFound})
	}
	return true
}

// upToDate reports whether nothing but orders came to the cell after what was known when the
// check was ordered.
func (t *turn) upToDate(c *Cell, check models.CellCheck) bool {
	j := &t.Journal
	return check.Epoch == j.Epoch && j.reaches(check.Seq) && !slices.ContainsFunc(j.Facts, func(f models.Fact) bool {
		ordered := f.Type == models.FactCellOutOfService || f.Type == models.FactCellInService
		return f.Seq > check.Seq && f.Cell == c.Number() && !ordered
	})
}
