package main

import (
	"testing"
	"time"

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

// TestRelays: a technician has the terminal begin anew, and an opened housing reaches the server.
func TestRelays(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 12)
	board, err := boards.NewRelays(p.in("relays"), false, time.Now)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, board.Unplug()) })
	p.configure(map[string]any{"relays": []any{map[string]any{"port": "serial:" + p.in("relays") + "?baud=9600", "boards": []any{map[string]any{
		"name": "R", "dialect": "waveshare-relay", "address": 1,
		"outputs": []any{map[string]any{"name": "siren", "relay": 2}, map[string]any{"name": "pos", "relay": 5, "for_ms": 7000}},
		"inputs":  []any{map[string]any{"name": "housing", "input": 1, "alarm": "open"}},
	}}}}})
	p.enroll()
	table, _ := p.call("check") // the program is stopped, which is a finding
	require.Equal(t, "up", row(t, table, "relays", "R")[2])
	r := p.run()
	p.eventually(func(st state) bool { return len(st.Outputs) == 2 && st.Outputs[0].Up && len(st.Tampers) == 1 }, "all are known")
	out, err := p.call("relay", "--output", "pos")
	require.NoError(t, err, out)
	require.Eventually(t, func() bool { return board.Holds(5) }, soon, often)
	require.Equal(t, []boards.RelayDrive{{Relay: 5, For: 7 * time.Second}}, board.Driven())
	p.eventually(func(st state) bool { return st.Outputs[1].Drives == 1 }, "it is counted")
	_, err = p.call("relay", "--output", "gate")
	require.ErrorContains(t, err, "cannot be tried")

	board.Circuit(1, true)
	require.Eventually(t, func() bool {
		for _, f := range p.cabinet().Facts() {
			if d, err := f.Payload(); err == nil && f.Type == models.FactDevice && d.State == models.DeviceAlarm && d.Device == "tamper-housing" {
				return true
			}
		}
		return false
	}, soon, often, "the server knows")
	table, err = p.call("check")
	require.Error(t, err, "an alarm needs a look")
	require.Contains(t, table, "alarm of [housing]")
	require.NoError(t, r.stop())
	require.NoError(t, board.Unplug())
	table, _ = p.call("check")
	require.Equal(t, "down", row(t, table, "relays", "R")[2])
}
