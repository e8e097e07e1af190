package models

import "slices"

// Output names what a relay of a cabinet's computer drives beside its locks. Wire names.
type Output string

// The outputs.
const (
	OutputGate   Output = "gate"   // the gate or door of the site: a pulse opens it
	OutputSiren  Output = "siren"  // it sounds for as long as it is driven
	OutputLight  Output = "light"  // it shines for as long as it is driven
	OutputPOS    Output = "pos"    // the payment terminal's power
	OutputScreen Output = "screen" // the panel's
	OutputModem  Output = "modem"
	OutputHeater Output = "heater"
)

// Outputs lists them all.
func Outputs() []Output {
	return []Output{OutputGate, OutputSiren, OutputLight, OutputPOS, OutputScreen, OutputModem, OutputHeater}
}

// CutsPower reports whether what the output names has no power while the output is driven: it is
// wired to the contact that is shut at rest, so that a dead relay leaves it on.
func (o Output) CutsPower() bool {
	return slices.Contains([]Output{OutputPOS, OutputScreen, OutputModem, OutputHeater}, o)
}

// DeviceOutput names the relay of an output, as facts do.
func DeviceOutput(o Output) string { return "relay-" + string(o) }
