package cabinet

import (
	"slices"

	"cubby/agent/protocol"
	"cubby/models"
)

// takeSnapshot learns what the server believes to be in the cells. Only a cabinet whose
// store was lost, or which was told to begin a new epoch, listens to it: the others know
// better.
func (t *turn) takeSnapshot(snapshot protocol.Snapshot) {
	if !t.Unsure {
		return
	}
	t.Snapshot = &snapshot
	t.adopt()
}

// adopt fills the cells by the snapshot, once both are here. Nothing in it is proof: what
// it calls occupied is in doubt and opens for its own code; the rest is in doubt already.
func (t *turn) adopt() {
	if !t.Unsure || t.Snapshot == nil || len(t.Cells) == 0 {
		return
	}
	for _, believed := range t.Snapshot.Cells {
		c := t.cell(believed.Cell)
		if c == nil {
			continue
		}
		c.Generation = max(c.Generation, believed.Generation)
		if believed.State == models.CellOccupied && believed.Shipment != "" && len(believed.Parcels) > 0 &&
			c.State == models.CellFree && c.Operation == "" {
			c.Occupancy = models.Occupancy{State: models.CellOccupied, Doubtful: true}
			c.Shipment, c.Parcels = believed.Shipment, slices.Clone(believed.Parcels)
		}
	}
	t.Unsure, t.LostStore, t.Snapshot = false, false, nil
	t.inventory()
	t.SetAside = false
}
