package cabinet_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestSeveralParcels: four doors open as the code is typed; of more, and for who cannot watch
// four, it is said before.
func TestSeveralParcels(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parcels int
		access  cabinet.Button
		asks    bool
	}{
		"one":                 {1, buttonSpeech, false},
		"four":                {4, "", false},
		"four in big text":    {4, buttonBig, false},
		"five":                {5, "", true},
		"two with low reach":  {2, buttonLow, true},
		"two read aloud":      {2, buttonSpeech, true},
		"five with low reach": {5, buttonLow, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), c.parcels)
			if c.access != "" {
				r.do(cabinet.Touched{})
				r.press(c.access)
			}
			r.keyIn(r.code("shp_1"))
			if !c.asks {
				require.Len(t, r.pulses, 1)
				if c.parcels == 1 {
					r.open(1)
					require.Equal(t, cabinet.TextTake, r.screen().Text)
					require.Empty(t, r.screen().Progress, "there is but one")
				}
				return
			}
			v := r.screen()
			require.Equal(t, cabinet.ScreenSeveral, v.Screen)
			require.Equal(t, []cabinet.Button{cabinet.ButtonOpen, cabinet.ButtonCancel}, v.Buttons)
			require.Empty(t, r.pulses)
			r.press(cabinet.ButtonOpen)
			require.Len(t, r.pulses, 1)
			if c.access == "" {
				return
			}
			for n := 1; n <= c.parcels; n++ {
				require.Len(t, r.pulses, n, "one after the other")
				r.open(n)
				r.wait(2000)
				require.Len(t, r.pulses, n)
				require.Equal(t, map[string]string{"cells": string(rune('0' + n)), "k": string(rune('0' + n)), "n": string(rune('0' + c.parcels))},
					r.screen().Params)
				require.Equal(t, fmt.Sprintf("%d of %d doors opened", n, c.parcels), r.screen().Progress)
				if c.access == buttonSpeech {
					require.Contains(t, r.screen().Spoken, r.screen().Progress)
				}
				r.close(n)
				r.wait(300)
			}
			require.Equal(t, cabinet.ScreenDone, r.screen().Screen)
		})
	}
}

// TestSeveralParcelsAndNobodyPresses: the page asks, and goes; Cancel goes at once.
func TestSeveralParcelsAndNobodyPresses(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 5)
	r.keyIn(r.code("shp_1"))
	r.wait(45_000)
	require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
	r.wait(20_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.press(cabinet.ButtonOpen)
	require.Empty(t, r.pulses, "the code is forgotten")
	r.press(cabinet.ButtonOpen)
	require.Empty(t, r.pulses)

	r.keyIn(r.code("shp_1"))
	r.press(cabinet.ButtonCancel)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.press(cabinet.ButtonOpen)
	require.Empty(t, r.pulses)
}

// TestHeldBackWhileItIsAsked: what may not be had any more does not open by a page of before.
func TestHeldBackWhileItIsAsked(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 5)
	r.keyIn(r.code("shp_1"))
	s := shipment("shp_1", policy(), models.SizeS, models.SizeS, models.SizeS, models.SizeS, models.SizeS)
	s.Frozen = true
	r.entry(models.EntryShipment, "shp_1", s)
	r.press(cabinet.ButtonOpen)
	require.Empty(t, r.pulses)
	require.Equal(t, cabinet.TextHeldBack, r.screen().Text)
}

// TestWhereADoorIs in words, for who cannot read the map.
func TestWhereADoorIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	layout := models.DirectoryLayout{Locker: locker, Number: "L-001", State: models.LockerActive}
	for m, rows := range []int{3, 6, 2, 1} {
		for row := range rows {
			layout.Cells = append(layout.Cells, models.LayoutCell{
				Number: len(layout.Cells) + 1, Module: m + 1, Row: row + 1, Size: models.SizeS, Regime: models.Ambient,
				Side: models.SideFront,
			})
		}
	}
	layout.Cells = append(layout.Cells, models.LayoutCell{Number: 13, Module: 9, Row: 1, Size: models.SizeS, Regime: models.Ambient, Side: models.SideBack})
	r.entry(models.EntryLayout, string(locker), layout)
	r.entry(models.EntryCourier, string(courier), models.DirectoryCourier{
		Courier: courier, Organization: carrier, Role: models.RoleCourier, Badge: badge, PINHash: hashOf(pin),
	})
	for i := range 13 {
		id := models.ShipmentID("shp_" + string(rune('a'+i)))
		r.expect(id, policy(), models.SizeS)
		r.login()
		r.wait(300)
		r.scan(string(id) + "-1")
		place := r.screen().Places[i+1]
		require.Equal(t, []string{
			"upper left", "middle left", "lower left", // the first module
			"upper middle", "upper middle", "in the middle", "in the middle", "lower middle", "lower middle", // the second of four
			"upper middle", "lower middle", "middle right", "middle part",
		}[i], place, "cell %d", i+1)
		r.open(i + 1)
		r.close(i + 1)
		r.finish()
		r.wait(15_000)
	}
}

// TestWhereADoorOfARowIs: cells side by side are told apart, and who stands at the back has the last module at the left.
func TestWhereADoorOfARowIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		modules int
		want    [2]string // of cell 1, at the front and at the back
	}{"one module": {1, [2]string{"upper left", "upper right"}}, "two": {2, [2]string{"upper left", "upper right"}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			layout := models.DirectoryLayout{Locker: locker, Number: "L-002", State: models.LockerActive}
			for n := range 4 * c.modules {
				layout.Cells = append(layout.Cells, models.LayoutCell{
					Number: n + 1, Module: 1 + n/4, Row: 1 + n%4/3, Size: models.SizeS, Regime: models.Ambient, Side: models.SideBoth,
				})
			}
			r.entry(models.EntryLayout, string(locker), layout)
			r.entry(models.EntryCourier, string(courier), models.DirectoryCourier{
				Courier: courier, Organization: carrier, Role: models.RoleCourier, Badge: badge, PINHash: hashOf(pin),
			})
			r.expect("shp_1", policy(), models.SizeS)
			r.at(models.SideBack, cabinet.Scanned{Text: badge})
			r.at(models.SideBack, cabinet.Keyed{Text: pin})
			r.at(models.SideBack, cabinet.Scanned{Text: "shp_1-1"})
			require.Equal(t, c.want[1], r.back().Places[1])
			r.loadDoor(1, true)
			r.loadDoor(1, false)
			r.at(models.SideFront, cabinet.Keyed{Text: r.code("shp_1")})
			r.wait(1000)
			require.Equal(t, c.want[0], r.screen().Places[1])
		})
	}
	r := newRig(t)
	layout := models.DirectoryLayout{Locker: locker, Number: "L-001", State: models.LockerActive}
	for n := range 3 {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: n + 1, Module: 1, Row: 1, Size: models.SizeS, Regime: models.Ambient, Side: models.SideFront})
	}
	r.entry(models.EntryLayout, string(locker), layout)
	r.entry(models.EntryCourier, string(courier), models.DirectoryCourier{
		Courier: courier, Organization: carrier, Role: models.RoleCourier, Badge: badge, PINHash: hashOf(pin),
	})
	for i, want := range []string{"middle left", "in the middle", "middle right"} {
		id := models.ShipmentID("shp_" + string(rune('a'+i)))
		r.expect(id, policy(), models.SizeS)
		r.login()
		r.wait(300)
		r.scan(string(id) + "-1")
		require.Equal(t, want, r.screen().Places[i+1])
		r.open(i + 1)
		r.close(i + 1)
		r.finish()
		r.wait(15_000)
	}
}
