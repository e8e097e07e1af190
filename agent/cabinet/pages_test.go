package cabinet_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestAWrongCodeNamesTheLocker: most wrong codes are of another locker.
func TestAWrongCodeNamesTheLocker(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.wrongCode())
	require.Contains(t, r.screen().Sentence, "L-001?")
	layout := r.state.Directory.Layout
	layout.Address = "High Street 5"
	r.entry(models.EntryLayout, string(locker), layout)
	for left := 3; left > 0; left-- {
		r.keyIn(r.wrongCode())
		require.Contains(t, r.screen().Sentence, "L-001, High Street 5?")
		require.Contains(t, r.screen().Sentence, "Attempts left: "+strconv.Itoa(left))
		require.Equal(t, []cabinet.Button{cabinet.ButtonCodeAgain, cabinet.ButtonCancel}, r.screen().Buttons)
	}
	r.scan(r.wrongCode())
	require.Equal(t, cabinet.TextWrongScan, r.screen().Text)
	r.keyIn(r.mistyped("shp_1"))
	require.Equal(t, cabinet.TextMistyped, r.screen().Text, "no attempt")
	r.keyIn(r.wrongCode())
	require.Equal(t, cabinet.ScreenPaused, r.screen().Screen)
}

// TestAPausedPadCountsDown: and what is typed meanwhile goes nowhere.
func TestAPausedPadCountsDown(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	for range 5 {
		r.keyIn(r.wrongCode())
	}
	require.Equal(t, 300, r.screen().Seconds)
	require.Contains(t, r.screen().Frame, cabinet.ButtonHelp)
	r.wait(60_500)
	require.Equal(t, 240, r.screen().Seconds)
	r.press(cabinet.ButtonCancel)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.ScreenPaused, r.screen().Screen)
	require.Equal(t, 240, r.screen().Seconds)
	r.wait(239_500)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1)
}

// TestADoorLeftOpenIsNobodysScreen: after its incident the next person may begin; two doors are
// waited for until both were told of.
func TestADoorLeftOpenIsNobodysScreen(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.wait(5000)
	r.open(2)
	r.wait(115_000)
	require.Equal(t, cabinet.ScreenLeftOpen, r.screen().Screen, "the second is not yet told of")
	r.wait(5000)
	v := r.screen()
	require.Equal(t, cabinet.ScreenHome, v.Screen)
	require.Len(t, v.Strips, 3, "both doors, and no network")
	r.login()
	r.finish()
	r.close(1)
	r.close(2)
	r.wait(10_000)
	require.True(t, r.cell(1).Doubtful)
	require.Equal(t, cabinet.StateDone, r.state.Operations[len(r.state.Operations)-1].State)
}

// TestTryAgainIsAskedFor: who stands before a jammed door is asked whether they are there.
func TestTryAgainIsAskedFor(t *testing.T) {
	t.Parallel()
	jammed := func(t *testing.T) *rig {
		r := stored(t, policy(), 1)
		r.keyIn(r.code("shp_1"))
		r.wait(7000)
		require.Equal(t, cabinet.ScreenJammed, r.screen().Screen)
		r.wait(45_000)
		require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
		return r
	}
	t.Run("more time", func(t *testing.T) {
		t.Parallel()
		r := jammed(t)
		r.press(cabinet.ButtonMoreTime)
		require.Equal(t, cabinet.ScreenJammed, r.screen().Screen)
		r.wait(44_999)
		require.Equal(t, cabinet.ScreenJammed, r.screen().Screen)
		r.press(cabinet.ButtonTryAgain)
		require.Len(t, r.pulses, 2)
		r.open(1)
		require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
	})
	t.Run("finish", func(t *testing.T) {
		t.Parallel()
		r := jammed(t)
		r.press(cabinet.ButtonFinish)
		require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
		require.Equal(t, cabinet.StateDone, r.operation().State)
	})
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		r := jammed(t)
		r.wait(19_999)
		require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
		r.wait(1)
		require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
		require.Equal(t, cabinet.StateDone, r.operation().State)
		require.True(t, r.cell(1).Doubtful)
	})
}

// TestAStuckDoorHasANumber to name to the support.
func TestAStuckDoorHasANumber(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	for range 2 {
		r.wait(7000)
		r.press(cabinet.ButtonTryAgain)
	}
	r.wait(7000)
	v := r.screen()
	require.Equal(t, cabinet.TextStuck, v.Text)
	require.Regexp(t, `^1-\d+$`, v.Params["number"])
	require.Contains(t, v.Sentence, v.Params["number"])
}

// TestPaymentDue: nothing opens for what is to be paid, and nothing is loaded that would be.
func TestPaymentDue(t *testing.T) {
	t.Parallel()
	due := func(r *rig, id models.ShipmentID) {
		s := shipment(id, policy(), models.SizeS)
		s.DueMinor, s.Currency = 1205, "EUR"
		r.entry(models.EntryShipment, string(id), s)
	}
	r := stored(t, policy(), 1)
	due(r, "shp_1")
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.ScreenPayment, r.screen().Screen)
	require.Contains(t, r.screen().Sentence, "12.05 EUR")
	require.Empty(t, r.pulses)
	r.wait(45_000)
	require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
	r.wait(20_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)

	due(r, "shp_2")
	r.login()
	r.scan("shp_2-1")
	require.Equal(t, cabinet.ScreenNotHere, r.screen().Screen)
	require.Equal(t, cabinet.TextNoPayment, r.screen().Text)
	require.Empty(t, r.pulses)
	r.wait(10_000)
	require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
}

// TestCollectedLate: the code opens as long as no courier came, and says that it is late.
func TestCollectedLate(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{
		Shipment: "shp_1", Locker: locker, Reason: models.LeaveExpired, Collectable: true,
	})
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1)
	require.Contains(t, r.screen().Strips, "Collected late: it is still yours.")
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	require.NotContains(t, r.screen().Strips, "Collected late: it is still yours.")
}

// TestCollectedTwiceReopened: after two reopenings the screen says when it was collected.
func TestCollectedTwiceReopened(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	for range 3 {
		r.wait(300)
		r.keyIn(r.code("shp_1"))
		r.open(1)
		r.close(1)
		r.press(cabinet.ButtonYesTaken)
	}
	require.Len(t, r.pulses, 3)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextCollectedOn, r.screen().Text)
	require.Contains(t, r.screen().Sentence, "UTC", "the locker's time zone is not known")
	require.Len(t, r.pulses, 3)
}
