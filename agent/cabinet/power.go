package cabinet

// Power is what the cabinet runs on.
type Power struct {
	OnBattery bool `json:"on_battery,omitempty"` // the mains have failed
	Low       bool `json:"low,omitempty"`        // the battery too: it switches off soon
}

// noPower tells a person that nothing opens now; false: it does.
func (t *turn) noPower() bool {
	if t.Power.Low {
		t.say(TextPowerLow, messageMS)
	}
	return t.Power.Low
}
