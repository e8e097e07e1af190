package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestWhatBecameOfIt: whoever comes with the code of what is over here is told what became of
// it, and it is no wrong code.
func TestWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	collect := func(r *rig) {
		r.keyIn(r.code("shp_1"))
		r.open(1)
		r.close(1)
		r.wait(200_000)
	}
	takeBack := func(reason, place string) func(*rig) {
		return func(r *rig) {
			r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{
				Shipment: "shp_1", Locker: locker, Reason: reason, Place: place,
			})
			r.login()
			r.press(cabinet.ButtonCollect)
			r.press(cabinet.ButtonOpenNext)
			r.open(1)
			r.scan("shp_1-1")
			r.close(1)
			r.finish()
			r.wait(20_000)
		}
	}
	for name, c := range map[string]struct {
		end  func(*rig)
		text cabinet.TextKey
		says string
	}{
		"collected":  {collect, cabinet.TextCollectedOn, "2023-11-14 23:14"},
		"taken back": {takeBack(models.LeaveExpired, ""), cabinet.TextTakenBack, "carrier"},
		"cancelled":  {takeBack(models.LeaveCancelled, ""), cabinet.TextTakenBack, "carrier"},
		"moved":      {takeBack(models.LeaveRerouted, "L-002, High Street 1"), cabinet.TextMoved, "L-002, High Street 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			layout := r.state.Directory.Layout
			layout.TimeZone = "Europe/Berlin"
			r.entry(models.EntryLayout, string(locker), layout)
			c.end(r)
			r.give(deletion("shp_1"))
			require.NotContains(t, r.state.Directory.Shipments, models.ShipmentID("shp_1"), "the directory knows it no more")
			pulses := len(r.pulses)
			for range 6 {
				r.keyIn(r.code("shp_1"))
				require.Equal(t, cabinet.ScreenCollected, r.screen().Screen)
				require.Equal(t, c.text, r.screen().Text)
				require.Contains(t, r.screen().Sentence, c.says)
			}
			r.scan(models.PickupQR(r.key, "shp_1", 2))
			require.Equal(t, c.text, r.screen().Text, "also by a later issue")
			require.Len(t, r.pulses, pulses)
			r.wait(20_000)
			require.Equal(t, cabinet.ScreenHome, r.screen().Screen)

			r.now.WallMS += 15 * 24 * 3600_000
			r.keyIn(r.code("shp_1"))
			require.Equal(t, c.text, r.screen().Text, "nothing else happened here since")
			r.expect("shp_2", policy(), models.SizeS)
			r.load("shp_2-1")
			r.finish()
			r.keyIn(r.code("shp_2"))
			r.open(1)
			r.close(1)
			r.wait(200_000)
			r.keyIn(r.code("shp_1"))
			require.Equal(t, cabinet.TextWrongCode, r.screen().Text, "too long ago")
		})
	}
}

// TestMovedWhileItIsStillHere: its code says where it goes.
func TestMovedWhileItIsStillHere(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{
		Shipment: "shp_1", Locker: locker, Reason: models.LeaveRerouted, Place: "L-002, High Street 1",
	})
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextMoved, r.screen().Text)
	require.Empty(t, r.pulses)
}

// TestItIsBackInACell: what was taken out and put in again is here.
func TestItIsBackInACell(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(200_000)
	r.give(deletion("shp_1"))
	r.expect("shp_1", policy(), models.SizeS)
	r.load("shp_1-1")
	r.finish()
	r.wait(20_000)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 3)
}

// TestOnlySoMuchIsRemembered: the oldest goes first.
func TestOnlySoMuchIsRemembered(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.state.Past = map[models.ShipmentID]cabinet.Past{}
	for i := range 1000 {
		id := models.ShipmentID("shp_" + string(rune('A'+i%26)) + string(rune('a'+i/26)))
		r.state.Past[id] = cabinet.Past{Issue: 1, What: cabinet.PastCollected, AtMS: r.now.WallMS - int64(i)*1000 - 1000}
	}
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(8000)
	require.Len(t, r.state.Past, 1000)
	require.Contains(t, r.state.Past, models.ShipmentID("shp_1"))
	require.NotContains(t, r.state.Past, models.ShipmentID("shp_"+string(rune('A'+999%26))+string(rune('a'+999/26))))
}
