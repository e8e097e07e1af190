package cabinet

import (
	"strconv"

	"cubby/models"
)

// reasonStaffOpen is why a cell is in doubt that a technician had opened, until they say what is
// inside.
const reasonStaffOpen = "staff_open"

// choseStaffCell shows one cell.
func (t *turn) choseStaffCell(number string) {
	n, err := strconv.Atoi(number)
	if err != nil || t.cell(n) == nil {
		t.staffShow(ScreenDoors, TextStaffNoCell)
		return
	}
	t.Session.Staff.Cell = n
	t.showStaffCell()
}

func (t *turn) showStaffCell() {
	t.staffShow(ScreenDoors, TextStaffCell, "cell", strconv.Itoa(t.Session.Staff.Cell))
}

// pressedDoors takes a button of a list of cells, or of one.
func (t *turn) pressedDoors(b Button) {
	c := t.cell(t.Session.Staff.Cell)
	if c == nil {
		if b == ButtonMore {
			t.nextStaffPage()
		}
		return
	}
	entry := reasonOf(b, entryButton, models.EntryReasons())
	switch {
	case t.Session.Text == TextStaffEntry && entry != "":
		t.staffOpen(c, entry)
	case t.Session.Text == TextStaffEntry:
	case b == ButtonOpen && !t.staffMayOpen(c):
	case b == ButtonOpen && c.State == models.CellFree:
		t.staffOpen(c, models.EntryFree)
	case b == ButtonOpen:
		t.staffShow(ScreenDoors, TextStaffEntry, "cell", strconv.Itoa(c.Number()))
	case b == ButtonOutOfService:
		t.isolate(c, true)
	case b == ButtonInService:
		t.isolate(c, false)
	case b == ButtonEmpty, b == ButtonFound:
		t.staffMark(c, b)
	}
}

// staffMayOpen reports whether a cell may be opened now: nobody is at it, and nobody may still have
// it opened again.
func (s *State) staffMayOpen(c *Cell) bool {
	return (c.Operation == "" || s.leftBehind(c)) && !c.blocked() && !c.Dead && !s.kept(c) && !s.Power.Low
}

// staffOpen has a cell opened for a technician. That it is to be is a fact before its lock is
// driven: whatever becomes of the door or of this program, the operator learns of it.
func (t *turn) staffOpen(c *Cell, why string) {
	technician, ok := t.technician()
	if !ok || !t.staffMayOpen(c) || (why == models.EntryFree) != (c.State == models.CellFree) {
		return
	}
	op := t.begin(models.Check, c.Shipment, models.Policy{})
	if op == nil {
		return
	}
	t.takeFromLeft(c)
	op.Courier, op.Service = technician.Courier, why
	if t.Session == &t.BackSession {
		op.Face = models.SideBack
	}
	op.add(c, nil)
	t.decideLocally(op)
	t.write(models.FactStaffOpen, op.ID, c, models.FactData{Shipment: c.Shipment, Courier: op.Courier, Reason: why, Label: c.Label})
	t.changed(TextStaffOpened, c.Number(), "")
}

// openedByStaff: what was in a cell is not known any more until the technician says so.
func (t *turn) openedByStaff(op *Operation, c *Cell) {
	if c.State != models.CellFree {
		t.doubt(op, c, reasonStaffOpen)
	}
}

// technicianOf is who has the doors of an operation opened as a technician; empty: nobody.
func (op *Operation) technicianOf() models.CourierID {
	if op.Service == "" {
		return ""
	}
	return op.Courier
}

// pressedService takes a button while a technician has a cell opened.
func (t *turn) pressedService(op *Operation, b Button) {
	if _, ok := t.technician(); !ok {
		return
	}
	d := op.closed()
	switch {
	case b == ButtonTryAgain:
		t.tryAgain(op)
	case b == ButtonCancel || b == ButtonFinish || b == ButtonNotEmpty:
		t.giveUpAll(op, reasonAbandoned)
		t.noAnswer(op)
	case d == nil:
	case b == ButtonEmpty:
		t.foundEmpty(op, d)
	case b == ButtonFound && t.cell(d.Cell).State == models.CellOccupied:
		c := t.cell(d.Cell)
		c.Doubtful, c.Broken = false, false
		t.checked(op, d, c, models.FactData{Reason: models.CheckFound, Shipment: c.Shipment, Label: c.Label})
	case b == ButtonSomethingElse:
		c := t.cell(d.Cell)
		c.Broken = true
		c.apply(models.CellDoubt)
		t.checked(op, d, c, models.FactData{Reason: "something_else"})
	}
}

// afterService shows a technician the cell that they had opened.
func (t *turn) afterService(op *Operation) {
	t.home()
	if t.service() {
		t.Session.Staff.Cell = op.Doors[0].Cell
		t.showStaffCell()
	}
}

// isolate takes a cell out of service by a technician's word, or puts it back. What is inside is
// given out as before. What the operator ordered stays ordered.
func (t *turn) isolate(c *Cell, out bool) {
	technician, ok := t.technician()
	if !ok || out == (c.Isolated || c.Broken) || c.Operation != "" && !t.leftBehind(c) {
		return
	}
	t.takeFromLeft(c)
	kind, text := models.FactCellInService, TextStaffIn
	if out {
		kind, text = models.FactCellOutOfService, TextStaffOut
	}
	if c.Isolated = out; !out {
		c.Broken = false
	}
	t.write(kind, "", c, models.FactData{Courier: technician.Courier, Reason: t.Session.Staff.Reason})
	if !out {
		t.lockRepaired(c)
	}
	t.changed(text, c.Number(), "")
	t.showStaffCell()
}

// staffMayMark reports whether a cell in doubt may be marked as looked into: its door was opened
// by a key, or stood open.
func (s *State) staffMayMark(c *Cell) bool {
	return c.Doubtful && c.Operation == "" && !c.anyOpen() && !s.kept(c)
}

// staffMark takes a technician's word for what is in a cell in doubt. That a recorded parcel is
// gone is only believed of a cell that was opened for it.
func (t *turn) staffMark(c *Cell, b Button) {
	technician, ok := t.technician()
	inside := c.State == models.CellOccupied
	if !ok || !t.staffMayMark(c) || inside != (b == ButtonFound) {
		return
	}
	data := models.FactData{Courier: technician.Courier, Reason: models.FoundEmpty}
	if inside {
		data.Reason, data.Shipment, data.Label = models.CheckFound, c.Shipment, c.Label
	} else {
		c.apply(models.CellCheckEmpty)
	}
	c.Doubtful, c.Broken, c.Interrupted = false, false, ""
	t.write(models.FactCellChecked, "", c, data)
	t.changed(TextStaffMarked, c.Number(), "")
	t.showStaffCell()
}
