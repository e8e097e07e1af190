package cabinet

import (
	"slices"

	"cubby/agent/protocol"
	"cubby/models"
)

// takeLost learns that the server does not know a shipment any more. Its code opens its cells as
// before, until it is announced again.
func (t *turn) takeLost(entry protocol.Entry) {
	e := t.Directory.Shipments[models.ShipmentID(entry.Key)]
	if e == nil || entry.Deleted {
		return
	}
	e.Lost = true
	for _, id := range t.Directory.ids() {
		if next := t.Directory.Shipments[id]; next != nil {
			t.announcedAgain(next)
		}
	}
}

// announcedAgain is for a shipment that has the labels and the carrier of one that the server
// lost. What lies here of the lost one is the new one's, and the code that its client was told
// opens it still.
func (t *turn) announcedAgain(next *Expected) {
	if next.Lost || next.Withdrawn {
		return
	}
	for _, id := range t.Directory.ids() {
		lost := t.Directory.Shipments[id]
		if !lost.Lost || lost.Carrier != next.Carrier || lost.Withdrawn {
			continue
		}
		known := len(lost.Parcels)
		lost.Parcels = slices.DeleteFunc(slices.Clone(lost.Parcels), func(p models.DirectoryParcel) bool {
			i := slices.IndexFunc(next.Parcels, func(n models.DirectoryParcel) bool { return n.Barcode == p.Barcode })
			return i >= 0 && t.passOn(lost, p, next, next.Parcels[i])
		})
		if len(lost.Parcels) == known {
			continue
		}
		next.Formerly = append(next.Formerly, Former{lost.Shipment, lost.Issue, lost.Codes})
		next.Formerly = append(next.Formerly, lost.Formerly...)
		if len(lost.Parcels) == 0 && !t.present(id) {
			delete(t.Directory.Shipments, id)
		}
	}
}

// passOn makes a lost shipment's parcel that of the shipment which announces it again, unless its
// cell is in use or holds another parcel too.
func (t *turn) passOn(lost *Expected, p models.DirectoryParcel, next *Expected, n models.DirectoryParcel) bool {
	if _, coming := t.depositing(p.Parcel); coming {
		return false
	}
	i := slices.IndexFunc(t.Cells, func(c *Cell) bool { return containsParcel(c.Parcels, p.Parcel) })
	if i < 0 {
		return true // it is still to come
	}
	c := t.Cells[i]
	if c.Operation != "" || c.State != models.CellOccupied || len(c.Parcels) > 1 || c.Shipment != lost.Shipment || next.gone(n.Parcel) {
		return false
	}
	c.Shipment, c.Parcels = next.Shipment, []models.ParcelID{n.Parcel}
	t.write(models.FactDeposited, "", c, models.FactData{Shipment: next.Shipment, Parcel: n.Parcel, Label: p.Barcode})
	return true
}
