package cabinet

import (
	"cmp"
	"slices"
	"strconv"

	"cubby/agent/mutant"
	"cubby/models"
)

// questionMS is how long "is it empty?" waits for its answer.
const questionMS = 60_000

// cellsADeposit bounds how many cells one deposit tries: when a board is dead, not every
// cell of the cabinet is to end in doubt.
const cellsADeposit = 3

// deposit begins a deposit of an expected parcel by the courier who is logged in.
func (t *turn) deposit(e *Expected, p models.DirectoryParcel) {
	if !t.checkDeposit(e, p) {
		return
	}
	chosen := t.Session.Size
	if p.AsksSize() {
		if chosen == "" && t.askSize(p) {
			return
		}
		p.Size = cmp.Or(chosen, models.SizeS) // there is no cell, even for the smallest
	}
	if t.askShare(e, p) {
		return
	}
	t.depositAbove(e, p, 0)
}

// mayDeposit finds a parcel again that the screen asked about, and checks what was checked then.
func (t *turn) mayDeposit(id models.ParcelID) (e *Expected, p models.DirectoryParcel, ok bool) {
	for _, shipment := range t.Directory.ids() {
		if p, ok := t.Directory.parcel(shipment, id); ok {
			e := t.Directory.Shipments[shipment]
			return e, p, t.checkDeposit(e, p)
		}
	}
	t.home() // it is gone meanwhile
	return nil, p, false
}

// checkDeposit says why a parcel cannot be put in; true: it can.
func (t *turn) checkDeposit(e *Expected, p models.DirectoryParcel) bool {
	courier, ok := t.courier()
	if !ok {
		t.say(TextBadgeFirst, messageMS)
		return false
	}
	for _, c := range t.Cells {
		if containsParcel(c.Parcels, p.Parcel) {
			t.Session.show(ScreenNotHere, TextAlreadyIn, t.longer(refusalMS), "cell", strconv.Itoa(c.Number()))
			return false
		}
	}
	if cell, ok := t.depositing(p.Parcel); ok {
		t.Session.show(ScreenNotHere, TextPleaseClose, t.longer(refusalMS), "cells", strconv.Itoa(cell))
		return false
	}
	switch {
	case t.leaving(e) && t.Directory.Withdrawals[e.Shipment].Reason == models.LeaveRerouted:
		t.refuseElsewhere(t.Directory.Withdrawals[e.Shipment].Place)
		t.notLoaded("", models.FactData{Shipment: e.Shipment, Parcel: p.Parcel, Courier: courier.Courier, Reason: models.LoadWrongLocker})
		return false
	case t.leaving(e):
		t.refuse(TextCancelled)
		return false
	case e.gone(p.Parcel):
		t.refuse(TextGone)
		return false
	case courier.Organization != e.Carrier && !courier.Operator:
		t.refuse(TextOtherCarrier)
		return false
	case t.Directory.Layout.State != models.LockerActive:
		t.refuse(TextNoDeposits)
		return false
	case e.DueMinor > 0:
		t.refuse(TextNoPayment)
		return false
	case t.Power.OnBattery && !mutant.On(mutant.BatteryIgnored):
		t.refuse(TextOnBattery)
		return false
	case !t.keepsCold(p.Regime):
		t.refuse(TextNeedsCold)
		t.notLoaded("", models.FactData{Shipment: e.Shipment, Parcel: p.Parcel, Courier: courier.Courier, Reason: models.LoadTooBig})
		return false
	case !slices.ContainsFunc(t.Cells, func(c *Cell) bool { return c.Layout.Regime == p.Regime && c.bears(p) }):
		t.refuse(TextTooHeavy)
		t.notLoaded("", models.FactData{Shipment: e.Shipment, Parcel: p.Parcel, Courier: courier.Courier, Reason: models.LoadTooHeavy})
		return false
	}
	return true
}

// refuseElsewhere says where a parcel goes, if that is known.
func (t *turn) refuseElsewhere(place string) {
	if place == "" {
		t.refuse(TextElsewhere)
		return
	}
	t.Session.show(ScreenNotHere, TextElsewhereTo, t.longer(refusalMS), "place", place)
}

// keepsCold reports whether the locker has cells of a regime at all.
func (s *State) keepsCold(r models.Regime) bool {
	return slices.ContainsFunc(s.Cells, func(c *Cell) bool { return c.Layout.Regime == r })
}

// depositAbove begins a deposit into a cell of a size above a rank.
func (t *turn) depositAbove(e *Expected, p models.DirectoryParcel, above int) {
	courier := t.Directory.Couriers[t.Session.Courier]
	c := t.allocate(p, above, nil)
	if c == nil {
		reason := t.noRoom(p, above)
		t.showNoRoom(reason, string(p.Size))
		t.offerOthers(e, reason)
		t.notLoaded("", models.FactData{Shipment: e.Shipment, Parcel: p.Parcel, Courier: courier.Courier, Reason: reason})
		return
	}
	op := t.begin(models.Deposit, e.Shipment, e.Policy)
	if op == nil {
		return
	}
	op.Courier, op.Size, op.Above = courier.Courier, p.Size, above
	t.reserve(op, c, []models.ParcelID{p.Parcel})
	t.ask(op)
}

// depositing finds the cell of a deposit under way that may have the parcel already: one
// that the screen does not know any more, after a restart with its door open.
func (s *State) depositing(id models.ParcelID) (cell int, ok bool) {
	for _, op := range s.Operations {
		if op.ended() || op.Kind != models.Deposit {
			continue
		}
		for _, d := range op.Doors {
			if d.State != DoorFinished && containsParcel(d.Parcels, id) {
				return d.Cell, true
			}
		}
	}
	return 0, false
}

// reserve gives a free cell to an operation: a new occupancy, so a new generation.
func (t *turn) reserve(op *Operation, c *Cell, parcels []models.ParcelID) {
	c.apply(models.CellReserve)
	c.Generation++
	c.Shipment = op.Shipment
	op.add(c, parcels)
}

func (t *turn) depositClosed(op *Operation, d *Door, c *Cell) {
	if op.GaveUp != "" {
		d.State, op.AnswerBy = DoorClosed, t.longerAt(op, questionMS)
		return
	}
	if t.senseClosed(d, c) {
		return
	}
	t.depositedInto(op, d, c)
}

// depositedInto: the parcel is in.
func (t *turn) depositedInto(op *Operation, d *Door, c *Cell) {
	wasDoubtful := c.Doubtful
	c.apply(models.CellDeposited)
	if !op.isShared(d) {
		c.SinceMS = t.now.WallMS
	}
	c.Parcels = append(c.Parcels, d.Parcels...)
	if wasDoubtful {
		// As after a door left open: the courier may have walked away, and someone else closed it.
		c.apply(models.CellDoubt)
	}
	if op.Label != "" {
		t.hold(op, c)
	}
	for _, p := range d.Parcels {
		t.write(models.FactDeposited, op.ID, c, models.FactData{Shipment: op.Shipment, Parcel: p, Courier: op.Courier, Size: t.foundSize(op, p)})
	}
	op.Told, op.Reason = true, "deposited"
	d.State = DoorFinished
	shown := t.showing(op)
	shown.Visit.Loaded++
	shown.Last = loaded{}
	if op.Label == "" && !op.isShared(d) { // what lies there beside it is not to be taken out
		shown.Last = loaded{op.Shipment, d.Parcels[0], d.Cell, d.Generation, op.Size}
	}
}

// depositJammed has the next best cell opened in place of one that does not open.
// Nothing was put into the first.
func (t *turn) depositJammed(op *Operation, d *Door, c *Cell) {
	d.State = DoorFinished
	c.apply(models.CellRelease)
	c.Operation = ""
	f := t.write(models.FactDoorJammed, op.ID, c, models.FactData{Courier: op.Courier, Attempt: d.Attempt, Reason: reasonJammed})
	op.FactEpoch, op.FactSeq = f.Epoch, f.Seq
	if op.GaveUp == "" {
		t.replace(op, *d, models.LoadCellBroken)
	}
}

// replace opens another cell for a door's parcels in the same operation. Without one they are
// not loaded, for the reason given, or else for want of room.
func (t *turn) replace(op *Operation, d Door, reason string) {
	p := unannounced(op.Size)
	if op.Label == "" {
		var ok bool
		if p, ok = t.Directory.parcel(op.Shipment, d.Parcels[0]); !ok {
			return
		}
		p.Size = op.Size
	}
	if c := t.allocate(p, op.Above, op.Doors); c != nil && len(op.Doors) < cellsADeposit {
		op.Failed = ""
		t.reserve(op, c, d.Parcels)
		return
	}
	if reason == "" {
		reason = t.noRoom(p, op.Above)
	}
	op.Reason, op.Failed = "no_cell", reason
}

// cancelDeposit takes back a deposit under way, as far as it has got.
func (t *turn) cancelDeposit(op *Operation, why string) {
	op.Failed = models.LoadCourierCancelled
	if why == string(ButtonNotFit) {
		op.Failed = models.LoadTooBig
	}
	if op.undecided() {
		t.abandon(op, why)
		return
	}
	op.GaveUp = why
	t.giveUpAll(op, why)
	op.Reason = why
}

// empty: the courier says that nothing was left in the cell.
func (t *turn) empty(op *Operation) {
	op.AnswerBy = 0
	for i := range op.Doors {
		d := &op.Doors[i]
		if d.State != DoorClosed {
			continue
		}
		d.State = DoorFinished
		c, shared := t.cell(d.Cell), op.isShared(d)
		c.Operation = ""
		if !shared { // else the other parcel is in it, as before
			c.apply(models.CellCheckEmpty)
			t.write(models.FactCellChecked, op.ID, c, models.FactData{Courier: op.Courier, Reason: "empty"})
		}
		switch op.GaveUp {
		case string(ButtonNotFit):
			if !shared {
				op.Above = c.Layout.Size.Rank()
			}
		case string(ButtonSmaller):
			op.Above = 0
		default:
			continue
		}
		op.GaveUp = ""
		t.replace(op, *d, "")
		return
	}
}

// notEmpty: something may be inside. Only a check clears that.
func (t *turn) notEmpty(op *Operation, d *Door, reason string) {
	op.AnswerBy, op.Failed = 0, ""
	d.State = DoorFinished
	t.doubt(op, t.cell(d.Cell), reason)
}

func containsParcel(parcels []models.ParcelID, id models.ParcelID) bool {
	for _, p := range parcels {
		if p == id {
			return true
		}
	}
	return false
}
