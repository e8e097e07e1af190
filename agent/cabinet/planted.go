package cabinet

import (
	"slices"

	"cubby/models"
)

// What planted bugs do that is more than a condition. An ordinary build calls none of it,
// and the linker leaves it out: see package mutant.

// reviveDoors is a planted bug's: an operation that was given up gets its doors back.
func (t *turn) reviveDoors(op *Operation) {
	for i := range op.Doors {
		d := &op.Doors[i]
		if c := t.cell(d.Cell); d.Attempt == 0 && c.Operation == "" {
			d.State, c.Operation = DoorWaiting, op.ID
			if op.Kind == models.Deposit {
				c.apply(models.CellReserve)
				c.Shipment = op.Shipment
			}
		}
	}
}

// driveAgain is a planted bug's: the doors are driven once more.
func (op *Operation) driveAgain() {
	for i := range op.Doors {
		if slices.Contains([]DoorState{DoorPulsed, DoorOpen, DoorClosed}, op.Doors[i].State) {
			op.Doors[i].State = DoorWaiting
		}
	}
}

// freeAll is a planted bug's: the cells of a shipment are free because the server says so.
func (t *turn) freeAll(id models.ShipmentID) {
	for _, c := range t.holding(id) {
		if c.Operation == "" {
			c.apply(models.CellCheckEmpty)
		}
	}
}
