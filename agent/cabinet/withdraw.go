package cabinet

import (
	"cmp"
	"slices"
	"strconv"

	"cubby/models"
)

// toCollect lists the cells whose parcels the courier who is logged in may take out, those that
// hold theirs the longest first.
func (s *State) toCollect(courier models.DirectoryCourier) []*Cell {
	var cells []*Cell
	twoWay := s.twoWay()
	for _, c := range s.Cells {
		if c.State != models.CellOccupied || c.Operation != "" || !c.usable() || c.towardsPublic(twoWay) {
			continue
		}
		w, granted := s.Directory.Withdrawals[c.Shipment]
		e := s.Directory.Shipments[c.Shipment]
		granted = granted && w.Allows(c.Parcels) && e != nil && !e.Frozen
		if s.theirs(courier, c) && (granted || c.Label != "") {
			cells = append(cells, c)
		}
	}
	slices.SortStableFunc(cells, func(a, b *Cell) int { return cmp.Compare(a.SinceMS, b.SinceMS) })
	return cells
}

// whyOut is why a cell's parcel has to leave it.
func (s *State) whyOut(c *Cell) TextKey {
	reason := s.Directory.Withdrawals[c.Shipment].Reason
	switch {
	case c.Label != "":
		return TextWhyUnannounced
	case c.Refusal == models.RefusedDamaged:
		return TextWhyDamaged
	case reason == models.LeaveExpired:
		return TextWhyExpired
	case reason == models.LeaveRefused:
		return TextWhyRefused
	case reason == models.LeaveRerouted:
		return TextWhyMoved
	}
	return TextWhyCancelled
}

// outItems are the cells of the list, to choose one of.
func (s *State) outItems(session *Session, l Language) []Item {
	items := []Item{}
	for _, c := range s.toCollect(s.Directory.Couriers[session.Courier]) {
		n := strconv.Itoa(c.Number())
		items = append(items, Item{Key: n, Label: n + ": " + l.sentence(s.whyOut(c), nil)})
	}
	return items
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

// collectNext is collect after a cell was emptied: once there is no other, what came of the visit is told. The
// courier stays for as long as that is shown: they may have made room for what they bring.
func (t *turn) collectNext() {
	if courier, ok := t.courier(); ok && len(t.toCollect(courier)) == 0 {
		t.sumUp(TextSoFar)
		return
	}
	t.collect()
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
	t.takeOutOf(courier, cells[0])
	if op := t.operation(t.Session.Operation); op != nil {
		op.Run = true
	}
}

// cellScanned takes the sticker of a cell, whose parcels a courier is to take out.
func (t *turn) cellScanned(n int) {
	courier, ok := t.courier()
	if !ok {
		t.say(TextBadgeFirst, messageMS)
		return
	}
	for _, c := range t.toCollect(courier) {
		if c.Number() == n {
			t.takeOutOf(courier, c)
			return
		}
	}
	t.say(TextNothingInCell, messageMS, "cell", strconv.Itoa(n))
}

// listedScanned takes a label while the list is shown, as that of a parcel to be taken out: it may stand on paper, too.
// A label that two cells have says nothing, as barcodes are a carrier's own.
func (t *turn) listedScanned(label string) bool {
	courier, ok := t.courier()
	if !ok {
		return false
	}
	var cells []*Cell
	for _, c := range t.toCollect(courier) {
		if c.Label == label || slices.ContainsFunc(c.Parcels, func(id models.ParcelID) bool {
			p, known := t.Directory.parcel(c.Shipment, id)
			return known && p.Barcode == label
		}) {
			cells = append(cells, c)
		}
	}
	if len(cells) != 1 {
		return false
	}
	t.takeOutOf(courier, cells[0])
	return true
}

// takeOutOf begins the withdrawal of a cell.
func (t *turn) takeOutOf(courier models.DirectoryCourier, c *Cell) {
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
	op.Listed = len(t.Directory.Withdrawals[c.Shipment].Parcels) > 0
	op.add(c, slices.Clone(c.Parcels))
	t.ask(op)
}

// scannedOut takes a label that is scanned while a courier takes parcels out, before or
// after the door is closed. Of one that is typed its end is enough.
func (t *turn) scannedOut(op *Operation, text string, typed bool) {
	names := func(label string) bool {
		return label == text || typed && len(text) >= typedAtLeast && endsAs(label, text)
	}
	for i := range op.Doors {
		d := &op.Doors[i]
		if d.State != DoorOpen && d.State != DoorClosed {
			continue
		}
		if op.Label != "" && names(op.Label) {
			op.Mistaken, op.LabelSeen = false, true
			if d.State == DoorClosed {
				t.withdrawnIfAll(op, d)
			}
			return
		}
		for _, id := range d.Parcels {
			p, known := t.Directory.parcel(op.Shipment, id)
			if !known || !names(p.Barcode) {
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
	if _, cell := models.ParseCellLabel(text); op.GaveUp == "" && !cell && !t.opens(text) {
		op.Mistaken, op.Wrong = true, text
	}
}

// withdrawalClosed: with every label scanned the parcels are out; otherwise it is asked.
func (t *turn) withdrawalClosed(op *Operation, d *Door) {
	if op.GaveUp != "" {
		t.tookAnother(op, d)
		return
	}
	d.State, op.AnswerBy = DoorClosed, t.longerAt(op, questionMS)
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
	t.showing(op).Visit.Collected++
	if kind == models.FactWithdrawn {
		t.remember(op.Shipment, PastTakenBack)
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
	t.Session.Next = next{ID: t.fresh}
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
	case ButtonUnreadable:
		op.Unreadable = op.any(DoorOpen, DoorClosed)
	case ButtonConfirm:
		t.confirmTakenOut(op)
	case ButtonPutBack:
		t.putWrongBack(op)
	case ButtonTakeAnyway:
		t.takeAnyway(op)
	case ButtonCancel, ButtonFinish:
		op.Run = false
		if op.undecided() {
			t.abandon(op, reasonAbandoned)
			return
		}
		t.giveUpAll(op, reasonAbandoned)
		t.noAnswer(op)
	}
}

// confirmTakenOut takes the courier's word for a label that cannot be read.
func (t *turn) confirmTakenOut(op *Operation) {
	if !op.Unreadable {
		return
	}
	op.LabelSeen = op.Label != ""
	for i := range op.Doors {
		d := &op.Doors[i]
		if d.State != DoorOpen && d.State != DoorClosed {
			continue
		}
		op.Scanned = append(op.Scanned, d.Parcels...)
		if d.State == DoorClosed {
			t.withdrawnIfAll(op, d)
		}
	}
	op.Mistaken, op.Unreadable = false, false
}

// putWrongBack: what was taken out goes back into its cell. Behind a shut door it has to be
// opened anew, and what is inside is in doubt until then.
func (t *turn) putWrongBack(op *Operation) {
	op.Mistaken, op.Unreadable = false, false
	d := op.closed()
	if d == nil {
		return
	}
	c := t.cell(d.Cell)
	t.noAnswer(op)
	t.endOperations()
	courier, ok := t.courier()
	if ok && slices.Contains(t.toCollect(courier), c) {
		t.takeOutOf(courier, c)
	}
}

// takeAnyway: the courier leaves with a parcel that is not the cell's own. What is in the cell
// is in doubt, and so is the cell that was thought to hold it.
func (t *turn) takeAnyway(op *Operation) {
	if !op.Mistaken {
		return
	}
	op.Mistaken, op.Unreadable, op.GaveUp = false, false, reasonTookAnother
	_, p, known := t.labelled(op.Wrong, t.Directory.Couriers[op.Courier].Organization)
	for _, c := range t.Cells {
		if c.Label == op.Wrong || known && containsParcel(c.Parcels, p.Parcel) {
			t.doubt(op, c, reasonTookAnother)
		}
	}
	if d := op.closed(); d != nil {
		t.tookAnother(op, d)
	}
}

// tookAnother tells that something else than the cell's parcel was taken out of it.
func (t *turn) tookAnother(op *Operation, d *Door) {
	op.AnswerBy, op.Reason = 0, reasonTookAnother
	d.State = DoorFinished
	c := t.cell(d.Cell)
	c.apply(models.CellDoubt)
	t.write(models.FactCellDoubtful, op.ID, c, models.FactData{Reason: reasonTookAnother, Label: op.Wrong, Courier: op.Courier})
}
