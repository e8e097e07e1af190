package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestTheSummaryAfterTheLastCell: the courier goes on with a scan, or is logged out once it was shown.
func TestTheSummaryAfterTheLastCell(t *testing.T) {
	t.Parallel()
	last := func(t *testing.T) *rig {
		r := toWithdraw(t)
		r.expect("shp_2", policy(), models.SizeS)
		r.press(cabinet.ButtonOpenNext)
		r.open(1)
		r.scan("shp_1-1")
		r.close(1)
		require.Equal(t, cabinet.TextSoFar, r.screen().Text)
		require.Equal(t, "1", r.screen().Params["expected"])
		return r
	}
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		r := last(t)
		r.wait(14_999)
		require.Equal(t, courier, r.screen().Courier)
		r.wait(1)
		require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
		require.Empty(t, r.screen().Courier)
	})
	t.Run("a scan", func(t *testing.T) {
		t.Parallel()
		r := last(t)
		r.wait(300)
		r.scan("shp_2-1")
		require.Equal(t, cabinet.ScreenDoor, r.screen().Screen)
	})
	t.Run("finish", func(t *testing.T) {
		t.Parallel()
		r := last(t)
		r.finish()
		require.Equal(t, cabinet.TextGoodbye, r.screen().Text)
		require.Empty(t, r.screen().Courier)
	})
}

// TestStillHereInAnOperation: nobody's question is given up before it was asked whether they are there.
func TestStillHereInAnOperation(t *testing.T) {
	t.Parallel()
	toLoad := func(t *testing.T) *rig {
		r := newRig(t).furnish(models.SizeS, models.SizeM)
		r.expect("shp_1", policy(), models.SizeS)
		r.login()
		return r
	}
	for name, c := range map[string]struct {
		rig    func(t *testing.T) *rig
		acts   func(r *rig)
		screen cabinet.ScreenID
		ms     int64
		leaves cabinet.ScreenID
	}{
		"a pickup's jam":     {func(t *testing.T) *rig { return stored(t, policy(), 1) }, func(r *rig) { r.keyIn(r.code("shp_1")); r.wait(7_000) }, cabinet.ScreenJammed, 45_000, cabinet.ScreenHome},
		"a withdrawal's jam": {toWithdraw, func(r *rig) { r.press(cabinet.ButtonOpenNext); r.wait(7_000) }, cabinet.ScreenJammed, 45_000, cabinet.ScreenFinish},
		"a check's jam": {func(t *testing.T) *rig {
			r := toWithdraw(t)
			r.state.Cells[0].Doubtful = true
			return r
		}, func(r *rig) { r.press(cabinet.ButtonCheck); r.wait(7_000) }, cabinet.ScreenJammed, 45_000, cabinet.ScreenFinish},
		"it does not fit": {toLoad, func(r *rig) {
			r.scan("shp_1-1")
			r.open(1)
			r.press(cabinet.ButtonNotFit)
			r.close(1)
		}, cabinet.ScreenBigger, 60_000, cabinet.ScreenFinish},
		"it did not fit, as was seen late": {toLoad, func(r *rig) {
			r.load("shp_1-1")
			r.wait(300)
			r.press(cabinet.ButtonNotFit)
			r.open(1)
			r.close(1)
		}, cabinet.ScreenBigger, 60_000, cabinet.ScreenFinish},
	} {
		for _, yes := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := c.rig(t)
				c.acts(r)
				require.Equal(t, c.screen, r.screen().Screen)
				op := r.operation().ID
				r.wait(c.ms)
				require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
				require.Equal(t, 20, r.screen().Seconds)
				if yes {
					r.press(cabinet.ButtonMoreTime)
					require.Equal(t, c.screen, r.screen().Screen)
					r.wait(45_000)
					require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
					r.press(cabinet.ButtonFinish)
				} else {
					r.wait(19_999)
					require.Equal(t, op, r.state.Session.Operation)
					r.wait(1)
				}
				require.Empty(t, r.state.Session.Operation)
				require.Equal(t, c.leaves, r.screen().Screen)
				require.Empty(t, r.screen().Courier)
				require.True(t, r.cell(1).Doubtful)
			})
		}
	}
}

// TestAnUnknownLabelStays for as long as the courier does: they have the parcel in their hands.
func TestAnUnknownLabelStays(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.login()
	r.scan("never-seen")
	r.wait(119_999)
	require.Equal(t, cabinet.ScreenUnknown, r.screen().Screen)
	r.wait(1)
	require.Equal(t, cabinet.ScreenAway, r.screen().Screen)
}
