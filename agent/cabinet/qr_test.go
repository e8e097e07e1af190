package cabinet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

func (r *rig) qr(id models.ShipmentID, issue int) string { return models.PickupQR(r.key, id, issue) }

// TestQR: it opens as the digits do, also where a courier is at work, in whatever case the
// scanner writes.
func TestQR(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]func(string) string{"as printed": strings.Clone, "in small letters": strings.ToLower} {
		for _, courier := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := stored(t, policy(), 1)
				if courier {
					r.login()
				}
				r.scan(text(r.qr("shp_1", 1)))
				require.Len(t, r.pulses, 1)
				require.Equal(t, models.Pickup, r.operation().Kind)
			})
		}
	}
}

// TestQRsThatOpenNothing: those of another cabinet, of another shipment, of one that was taken,
// broken ones, and typed ones.
func TestQRsThatOpenNothing(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	right := r.qr("shp_1", 1)
	foreign, err := models.DeriveCabinetKey([]byte("another network's master key...."), "lkr_1", 1)
	require.NoError(t, err)
	for name, qr := range map[string]string{
		"another cabinet": models.PickupQR(foreign, "shp_1", 1), "another shipment": r.qr("shp_2", 1), "a later issue": r.qr("shp_1", 4),
	} {
		r.scan(qr)
		require.Equal(t, cabinet.TextWrongScan, r.screen().Text, name)
	}
	for _, broken := range []string{right[:len(right)-1], right + "0", strings.TrimPrefix(right, models.QRPrefix), models.QRPrefix} {
		r.scan(broken)
		require.Equal(t, cabinet.TextUnknownScan, r.screen().Text, broken)
	}
	r.keyIn(right)
	require.Equal(t, cabinet.TextMistyped, r.screen().Text, "the pad is for digits")
	require.Empty(t, r.pulses)

	r.scan(right)
	require.Len(t, r.pulses, 1)
	r.open(1)
	r.close(1)
	r.wait(3600_000) // past its window
	r.scan(right)
	require.Equal(t, cabinet.TextCollectedOn, r.screen().Text, "it was collected")
	require.Len(t, r.pulses, 1)
}

// TestNewerQRRetiresTheOlder, and the digits of the older issue with it.
func TestNewerQRRetiresTheOlder(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.scan(r.qr("shp_1", 2))
	require.Len(t, r.pulses, 1)
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonProblem)
	r.wait(60_000)
	r.scan(r.qr("shp_1", 1))
	require.Equal(t, cabinet.TextWrongScan, r.screen().Text)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextWrongCode, r.screen().Text)
	require.Len(t, r.pulses, 1)
	r.keyIn(models.PickupCode(r.key, "shp_1", 2))
	require.Len(t, r.pulses, 2)
}

// TestQROpensWhileCodesArePaused: both those that are typed and those that are scanned.
func TestQROpensWhileCodesArePaused(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	for range 5 {
		r.keyIn(models.PickupCode(r.key, "shp_other", 1))
	}
	require.Equal(t, cabinet.ScreenPaused, r.screen().Screen)
	for range 60 {
		r.scan(r.qr("shp_other", 1))
		require.Equal(t, cabinet.TextWrongScan, r.screen().Text)
	}
	r.scan(r.code("shp_1"))
	require.Equal(t, cabinet.TextScansPaused, r.screen().Text, "wrong ones are counted")
	require.Empty(t, r.pulses)
	r.scan(r.qr("shp_1", 1))
	require.Len(t, r.pulses, 1)
}
