package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// justLoaded is a courier who has shut the door on a parcel.
func justLoaded(t *testing.T) *rig {
	t.Helper()
	r := newRig(t).furnish(models.SizeS, models.SizeM, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS, models.SizeS)
	r.load("shp_1-1")
	require.Equal(t, []cabinet.Button{cabinet.ButtonNotPlaced, cabinet.ButtonNotFit}, r.screen().Buttons[:2])
	r.wait(300)
	return r
}

// TestNotPlaced: the courier kept the parcel. Its cell is free, the parcel is told of, and it can
// be put in later.
func TestNotPlaced(t *testing.T) {
	t.Parallel()
	r := justLoaded(t)
	r.press(cabinet.ButtonNotPlaced)
	require.Len(t, r.pulses, 2)
	require.Equal(t, 1, r.pulses[1].Cell)
	r.open(1)
	require.Equal(t, cabinet.ScreenCancel, r.screen().Screen)
	require.Equal(t, cabinet.TextTakeOut, r.screen().Text)
	r.close(1)
	require.Equal(t, cabinet.TextIsEmpty, r.screen().Text)
	require.Equal(t, []cabinet.Button{cabinet.ButtonEmpty, cabinet.ButtonNotEmpty}, r.screen().Buttons)
	r.press(cabinet.ButtonEmpty)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy)
	f, data := r.lastFact(models.FactUnloaded)
	require.Equal(t, 1, f.Cell)
	require.Equal(t, models.FactData{
		Shipment: "shp_1", Parcel: "par_shp_1-1", Courier: courier, Reason: models.LoadCourierCancelled, After: data.After,
	}, data)
	require.NotContains(t, r.types(0), models.FactMissing)
	require.Equal(t, cabinet.TextCourier, r.screen().Text)
	require.Equal(t, "0", r.screen().Params["loaded"])
	require.Equal(t, "2", r.screen().Params["expected"])
	r.wait(300)
	r.scan("shp_1-1")
	require.Len(t, r.pulses, 3)
	r.open(1)
	r.close(1)
	require.Equal(t, "1", r.screen().Params["loaded"])
	r.finish()
	require.Equal(t, []string{"shp_1-1: taken back"}, r.screen().Lines)
}

// TestDidNotFit: a larger cell opens without another scan.
func TestDidNotFit(t *testing.T) {
	t.Parallel()
	r := justLoaded(t)
	r.press(cabinet.ButtonNotFit)
	r.open(1)
	r.close(1)
	require.Equal(t, cabinet.ScreenBigger, r.screen().Screen)
	r.wait(300)
	r.press(cabinet.ButtonEmpty)
	_, data := r.lastFact(models.FactUnloaded)
	require.Equal(t, models.LoadTooBig, data.Reason)
	require.Len(t, r.pulses, 3)
	require.Equal(t, 2, r.pulses[2].Cell, "the next size")
	r.open(2)
	r.close(2)
	f, data := r.lastFact(models.FactDeposited)
	require.Equal(t, 2, f.Cell)
	require.Equal(t, models.ParcelID("par_shp_1-1"), data.Parcel)
	require.Equal(t, "1", r.screen().Params["loaded"])

	r.wait(300)
	r.press(cabinet.ButtonNotFit)
	r.open(2)
	r.close(2)
	r.press(cabinet.ButtonEmpty)
	require.Equal(t, cabinet.ScreenFull, r.screen().Screen, "no cell is larger")
	_, data = r.lastFact(models.FactLoadFailed)
	require.Equal(t, models.LoadTooBig, data.Reason)
}

// TestACorrectionThatIsNotSure: without the courier's word the parcel is where it was, in doubt.
func TestACorrectionThatIsNotSure(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*rig){
		"not empty":      func(r *rig) { r.open(1); r.close(1); r.press(cabinet.ButtonNotEmpty) },
		"no answer":      func(r *rig) { r.open(1); r.close(1); r.wait(60_000) },
		"it was jammed":  func(r *rig) { r.wait(7000); r.press(cabinet.ButtonFinish); r.wait(60_000) },
		"it was stopped": func(r *rig) { r.do(cabinet.Started{Boot: "boot-2"}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := justLoaded(t)
			r.press(cabinet.ButtonNotPlaced)
			end(r)
			require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
			require.NotContains(t, r.types(0), models.FactUnloaded)
			require.Equal(t, cabinet.StateDone, r.operation().State)
		})
	}
}

// TestNothingToCorrect: only the last parcel, and only until the next.
func TestNothingToCorrect(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*rig){
		"another parcel was scanned": func(r *rig) { r.scan("ZZ-1") },
		"the courier is away":        func(r *rig) { r.wait(120_000) },
		"the courier is back":        func(r *rig) { r.wait(120_000); r.scan(badge) },
		"it was collected meanwhile": func(r *rig) {
			r.scan(models.PickupQR(r.key, "shp_1", 1))
			r.open(1)
			r.close(1)
			r.press(cabinet.ButtonYesTaken)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := justLoaded(t)
			before(r)
			r.wait(300)
			pulses := len(r.pulses)
			require.NotContains(t, r.screen().Buttons, cabinet.ButtonNotPlaced)
			r.press(cabinet.ButtonNotPlaced)
			r.press(cabinet.ButtonNotFit)
			require.Len(t, r.pulses, pulses)
		})
	}
}
