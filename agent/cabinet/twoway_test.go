package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// twoWay is a cabinet of cells with a door on each side, and a shipment of one parcel.
func twoWay(t *testing.T) *rig {
	r := newRig(t)
	layout := models.DirectoryLayout{Locker: locker, Number: "L-002", State: models.LockerActive}
	for n := 1; n <= 2; n++ {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: n, Module: 1, Row: n, Size: models.SizeM, Regime: models.Ambient, Side: models.SideBoth})
	}
	r.entry(models.EntryLayout, string(locker), layout)
	r.entry(models.EntryCourier, string(courier), models.DirectoryCourier{
		Courier: courier, Organization: carrier, Role: models.RoleCourier, Badge: badge, PINHash: hashOf(pin),
	})
	r.expect("shp_1", policy(), models.SizeS)
	return r
}

func (r *rig) at(side models.Side, in cabinet.Input) {
	r.t.Helper()
	switch in := in.(type) {
	case cabinet.Scanned:
		in.Side, in.ID = side, r.id()
		r.do(in)
	case cabinet.Keyed:
		in.Side, in.ID = side, r.id()
		r.do(in)
	case cabinet.Pressed:
		in.Side, in.ID = side, r.id()
		r.do(in)
	}
}

func (r *rig) loadDoor(cell int, open bool) {
	r.t.Helper()
	r.do(cabinet.DoorChanged{Cell: cell, Side: models.SideBack, Open: open})
}

func (r *rig) back() cabinet.View { return r.state.View(r.now, models.SideBack) }

// TestTwoWay: a courier loads at the back, a client collects in front, each at a screen of
// their own, and each opens only the door of their side.
func TestTwoWay(t *testing.T) {
	t.Parallel()
	r := twoWay(t)
	require.Equal(t, cabinet.TextShowBadge, r.back().Text, "who stands at the back loads")
	require.Empty(t, r.back().Pad)
	require.Equal(t, cabinet.PadDigits, r.screen().Pad)

	r.at(models.SideFront, cabinet.Scanned{Text: badge})
	require.Equal(t, cabinet.TextOtherSide, r.screen().Text)
	r.at(models.SideBack, cabinet.Scanned{Text: badge})
	r.at(models.SideBack, cabinet.Keyed{Text: pin})
	r.at(models.SideBack, cabinet.Scanned{Text: "shp_1-1"})
	require.Len(t, r.pulses, 1)
	require.Equal(t, models.SideBack, r.pulses[0].Side)
	cell := r.pulses[0].Cell
	r.loadDoor(cell, true)
	require.Equal(t, cabinet.ScreenDoor, r.back().Screen)
	require.Equal(t, cabinet.TextOtherSide, r.screen().Text, "the front goes on with what it shows")
	require.Contains(t, r.screen().Strips, "The other side is in use.")
	r.loadDoor(cell, false)
	require.Equal(t, models.CellOccupied, r.state.Cells[cell-1].State)

	r.at(models.SideBack, cabinet.Keyed{Text: r.code("shp_1")})
	require.Equal(t, cabinet.TextOtherSide, r.back().Text, "clients collect in front")
	r.at(models.SideFront, cabinet.Keyed{Text: r.code("shp_1")})
	r.wait(1000)
	require.Len(t, r.pulses, 2)
	require.Equal(t, cell, r.pulses[1].Cell)
	require.Empty(t, r.pulses[1].Side)
	r.open(cell)
	r.close(cell)
	r.at(models.SideFront, cabinet.Pressed{Button: cabinet.ButtonYesTaken})
	require.Contains(t, r.types(0), models.FactPickedUp)
}

// TestNeverBothDoors: while one door of a cell is open, the other is not driven.
func TestNeverBothDoors(t *testing.T) {
	t.Parallel()
	r := twoWay(t)
	r.at(models.SideBack, cabinet.Scanned{Text: badge})
	r.at(models.SideBack, cabinet.Keyed{Text: pin})
	r.at(models.SideBack, cabinet.Scanned{Text: "shp_1-1"})
	cell := r.pulses[0].Cell
	r.loadDoor(cell, true)
	r.loadDoor(cell, false)
	r.loadDoor(cell, true) // by itself, or by force
	r.at(models.SideFront, cabinet.Keyed{Text: r.code("shp_1")})
	r.wait(1000)
	require.Len(t, r.pulses, 1, "the door in front waits")
	r.loadDoor(cell, false)
	require.Len(t, r.pulses, 2)
	require.Empty(t, r.pulses[1].Side)

	// And the other way about: a free cell whose door in front is open takes nothing.
	r = twoWay(t)
	r.open(1)
	r.open(2)
	r.at(models.SideBack, cabinet.Scanned{Text: badge})
	r.at(models.SideBack, cabinet.Keyed{Text: pin})
	r.at(models.SideBack, cabinet.Scanned{Text: "shp_1-1"})
	require.Empty(t, r.pulses)
}

// TestTwoWayRestart: a load door that is found open belongs to its deposit, and one that is
// shut leaves its cell in doubt.
func TestTwoWayRestart(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{true, false} {
		r := twoWay(t)
		r.at(models.SideBack, cabinet.Scanned{Text: badge})
		r.at(models.SideBack, cabinet.Keyed{Text: pin})
		r.at(models.SideBack, cabinet.Scanned{Text: "shp_1-1"})
		cell := r.pulses[0].Cell
		r.loadDoor(cell, true)
		started := cabinet.Started{Boot: "boot-2"}
		if open {
			started.OpenLoad = []int{cell}
		}
		r.do(started)
		require.Equal(t, open, r.state.Cells[cell-1].Load.Open)
		require.Equal(t, !open, r.state.Cells[cell-1].Doubtful)
		require.Len(t, r.pulses, 1)
	}
}

// TestNoCourierOpensTheFrontFromTheBack: a cell with its only door at the front is none for couriers, who work at the back.
func TestNoCourierOpensTheFrontFromTheBack(t *testing.T) {
	t.Parallel()
	r := twoWay(t)
	layout := models.DirectoryLayout{Locker: locker, Number: "L-002", State: models.LockerActive}
	for n, side := range []models.Side{models.SideFront, models.SideBoth} {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: n + 1, Module: n + 1, Row: 1, Size: models.SizeM, Regime: models.Ambient, Side: side})
	}
	r.entry(models.EntryLayout, string(locker), layout)
	r.open(1) // by itself: it is in doubt
	r.close(1)
	r.cell(1).Doubtful = true
	r.at(models.SideBack, cabinet.Scanned{Text: badge})
	r.at(models.SideBack, cabinet.Keyed{Text: pin})
	r.at(models.SideBack, cabinet.Pressed{Button: cabinet.ButtonCheck})
	require.Empty(t, r.pulses)
	r.cell(1).Doubtful = false
	r.at(models.SideBack, cabinet.Scanned{Text: "shp_1-1"})
	require.Equal(t, 2, r.pulses[0].Cell)
}

// TestTheLoadingSideIsOutOfServiceToo: a courier is told why nothing works as a client is.
func TestTheLoadingSideIsOutOfServiceToo(t *testing.T) {
	t.Parallel()
	r := twoWay(t)
	r.do(cabinet.PowerChanged{Power: cabinet.Power{Low: true}})
	require.Equal(t, cabinet.ScreenPower, r.back().Screen)
	r.do(cabinet.PowerChanged{})
	require.Equal(t, cabinet.TextShowBadge, r.back().Text)
	r.board(false, 1, 2)
	require.Equal(t, cabinet.ScreenOut, r.back().Screen)
	require.Equal(t, cabinet.TextLocksDead, r.back().Text)
	r.board(true, 1, 2)
	require.Equal(t, cabinet.TextShowBadge, r.back().Text)
}

// TestTheLoadingSideKnowsOfTheOther: which cells are collected from, and which stand open there.
func TestTheLoadingSideKnowsOfTheOther(t *testing.T) {
	t.Parallel()
	r := twoWay(t)
	r.at(models.SideBack, cabinet.Scanned{Text: badge})
	r.at(models.SideBack, cabinet.Keyed{Text: pin})
	r.at(models.SideBack, cabinet.Scanned{Text: "shp_1-1"})
	cell := r.pulses[0].Cell
	r.loadDoor(cell, true)
	require.Empty(t, r.back().Across, "its own doors are not across")
	r.loadDoor(cell, false)
	r.at(models.SideFront, cabinet.Keyed{Text: r.code("shp_1")})
	r.wait(1000)
	require.Equal(t, map[int]cabinet.Across{cell: cabinet.AcrossCollecting}, r.back().Across)
	r.open(cell)
	require.Equal(t, map[int]cabinet.Across{cell: cabinet.AcrossOpen}, r.back().Across)
	require.Contains(t, r.back().Strips, "Open at the pickup side: 1.")
	require.Empty(t, r.screen().Across)
	require.NotContains(t, r.screen().Strips, "Open at the pickup side: 1.")
	r.close(cell)
	r.at(models.SideFront, cabinet.Pressed{Button: cabinet.ButtonYesTaken})
	require.Empty(t, r.back().Across)
}
