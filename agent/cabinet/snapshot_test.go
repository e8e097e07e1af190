package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// believed is the server's view of cell 1: the parcel of shp_1 in its generation 7.
func believed() cabinet.SnapshotTaken {
	return cabinet.SnapshotTaken{Snapshot: protocol.Snapshot{Cells: []protocol.SnapshotCell{{
		CellReport: models.CellReport{Cell: 1, State: models.CellOccupied, Generation: 7, Shipment: "shp_1"},
		Parcels:    []models.ParcelID{"par_shp_1-1"},
	}}}}
}

func TestALostStoreBelievesTheServerWithDoubt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.do(cabinet.Started{Boot: "boot-2", Lost: true})
	r.furnish(models.SizeS, models.SizeS)
	require.Empty(t, r.facts, "the inventory waits for what the server believes")
	r.do(believed())
	_, data := r.lastFact(models.FactInventory)
	require.Equal(t, "store_set_aside", data.Reason)
	require.Equal(t, models.CellReport{Cell: 1, State: models.CellOccupied, Doubtful: true, Generation: 7, Shipment: "shp_1"}, data.Cells[0])
	require.Equal(t, models.CellReport{Cell: 2, State: models.CellFree, Doubtful: true}, data.Cells[1])
	r.expect("shp_1", policy(), models.SizeS)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1, "it opens for its own code")
	require.Equal(t, int64(7), r.operation().Doors[0].Generation)
}

func TestASnapshotThatNobodyNeeds(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	n := len(r.facts)
	r.do(believed())
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy, "what a cabinet knows is never learned from the server")
	require.Len(t, r.facts, n)
	require.Nil(t, r.state.Snapshot, "nor kept for another day")
}

// TestANewerGenerationIsNotOpened: the occupancy that someone asked about is over.
func TestANewerGenerationIsNotOpened(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.do(cabinet.LinkUp{Nonce: "n"})
	r.do(cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: 2}})
	r.keyIn(r.code("shp_1"))
	r.do(believed())
	r.answer(protocol.DecideLocally, "")
	require.Empty(t, r.pulses)
	require.Equal(t, "generation", r.operation().Doors[0].Reason)
	require.Empty(t, r.cell(1).Operation)
}

// TestAnOldCopyOfTheStoreLearnsWhatCameLater: a cell that the cabinet believes to hold one
// shipment, and the server knows to hold the next, opens for the next alone.
func TestAnOldCopyOfTheStoreLearnsWhatCameLater(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.expect("shp_2", policy(), models.SizeS)
	r.do(cabinet.LinkUp{Nonce: "n"})
	r.do(cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: 2}})
	require.Empty(t, r.state.Unsent(10), "its inventory would overwrite what the server knows")
	r.do(cabinet.SnapshotTaken{Snapshot: protocol.Snapshot{Cells: []protocol.SnapshotCell{{
		CellReport: models.CellReport{Cell: 1, State: models.CellOccupied, Generation: 2, Shipment: "shp_2"},
		Parcels:    []models.ParcelID{"par_shp_2-1"},
	}}}})
	require.Equal(t, int64(2), r.state.Journal.Epoch)
	_, data := r.lastFact(models.FactInventory)
	require.Equal(t, "old_copy", data.Reason, "whoever looks after the cabinet is told why")
	require.False(t, r.state.OldCopy, "once")
	require.Equal(t, models.ShipmentID("shp_2"), r.cell(1).Shipment)
	require.True(t, r.cell(1).Doubtful)
	r.do(cabinet.LinkDown{})
	n := len(r.pulses)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, n)
	r.keyIn(r.code("shp_2"))
	require.Len(t, r.pulses, n+1)
}

// TestAnOldCopyInTheMiddleOfAPickup: what the copy still waits for at a cell frees nothing that the server knows to have
// come later; who is at an open door has the cell in doubt.
func TestAnOldCopyInTheMiddleOfAPickup(t *testing.T) {
	t.Parallel()
	later := func(r *rig) {
		r.do(cabinet.Started{Boot: "boot-2", Open: r.openNow()})
		r.do(cabinet.LinkUp{Nonce: "n"})
		r.do(cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: 2}})
		r.do(cabinet.SnapshotTaken{Snapshot: protocol.Snapshot{Cells: []protocol.SnapshotCell{{
			CellReport: models.CellReport{Cell: 1, State: models.CellOccupied, Generation: 2, Shipment: "shp_2"},
			Parcels:    []models.ParcelID{"par_shp_2-1"},
		}}}})
	}
	begin := func() *rig {
		r := stored(t, policy(), 1)
		r.expect("shp_2", policy(), models.SizeS)
		r.keyIn(r.code("shp_1"))
		r.open(1)
		return r
	}
	r := begin()
	r.close(1)
	later(r)
	require.Equal(t, models.ShipmentID("shp_2"), r.cell(1).Shipment)
	r.wait(10 * 60_000)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	require.Empty(t, r.cell(1).Operation)
	require.NotContains(t, r.types(0), models.FactPickedUp)

	r = begin()
	later(r)
	require.True(t, r.cell(1).Doubtful)
	r.close(1)
	r.wait(10 * 60_000)
	require.True(t, r.cell(1).Doubtful, "somebody has to look")
	require.Empty(t, r.cell(1).Operation)
}

// openNow lists the doors that stand open.
func (r *rig) openNow() (open []int) {
	for _, c := range r.state.Cells {
		if c.Open {
			open = append(open, c.Number())
		}
	}
	return open
}

// TestAnOldCopyOfTheStoreThatServedWithoutNetwork: what left its cell before the server was told
// is not brought back by what the server believes.
func TestAnOldCopyOfTheStoreThatServedWithoutNetwork(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	r.wait(10 * 60_000)
	require.Equal(t, models.CellFree, r.cell(1).State)
	generation := r.cell(1).Generation
	r.do(cabinet.LinkUp{Nonce: "n"})
	r.do(cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: 2}})
	r.do(cabinet.SnapshotTaken{Snapshot: protocol.Snapshot{Cells: []protocol.SnapshotCell{{
		CellReport: models.CellReport{Cell: 1, State: models.CellOccupied, Generation: generation, Shipment: "shp_1"},
		Parcels:    []models.ParcelID{"par_shp_1-1"},
	}}}})
	require.Equal(t, models.Occupancy{State: models.CellFree, Doubtful: true}, r.cell(1).Occupancy)
	require.Empty(t, r.cell(1).Parcels)
	_, data := r.lastFact(models.FactPickedUp)
	require.Equal(t, models.ParcelID("par_shp_1-1"), data.Parcel, "the server is told in the new epoch")
}
