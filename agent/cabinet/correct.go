package cabinet

import "cubby/models"

// loaded is the parcel that a courier put in last: until the next one they may take it back.
type loaded struct {
	Shipment   models.ShipmentID `json:"shipment,omitempty"`
	Parcel     models.ParcelID   `json:"parcel,omitempty"`
	Cell       int               `json:"cell,omitempty"`
	Generation int64             `json:"generation,omitempty"`
	Size       models.Size       `json:"size,omitempty"`
}

// lastLoaded is where the last parcel lies; nil: it cannot be taken back here.
func (s *State) lastLoaded(session *Session) *Cell {
	last := session.Last
	if last.Cell == 0 || session.Courier == "" || session.Text != TextLoaded {
		return nil
	}
	c := s.cell(last.Cell)
	if c.Generation != last.Generation || c.State != models.CellOccupied || c.Operation != "" || !containsParcel(c.Parcels, last.Parcel) || !c.usable() {
		return nil
	}
	return c
}

// correct opens the cell of the last parcel once more, for its courier to take it out: it was
// not put in at all, or did not fit.
func (t *turn) correct(why Button) {
	c, last := t.lastLoaded(t.Session), t.Session.Last
	courier, ok := t.courier()
	if c == nil || !ok {
		return
	}
	op := t.begin(models.Check, last.Shipment, models.Policy{})
	if op == nil {
		return
	}
	op.Courier, op.Corrects, op.Size = courier.Courier, string(why), last.Size
	op.add(c, []models.ParcelID{last.Parcel})
	t.decideLocally(op)
}

// unload takes the courier's word that the cell is empty: the parcel is with them. One that did
// not fit gets a larger cell at once.
func (t *turn) unload(op *Operation, d *Door) {
	c, id := t.cell(d.Cell), d.Parcels[0]
	reason := models.LoadCourierCancelled
	if op.Corrects == string(ButtonNotFit) {
		reason = models.LoadTooBig
	}
	op.AnswerBy, d.State = 0, DoorFinished
	t.missing(op, c, id) // what else was recorded there is not there either
	c.apply(models.CellCheckEmpty)
	c.Operation = ""
	t.write(models.FactUnloaded, op.ID, c, models.FactData{Shipment: op.Shipment, Parcel: id, Courier: op.Courier, Reason: reason})
	op.Told, op.Reason = true, reasonUnloaded
	visit := &t.Session.Visit
	visit.Loaded = max(0, visit.Loaded-1)
	p, known := t.Directory.parcel(op.Shipment, id)
	e := t.Directory.Shipments[op.Shipment]
	t.endOperations()
	if op.Corrects == string(ButtonNotFit) && known {
		p.Size = op.Size
		t.depositAbove(e, p, c.Layout.Size.Rank())
		return
	}
	visit.Unloaded = append(visit.Unloaded, Unloaded{string(id), p.Barcode, reason})
}
