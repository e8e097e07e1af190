package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// unloaded are the facts of parcels that did not get in.
func (r *rig) unloaded() []models.FactData {
	r.t.Helper()
	var all []models.FactData
	for _, f := range r.facts {
		if f.Type != models.FactLoadFailed {
			continue
		}
		d, err := f.Payload()
		require.NoError(r.t, err)
		all = append(all, d)
	}
	return all
}

func TestNotLoaded(t *testing.T) {
	t.Parallel()
	opened := func(r *rig) { r.scan("shp_1-1"); r.open(1) }
	for name, c := range map[string]struct {
		cells  []models.Size
		size   models.Size
		acts   func(r *rig)
		reason string // empty: nothing is told
		text   cabinet.TextKey
	}{
		"none is free": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			r.expect("shp_2", policy(), models.SizeS)
			r.load("shp_2-1")
			r.scan("shp_1-1")
		}, models.LoadFull, cabinet.TextFull},
		"it fits none": {[]models.Size{models.SizeS}, models.SizeM, func(r *rig) { r.scan("shp_1-1") }, models.LoadTooBig, cabinet.TextTooBig},
		"did not fit, and there is no larger one": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			opened(r)
			r.press(cabinet.ButtonNotFit)
			r.close(1)
			r.press(cabinet.ButtonEmpty)
		}, models.LoadTooBig, cabinet.TextTooBig},
		"did not fit, and the larger one is taken": {[]models.Size{models.SizeS, models.SizeM}, models.SizeS, func(r *rig) {
			r.expect("shp_2", policy(), models.SizeM)
			r.load("shp_2-1")
			r.wait(300)
			opened(r)
			r.press(cabinet.ButtonNotFit)
			r.close(1)
			r.press(cabinet.ButtonEmpty)
		}, models.LoadFull, cabinet.TextFull},
		"did not fit, as was seen before the door opened": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			r.online()
			r.scan("shp_1-1")
			r.press(cabinet.ButtonNotFit)
		}, models.LoadTooBig, ""},
		"did not fit, and something may be inside": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			opened(r)
			r.press(cabinet.ButtonNotFit)
			r.close(1)
			r.press(cabinet.ButtonNotEmpty)
		}, "", ""},
		"did not fit, and it went into the larger one": {[]models.Size{models.SizeS, models.SizeM}, models.SizeS, func(r *rig) {
			opened(r)
			r.press(cabinet.ButtonNotFit)
			r.close(1)
			r.press(cabinet.ButtonEmpty)
			r.open(2)
			r.close(2)
		}, "", cabinet.TextLoaded},
		"the cell does not open": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			r.scan("shp_1-1")
			r.wait(7000)
		}, models.LoadCellBroken, cabinet.TextNoneOpens},
		"the board is dead": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			r.online()
			r.scan("shp_1-1")
			r.do(cabinet.BoardChanged{Board: "A", Cells: []int{1}})
			r.lead()
		}, models.LoadCellBroken, ""},
		"cancelled, and the cell is empty": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			opened(r)
			r.press(cabinet.ButtonCancel)
			r.close(1)
			r.press(cabinet.ButtonEmpty)
		}, models.LoadCourierCancelled, ""},
		"cancelled, and something may be inside": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			opened(r)
			r.press(cabinet.ButtonCancel)
			r.close(1)
			r.wait(60_000)
		}, "", ""},
		"cancelled before the door opened": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			r.online()
			r.scan("shp_1-1")
			r.press(cabinet.ButtonCancel)
		}, models.LoadCourierCancelled, ""},
		"cancelled, and then a power cut": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			opened(r)
			r.press(cabinet.ButtonCancel)
			r.do(cabinet.Started{Boot: "boot-2"})
		}, "", ""},
		"it goes to another locker": {[]models.Size{models.SizeS, models.SizeS}, models.SizeS, func(r *rig) {
			r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{Shipment: "shp_1", Locker: locker, Reason: models.LeaveRerouted})
			r.scan("shp_1-1")
		}, models.LoadWrongLocker, cabinet.TextElsewhere},
		"it was cancelled": {[]models.Size{models.SizeS}, models.SizeS, func(r *rig) {
			r.withdraw("shp_1", false)
			r.scan("shp_1-1")
		}, "", cabinet.TextCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(c.cells...)
			r.expect("shp_1", policy(), c.size)
			r.login()
			c.acts(r)
			if c.text != "" {
				require.Equal(t, c.text, r.screen().Text)
			}
			if c.reason == "" {
				require.Empty(t, r.unloaded())
				return
			}
			require.Equal(t, []models.FactData{{Shipment: "shp_1", Parcel: "par_shp_1-1", Courier: courier, Reason: c.reason}}, r.unloaded())
		})
	}
}

// TestNotLoadedIsToldOnce in a courier's session, which goes on when he comes back from his van.
func TestNotLoadedIsToldOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.expect("shp_1", policy(), models.SizeM)
	r.expect("shp_2", policy(), models.SizeM)
	r.login()
	for range 3 {
		r.scan("shp_1-1")
	}
	require.Len(t, r.unloaded(), 1)
	r.scan("shp_2-1")
	require.Len(t, r.unloaded(), 2, "another parcel")
	r.wait(120_000)
	require.Equal(t, cabinet.ScreenAway, r.screen().Screen)
	r.scan(badge)
	r.scan("shp_1-1")
	require.Len(t, r.unloaded(), 2)
	r.finish()
	r.login()
	r.scan("shp_1-1")
	require.Len(t, r.unloaded(), 3, "another visit")
}

// TestALabelThatSaysNothingHere is told by the label alone, once the courier takes the parcel back.
func TestALabelThatSaysNothingHere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		may, room bool
		reason    string
	}{
		"who may leave it":         {true, true, models.LoadCourierCancelled},
		"who finds no room for it": {true, false, models.LoadFull},
		"who may not":              {false, true, models.LoadLabelUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS)
			r.staff(courier, carrier, badge, func(d *models.DirectoryCourier) { d.Unannounced = c.may })
			r.expect("shp_1", policy(), models.SizeS)
			r.login()
			if !c.room {
				r.load("shp_1-1")
			}
			r.scan("WHO-KNOWS")
			require.Equal(t, cabinet.ScreenUnknown, r.screen().Screen)
			require.Contains(t, r.screen().Buttons, cabinet.ButtonTakeBack)
			require.Empty(t, r.unloaded())
			r.press(cabinet.ButtonTakeBack)
			require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
			require.Equal(t, []models.FactData{{Label: "WHO-KNOWS", Courier: courier, Reason: c.reason}}, r.unloaded())
			r.scan("WHO-KNOWS")
			r.press(cabinet.ButtonTakeBack)
			require.Len(t, r.unloaded(), 1)
			r.press(cabinet.ButtonTakeBack)
			require.Len(t, r.unloaded(), 1, "no label is shown")
		})
	}
	r := newRig(t).furnish(models.SizeS)
	r.staff(courier, carrier, badge, func(c *models.DirectoryCourier) { c.Unannounced = true })
	r.login()
	r.scan("WHO-KNOWS")
	r.press("leave_s")
	r.open(1)
	r.press(cabinet.ButtonCancel)
	r.close(1)
	r.press(cabinet.ButtonEmpty)
	require.Equal(t, []models.FactData{{Label: "WHO-KNOWS", Courier: courier, Reason: models.LoadCourierCancelled}}, r.unloaded())
}
