package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// untilLeft has a door that reads open told of as left open.
func (r *rig) untilLeft(cell int) {
	r.t.Helper()
	r.wait(130_000) // a pulse's time, and two minutes
	require.True(r.t, r.cell(cell).LeftOpen)
}

// TestAContactThatSaysOpen: the door of a cell is shut, and its contact never says so. Its client, a technician and
// the operator open it all the same, each with one pulse, and nobody keeps the screen.
func TestAContactThatSaysOpen(t *testing.T) {
	t.Parallel()
	t.Run("client", func(t *testing.T) {
		t.Parallel()
		r := stored(t, policy(), 1)
		r.open(1)
		r.untilLeft(1)
		r.wait(20_000)
		n, lock := len(r.pulses), *r.cell(1).Lock
		r.keyIn(r.code("shp_1"))
		require.Len(t, r.pulses, n+1, "it may be shut")
		require.NotEqual(t, models.Opened, r.operation().Doors[0].Outcome, "a pulse is not an open door")
		r.wait(10_000)
		require.Len(t, r.pulses, n+1)
		require.Equal(t, models.Opened, r.operation().Doors[0].Outcome)
		require.Equal(t, lock, *r.cell(1).Lock, "nothing was measured")
		r.wait(120_000)
		require.Equal(t, cabinet.ScreenHome, r.screen().Screen, "the next person may begin")
		r.expect("shp_2", policy(), models.SizeS)
		r.login()
		r.load("shp_2-1")
	})
	t.Run("technician", func(t *testing.T) {
		t.Parallel()
		r := serviced(t)
		for range 2 { // the second time the first is what was left behind
			r.door("2")
			require.Contains(t, r.screen().Buttons, cabinet.ButtonOpen)
			n := len(r.pulses)
			r.press(cabinet.ButtonOpen)
			require.Len(t, r.pulses, n+1)
			require.Equal(t, 2, r.pulses[n].Cell)
			r.open(2)
			r.untilLeft(2)
			require.Equal(t, cabinet.ScreenOverview, r.screen().Screen)
		}
		r.door("2")
		r.press(cabinet.ButtonOutOfService)
		require.True(t, r.cell(2).Isolated)
		require.Empty(t, r.cell(2).Operation)
		r.press(cabinet.ButtonLeave)
		r.press(cabinet.ButtonFinish)
		_, data := r.lastFact(models.FactStaffOut)
		require.NotEmpty(t, data.Courier)
	})
	t.Run("from afar", func(t *testing.T) {
		t.Parallel()
		r := occupied(t)
		r.keyIn(r.code("shp_1"))
		r.lead()
		r.open(1)
		r.untilLeft(1)
		n := len(r.pulses)
		r.openRemotely(r.granted("op_far", 1))
		require.Len(t, r.pulses, n+1, "whoever is inside waits for it")
		require.True(t, r.cell(1).Doubtful)
	})
}

// TestDoorsThatNobodyShuts: a board dies while its doors are open, and others are left open; every other door opens as
// before, also on battery.
func TestDoorsThatNobodyShuts(t *testing.T) {
	t.Parallel()
	full := func(t *testing.T) *rig {
		r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeS, models.SizeS, models.SizeS)
		r.expect("shp_1", policy(), models.SizeS)
		r.load("shp_1-1")
		r.finish()
		for cell := 2; cell <= 5; cell++ {
			r.open(cell)
		}
		r.wait(300)
		return r
	}
	opens := func(t *testing.T, r *rig) {
		n := len(r.pulses)
		r.keyIn(r.code("shp_1"))
		require.Len(t, r.pulses, n+1)
		require.Equal(t, 1, r.pulses[n].Cell)
	}
	t.Run("of a dead board", func(t *testing.T) {
		t.Parallel()
		r := full(t)
		r.do(cabinet.BoardChanged{Board: "A", Cells: []int{2, 3, 4, 5}})
		opens(t, r)
	})
	t.Run("left open", func(t *testing.T) {
		t.Parallel()
		r := full(t)
		r.untilLeft(5)
		opens(t, r)
	})
	t.Run("left open, on battery", func(t *testing.T) {
		t.Parallel()
		r := full(t)
		r.untilLeft(5)
		r.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true}})
		opens(t, r)
	})
	t.Run("just open", func(t *testing.T) {
		t.Parallel()
		r := full(t)
		n := len(r.pulses)
		r.keyIn(r.code("shp_1"))
		require.Len(t, r.pulses, n, "so many at once")
		r.close(3)
		require.Len(t, r.pulses, n+1)
	})
}

// TestFromAfarLeftDoorsCount: an adversary with a signer's key has no more doors open at once than anybody, however long
// they stand open.
func TestFromAfarLeftDoorsCount(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeS, models.SizeS, models.SizeS)
	r.session("nonce-1")
	for cell := 2; cell <= 5; cell++ {
		r.open(cell)
	}
	r.untilLeft(5)
	r.openRemotely(r.granted("op_far", 1))
	require.Empty(t, r.pulses)
	require.Equal(t, "doors", r.lastResult().Result.Reason)
	r.close(3)
	r.openRemotely(r.granted("op_again", 1))
	require.Len(t, r.pulses, 1)
}

// TestNobodyReachesThrough: while the other door of a two-way cell stands open, however long, this one is not driven.
func TestNobodyReachesThrough(t *testing.T) {
	t.Parallel()
	r := twoWay(t)
	r.at(models.SideBack, cabinet.Scanned{Text: badge})
	r.at(models.SideBack, cabinet.Keyed{Text: pin})
	r.at(models.SideBack, cabinet.Scanned{Text: "shp_1-1"})
	r.loadDoor(1, true)
	r.loadDoor(1, false)
	r.open(1)
	r.loadDoor(1, true)
	r.untilLeft(1)
	require.True(t, r.cell(1).Load.LeftOpen)
	n := len(r.pulses)
	r.at(models.SideFront, cabinet.Keyed{Text: r.code("shp_1")})
	require.Len(t, r.pulses, n)
	r.loadDoor(1, false)
	require.Len(t, r.pulses, n+1)
}
