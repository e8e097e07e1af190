package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestACouriersHome counts what there is to do, and what was done.
func TestACouriersHome(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeM, models.SizeL)
	r.labels("shp_1", carrier, "AA-1", "AA-2")
	r.labels("shp_2", "org_2", "BB-1")
	r.open(3)
	r.close(3) // by itself; free, so nothing is in doubt
	r.login()
	require.Equal(t, map[string]string{
		"loaded": "0", "of": "2", "expected": "2", "collected": "0", "collect": "0", "check": "0",
		"free_s": "2", "free_m": "1", "free_l": "1", "free_xl": "0",
	}, r.screen().Params)
	r.scan("AA-1")
	r.open(1)
	r.close(1)
	r.wait(20_000)
	v := r.screen()
	require.Equal(t, []string{"1", "2", "1"}, []string{v.Params["loaded"], v.Params["of"], v.Params["expected"]})
	require.Equal(t, "In cell 1. Scan the next parcel.", v.Sentence)
	r.open(1)
	r.close(1)
	r.wait(1)
	require.Equal(t, "1", r.screen().Params["check"])
	r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{Shipment: "shp_1", Locker: locker, Reason: models.LeaveCancelled})
	require.Equal(t, "1", r.screen().Params["collect"])
	require.Equal(t, "1", r.screen().Params["of"], "nothing more of it is to be put in")
}

// TestWhatCameOfAVisit: a courier who finishes reads what was done, what was not and why.
func TestWhatCameOfAVisit(t *testing.T) {
	t.Parallel()
	finish := map[string]func(*rig){
		"finish": func(r *rig) { r.finish() },
		"away": func(r *rig) {
			r.wait(120_000)
			require.Equal(t, cabinet.ScreenAway, r.screen().Screen)
			r.wait(600_000)
		},
	}
	for name, end := range finish {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS, models.SizeS)
			r.labels("shp_1", carrier, "AA-1", "AA-2", "AA-3", "AA-4")
			big := shipment("shp_2", policy(), models.SizeXL)
			r.entry(models.EntryShipment, "shp_2", big)
			r.load("AA-1")
			r.load("AA-2")
			r.scan("AA-3")
			require.Equal(t, cabinet.ScreenFull, r.screen().Screen)
			r.scan("shp_2-1")
			require.Equal(t, cabinet.TextTooBig, r.screen().Text)
			end(r)
			v := r.screen()
			require.Equal(t, cabinet.ScreenFinish, v.Screen)
			require.Equal(t, cabinet.TextGoodbye, v.Text)
			require.Empty(t, v.Courier)
			require.Equal(t, "2", v.Params["loaded"])
			require.Equal(t, "2", v.Params["unloaded"])
			require.Equal(t, "3", v.Params["expected"])
			require.Equal(t, "0", v.Params["open"])
			require.Equal(t, []string{"AA-3: no room", "shp_2-1: too big"}, v.Lines)
			require.NotContains(t, v.Sentence, "{")
			r.wait(15_000)
			require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
			r.login()
			require.Equal(t, "0", r.screen().Params["loaded"], "another visit")
		})
	}
}

// TestTakenOutIsCounted over a visit that was interrupted by a walk to the van.
func TestTakenOutIsCounted(t *testing.T) {
	t.Parallel()
	r := toWithdraw(t)
	r.press(cabinet.ButtonOpenNext)
	r.open(1)
	r.scan("shp_1-1")
	r.close(1)
	r.press(cabinet.ButtonCancel)
	r.wait(200_000)
	require.Equal(t, cabinet.ScreenAway, r.screen().Screen)
	r.scan(badge)
	r.finish()
	require.Equal(t, "1", r.screen().Params["collected"])
}
