package cabinet

import "cubby/models"

// next is what a courier does when the door before them is shut: with the id of an input that
// began nothing the next cell opens by itself, for the label that was scanned meanwhile, or to be
// taken out.
type next struct {
	Label string             `json:"label,omitempty"`
	ID    models.OperationID `json:"id,omitempty"`
}

// holdLabel keeps a label for after the deposit under way. A client's secret is none: it is
// kept nowhere.
func (t *turn) holdLabel(text string) {
	op := t.operation(t.Session.Operation)
	if op == nil || op.ended() || op.Kind != models.Deposit || op.GaveUp != "" || !op.any(DoorPulsed, DoorOpen) ||
		t.Session.Courier == "" || t.opens(text) || t.isLabelOf(op, text) || len(text) > maxText {
		return
	}
	_, badge := t.Directory.badge(text)
	if _, sticker := models.ParseCellLabel(text); badge || sticker {
		return
	}
	t.Session.Next = next{text, t.fresh}
}

// isLabelOf reports whether a label is that of the parcel that is being put in: a scanner reads
// it twice.
func (t *turn) isLabelOf(op *Operation, text string) bool {
	if op.Label == text {
		return true
	}
	for _, d := range op.Doors {
		for _, id := range d.Parcels {
			if p, ok := t.Directory.parcel(op.Shipment, id); ok && p.Barcode == text {
				return true
			}
		}
	}
	return false
}

// takeNext goes on once an operation went well: with the label that was held, or with the next
// cell to be taken out.
func (t *turn) takeNext(op *Operation) {
	held := t.Session.Next
	t.Session.Next = next{}
	out := op.Reason == string(models.FactWithdrawn) || op.Reason == string(models.FactMissing)
	if out && op.Run && held.ID != "" && t.operation(held.ID) == nil && t.Session.Screen == ScreenCollect {
		t.fresh = held.ID
		t.openNext()
		t.fresh = ""
		return
	}
	if held.Label == "" || op.Kind != models.Deposit || op.Reason != "deposited" || t.Session.Courier == "" {
		return
	}
	t.fresh = held.ID
	t.resolve(held.Label, true)
	t.fresh = ""
}
