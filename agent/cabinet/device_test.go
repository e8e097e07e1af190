package cabinet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// chilled is a cabinet whose first module is cold, and a parcel that has to be.
func chilled(t *testing.T) *rig {
	r := newRig(t)
	r.layoutOfChilled()
	return r
}

func (r *rig) layoutOfChilled() {
	r.entry(models.EntryLayout, string(locker), models.DirectoryLayout{Locker: locker, Number: "L-002", State: models.LockerActive, Cells: []models.LayoutCell{
		{Number: 1, Module: 1, Row: 1, Size: models.SizeM, Regime: models.Chilled},
		{Number: 2, Module: 2, Row: 1, Size: models.SizeM, Regime: models.Ambient},
	}})
	r.entry(models.EntryCourier, string(courier), models.DirectoryCourier{
		Courier: courier, Organization: carrier, Role: models.RoleCourier, Badge: badge, PINHash: hashOf(pin),
	})
	s := shipment("shp_1", policy(), models.SizeM)
	s.Parcels[0].Regime = models.Chilled
	r.entry(models.EntryShipment, "shp_1", s)
}

func (r *rig) reads(tenths int) {
	r.t.Helper()
	r.do(cabinet.ClimateRead{Module: 1, Tenths: tenths, Known: true})
}

// device is the last fact of a device.
func (r *rig) device() (d models.FactData) {
	r.t.Helper()
	for _, f := range r.facts {
		if f.Type == models.FactDevice {
			var err error
			d, err = f.Payload()
			require.NoError(r.t, err)
		}
	}
	return d
}

// TestTooWarm: a module that is not cold enough for minutes takes nothing that has to be cold,
// says so, and gives out what it has.
func TestTooWarm(t *testing.T) {
	t.Parallel()
	r := chilled(t)
	r.reads(50)
	require.Equal(t, models.DeviceOK, r.device().State)
	require.Equal(t, 50, *r.device().Measured)
	r.reads(90)
	r.wait(4 * 60_000)
	r.reads(95)
	require.Equal(t, models.DeviceOK, r.device().State, "a door stands open at times")
	r.wait(60_000)
	require.Equal(t, models.DeviceTooWarm, r.device().State)
	require.Equal(t, "climate-1", r.device().Device)
	require.Equal(t, []models.CellReport{{Cell: 1, State: models.CellOutOfService, Generation: 0}}, r.device().Cells)
	require.Contains(t, r.screen().Strips, "Module 1 is not cold enough: nothing is taken in there.")
	r.login()
	r.scan("shp_1-1")
	require.Empty(t, r.pulses)
	r.reads(60)
	require.Equal(t, models.DeviceOK, r.device().State, "cold again")
	r.scan("shp_1-1")
	require.Len(t, r.pulses, 1)
	r.open(1)
	r.close(1)
	r.finish()
	r.reads(120)
	r.wait(6 * 60_000)
	require.Equal(t, models.DeviceTooWarm, r.device().State)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 2, "what is inside can be had")
}

// TestGraceOfAModule: a small module warms sooner than five minutes.
func TestGraceOfAModule(t *testing.T) {
	t.Parallel()
	r := chilled(t)
	warm := cabinet.ClimateRead{Module: 1, Tenths: 90, Known: true, GraceMS: 20_000}
	r.reads(50)
	r.do(warm)
	next, ok := cabinet.NextDeadline(r.state)
	require.True(t, ok)
	require.LessOrEqual(t, next-r.now.UptimeMS, int64(20_000))
	r.wait(19_000)
	r.do(warm)
	require.Equal(t, models.DeviceOK, r.device().State)
	r.wait(1_000)
	require.Equal(t, models.DeviceTooWarm, r.device().State)
}

// TestASilentThermometer counts as one that says the wrong thing.
func TestASilentThermometer(t *testing.T) {
	t.Parallel()
	r := chilled(t)
	r.reads(50)
	r.do(cabinet.ClimateRead{Module: 1})
	r.wait(6 * 60_000)
	require.Equal(t, models.DeviceDown, r.device().State)
	require.Nil(t, r.device().Measured)
	r.login()
	r.scan("shp_1-1")
	require.Empty(t, r.pulses)
}

// TestTemperatureIsTold: by degrees and by the hour, not by each reading.
func TestTemperatureIsTold(t *testing.T) {
	t.Parallel()
	r := chilled(t)
	told := func() (n int) {
		for _, f := range r.facts {
			if f.Type == models.FactDevice {
				n++
			}
		}
		return n
	}
	r.reads(50)
	for range 50 {
		r.wait(60_000)
		r.reads(55)
	}
	require.Equal(t, 1, told())
	r.wait(11 * 60_000)
	r.reads(55)
	require.Equal(t, 2, told(), "an hour")
	r.reads(66)
	require.Equal(t, 3, told(), "a degree")
}

// TestTheMainsAreOff: deposits stop before the battery does, pickups last, one door at a time.
func TestTheMainsAreOff(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeM, models.SizeM)
	r.expect("shp_1", policy(), models.SizeS, models.SizeM)
	r.expect("shp_2", policy(), models.SizeM)
	r.login()
	for cell, label := range []string{"shp_1-1", "shp_1-2"} {
		r.scan(label)
		r.open(cell + 1)
		r.close(cell + 1)
		r.wait(1000)
	}
	r.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true}})
	require.Equal(t, models.DeviceBattery, r.device().State)
	r.scan("shp_2-1")
	require.Equal(t, cabinet.TextOnBattery, r.screen().Text)
	require.Len(t, r.pulses, 2)
	r.press(cabinet.ButtonFinish)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.ScreenSeveral, r.screen().Screen)
	r.press(cabinet.ButtonOpen)
	r.wait(2000)
	require.Len(t, r.pulses, 3, "one door at a time")
	r.open(r.pulses[2].Cell)
	r.wait(2000)
	require.Len(t, r.pulses, 3)
	r.close(r.pulses[2].Cell)
	r.wait(2000)
	require.Len(t, r.pulses, 4)
	r.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true, Low: true}})
	require.Equal(t, models.DeviceLow, r.device().State)
	r.do(cabinet.PowerChanged{})
	require.Equal(t, models.DeviceOK, r.device().State)
	require.NotContains(t, r.screen().Strips, "Power failure: pickups only.")
}

func (r *rig) sensed(cell int, s cabinet.Sensed) {
	r.t.Helper()
	r.do(cabinet.ParcelSensed{Cell: cell, Sensed: s})
}

// TestNothingWasPutIn: a cell that was shut empty is no deposit: the courier is asked.
func TestNothingWasPutIn(t *testing.T) {
	t.Parallel()
	begin := func() *rig {
		r := newRig(t).furnish(models.SizeS)
		r.sensed(1, cabinet.SensedEmpty)
		r.expect("shp_1", policy(), models.SizeS)
		r.login()
		r.scan("shp_1-1")
		r.open(1)
		r.close(1)
		return r
	}
	r := begin()
	require.Equal(t, cabinet.ScreenWait, r.screen().Screen, "the sensor may be late")
	r.sensed(1, cabinet.SensedParcel)
	require.Equal(t, models.CellOccupied, r.state.Cells[0].State)
	require.Equal(t, cabinet.TextLoaded, r.screen().Text)

	r = begin()
	r.open(1) // it did not latch
	r.sensed(1, cabinet.SensedParcel)
	require.NotContains(t, r.types(0), models.FactDeposited, "its door stands open")
	require.Equal(t, cabinet.TextPutIn, r.screen().Text)
	r.wait(2000)
	r.close(1)
	require.Equal(t, models.CellOccupied, r.state.Cells[0].State)
	require.Equal(t, cabinet.TextLoaded, r.screen().Text)

	r = begin()
	r.wait(2000)
	require.Equal(t, cabinet.TextIsEmpty, r.screen().Text)
	require.NotContains(t, r.types(0), models.FactDeposited)
	r.press(cabinet.ButtonEmpty)
	require.Equal(t, models.CellFree, r.state.Cells[0].State)
	require.Contains(t, r.types(0), models.FactLoadFailed)

	r = begin()
	r.wait(2000)
	r.wait(61_000)
	require.True(t, r.state.Cells[0].Doubtful, "nobody answers")

	r = newRig(t).furnish(models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.sensed(1, cabinet.SensedParcel)
	r.close(1)
	require.Equal(t, models.CellOccupied, r.state.Cells[0].State, "seen before the close")
}

// TestSomethingIsLeft: a pickup whose cell is not empty frees nothing.
func TestSomethingIsLeft(t *testing.T) {
	t.Parallel()
	for _, left := range []bool{false, true} {
		r := newRig(t).furnish(models.SizeS)
		r.expect("shp_1", policy(), models.SizeS)
		r.login()
		r.scan("shp_1-1")
		r.open(1)
		r.sensed(1, cabinet.SensedParcel)
		r.close(1)
		r.finish()
		r.keyIn(r.code("shp_1"))
		r.open(1)
		if !left {
			r.sensed(1, cabinet.SensedEmpty)
		}
		r.close(1)
		r.wait(200_000)
		require.Equal(t, left, r.state.Cells[0].Doubtful)
		require.Equal(t, !left, r.state.Cells[0].State == models.CellFree)
	}
}

// TestASensorContradicts: what a sensor sees in a cell at rest puts it in doubt.
func TestASensorContradicts(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeM)
	r.sensed(1, cabinet.SensedParcel)
	require.True(t, r.state.Cells[0].Doubtful, "something is in a free cell")
	r.expect("shp_1", policy(), models.SizeM)
	r.login()
	r.scan("shp_1-1")
	r.open(2)
	r.sensed(2, cabinet.SensedParcel)
	r.close(2)
	require.False(t, r.state.Cells[1].Doubtful)
	r.sensed(2, cabinet.SensedEmpty)
	require.True(t, r.state.Cells[1].Doubtful, "nothing is where a parcel is to be")
}

// TestSaidToBeEmpty: a client says that everything is taken, and the sensor sees a parcel still.
// Once the cell is the client's no more it is in doubt, and given to nobody.
func TestSaidToBeEmpty(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.expect("shp_2", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.sensed(1, cabinet.SensedParcel)
	r.close(1)
	r.finish()
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	r.wait(200_000)
	require.True(t, r.state.Cells[0].Doubtful)
	require.NotContains(t, r.types(0), models.FactCellFreed)
	pulses := len(r.pulses)
	r.login()
	r.scan("shp_2-1")
	require.Len(t, r.pulses, pulses)
}

// TestNothingOnTopOfAParcel: a deposit was given up, the courier says that the cell is empty, and
// the sensor sees something: the next parcel gets another cell.
func TestNothingOnTopOfAParcel(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.sensed(1, cabinet.SensedParcel)
	r.press(cabinet.ButtonCancel)
	r.close(1)
	r.press(cabinet.ButtonEmpty)
	r.wait(1000)
	r.scan("shp_1-1")
	require.Equal(t, 2, r.pulses[len(r.pulses)-1].Cell)
}

// TestALowBatteryOpensNothing: not for couriers either, nor the cells of a finished pickup again.
func TestALowBatteryOpensNothing(t *testing.T) {
	t.Parallel()
	low := cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true, Low: true}}
	begin := func() *rig {
		r := newRig(t).furnish(models.SizeS)
		r.expect("shp_1", policy(), models.SizeS)
		r.login()
		r.scan("shp_1-1")
		r.open(1)
		r.close(1)
		return r
	}
	r := begin()
	r.finish()
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.do(low)
	pulses := len(r.pulses)
	r.press(cabinet.ButtonOpenAgain)
	require.Equal(t, cabinet.TextPowerLow, r.screen().Text)
	require.Len(t, r.pulses, pulses)

	r = begin()
	r.do(cabinet.DoorChanged{Cell: 1, Side: models.SideFront, Open: true}) // by itself: it is in doubt
	r.close(1)
	require.True(t, r.state.Cells[0].Doubtful)
	r.do(low)
	pulses = len(r.pulses)
	r.wait(1000)
	r.press(cabinet.ButtonCheck)
	require.Equal(t, cabinet.TextPowerLow, r.screen().Text)
	require.Len(t, r.pulses, pulses, "nothing to look into it by")
	r.do(cabinet.PowerChanged{})
	r.press(cabinet.ButtonCheck)
	require.Len(t, r.pulses, pulses+1)
}

// TestAThermometerBeforeTheLayout: a module that was told not to be cold before its cells were
// known takes nothing in once they are.
func TestAThermometerBeforeTheLayout(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.do(cabinet.ClimateRead{Module: 1})
	r.wait(6 * 60_000)
	require.Equal(t, models.DeviceDown, r.device().State)
	r.layoutOfChilled()
	r.do(cabinet.ClimateRead{Module: 1})
	r.login()
	r.scan("shp_1-1")
	require.Empty(t, r.pulses)
	r.reads(50)
	r.scan("shp_1-1")
	require.Len(t, r.pulses, 1)
}

// TestHowADeviceHasWorked is a fact, of bounded length.
func TestHowADeviceHasWorked(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.do(cabinet.DeviceCounted{Device: models.DeviceScanner("ttyACM0"), Up: true, Counts: models.DeviceCounts{Done: 7, Failed: 1}})
	_, data := r.lastFact(models.FactDevice)
	require.Equal(t, models.FactData{Device: "scanner-ttyACM0", State: models.DeviceOK, Counts: &models.DeviceCounts{Done: 7, Failed: 1}}, data)
	r.do(cabinet.DeviceCounted{Device: strings.Repeat("x", 99), Counts: models.DeviceCounts{Error: strings.Repeat("y", 999)}})
	_, data = r.lastFact(models.FactDevice)
	require.Equal(t, models.DeviceDown, data.State)
	require.Len(t, data.Device, 40)
	require.Len(t, data.Counts.Error, 120)
	n := len(r.facts)
	r.do(cabinet.DeviceCounted{})
	require.Len(t, r.facts, n)
}
