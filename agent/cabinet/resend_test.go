package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// wrongCode is a code of the right form that opens nothing.
func (r *rig) wrongCode() string { return models.PickupCode(r.key, "shp_other", 1) }

// askAgain goes to where a number is typed.
func (r *rig) askAgain() {
	r.t.Helper()
	r.keyIn(r.wrongCode())
	require.Contains(r.t, r.screen().Buttons, cabinet.ButtonCodeAgain)
	r.press(cabinet.ButtonCodeAgain)
	require.Equal(r.t, cabinet.ScreenCodeAgain, r.screen().Screen)
}

func TestSendMyCodeAgain(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1).online()
	r.askAgain()
	require.Equal(t, cabinet.PadLabel, r.screen().Pad)
	r.keyIn("shp_1-1")
	require.Equal(t, []protocol.Request{{Kind: protocol.ResendCode, Label: "shp_1-1"}}, r.asked)
	v := r.screen()
	require.Equal(t, cabinet.TextCodeAgainSent, v.Text)

	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.ScreenWait, r.screen().Screen, "from here on a code is a code")
}

// TestTheAnswerTellsNothing: not whether something waits here, nor that it was asked for often.
func TestTheAnswerTellsNothing(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1).online()
	r.askAgain()
	r.scan("shp_1-1")
	want := r.screen()
	for range 3 {
		r.press(cabinet.ButtonCancel)
		r.press(cabinet.ButtonCodeAgain)
		require.Equal(t, cabinet.TextCodeAgain, r.screen().Text)
		r.keyIn("NOBODY")
		require.Equal(t, want, r.screen())
	}
	require.Len(t, r.asked, 3, "three in an hour")
	r.wait(20_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.now.UptimeMS += 3600_000
	r.do(cabinet.Tick{})
	r.askAgain()
	r.keyIn("shp_1-1")
	require.Len(t, r.asked, 4)
}

// TestAPickupCodeIsSentNowhere: a code that is scanned where a number is awaited opens its cells.
func TestAPickupCodeIsSentNowhere(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]func(r *rig) string{
		"code": func(r *rig) string { return r.code("shp_1") },
		"QR":   func(r *rig) string { return models.PickupQR(r.key, "shp_1", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1).online()
			r.askAgain()
			r.scan(secret(r))
			require.Empty(t, r.asked)
			require.Equal(t, cabinet.ScreenWait, r.screen().Screen)
		})
	}
}

func TestNoCodeIsSentWithoutNetwork(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.askAgain()
	require.Equal(t, cabinet.TextCodeAgainOffline, r.screen().Text)
	require.Empty(t, r.screen().Pad)
	r.wait(20_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)

	r.online()
	r.askAgain()
	r.do(cabinet.LinkDown{})
	r.keyIn("shp_1-1")
	require.Equal(t, cabinet.TextCodeAgainOffline, r.screen().Text)
	require.Empty(t, r.asked)
}

// TestNobodyTypesANumber: the page asks whether somebody is there, and goes.
func TestNobodyTypesANumber(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1).online()
	r.askAgain()
	r.wait(45_000)
	require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
	r.wait(20_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.ScreenWait, r.screen().Screen)
}
