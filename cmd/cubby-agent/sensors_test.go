package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

// TestSensors: a thermometer on its line and a UPS behind upsd reach the cabinet, its screen,
// its facts and the technician's table.
func TestSensors(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 12)
	thermometer, err := boards.NewThermometer(p.in("climate"), 215)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, thermometer.Close()) })
	ups, err := boards.NewUPS("cabinet", "", "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, ups.Close()) })
	p.configure(map[string]any{
		"climates": []any{map[string]any{"port": "serial:" + p.in("climate") + "?baud=9600", "probes": []any{map[string]any{"module": 1}}}},
		"power":    map[string]any{"address": ups.Address(), "ups": "cabinet"},
	})
	p.enroll().run()
	p.eventually(func(st state) bool {
		return len(st.Sensors.Climates) == 1 && st.Sensors.Climates[0].Tenths == 215 && st.Sensors.Power != nil && st.Sensors.Power.Known
	}, "both are heard")
	table, _ := p.call("check") // it may find this computer's clock wanting
	require.Contains(t, table, "21.5 °C")
	require.Equal(t, "mains", row(t, table, "power", "ups")[2])

	ups.Set("OB LB")
	p.eventually(func(st state) bool { return len(st.View.Strips) == 1 }, "the screen says it")
	require.Eventually(t, func() bool {
		for _, f := range p.cabinet().Facts() {
			if d, err := f.Payload(); err == nil && f.Type == models.FactDevice && d.State == models.DeviceLow {
				return true
			}
		}
		return false
	}, soon, often, "the server knows")
	table, err = p.call("check")
	require.Error(t, err, "a battery needs a look")
	require.Equal(t, "battery", row(t, table, "power", "ups")[2])
	ups.Set("OL")
	p.eventually(func(st state) bool { return len(st.View.Strips) == 0 && st.View.Screen == cabinet.ScreenHome }, "and that it is over")
}
