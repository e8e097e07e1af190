package cabinet

import (
	"slices"
	"strconv"
	"strings"

	"cubby/models"
)

// leaveButton is the button that chooses a cell of the size for an unannounced parcel.
func leaveButton(s models.Size) Button { return Button("leave_" + strings.ToLower(string(s))) }

// leaveSize is the inverse; ok is false for every other button.
func leaveSize(b Button) (size models.Size, ok bool) {
	i := slices.IndexFunc(models.Sizes(), func(s models.Size) bool { return leaveButton(s) == b })
	if i < 0 {
		return "", false
	}
	return models.Sizes()[i], true
}

// unannounced is a parcel of which nothing is known but the size that the courier chose.
func unannounced(s models.Size) models.DirectoryParcel {
	return models.DirectoryParcel{Size: s, Regime: models.Ambient}
}

// unknownLabel answers a label that is not in the directory. A courier whose signed entry
// allows it may leave the parcel all the same. What is typed may be the end of a label alone: too
// little to know a parcel by later.
func (t *turn) unknownLabel(label string, scanned bool) {
	courier, ok := t.courier()
	if whole := scanned || len(label) > labelEnd; !ok || !whole || !courier.Unannounced {
		t.await(ScreenUnknown, TextUnknownLabel)
		t.Session.Label = label
		return
	}
	if cell, ok := t.heldIn(label, courier.Organization); ok {
		t.Session.show(ScreenNotHere, TextAlreadyIn, t.longer(refusalMS), "cell", strconv.Itoa(cell))
		return
	}
	t.await(ScreenUnknown, TextLeaveHere)
	t.Session.Label, t.Session.MayLeave = label, true
}

// heldIn finds the cell in which a label of an organization lies, or is being put.
func (s *State) heldIn(label string, holder models.OrganizationID) (cell int, ok bool) {
	for _, c := range s.Cells {
		if c.Label == label && c.Holder == holder {
			return c.Number(), true
		}
		op := s.operation(c.Operation)
		if op != nil && op.Kind == models.Deposit && op.Label == label && op.Holder == holder {
			return c.Number(), true
		}
	}
	return 0, false
}

// leaveButtons offers the sizes of which a cell is free.
func (s *State) leaveButtons() []Button {
	var offered []Button
	for _, size := range models.Sizes() {
		c := s.allocate(unannounced(size), 0, nil)
		if c != nil && c.Layout.Size == size {
			offered = append(offered, leaveButton(size))
		}
	}
	return offered
}

// leaveHere opens a cell for an unannounced parcel. The courier's signed entry is authority
// enough: nobody's cell is asked for, and no life could lead it.
func (t *turn) leaveHere(size models.Size) {
	label := t.Session.Label
	courier, ok := t.courier()
	switch {
	case label == "" || !t.Session.MayLeave:
		return
	case !ok || !courier.Unannounced:
		t.home()
		return
	case t.Directory.Layout.State != models.LockerActive:
		t.refuse(TextNoDeposits)
		return
	case t.Power.OnBattery:
		t.refuse(TextOnBattery)
		return
	}
	c := t.allocate(unannounced(size), 0, nil)
	if c == nil {
		t.await(ScreenFull, TextFull, "size", string(size))
		return
	}
	op := t.begin(models.Deposit, "", models.Policy{})
	if op == nil {
		return
	}
	op.Courier, op.Label, op.Holder, op.Size = courier.Courier, label, courier.Organization, size
	t.reserve(op, c, nil)
	t.decideLocally(op)
}

// hold records that the door was closed on an unannounced parcel.
func (t *turn) hold(op *Operation, c *Cell) {
	c.Label, c.Holder = op.Label, op.Holder
	t.write(models.FactHeld, op.ID, c, models.FactData{Label: op.Label, Courier: op.Courier})
}

// theirs reports whether a courier may see and take what lies in a cell. The operator's
// people may all.
func (s *State) theirs(courier models.DirectoryCourier, c *Cell) bool {
	if courier.Operator {
		return true
	}
	if c.Label != "" {
		return c.Holder == courier.Organization
	}
	e := s.Directory.Shipments[c.Shipment]
	return e != nil && e.Carrier == courier.Organization
}

// takeHeldOut begins the withdrawal of an unannounced parcel by its holder's courier, or the
// operator's.
func (t *turn) takeHeldOut(courier models.DirectoryCourier, c *Cell) {
	op := t.begin(models.Withdrawal, "", models.Policy{})
	if op == nil {
		return
	}
	op.Courier, op.Label = courier.Courier, c.Label
	op.add(c, nil)
	t.decideLocally(op)
}

// announced gives unannounced parcels to the shipment that announces them now: same
// barcode, same carrier. From here on they are deposited as any other.
func (t *turn) announced(e *Expected) {
	for _, p := range e.Parcels {
		for _, c := range t.Cells {
			if c.Label != p.Barcode || c.Holder != e.Carrier || c.State != models.CellOccupied || c.Operation != "" ||
				e.Withdrawn || e.gone(p.Parcel) || t.knownHere(p.Parcel) {
				continue
			}
			label := c.Label
			c.Label, c.Holder = "", ""
			c.Shipment, c.Parcels = e.Shipment, []models.ParcelID{p.Parcel}
			t.write(models.FactDeposited, "", c, models.FactData{Shipment: e.Shipment, Parcel: p.Parcel, Label: label})
		}
	}
}

// announcedLate is announced for a cell that was busy when its announcement came.
func (t *turn) announcedLate() {
	if !slices.ContainsFunc(t.Cells, func(c *Cell) bool { return c.Label != "" }) {
		return
	}
	for _, id := range t.Directory.ids() {
		t.announced(t.Directory.Shipments[id])
	}
}

// knownHere reports whether a parcel is in a cell, or may be on its way into one.
func (s *State) knownHere(id models.ParcelID) bool {
	_, coming := s.depositing(id)
	return coming || slices.ContainsFunc(s.Cells, func(c *Cell) bool { return containsParcel(c.Parcels, id) })
}
