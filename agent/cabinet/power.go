package cabinet

// Power is what the cabinet runs on.
type Power struct {
	OnBattery bool `json:"on_battery,omitempty"` // the mains have failed
	Low       bool `json:"low,omitempty"`        // the battery too: it switches off soon
}

// powerChanged takes what the power supply tells. On battery nothing is put in, and doors open
// one after the other; on a low one nothing begins any more.
func (t *turn) powerChanged(in PowerChanged) { t.Power = in.Power }

// noPower tells a person that nothing opens now; false: it does.
func (t *turn) noPower() bool {
	if t.Power.Low {
		t.say(TextPowerLow, messageMS)
	}
	return t.Power.Low
}
