package cabinet_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestTheScreenTakesItsProfile: a profile that the server lets through is shown: whom to call, what
// is spoken, whose colour and logo; what replaces it is shown next. At night by the place's clock
// the screen is quiet.
func TestTheScreenTakesItsProfile(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	own := models.ScreenProfile{
		Languages: []string{"is", "ru"}, Operator: "o", Colour: "#003a70",
		Logo: "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=",
	}
	var wrong models.Fields
	own.Check(&wrong)
	require.NoError(t, wrong.Err())
	place := models.Location{TimeZone: "Asia/Almaty", QuietHours: &models.QuietHours{From: "22:00", To: "07:00"}}
	tell := func(p models.ScreenProfile) {
		layout := r.state.Directory.Layout
		layout.Screen = p.Over(models.ScreenProfile{Phone: "112"}).At(place)
		r.entry(models.EntryLayout, string(locker), layout)
	}
	tell(own)
	require.Equal(t, cabinet.Language("ru"), r.screen().Language, "a language that this program does not know is left out")
	require.NotContains(t, r.screen().Buttons, cabinet.Button("language_is"))
	site := r.state.Site()
	require.Equal(t, own.Colour, site.Screen.Colour)
	require.Equal(t, own.Logo, site.Screen.Logo)
	require.Equal(t, own.Operator, site.Screen.Operator)
	raw, err := json.Marshal(site)
	require.NoError(t, err)
	require.Contains(t, string(raw), `"colour":"#003a70"`, "as the page reads it")
	r.press(cabinet.ButtonHelp)
	require.Equal(t, "112", r.screen().Params["phone"])
	require.Contains(t, r.screen().Sentence, "112")

	tell(models.ScreenProfile{Phone: "113"})
	require.Equal(t, "113", r.screen().Params["phone"])
	require.Empty(t, r.state.Site().Screen.Colour)

	for at, quiet := range map[string]bool{ // UTC+5
		"2026-06-01T16:59:59Z": false, "2026-06-01T17:00:00Z": true, "2026-06-01T20:00:00Z": true, "2026-06-02T02:00:00Z": false,
	} {
		moment, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		r.now.WallMS = moment.UnixMilli()
		require.Equal(t, quiet, r.screen().Quiet, at)
	}
}

// TestTheOperatorsNotice stands on the first page in the reader's language, or in the screen's.
func TestTheOperatorsNotice(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	layout := r.state.Directory.Layout
	layout.Screen = models.ScreenProfile{Languages: []string{"de", "ru", "ar"}, Notices: map[string]string{"de": "Am 1. Mai zu.", "ru": "1 мая закрыто."}}
	r.entry(models.EntryLayout, string(locker), layout)
	r.finish()
	r.wait(20_000)
	require.Contains(t, r.screen().Strips, "Am 1. Mai zu.")
	r.press("language_ru")
	require.Contains(t, r.screen().Strips, "1 мая закрыто.")
	r.press("language_ar")
	require.Contains(t, r.screen().Strips, "Am 1. Mai zu.")
	r.keyIn(r.code("shp_1"))
	require.NotContains(t, r.screen().Strips, "Am 1. Mai zu.", "nobody is disturbed at a door")
}
