package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

func (r *rig) board(up bool, cells ...int) {
	r.t.Helper()
	r.do(cabinet.BoardChanged{Board: "A", Cells: cells, Up: up})
}

func TestCellsOfADeadBoardAreNotOffered(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS, models.SizeS)
	r.board(false, 1)
	_, data := r.lastFact(models.FactBoardDown)
	require.Equal(t, models.CellOutOfService, data.Cells[0].State)
	require.Equal(t, 2, r.load("shp_1-1"))
	r.board(true, 1)
	_, data = r.lastFact(models.FactBoardUp)
	require.Equal(t, models.CellFree, data.Cells[0].State)
	require.Equal(t, 1, r.load("shp_1-2"))
}

func TestAPickupBeforeADeadBoard(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	r.board(false, 1)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, []int{2}, r.operation().Cells(cabinet.DoorPulsed), "what can be opened is")
	r.open(2)
	r.close(2)
	r.wait(8000)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, "The lock of cell 1 does not answer. We have been told; your code stays valid.", r.screen().Sentence)
	_, data := r.lastFact(models.FactOperationDone)
	require.Equal(t, "board_dead", data.Reason)
	r.board(true, 1)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 2)
}

func TestABoardDiesWhileTheServerIsAsked(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.online()
	r.keyIn(r.code("shp_1"))
	r.board(false, 1)
	r.lead()
	require.Empty(t, r.pulses)
	require.Equal(t, models.NotOpened, r.lastResult().Result.Outcome)
	require.Equal(t, "board_dead", r.lastResult().Result.Reason)
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy, "nothing moved: nothing is in doubt")
}

func TestABoardDiesWhileADoorWaits(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 6)
	r.keyIn(r.code("shp_1"))
	r.press(cabinet.ButtonOpen)
	for cell := 1; cell <= 4; cell++ {
		r.open(cell)
		r.wait(300)
	}
	require.Equal(t, []int{5, 6}, r.operation().Cells(cabinet.DoorWaiting))
	r.board(false, 6)
	require.Equal(t, []int{5}, r.operation().Cells(cabinet.DoorWaiting))
	require.Equal(t, "board_dead", r.operation().Doors[5].Reason)
	require.Empty(t, r.cell(6).Operation)
}
