package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// doubted is a cabinet with a parcel in cell 1, in doubt, and its carrier's courier.
func doubted(t *testing.T) *rig {
	t.Helper()
	r := stored(t, policy(), 1)
	r.expect("shp_2", policy(), models.SizeS)
	r.open(1) // by itself
	r.close(1)
	require.True(t, r.cell(1).Doubtful)
	r.login()
	return r
}

func TestACheckClearsDoubt(t *testing.T) {
	t.Parallel()
	doubtful := models.Occupancy{State: models.CellOccupied, Doubtful: true}
	for name, c := range map[string]struct {
		answer   func(r *rig)
		cell     models.Occupancy
		shipment models.ShipmentID
		facts    []models.FactType
		reason   string
	}{
		"its parcel is there": {func(r *rig) { r.scan("shp_1-1") }, models.Occupancy{State: models.CellOccupied}, "shp_1",
			[]models.FactType{models.FactCellChecked}, "found"},
		"it is empty": {func(r *rig) { r.press(cabinet.ButtonEmpty) }, models.Occupancy{State: models.CellFree}, "",
			[]models.FactType{models.FactMissing, models.FactCellChecked}, "empty"},
		"another parcel is there": {func(r *rig) { r.scan("shp_2-1") }, models.Occupancy{State: models.CellOccupied}, "shp_2",
			[]models.FactType{models.FactMissing, models.FactCellChecked}, "found"},
		"something else is there": {func(r *rig) { r.press(cabinet.ButtonSomethingElse) }, doubtful, "shp_1",
			[]models.FactType{models.FactCellChecked}, "something_else"},
		"an unknown label": {func(r *rig) { r.scan("nobody's") }, doubtful, "shp_1", []models.FactType{}, ""},
		"no answer": {func(r *rig) { r.wait(60_000) }, doubtful, "shp_1",
			[]models.FactType{models.FactOperationDone}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := doubted(t)
			r.press(cabinet.ButtonCheck)
			require.Equal(t, []cabinet.Pulse{{Operation: r.operation().ID, Cell: 1, Attempt: 1}}, r.pulses)
			r.open(1)
			r.close(1)
			require.Equal(t, cabinet.ScreenCheck, r.screen().Screen)
			n := len(r.facts)
			c.answer(r)
			require.Equal(t, c.cell, r.cell(1).Occupancy)
			require.Equal(t, c.shipment, r.cell(1).Shipment)
			require.ElementsMatch(t, c.facts, r.types(n))
			if c.reason != "" {
				_, data := r.lastFact(models.FactCellChecked)
				require.Equal(t, c.reason, data.Reason)
				require.Equal(t, courier, data.Courier)
			}
		})
	}
}

// TestDoubtIsClearedByACheckAlone: neither time, a restart, nor a shut door.
func TestDoubtIsClearedByACheckAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.open(1)
	r.wait(120_000)
	require.Equal(t, models.Occupancy{State: models.CellFree, Doubtful: true}, r.cell(1).Occupancy, "left open")
	r.close(1)
	r.wait(24 * 3600_000)
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Equal(t, 2, r.load("shp_1-1"), "it is not offered")
	r.wait(300)
	r.press(cabinet.ButtonCheck)
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonEmpty)
	r.expect("shp_2", policy(), models.SizeS)
	require.Equal(t, 1, r.load("shp_2-1"))
}

func TestADoubtfulCellOpensForItsOwnCode(t *testing.T) {
	t.Parallel()
	r := doubted(t)
	r.finish()
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(8000)
	r.lastFact(models.FactPickedUp)
	r.wait(180_000)
	require.Equal(t, models.Occupancy{State: models.CellReserved, Doubtful: true}, r.cell(1).Occupancy, "and is looked into before it is offered")
}

func TestACellWithSomethingElseIsOutOfService(t *testing.T) {
	t.Parallel()
	r := doubted(t)
	r.press(cabinet.ButtonCheck)
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonSomethingElse)
	_, data := r.lastFact(models.FactCellChecked)
	require.Equal(t, models.CellOutOfService, data.After.State)
	require.Equal(t, 2, r.load("shp_2-1"))
	r.wait(300)
	r.press(cabinet.ButtonCheck)
	require.Equal(t, 1, r.pulses[len(r.pulses)-1].Cell, "whoever looks again may find it in order")
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonEmpty)
	_, data = r.lastFact(models.FactCellChecked)
	require.Equal(t, models.CellFree, data.After.State)
}

func TestWhoMayLookInto(t *testing.T) {
	t.Parallel()
	r := doubted(t)
	r.staff("cou_2", "org_2", "BADGE-2", nil)
	r.staff("cou_3", "org_0", "BADGE-3", func(c *models.DirectoryCourier) { c.Operator = true })
	r.as("BADGE-2")
	r.press(cabinet.ButtonCheck)
	require.Equal(t, cabinet.TextNothingDoubt, r.screen().Text, "a parcel of another carrier is none of theirs")
	require.Empty(t, r.pulses)
	r.as("BADGE-3")
	r.press(cabinet.ButtonCheck)
	require.Len(t, r.pulses, 1)
}

func TestACheckIsInterrupted(t *testing.T) {
	t.Parallel()
	r := doubted(t)
	r.press(cabinet.ButtonCheck)
	r.open(1)
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	require.Empty(t, r.cell(1).Operation)
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 2)
}

func TestRemindersOfAnOpenDoor(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	strip := "Cell 1 is open, please close it."
	r.wait(29_999)
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
	require.NotContains(t, r.screen().Strips, strip)
	r.wait(1)
	require.Equal(t, cabinet.ScreenLeftOpen, r.screen().Screen)
	require.Contains(t, r.screen().Strips, strip)
	n := len(r.facts)
	r.wait(90_000)
	require.Equal(t, []models.FactType{models.FactCellDoubtful}, r.types(n), "told once, after two minutes")
	r.wait(600_000)
	require.Len(t, r.facts, n+1)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen, "the next person may begin")
	require.Contains(t, r.screen().Strips, strip)
	r.close(1)
	require.NotContains(t, r.screen().Strips, strip)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy, "until someone looks")
}
