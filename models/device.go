package models

import "strconv"

// DeviceState is how a device of a cabinet stands.
type DeviceState string

// The states. Those other than DeviceOK open an incident, which DeviceOK resolves.
const (
	DeviceOK      DeviceState = "ok"
	DeviceDown    DeviceState = "down"        // it does not answer
	DeviceTooWarm DeviceState = "too_warm"    // climate: above what its module's regime allows
	DeviceTooCold DeviceState = "too_cold"    // climate: below it
	DeviceBattery DeviceState = "on_battery"  // power: the mains are off
	DeviceLow     DeviceState = "battery_low" // power: it ends soon
	DeviceAlarm   DeviceState = "alarm"       // tamper: a contact tells of something
)

// DevicePower names what feeds a cabinet, as facts do.
const DevicePower = "power"

// DeviceClimate names the thermometer of a module.
func DeviceClimate(module int) string { return "climate-" + strconv.Itoa(module) }

// TemperatureRange is what a regime keeps its parcels at, in tenths of a degree Celsius; ok is
// false for a regime that promises nothing.
func (r Regime) TemperatureRange() (from, to int, ok bool) {
	switch r {
	case Chilled:
		return 20, 80, true // the cold chain of food and of most medicines
	case Frozen:
		return -300, -180, true
	}
	return 0, 0, false
}
