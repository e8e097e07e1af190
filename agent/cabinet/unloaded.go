package cabinet

import (
	"slices"

	"cubby/models"
)

// notLoaded tells that a parcel did not get in, and why: once in a courier's session. It is
// known by its id, or by its label alone.
func (t *turn) notLoaded(op models.OperationID, data models.FactData) {
	told := Unloaded{Key: "label " + data.Label, Label: data.Label, Reason: data.Reason}
	if data.Parcel != "" {
		p, _ := t.Directory.parcel(data.Shipment, data.Parcel)
		told.Key, told.Label = string(data.Parcel), p.Barcode
	}
	for _, side := range sides() {
		visit := &t.sessionAt(side).Visit
		if data.Courier != t.sessionAt(side).Courier {
			continue
		}
		if slices.ContainsFunc(visit.Unloaded, func(u Unloaded) bool { return u.Key == told.Key }) {
			return
		}
		visit.Unloaded = append(visit.Unloaded, told)
	}
	t.write(models.FactLoadFailed, op, nil, data)
}

// tellNotLoaded tells how a deposit failed that has ended.
func (t *turn) tellNotLoaded(op *Operation) {
	if op.Failed == "" {
		return
	}
	data := models.FactData{Shipment: op.Shipment, Courier: op.Courier, Reason: op.Failed, Label: op.Label}
	if op.Label == "" {
		data.Parcel = op.Doors[len(op.Doors)-1].Parcels[0]
	}
	t.notLoaded(op.ID, data)
}

// noRoom is why no cell above a size rank is free for a parcel.
func (s *State) noRoom(p models.DirectoryParcel, above int) (reason string) {
	if p.EasyReach && (s.smallest(p, above, nil, false) != nil || !s.withinReach()) {
		return models.LoadNoEasyReach
	}
	for _, c := range s.Cells {
		rank := c.Layout.Size.Rank()
		if c.Layout.Regime == p.Regime && rank >= p.Size.Rank() && rank > above && p.Dimensions.Fits(c.Layout.Inner) {
			return models.LoadFull
		}
	}
	return models.LoadTooBig
}

// withinReach reports whether the locker has cells that everybody reaches.
func (s *State) withinReach() bool {
	return slices.ContainsFunc(s.Cells, func(c *Cell) bool { return c.Layout.EasyReach })
}

// showNoRoom says why a parcel cannot be put in.
func (t *turn) showNoRoom(reason, size string) {
	text := TextFull
	switch reason {
	case models.LoadTooBig:
		text = TextTooBig
	case models.LoadNoEasyReach:
		text = TextNoEasyReach
	case models.LoadCellBroken:
		text = TextNoneOpens
	}
	t.await(ScreenFull, text, "size", size)
}

// takeBack has a courier keep a parcel whose label says nothing here.
func (t *turn) takeBack() {
	if label := t.Session.Label; label != "" && t.Session.Courier != "" {
		t.notLoaded("", models.FactData{Label: label, Courier: t.Session.Courier, Reason: t.whyTakenBack()})
	}
	t.home()
}

// whyTakenBack is why: one that could be left here unannounced found no room, or the courier does not want to.
func (t *turn) whyTakenBack() string {
	switch {
	case !t.Session.MayLeave:
		return models.LoadLabelUnreadable
	case len(t.leaveButtons()) == 0:
		return models.LoadFull
	}
	return models.LoadCourierCancelled
}
