package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// threeToTakeOut is a courier before the list of three cells.
func threeToTakeOut(t *testing.T) *rig {
	t.Helper()
	r := stored(t, policy(), 3)
	r.withdraw("shp_1", false)
	r.login()
	r.press(cabinet.ButtonCollect)
	r.press(cabinet.ButtonOpenNext)
	r.open(1)
	r.wait(300)
	return r
}

// TestTheNextCellOpensByItself: closed and scanned, whichever comes first.
func TestTheNextCellOpensByItself(t *testing.T) {
	t.Parallel()
	s := shipment("shp_1", policy(), models.SizeS, models.SizeS, models.SizeS)
	for name, out := range map[string]func(r *rig, cell int){
		"scanned, then shut": func(r *rig, cell int) { r.scan(s.Parcels[cell-1].Barcode); r.close(cell) },
		"shut, then scanned": func(r *rig, cell int) { r.close(cell); r.scan(s.Parcels[cell-1].Barcode) },
		"it is empty":        func(r *rig, cell int) { r.close(cell); r.press(cabinet.ButtonMissing) },
		"confirmed": func(r *rig, cell int) {
			r.close(cell)
			r.press(cabinet.ButtonUnreadable)
			r.press(cabinet.ButtonConfirm)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := threeToTakeOut(t)
			for cell := 1; cell <= 3; cell++ {
				require.Len(t, r.pulses, cell)
				require.Equal(t, cell, r.pulses[cell-1].Cell)
				if cell > 1 {
					r.open(cell)
					r.wait(300)
				}
				out(r, cell)
			}
			require.Len(t, r.pulses, 3)
			v := r.screen()
			require.Equal(t, cabinet.ScreenFinish, v.Screen)
			require.Equal(t, cabinet.TextSoFar, v.Text)
			require.Equal(t, "3", v.Params["collected"])
			require.Equal(t, []cabinet.Button{cabinet.ButtonBack, cabinet.ButtonFinish}, v.Buttons)
			require.Equal(t, courier, v.Courier)
			r.press(cabinet.ButtonBack)
			require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
		})
	}
}

// TestTheRunStops where the courier stops, or something is not as it should be.
func TestTheRunStops(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(r *rig){
		"not empty": func(r *rig) { r.close(1); r.press(cabinet.ButtonNotEmpty) },
		"cancelled": func(r *rig) { r.press(cabinet.ButtonCancel); r.scan("shp_1-1"); r.close(1) },
		"no answer": func(r *rig) { r.close(1); r.wait(60_000) },
		"took another": func(r *rig) {
			r.scan("shp_1-2")
			r.press(cabinet.ButtonTakeAnyway)
			r.close(1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := threeToTakeOut(t)
			stop(r)
			r.wait(1000)
			require.Len(t, r.pulses, 1)
		})
	}
}

// TestOneCellOfTheList: who chose a cell did not ask for the others.
func TestOneCellOfTheList(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	r.withdraw("shp_1", false)
	r.login()
	r.press(cabinet.ButtonCollect)
	r.choose("2")
	r.open(2)
	r.wait(300)
	r.scan("shp_1-2")
	r.close(2)
	r.wait(1000)
	require.Len(t, r.pulses, 1)
	require.Equal(t, cabinet.ScreenCollect, r.screen().Screen)
}
