package cabinet

import (
	"slices"

	"cubby/models"
)

// toCheck is the next cell in doubt that the courier may look into; nil: none.
func (t *turn) toCheck(courier models.DirectoryCourier) *Cell {
	cells := t.checkable(courier)
	for _, c := range cells {
		if c.Number() > t.Session.Checked {
			return c
		}
	}
	if len(cells) == 0 {
		return nil
	}
	return cells[0]
}

// check opens the next doubtful cell for a courier to look into. The courier's signed entry
// is authority enough: it is nobody's parcel that is asked for.
func (t *turn) check() {
	courier, ok := t.courier()
	if !ok {
		return
	}
	c := t.toCheck(courier)
	if c == nil {
		t.say(TextNothingDoubt, messageMS)
		return
	}
	op := t.begin(models.Check, c.Shipment, models.Policy{})
	if op == nil {
		return
	}
	t.takeFromLeft(c)
	op.Courier = courier.Courier
	t.Session.Checked = c.Number()
	op.add(c, nil)
	t.decideLocally(op)
}

// checkClosed asks what is inside.
func (t *turn) checkClosed(op *Operation, d *Door) {
	d.State, op.AnswerBy = DoorClosed, t.longerAt(op, questionMS)
}

// pressedCheck takes a button of a check under way.
func (t *turn) pressedCheck(op *Operation, b Button) {
	d := op.closed()
	switch {
	case b == ButtonTryAgain:
		t.tryAgain(op)
	case b == ButtonCancel || b == ButtonFinish:
		t.giveUpAll(op, reasonAbandoned)
		t.noAnswer(op)
	case d == nil:
	case b == ButtonEmpty && op.Corrects != "":
		t.unload(op, d)
	case b == ButtonNotEmpty:
		t.noAnswer(op)
	case b == ButtonEmpty && len(op.Scanned) == 0:
		t.foundEmpty(op, d)
	case b == ButtonNothingElse && len(op.Scanned) > 0:
		t.foundSome(op, d)
	case b == ButtonSomethingElse:
		c := t.cell(d.Cell)
		c.Broken = true
		c.apply(models.CellDoubt)
		t.checked(op, d, c, models.FactData{Reason: "something_else"})
	}
}

// closed is the operation's door that waits for an answer.
func (op *Operation) closed() *Door {
	for i := range op.Doors {
		if op.Doors[i].State == DoorClosed {
			return &op.Doors[i]
		}
	}
	return nil
}

// foundEmpty: someone looked, and nothing is inside. What was recorded there is missing.
func (t *turn) foundEmpty(op *Operation, d *Door) {
	c := t.cell(d.Cell)
	t.missing(op, c)
	c.Broken = false
	c.apply(models.CellCheckEmpty)
	t.checked(op, d, c, models.FactData{Reason: "empty"})
}

// missing tells of the parcels that should be in the cell, but for those that are.
func (t *turn) missing(op *Operation, c *Cell, but ...models.ParcelID) {
	shipment, parcels := c.Shipment, c.Parcels
	if c.Label != "" {
		t.write(models.FactMissing, op.ID, c, models.FactData{Label: c.Label, Courier: op.Courier})
	}
	for _, id := range parcels {
		if !containsParcel(but, id) {
			f := t.write(models.FactMissing, op.ID, c, models.FactData{Shipment: shipment, Parcel: id, Courier: op.Courier})
			t.gone(shipment, id, f)
		}
	}
}

// checkScanned: the parcel inside was scanned. The cell then holds its shipment and
// nothing is in doubt.
func (t *turn) checkScanned(op *Operation, text string) {
	d := op.closed()
	if d != nil && t.cell(d.Cell).Label == text {
		c := t.cell(d.Cell)
		c.Doubtful, c.Broken = false, false
		t.checked(op, d, c, models.FactData{Reason: "found", Label: text})
		return
	}
	e, p, known := t.labelled(text, t.Directory.Couriers[op.Courier].Organization)
	if d == nil || !known {
		op.Mistaken = true
		return
	}
	c := t.cell(d.Cell)
	for _, other := range t.Cells {
		if other != c && containsParcel(other.Parcels, p.Parcel) {
			op.Mistaken = true // recorded elsewhere: that cell has to be looked into first
			return
		}
	}
	if c.Shipment == e.Shipment && c.State == models.CellOccupied && (len(c.Parcels) > 1 || e.Policy.ShareCells) {
		t.foundOne(op, d, p.Parcel)
		return
	}
	if c.Shipment != e.Shipment || !containsParcel(c.Parcels, p.Parcel) {
		t.missing(op, c, p.Parcel)
		c.apply(models.CellCheckEmpty)
		c.Generation++
		c.Parcels, c.SinceMS = []models.ParcelID{p.Parcel}, t.now.WallMS
	}
	c.Occupancy, c.Shipment, c.Broken = models.Occupancy{State: models.CellOccupied}, e.Shipment, false
	op.Shipment = e.Shipment
	t.checked(op, d, c, models.FactData{Reason: "found", Shipment: e.Shipment, Parcel: p.Parcel})
}

// foundOne: a parcel was scanned of a cell that may hold several of its shipment, also one that was put in and never told
// of. The others are asked for.
func (t *turn) foundOne(op *Operation, d *Door, p models.ParcelID) {
	if !containsParcel(op.Scanned, p) {
		op.Scanned = append(op.Scanned, p)
	}
	op.Mistaken, op.AnswerBy = false, t.longerAt(op, questionMS)
	for _, id := range t.cell(d.Cell).Parcels {
		if !containsParcel(op.Scanned, id) {
			return
		}
	}
	t.foundSome(op, d)
}

// foundSome: what was scanned is inside, and nothing else.
func (t *turn) foundSome(op *Operation, d *Door) {
	c := t.cell(d.Cell)
	t.missing(op, c, op.Scanned...)
	c.Parcels, c.Doubtful, c.Broken = slices.Clone(op.Scanned), false, false
	op.Shipment = c.Shipment
	last := len(op.Scanned) - 1
	for _, id := range op.Scanned[:last] {
		t.write(models.FactCellChecked, op.ID, c, models.FactData{Reason: models.CheckFound, Shipment: c.Shipment, Parcel: id, Courier: op.Courier})
	}
	t.checked(op, d, c, models.FactData{Reason: models.CheckFound, Shipment: c.Shipment, Parcel: op.Scanned[last]})
}

// checked ends a check with its fact.
func (t *turn) checked(op *Operation, d *Door, c *Cell, data models.FactData) {
	op.AnswerBy = 0
	d.State = DoorFinished
	c.Operation, c.Interrupted = "", ""
	data.Courier = op.Courier
	t.write(models.FactCellChecked, op.ID, c, data)
	op.Told, op.Reason = true, "checked"
}
