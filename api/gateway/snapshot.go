package gateway

import (
	"net/http"

	"cubby/agent/protocol"
	"cubby/models"
)

// snapshot gives what the server believes to be in the cabinet's cells.
func (g *Gateway) snapshot(w http.ResponseWriter, r *http.Request, p Peer) error {
	head, cells, parcels, err := g.Cabinets.Snapshot(r.Context(), p.Locker)
	if err != nil {
		return err
	}
	in := map[int][]models.ParcelID{}
	for _, parcel := range parcels {
		in[parcel.Cell] = append(in[parcel.Cell], parcel.ID)
	}
	reply := protocol.Snapshot{Epoch: head.Epoch, Seq: head.Seq, Cells: make([]protocol.SnapshotCell, 0, len(cells))}
	for _, c := range cells {
		reply.Cells = append(reply.Cells, protocol.SnapshotCell{CellReport: c.Report(), Parcels: in[c.Number]})
	}
	return writeJSON(w, reply)
}
