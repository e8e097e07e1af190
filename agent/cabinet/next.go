package cabinet

import "cubby/models"

// next is a label that a courier scanned while a door was open. Its door opens by itself once
// that one is shut, with the id that came with the scan.
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
	if _, badge := t.Directory.badge(text); badge {
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

// takeNext goes on with the label that was held, if the deposit before it went well.
func (t *turn) takeNext(op *Operation) {
	held := t.Session.Next
	t.Session.Next = next{}
	if held.Label == "" || op.Kind != models.Deposit || op.Reason != "deposited" || t.Session.Courier == "" {
		return
	}
	t.fresh = held.ID
	t.resolve(held.Label, true)
	t.fresh = ""
}
