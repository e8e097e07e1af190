package cabinet

import (
	"slices"

	"cubby/models"
)

// toCollect lists the cells whose parcels the courier who is logged in may take out.
func (s *State) toCollect(courier models.DirectoryCourier) []*Cell {
	var cells []*Cell
	for _, c := range s.Cells {
		if c.State != models.CellOccupied || c.Operation != "" || !c.usable() {
			continue
		}
		_, granted := s.Directory.Withdrawals[c.Shipment]
		e := s.Directory.Shipments[c.Shipment]
		granted = granted && e != nil && !e.Frozen
		if s.theirs(courier, c) && (granted || c.Label != "") {
			cells = append(cells, c)
		}
	}
	return cells
}

// collect shows what is to be taken out.
func (t *turn) collect() {
	courier, ok := t.courier()
	if !ok {
		return
	}
	var list []int
	for _, c := range t.toCollect(courier) {
		list = append(list, c.Number())
	}
	if len(list) == 0 {
		t.say(TextNothingThere, messageMS)
		return
	}
	t.Session.show(ScreenCollect, TextCollectList, 0, "cells", numbers(list))
}

// openNext begins the withdrawal of the next cell.
func (t *turn) openNext() {
	courier, ok := t.courier()
	if !ok {
		return
	}
	cells := t.toCollect(courier)
	if len(cells) == 0 {
		t.say(TextNothingThere, messageMS)
		return
	}
	c := cells[0]
	if c.Label != "" {
		t.takeHeldOut(courier, c)
		return
	}
	e := t.Directory.Shipments[c.Shipment]
	op := t.begin(models.Withdrawal, e.Shipment, e.Policy)
	if op == nil {
		return
	}
	op.Courier = courier.Courier
	op.add(c, slices.Clone(c.Parcels))
	t.ask(op)
}

// scannedOut takes a label that is scanned while a courier takes parcels out, before or
// after the door is closed.
func (t *turn) scannedOut(op *Operation, text string) {
	for i := range op.Doors {
		d := &op.Doors[i]
		if d.State != DoorOpen && d.State != DoorClosed {
			continue
		}
		if op.Label == text {
			op.Mistaken, op.LabelSeen = false, true
			if d.State == DoorClosed {
				t.withdrawnIfAll(op, d)
			}
			return
		}
		for _, id := range d.Parcels {
			p, known := t.Directory.parcel(op.Shipment, id)
			if !known || p.Barcode != text {
				continue
			}
			op.Mistaken = false
			if !containsParcel(op.Scanned, id) {
				op.Scanned = append(op.Scanned, id)
			}
			if d.State == DoorClosed {
				t.withdrawnIfAll(op, d)
			}
			return
		}
	}
	op.Mistaken = true
}

// withdrawalClosed: with every label scanned the parcels are out; otherwise it is asked.
func (t *turn) withdrawalClosed(op *Operation, d *Door) {
	d.State, op.AnswerBy = DoorClosed, t.in(questionMS)
	t.withdrawnIfAll(op, d)
}

// withdrawnIfAll ends a withdrawal once every parcel of the cell was scanned: that, with
// the door shut behind it, is the evidence that the cell is empty.
func (t *turn) withdrawnIfAll(op *Operation, d *Door) {
	if op.Label != "" && !op.LabelSeen {
		return
	}
	for _, id := range d.Parcels {
		if !containsParcel(op.Scanned, id) {
			return
		}
	}
	t.emptied(op, d, models.FactWithdrawn)
}

// emptied frees a cell whose parcels are out, or were not there.
func (t *turn) emptied(op *Operation, d *Door, kind models.FactType) {
	op.AnswerBy = 0
	d.State = DoorFinished
	c := t.cell(d.Cell)
	c.apply(models.CellCheckEmpty)
	c.Operation = ""
	reason := t.Directory.Withdrawals[op.Shipment].Reason
	for _, id := range d.Parcels {
		told := kind
		if containsParcel(op.Scanned, id) {
			told = models.FactWithdrawn
		}
		f := t.write(told, op.ID, c, models.FactData{Shipment: op.Shipment, Parcel: id, Courier: op.Courier, Reason: reason})
		t.gone(op.Shipment, id, f)
	}
	if op.Label != "" {
		if op.LabelSeen {
			kind = models.FactWithdrawn
		}
		t.write(kind, op.ID, c, models.FactData{Label: op.Label, Courier: op.Courier})
	}
	op.Told, op.Reason = true, string(kind)
}

// gone remembers that a parcel left by a fact of this cabinet.
func (t *turn) gone(s models.ShipmentID, id models.ParcelID, f models.Fact) {
	if e := t.Directory.Shipments[s]; e != nil {
		e.Taken = append(e.Taken, Taken{Parcel: id, Epoch: f.Epoch, Seq: f.Seq})
	}
}

// pressedWithdrawal takes a button of a withdrawal under way.
func (t *turn) pressedWithdrawal(op *Operation, b Button) {
	switch b {
	case ButtonMissing:
		for i := range op.Doors {
			if op.Doors[i].State == DoorClosed {
				t.emptied(op, &op.Doors[i], models.FactMissing)
			}
		}
	case ButtonTryAgain:
		t.tryAgain(op)
	case ButtonNotEmpty:
		t.noAnswer(op)
	case ButtonCancel, ButtonFinish:
		if op.undecided() {
			t.abandon(op, reasonAbandoned)
			return
		}
		t.giveUpAll(op, reasonAbandoned)
		t.noAnswer(op)
	}
}
