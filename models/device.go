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
	DeviceSlow    DeviceState = "slow"        // lock: it needs longer, or more pulses, than it used to
)

// LockReport is how a lock has worked, by its cabinet's count. Times are from a pulse until the door
// was seen open.
type LockReport struct {
	Pulses int   `json:"pulses"`
	Missed int   `json:"missed"`  // pulses after which the door was not seen open in time
	MS     int64 `json:"ms"`      // that it takes now; 0: not known yet
	BestMS int64 `json:"best_ms"` // the best that it has done
}

// DeviceCounts are how a device has worked since its cabinet's program began.
type DeviceCounts struct {
	Done   int    `json:"done"`            // looks at a board, scans, drives of relays
	Failed int    `json:"failed"`          // that did not come off
	MS     int64  `json:"ms,omitempty"`    // how long the last took; 0: not measured
	Error  string `json:"error,omitempty"` // the last, in English
}

// DeviceBoard names a lock board, DeviceScanner a scanner and DeviceRelays a board of relays, by what their cabinet calls
// them.
func DeviceBoard(name string) string   { return "board-" + name }
func DeviceScanner(name string) string { return "scanner-" + name }
func DeviceRelays(name string) string  { return "relays-" + name }

// DevicePower names what feeds a cabinet, as facts do.
const DevicePower = "power"

// DeviceClimate names the thermometer of a module.
func DeviceClimate(module int) string { return "climate-" + strconv.Itoa(module) }

// DeviceLock names the lock of a cell: of a two-way cell that at its back has a name of its own.
func DeviceLock(cell int, side Side) string {
	name := "lock-" + strconv.Itoa(cell)
	if side == SideBack {
		name += "-back"
	}
	return name
}

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
