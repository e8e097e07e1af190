package cabinet_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestAScanIsHeldForItsDoor: a courier scans on while a door is open, and the next opens by
// itself.
func TestAScanIsHeldForItsDoor(t *testing.T) {
	t.Parallel()
	r := listed(t)
	r.scan("AA-00001111")
	r.open(1)
	r.scan("AA-00001111") // once more: the scanner read it twice
	require.NotContains(t, r.screen().Strips, "Close the door first; then that for 00001111 opens.")
	r.scan("BB-00001111")
	r.scan("AA-00002222") // the last one counts
	require.Len(t, r.pulses, 1)
	require.Contains(t, r.screen().Strips, "Close the door first; then that for 00002222 opens.")
	require.Equal(t, "00001111", r.screen().Params["label"])
	r.wait(300)
	r.close(1)
	require.Len(t, r.pulses, 2)
	require.Equal(t, []models.ParcelID{"par_shp_1-2"}, r.operation().Doors[0].Parcels)
	require.Equal(t, 2, r.pulses[1].Cell)
	r.open(2)
	r.wait(300)
	r.close(2)
	require.Len(t, r.pulses, 2, "it is held once")
	require.Equal(t, cabinet.TextLoaded, r.screen().Text)
}

// TestWhatIsNotHeld: only the label of a parcel, and only while the one before goes in.
func TestWhatIsNotHeld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scan func(r *rig) string
		end  func(r *rig)
	}{
		"a badge":         {func(*rig) string { return badge }, nil},
		"a client's code": {func(r *rig) string { return r.code("shp_9") }, nil},
		"a client's QR":   {func(r *rig) string { return models.PickupQR(r.key, "shp_9", 1) }, nil},
		"the deposit was cancelled": {func(*rig) string { return "AA-00002222" }, func(r *rig) {
			r.press(cabinet.ButtonCancel)
			r.close(2)
			r.press(cabinet.ButtonEmpty)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeS, models.SizeS)
			r.expect("shp_9", policy(), models.SizeS)
			r.load("shp_9-1")
			r.labels("shp_1", carrier, "AA-00001111", "AA-00002222")
			r.wait(300)
			r.scan("AA-00001111")
			require.Len(t, r.pulses, 2)
			r.open(2)
			r.scan(c.scan(r))
			if c.end == nil {
				r.wait(300)
				r.close(2)
			} else {
				c.end(r)
			}
			r.wait(1000)
			require.Len(t, r.pulses, 2)
		})
	}
}

// TestALabelThatIsHeldAndNotExpected is answered as any other, once the door is shut.
func TestALabelThatIsHeldAndNotExpected(t *testing.T) {
	t.Parallel()
	r := listed(t)
	r.scan("AA-00001111")
	r.open(1)
	r.scan("ZZ-1")
	require.Equal(t, cabinet.TextPutIn, r.screen().Text)
	r.close(1)
	require.Equal(t, cabinet.ScreenUnknown, r.screen().Screen)
}

// TestALongList is shown in parts, and by size.
func TestALongList(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeM)
	var sizes []models.Size
	for i := range 45 {
		sizes = append(sizes, []models.Size{models.SizeS, models.SizeM, models.SizeS}[i%3])
	}
	r.expect("shp_1", policy(), sizes...)
	r.login()
	r.press(cabinet.ButtonList)
	v := r.screen()
	require.Len(t, v.Items, 20)
	require.Equal(t, []cabinet.Button{"size_s", "size_m", cabinet.ButtonMore, cabinet.ButtonCancel}, v.Buttons)
	seen := map[string]bool{}
	for _, n := range []int{20, 20, 5} {
		require.Len(t, r.screen().Items, n)
		for _, item := range r.screen().Items {
			seen[item.Key] = true
		}
		r.press(cabinet.ButtonMore)
	}
	require.Len(t, seen, 45)
	require.Equal(t, v.Items, r.screen().Items, "after the last comes the first")

	r.press(cabinet.ButtonMore)
	r.press("size_m")
	require.Len(t, r.screen().Items, 15)
	require.NotContains(t, r.screen().Buttons, cabinet.ButtonMore)
	for _, item := range r.screen().Items {
		require.Equal(t, "M", item.Label[len(item.Label)-1:])
	}
	r.press("size_m")
	require.Len(t, r.screen().Items, 20, "all again")
	r.choose(r.screen().Items[3].Key)
	require.Len(t, r.pulses, 1)
}

// TestASizeThatIsNotKnown is asked, and only sizes with a free cell are offered.
func TestASizeThatIsNotKnown(t *testing.T) {
	t.Parallel()
	unknown := func(t *testing.T) *rig {
		r := newRig(t).furnish(models.SizeS, models.SizeM, models.SizeXL)
		r.expect("shp_1", policy(), "")
		r.login()
		r.scan("shp_1-1")
		require.Equal(t, cabinet.ScreenSize, r.screen().Screen)
		require.Equal(t, []cabinet.Button{"size_s", "size_m", "size_xl", cabinet.ButtonCancel}, r.screen().Buttons)
		require.Equal(t, "1", r.screen().Params["free_m"])
		require.Equal(t, "M: 1 free", r.screen().Labels["size_m"])
		require.Equal(t, "Cancel", r.screen().Labels[cabinet.ButtonCancel])
		require.Empty(t, r.screen().Items)
		return r
	}
	t.Run("chosen", func(t *testing.T) {
		t.Parallel()
		r := unknown(t)
		r.press("size_m")
		require.Equal(t, 2, r.pulses[0].Cell)
		r.open(2)
		r.wait(300)
		r.press(cabinet.ButtonNotFit)
		r.close(2)
		r.press(cabinet.ButtonEmpty)
		require.Equal(t, 3, r.pulses[1].Cell)
		r.open(3)
		r.close(3)
		_, data := r.lastFact(models.FactDeposited)
		require.Equal(t, models.ParcelID("par_shp_1-1"), data.Parcel)
	})
	t.Run("the next best", func(t *testing.T) {
		t.Parallel()
		r := unknown(t)
		r.press("size_m")
		r.wait(7000)
		require.Equal(t, 3, r.pulses[1].Cell, "not one below what was chosen")
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		r := unknown(t)
		r.press(cabinet.ButtonCancel)
		require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
		r.press("size_m")
		require.Empty(t, r.pulses)
	})
	t.Run("none is free", func(t *testing.T) {
		t.Parallel()
		r := unknown(t)
		r.press("size_l")
		require.Equal(t, 3, r.pulses[0].Cell, "a larger one does")
	})
	t.Run("forgotten", func(t *testing.T) {
		t.Parallel()
		r := unknown(t)
		r.wait(120_000)
		require.Equal(t, cabinet.ScreenAway, r.screen().Screen)
	})
}

// TestASmallerCell: what needs less room leaves the large cell to another.
func TestASmallerCell(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeM, models.SizeL, models.SizeL)
	r.expect("shp_1", policy(), models.SizeL)
	r.login()
	r.scan("shp_1-1")
	require.Equal(t, 3, r.pulses[0].Cell)
	r.open(3)
	r.wait(300)
	require.Equal(t, []cabinet.Button{cabinet.ButtonNotFit, cabinet.ButtonSmaller, cabinet.ButtonCancel}, r.screen().Buttons)
	r.press(cabinet.ButtonSmaller)
	require.Equal(t, cabinet.TextTakeOut, r.screen().Text)
	r.close(3)
	require.Equal(t, cabinet.TextIsEmpty, r.screen().Text)
	r.press(cabinet.ButtonEmpty)
	require.Equal(t, 2, r.pulses[1].Cell, "the next size down")
	require.Equal(t, models.CellFree, r.cell(3).State)
	r.open(2)
	r.wait(300)
	r.press(cabinet.ButtonSmaller)
	r.close(2)
	r.press(cabinet.ButtonEmpty)
	require.Equal(t, 1, r.pulses[2].Cell)
	r.open(1)
	r.wait(300)
	require.NotContains(t, r.screen().Buttons, cabinet.ButtonSmaller)
	r.press(cabinet.ButtonSmaller)
	r.close(1)
	require.Equal(t, models.CellOccupied, r.cell(1).State)
	require.Equal(t, cabinet.TextLoaded, r.screen().Text)
}

// TestSmallerAndNotEmpty: what may be inside keeps the cell out of use.
func TestSmallerAndNotEmpty(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeL)
	r.expect("shp_1", policy(), models.SizeL)
	r.login()
	r.scan("shp_1-1")
	r.open(2)
	r.press(cabinet.ButtonSmaller)
	r.close(2)
	r.wait(60_000)
	require.True(t, r.cell(2).Doubtful)
	require.Len(t, r.pulses, 1)
	_, data := r.lastFact(models.FactOperationDone)
	require.Equal(t, models.ShipmentID("shp_1"), data.Shipment)
}

// TestAClientBetween: nobody waits for forty parcels, and the courier stays logged in.
func TestAClientBetween(t *testing.T) {
	t.Parallel()
	ways := map[string]func(r *rig){
		"QR": func(r *rig) { r.scan(models.PickupQR(r.key, "shp_1", 1)) },
		"pad": func(r *rig) {
			r.press(cabinet.ButtonClient)
			require.Equal(t, cabinet.PadDigits, r.screen().Pad)
			require.Equal(t, []cabinet.Button{cabinet.ButtonCancel}, r.screen().Buttons)
			r.keyIn(r.mistyped("shp_1"))
			require.Equal(t, cabinet.PadDigits, r.screen().Pad)
			r.keyIn(r.code("shp_1"))
		},
	}
	for name, come := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			r.login()
			come(r)
			require.Len(t, r.pulses, 1)
			r.open(1)
			require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
			r.close(1)
			r.press(cabinet.ButtonYesTaken)
			require.Equal(t, courier, r.screen().Courier)
			r.wait(15_000)
			require.Equal(t, cabinet.TextCourier, r.screen().Text)
		})
	}
}

// TestNoClientComes: the courier is back at the list of tasks.
func TestNoClientComes(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.press(cabinet.ButtonClient)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen, "for couriers alone")
	r.login()
	r.press(cabinet.ButtonClient)
	r.wait(45_000)
	require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
	r.press(cabinet.ButtonClient)
	r.press(cabinet.ButtonCancel)
	require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
}

// TestAFullLockerNamesOthers: the courier is not left alone with a parcel.
func TestAFullLockerNamesOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	layout := r.state.Directory.Layout
	for i := range 3 {
		layout.Neighbours = append(layout.Neighbours, models.Neighbour{Number: fmt.Sprint("L-00", i+2), DistanceM: 100 * i})
	}
	r.entry(models.EntryLayout, string(locker), layout)
	r.expect("shp_1", policy(), models.SizeS, models.SizeS)
	r.load("shp_1-1")
	require.Empty(t, r.screen().Neighbours)
	r.scan("shp_1-2")
	v := r.screen()
	require.Equal(t, cabinet.ScreenFull, v.Screen)
	require.Equal(t, layout.Neighbours, v.Neighbours)
	require.True(t, slices.Contains(v.Buttons, cabinet.ButtonCollect) && slices.Contains(v.Buttons, cabinet.ButtonTakeBack))
	r.wait(119_999)
	require.Equal(t, cabinet.ScreenFull, r.screen().Screen, "there is time to decide")
	r.wait(1)
	require.Equal(t, cabinet.ScreenAway, r.screen().Screen)
}

// TestNotForThisLocker: why, and where it goes.
func TestNotForThisLocker(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{
		Shipment: "shp_1", Locker: locker, Reason: models.LeaveRerouted, Place: "L-002, High Street 1",
	})
	cold := shipment("shp_2", policy(), models.SizeS)
	cold.Parcels[0].Regime = models.Chilled
	r.entry(models.EntryShipment, "shp_2", cold)
	r.login()
	r.scan("shp_1-1")
	require.Equal(t, cabinet.ScreenNotHere, r.screen().Screen)
	require.Equal(t, "This parcel goes to locker L-002, High Street 1. Please take it back.", r.screen().Sentence)
	r.scan("shp_2-1")
	require.Equal(t, cabinet.TextNeedsCold, r.screen().Text)
	_, data := r.lastFact(models.FactLoadFailed)
	require.Equal(t, models.ParcelID("par_shp_2-1"), data.Parcel)
	r.wait(10_000)
	require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
	require.Empty(t, r.pulses)
}
