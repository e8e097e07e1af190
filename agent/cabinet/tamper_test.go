package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

func (r *rig) housing(alarm, known bool) {
	r.t.Helper()
	r.do(cabinet.TamperRead{Tamper: models.TamperHousing, Alarm: alarm, Known: known})
}

// TestTamper: an alarm is told at once and once, however long somebody shakes the cabinet, and is
// over after a minute of quiet, over a start of the program too.
func TestTamper(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	facts := len(r.facts)
	r.housing(false, true)
	r.do(cabinet.TamperRead{Tamper: "cat", Alarm: true, Known: true})
	require.Len(t, r.facts, facts, "nothing has happened")
	r.housing(true, true)
	require.Equal(t, models.FactData{Device: "tamper-housing", State: models.DeviceAlarm}, r.device())
	for range 20 {
		r.wait(30_000)
		r.housing(false, true)
		r.wait(30_000)
		r.housing(true, true)
	}
	require.Len(t, r.facts, facts+1)
	r.housing(false, true)
	r.wait(59_000)
	r.do(cabinet.Tick{})
	r.now.UptimeMS = 5
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Len(t, r.facts, facts+1)
	r.housing(false, true)
	r.wait(1000)
	require.Equal(t, models.DeviceOK, r.device().State)

	r.housing(false, false)
	require.Equal(t, models.DeviceDown, r.device().State, "its wire was cut, it may be")
	r.housing(true, true)
	require.Equal(t, models.DeviceAlarm, r.device().State)
	r.housing(false, false)
	require.Equal(t, models.DeviceDown, r.device().State)
	r.housing(false, true)
	require.Equal(t, models.DeviceOK, r.device().State)
	require.Len(t, r.facts, facts+6)
}

// TestATechniciansOwnDoor: that it stands open is no alarm while a technician is at work, and is one
// when they leave it so.
func TestATechniciansOwnDoor(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS).technicians(nil)
	door := func(open bool) {
		t.Helper()
		r.do(cabinet.TamperRead{Tamper: models.TamperServiceDoor, Alarm: open, Known: true})
	}
	told := func() (states []models.DeviceState) {
		t.Helper()
		for _, f := range r.facts {
			if d, err := f.Payload(); err == nil && f.Type == models.FactDevice && d.Device == models.DeviceTamper(models.TamperServiceDoor) {
				states = append(states, d.State)
			}
		}
		return states
	}
	leave := func() {
		t.Helper()
		r.press(cabinet.ButtonLeave)
		r.press(cabinet.ButtonFinish)
	}
	r.serve()
	door(true)
	door(false)
	door(true)
	require.Empty(t, told())
	r.housing(true, true)
	require.Equal(t, models.FactData{Device: "tamper-housing", State: models.DeviceAlarm}, r.device(), "the others are told of")
	leave()
	require.Equal(t, []models.DeviceState{models.DeviceAlarm}, told(), "it was left open")

	r.serve()
	door(true)
	require.Len(t, told(), 1, "once is enough")
	door(false)
	r.wait(60_000)
	require.Equal(t, models.DeviceOK, r.device().State)
	r.do(cabinet.TamperRead{Tamper: models.TamperServiceDoor})
	door(true)
	require.Equal(t, models.DeviceOK, r.device().State, "it can be read again")
	door(false)
	leave()
	require.Len(t, told(), 4)
	door(true)
	require.Equal(t, models.DeviceAlarm, r.device().State, "nobody is at work")
}
