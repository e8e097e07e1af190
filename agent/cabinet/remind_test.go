package cabinet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// shines is the light driven for so long; 0: it ends.
func shines(ms int64) []cabinet.Drive {
	return []cabinet.Drive{{Output: models.OutputLight, ForMS: ms}}
}

// lit gives the cabinet a light and a siren.
func (r *rig) lit() *rig {
	r.t.Helper()
	return r.relays(models.OutputLight, models.OutputSiren)
}

// TestTheLightAsksWhoIsStillThere for as long as the question stands.
func TestTheLightAsksWhoIsStillThere(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1).lit()
	r.keyIn(r.mistyped("shp_1"))
	r.wait(44_999)
	require.Empty(t, r.driven())
	require.False(t, r.screen().Reminds)
	r.wait(1)
	require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
	require.True(t, r.screen().Reminds)
	require.Equal(t, shines(20_000), r.driven())
	_, data := r.lastFact(models.FactOutput)
	require.Equal(t, models.FactData{Device: "relay-light", Reason: "reminder"}, data)
	r.wait(5000)
	require.Empty(t, r.driven(), "its board counts")
	r.press(cabinet.ButtonMoreTime)
	require.Equal(t, shines(0), r.driven())
	require.False(t, r.screen().Reminds)
	r.wait(45_000)
	require.Equal(t, shines(20_000), r.driven(), "and once more")
	r.wait(20_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	require.Empty(t, r.driven(), "it has ended by itself")
}

// TestTheLightCallsToAnOpenDoor: a client's and a courier's, by day and night, until it is shut or an
// incident takes over.
func TestTheLightCallsToAnOpenDoor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rig    func(t *testing.T) *rig
		screen cabinet.ScreenID
	}{
		"a client's": {func(t *testing.T) *rig {
			r := stored(t, policy(), 1)
			r.keyIn(r.code("shp_1"))
			return r
		}, cabinet.ScreenLeftOpen},
		"a courier's who puts in": {func(t *testing.T) *rig {
			r := listed(t)
			r.scan("AA-00001111")
			return r
		}, cabinet.ScreenDoor},
		"a courier's who takes out": {func(t *testing.T) *rig {
			r := toWithdraw(t)
			r.press(cabinet.ButtonCollect)
			r.press(cabinet.ButtonOpenNext)
			return r
		}, cabinet.ScreenTakeOut},
		"a courier's who looks": {func(t *testing.T) *rig {
			r := doubted(t)
			r.wait(300)
			r.press(cabinet.ButtonCheck)
			return r
		}, cabinet.ScreenCheck},
	} {
		for _, night := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := c.rig(t).lit()
				layout := r.state.Directory.Layout
				layout.Screen = models.ScreenProfile{}.At(models.Location{TimeZone: "UTC", QuietHours: &models.QuietHours{From: "22:00", To: "07:00"}})
				r.entry(models.EntryLayout, string(locker), layout)
				r.now.WallMS = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC).UnixMilli()
				if night {
					r.now.WallMS += 11 * 3600_000
				}
				r.open(1)
				r.wait(29_999)
				require.Empty(t, r.driven())
				require.False(t, r.screen().Reminds)
				r.wait(1)
				require.Equal(t, shines(90_000), r.driven())
				v := r.screen()
				require.Equal(t, c.screen, v.Screen)
				require.Equal(t, "Please close door 1.", v.Sentence)
				require.True(t, v.Reminds)
				require.Equal(t, night, v.Quiet)
				r.press(cabinet.ButtonHelp)
				require.False(t, r.screen().Reminds, "who reads is there")
				r.press(cabinet.ButtonBack)
				r.wait(10_000)
				require.Empty(t, r.driven())
				r.close(1)
				require.Equal(t, shines(0), r.driven())
				require.False(t, r.screen().Reminds)
			})
		}
	}
}

// TestTheLightGivesUp: what is left open is an incident, and nobody is called any more.
func TestTheLightGivesUp(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2).lit()
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.wait(20_000)
	r.open(2)
	r.wait(10_000)
	require.Equal(t, shines(90_000), r.driven())
	r.wait(20_000)
	require.Equal(t, shines(90_000), r.driven(), "for the second door")
	r.close(1)
	require.Empty(t, r.driven())
	r.wait(90_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	require.False(t, r.screen().Reminds)
	require.Empty(t, r.driven(), "it has ended by itself")
}

// TestTheAlarmHasTheLight: no reminder makes it shorter, and none is forgotten after it.
func TestTheAlarmHasTheLight(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1).lit()
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.wait(30_000)
	require.Equal(t, shines(90_000), r.driven())
	r.lockedIn()
	require.Equal(t, []cabinet.Drive{{Output: models.OutputSiren, ForMS: 120_000}, {Output: models.OutputLight, ForMS: 120_000}}, r.driven())
	r.close(1)
	require.Empty(t, r.driven())

	r = stored(t, policy(), 1).lit()
	r.session("nonce-1")
	r.lockedIn()
	r.driven()
	r.wait(90_000)
	r.keyIn(r.mistyped("shp_1"))
	r.wait(29_999)
	require.Empty(t, r.driven())
	r.wait(15_001)
	require.Equal(t, shines(20_000), r.driven(), "the alarm is over")
}

// TestTheLightsBoardIsAway: it shines for what is left as soon as it can, after a start too.
func TestTheLightsBoardIsAway(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.wait(40_000)
	require.Empty(t, r.driven())
	r.lit()
	require.Equal(t, shines(80_000), r.driven())
	r.do(cabinet.OutputChanged{Output: models.OutputLight})
	r.wait(10_000)
	r.lit()
	require.Equal(t, shines(70_000), r.driven())
}

// TestATechnicianIsNotCalled: they work at an open door.
func TestATechnicianIsNotCalled(t *testing.T) {
	t.Parallel()
	r := serviced(t).lit()
	r.door("2")
	r.press(cabinet.ButtonOpen)
	r.open(2)
	r.wait(60_000)
	require.Empty(t, r.driven())
	require.False(t, r.screen().Reminds)
}
