package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestOutOfUse: a locker that is closed and empty says so, and where to go; what lies in one can
// be collected.
func TestOutOfUse(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	near := []models.Neighbour{{Number: "L-002", Address: "High Street 1", DistanceM: 140}}
	state := func(s models.LockerState) {
		layout := r.state.Directory.Layout
		layout.State, layout.Neighbours = s, near
		r.entry(models.EntryLayout, string(locker), layout)
	}
	state(models.LockerOutOfService)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	require.Contains(t, r.screen().Strips, "This locker is out of service. Parcels inside can be collected.")
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	r.wait(200_000)
	v := r.screen()
	require.Equal(t, cabinet.ScreenOut, v.Screen)
	require.Equal(t, cabinet.TextOutOfUse, v.Text)
	require.Equal(t, near, v.Neighbours)
	require.Empty(t, v.Pad)
	require.NotContains(t, v.Sentence, "{")
	require.Contains(t, v.Frame, cabinet.ButtonHelp)
	state(models.LockerActive)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	require.Empty(t, r.screen().Neighbours)
}

// TestStorageTimeStandsStill while the cabinet is away, and not for locks that do not answer: that is what the screen says.
func TestStorageTimeStandsStill(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.online()
	r.board(false, 1, 2)
	require.Equal(t, cabinet.TextLocksDead, r.screen().Text)
	require.Empty(t, r.screen().Lines)
	r.do(cabinet.LinkDown{})
	require.Equal(t, []string{"Storage time stands still while the locker is without network."}, r.screen().Lines)
}

// TestNoLockAnswers: one board that answers again is enough to serve.
func TestNoLockAnswers(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.board(false, 1)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.board(false, 2)
	require.Equal(t, cabinet.ScreenOut, r.screen().Screen)
	require.Equal(t, cabinet.TextLocksDead, r.screen().Text)
	r.press(cabinet.ButtonHelp)
	require.Equal(t, cabinet.ScreenHelp, r.screen().Screen)
	r.press(cabinet.ButtonBack)
	r.board(true, 1)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
}

func TestOnBattery(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	strip := "Power failure: pickups only."
	r.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true}})
	require.Contains(t, r.screen().Strips, strip)
	r.expect("shp_2", policy(), models.SizeS)
	r.login()
	r.scan("shp_2-1")
	require.Equal(t, cabinet.ScreenNotHere, r.screen().Screen)
	require.Equal(t, cabinet.TextOnBattery, r.screen().Text)
	r.finish()
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.ScreenSeveral, r.screen().Screen)
	r.press(cabinet.ButtonOpen)
	r.open(1)
	r.wait(2000)
	require.Len(t, r.pulses, 1, "one after the other")
	r.close(1)
	require.Len(t, r.pulses, 2)

	r.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true, Low: true}})
	r.open(2)
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen, "what is under way goes on")
	r.close(2)
	r.press(cabinet.ButtonYesTaken)
	r.wait(15_000)
	require.Equal(t, cabinet.ScreenPower, r.screen().Screen)
	require.Equal(t, cabinet.TextSwitchingOff, r.screen().Text)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextPowerLow, r.screen().Text)
	require.Len(t, r.pulses, 2)
	r.wait(20_000)
	r.open(3)
	require.Equal(t, cabinet.TextSwitchingOffOpen, r.screen().Text)
	require.Equal(t, "3", r.screen().Params["cells"])

	r.do(cabinet.PowerChanged{})
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	require.NotContains(t, r.screen().Strips, strip)
	r.do(cabinet.PowerChanged{Power: cabinet.Power{Low: true}})
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen, "it is told anew after a start")
}

// TestTheOtherSideIsInUse: whoever stands at the back knows why a door has to wait.
func TestTheOtherSideIsInUse(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	strip := "The other side is in use."
	back := func() cabinet.View { return r.state.View(r.now, models.SideBack) }
	r.keyIn(r.code("shp_1"))
	require.Contains(t, back().Strips, strip)
	require.NotContains(t, r.screen().Strips, strip)
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	require.NotContains(t, back().Strips, strip)
}
