package cabinet_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// hashOf hashes a PIN with one round, so that tests spend no time on it.
func hashOf(pin string) string {
	sum, err := pbkdf2.Key(sha256.New, pin, []byte{0}, 1, 32)
	if err != nil {
		panic(err)
	}
	return "pbkdf2-sha256$1$00$" + hex.EncodeToString(sum)
}

func TestDepositAndPickupLedByTheServer(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeL, models.SizeS, models.SizeM)
	r.expect("shp_1", policy(), models.SizeS)
	r.online()

	r.login()
	r.scan("shp_1-1")
	require.Equal(t, cabinet.ScreenWait, r.screen().Screen)
	require.Empty(t, r.pulses, "no pulse before authority")
	ask := r.lastAsk()
	require.Equal(t, []models.OpenCell{{Cell: 2, Generation: 1, Parcel: "par_shp_1-1"}}, ask.Cells, "the smallest that fits")
	n := len(r.facts)
	r.lead()
	require.Equal(t, []cabinet.Pulse{{Operation: ask.Operation, Cell: 2, Attempt: 1}}, r.pulses)
	require.Empty(t, r.results(), "an unlock is no open door")
	r.open(2)
	require.Equal(t, models.Opened, r.lastResult().Result.Outcome)
	require.Equal(t, cabinet.TextPutIn, r.screen().Text)
	r.close(2)
	require.Equal(t, []models.FactType{models.FactDoorOpened, models.FactDoorClosed, models.FactDeposited}, r.types(n))
	_, data := r.lastFact(models.FactDeposited)
	require.Equal(t, models.FactData{Shipment: "shp_1", Parcel: "par_shp_1-1", Courier: courier,
		After: &models.CellReport{Cell: 2, State: models.CellOccupied, Generation: 1, Shipment: "shp_1"}}, data)
	require.Equal(t, cabinet.TextLoaded, r.screen().Text)
	r.finish()
	r.wait(60_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)

	n = len(r.facts)
	r.keyIn(r.code("shp_1"))
	r.lead()
	r.open(2)
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
	r.close(2)
	require.Equal(t, cabinet.ScreenDone, r.screen().Screen)
	require.Equal(t, []models.FactType{models.FactDoorOpened, models.FactDoorClosed}, r.types(n))
	r.wait(8000)
	_, data = r.lastFact(models.FactPickedUp)
	require.Equal(t, models.CellReserved, data.After.State)
	require.Equal(t, models.ShipmentID("shp_1"), data.Shipment)
	r.wait(179_000)
	require.Equal(t, models.CellReserved, r.cell(2).State)
	r.wait(1000)
	require.Equal(t, models.CellFree, r.cell(2).State)
	_, data = r.lastFact(models.FactCellFreed)
	require.Empty(t, data.Shipment)
	require.Equal(t, cabinet.StateDone, r.operation().State)
	require.Len(t, r.results(), 2)
	require.Positive(t, r.uploads)
	require.Positive(t, r.fetches)
}
