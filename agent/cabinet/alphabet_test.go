package cabinet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// lettered is a parcel in cell 1 whose code is in base 32.
func lettered(t *testing.T) (r *rig, code string) {
	t.Helper()
	r = newRig(t).furnish(models.SizeS, models.SizeS)
	s := shipment("shp_1", policy(), models.SizeS)
	s.Codes = models.CodeBase32
	s.Issue = models.CodeBase32.ChooseIssue(r.key, "shp_1", 1, nil)
	r.entry(models.EntryShipment, "shp_1", s)
	require.Equal(t, 1, r.load("shp_1-1"))
	r.finish()
	r.wait(20_000)
	r.pulses = nil
	return r, models.CodeBase32.Code(r.key, "shp_1", s.Issue)
}

// TestACodeWithLetters opens as it was sent and as people type it, and in no other alphabet.
func TestACodeWithLetters(t *testing.T) {
	t.Parallel()
	for name, typed := range map[string]func(code string) string{
		"as it is": func(code string) string { return code },
		"small":    strings.ToLower,
		"spaced":   models.SpacedCode,
		"o and l":  func(code string) string { return strings.NewReplacer("0", "o", "1", "l").Replace(code) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, code := lettered(t)
			require.Equal(t, cabinet.PadBase32, r.screen().Pad)
			r.keyIn(r.code("shp_1"))
			require.Equal(t, cabinet.TextWrongCode, r.screen().Text, "its digits are of nothing here")
			require.Equal(t, cabinet.PadBase32, r.screen().Pad)
			r.keyIn(typed(code))
			require.Len(t, r.pulses, 1)
		})
	}
	r, code := lettered(t)
	r.scan(strings.ToLower(code))
	require.Len(t, r.pulses, 1, "as Code 128")
}

// TestATypoOfLettersIsNoAttempt: as of digits.
func TestATypoOfLettersIsNoAttempt(t *testing.T) {
	t.Parallel()
	r, code := lettered(t)
	other := byte('Z')
	if code[0] == other {
		other = 'Y'
	}
	for range 6 {
		r.keyIn(string(other) + code[1:])
		require.Equal(t, cabinet.TextMistyped, r.screen().Text)
	}
	wrong := models.CodeBase32.Code(r.key, "shp_other", models.CodeBase32.ChooseIssue(r.key, "shp_other", 1, nil))
	r.keyIn(wrong)
	require.Equal(t, cabinet.TextWrongCode, r.screen().Text)
	require.Equal(t, "4", r.screen().Params["left"])
	r.keyIn(code)
	require.Len(t, r.pulses, 1)
}

// TestBothAlphabets: a policy that changed changes no code, and the pad takes both until the last
// with letters is over and forgotten.
func TestBothAlphabets(t *testing.T) {
	t.Parallel()
	r, code := lettered(t)
	r.expect("shp_2", policy(), models.SizeS)
	require.Equal(t, 2, r.load("shp_2-1"))
	r.finish()
	r.wait(20_000)
	r.keyIn(r.code("shp_2"))
	require.Equal(t, 2, r.pulses[1].Cell)
	r.open(2)
	r.close(2)
	r.wait(300_000)
	r.keyIn(code)
	require.Equal(t, 1, r.pulses[2].Cell)
	r.open(1)
	r.close(1)
	r.wait(300_000)
	r.give(deletion("shp_1"))
	r.give(deletion("shp_2"))
	require.Equal(t, cabinet.PadBase32, r.screen().Pad)
	r.keyIn(code)
	require.Equal(t, cabinet.TextCollectedOn, r.screen().Text)
}

// TestAPadOfDigits: where nothing has letters a label of seven characters is a label, and a
// keypad of digits never asks for letters.
func TestAPadOfDigits(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	require.Equal(t, cabinet.PadDigits, r.screen().Pad)
	label := models.CodeBase32.Code(r.key, "shp_1", models.CodeBase32.ChooseIssue(r.key, "shp_1", 1, nil))
	require.True(t, models.ValidCode(label))
	r.login()
	r.scan(label)
	require.Equal(t, cabinet.ScreenUnknown, r.screen().Screen)

	r, _ = lettered(t)
	layout := r.state.Directory.Layout
	layout.Screen.Keypad = true
	r.entry(models.EntryLayout, string(locker), layout)
	require.Equal(t, cabinet.PadDigits, r.screen().Pad)
}
