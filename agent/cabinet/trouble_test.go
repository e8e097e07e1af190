package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// troubles lists what trouble_reported facts say, by cell.
func (r *rig) troubles() map[int]models.FactData {
	said := map[int]models.FactData{}
	for _, f := range r.facts {
		if f.Type == models.FactTrouble {
			d, err := f.Payload()
			require.NoError(r.t, err)
			said[f.Cell] = d
		}
	}
	return said
}

func trouble(reason string) cabinet.Button { return cabinet.Button("trouble_" + reason) }

// TestSomethingIsWrong: two taps, and the person knows what to do and has a number to name.
func TestSomethingIsWrong(t *testing.T) {
	t.Parallel()
	seen := map[cabinet.TextKey]bool{}
	for _, reason := range models.Troubles() {
		r := stored(t, policy(), 1)
		r.keyIn(r.code("shp_1"))
		r.open(1)
		r.press(cabinet.ButtonProblem)
		v := r.screen()
		require.Equal(t, cabinet.ScreenTrouble, v.Screen)
		require.Len(t, v.Buttons, 8)
		require.Contains(t, v.Frame, cabinet.ButtonBack)
		require.Empty(t, r.troubles(), "nothing is said yet")

		r.press(trouble(reason))
		v = r.screen()
		require.Equal(t, cabinet.ScreenTrouble, v.Screen)
		require.False(t, seen[v.Text], "%s has its own advice", reason)
		seen[v.Text] = true
		f, data := r.lastFact(models.FactTrouble)
		require.Equal(t, models.FactData{Shipment: "shp_1", Reason: reason, Screen: "P5", After: data.After}, data)
		require.Equal(t, 1, f.Cell)
		require.Contains(t, v.Sentence, v.Params["number"])
		require.NotContains(t, v.Sentence, "{")
		require.Equal(t, []cabinet.Button{cabinet.ButtonDone}, v.Buttons)
		r.press(trouble(reason))
		require.Len(t, r.facts, int(f.Seq), "said once")

		r.close(1)
		require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
		r.wait(30_000)
		require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	}
}

// TestSomethingIsWrongAndNothingIsSaid: whoever walks off has objected all the same.
func TestSomethingIsWrongAndNothingIsSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]func(r *rig){
		"walks off": func(r *rig) { r.wait(30_000) },
		"back": func(r *rig) {
			r.press(cabinet.ButtonBack)
			require.Equal(t, cabinet.TextReported, r.screen().Text)
			r.wait(20_000)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			r.keyIn(r.code("shp_1"))
			r.open(1)
			r.close(1)
			require.Equal(t, cabinet.ScreenDone, r.screen().Screen)
			r.press(cabinet.ButtonProblem)
			require.Equal(t, cabinet.ScreenTrouble, r.screen().Screen)
			c(r)
			require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
			require.True(t, r.cell(1).Doubtful)
			require.NotContains(t, r.types(0), models.FactPickedUp)
		})
	}
}

// TestTroubleWithADoorOpen: its page goes away, the open door stays.
func TestTroubleWithADoorOpen(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.press(cabinet.ButtonProblem)
	r.press(trouble(models.TroubleReach))
	r.wait(30_000)
	require.Equal(t, cabinet.ScreenLeftOpen, r.screen().Screen)
	r.press(cabinet.ButtonProblem)
	r.press(trouble(models.TroubleReach))
	r.press(cabinet.ButtonDone)
	require.Equal(t, cabinet.ScreenLeftOpen, r.screen().Screen)
}

// TestADoorThatDoesNotOpen is told of the door, not of those that did.
func TestADoorThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.wait(7300)
	r.close(1)
	require.Equal(t, cabinet.ScreenJammed, r.screen().Screen)
	r.press(cabinet.ButtonHelp)
	require.Contains(t, r.screen().Buttons, cabinet.ButtonProblem)
	r.press(cabinet.ButtonProblem)
	r.press(trouble(models.TroubleDoor))
	said := r.troubles()
	require.Len(t, said, 1)
	require.Contains(t, said, 2)
	require.True(t, r.cell(2).Doubtful)
	r.press(cabinet.ButtonDone)
	r.wait(60_000)
	require.False(t, r.cell(1).Doubtful, "the other parcel went on")
	_, data := r.lastFact(models.FactPickedUp)
	require.Equal(t, models.ParcelID("par_shp_1-1"), data.Parcel)
}

// TestTroubleBehindTheOtherDoor: one door did not open, and behind the other something is wrong.
func TestTroubleBehindTheOtherDoor(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.wait(7300)
	r.close(1)
	r.press(cabinet.ButtonHelp)
	r.press(cabinet.ButtonProblem)
	r.press(trouble(models.TroubleEmpty))
	require.Contains(t, r.troubles(), 1)
	require.True(t, r.cell(1).Doubtful)
	require.NotContains(t, r.types(0), models.FactPickedUp)
}

// TestTroubleAtSeveralDoors is told of each.
func TestTroubleAtSeveralDoors(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.wait(300)
	r.open(2)
	r.press(cabinet.ButtonProblem)
	r.press(trouble(models.TroubleNotMine))
	require.Len(t, r.troubles(), 2)
}

// TestSomebodyIsLockedIn: no visit is needed to say so.
func TestSomebodyIsLockedIn(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	layout := r.state.Directory.Layout
	layout.Screen.Phone = "+49 30 1234"
	r.entry(models.EntryLayout, string(locker), layout)
	r.press(trouble(models.TroubleLocked))
	require.Empty(t, r.troubles(), "a button that the screen does not show")
	r.press(cabinet.ButtonHelp)
	r.press(cabinet.ButtonProblem)
	r.press(trouble(models.TroubleLocked))
	require.Equal(t, models.TroubleLocked, r.troubles()[0].Reason)
	require.Equal(t, cabinet.TextAdviceLocked, r.screen().Text)
	require.Contains(t, r.screen().Sentence, "+49 30 1234")
	r.press(cabinet.ButtonDone)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
}

// TestACouriersTrouble: a courier says it and goes on.
func TestACouriersTrouble(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.press(cabinet.ButtonHelp)
	r.press(cabinet.ButtonProblem)
	r.press(trouble(models.TroubleDamaged))
	require.Equal(t, courier, r.troubles()[1].Courier)
	r.wait(30_000)
	require.Equal(t, cabinet.ScreenDoor, r.screen().Screen)
	r.close(1)
	require.Equal(t, models.CellOccupied, r.cell(1).State)
	require.False(t, r.cell(1).Doubtful, "a courier's word about the parcel does not make the cell doubtful")
	r.press(cabinet.ButtonHelp)
	r.press(cabinet.ButtonProblem)
	r.press(trouble(models.TroubleOther))
	r.wait(30_000)
	require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
	require.Equal(t, courier, r.screen().Courier)
}

// TestTroubleTakesLonger for those who asked for more time, and a touch gives more.
func TestTroubleTakesLonger(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.press(buttonSlow)
	r.press(cabinet.ButtonHelp)
	r.press(cabinet.ButtonProblem)
	r.wait(59_999)
	require.Equal(t, cabinet.ScreenTrouble, r.screen().Screen)
	r.do(cabinet.Touched{})
	r.wait(59_999)
	require.Equal(t, cabinet.ScreenTrouble, r.screen().Screen)
	r.wait(1)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	require.False(t, r.screen().Access.Slow)
}
