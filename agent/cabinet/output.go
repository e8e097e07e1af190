package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/models"
)

const (
	// alarmMS is how long siren and light call for help. The relay board ends them by itself.
	alarmMS = 120_000
	// tryMS is how long a technician's test of siren or light lasts, and powerOffMS how long a
	// device is without power when it is to begin anew.
	tryMS      = 3_000
	powerOffMS = 10_000
)

// Why an output is driven that no grant orders.
const reasonTechnician = "technician"

// Output is a relay of the cabinet's computer, as it was last heard of.
type Output struct {
	Output models.Output `json:"output"`
	Up     bool          `json:"up,omitempty"`     // its board answers; false too until it was heard of after a start
	Told   bool          `json:"told,omitempty"`   // that its board does not
	Drives int           `json:"drives,omitempty"` // times that it was driven
	Fails  int           `json:"fails,omitempty"`  // times that it was to be, and was not
	Until  int64         `json:"until,omitempty"`  // it is driven until then
	Why    string        `json:"why,omitempty"`    // it was driven last
}

// output is what is known of an output; nil: the cabinet was never told that it has it.
func (s *State) output(o models.Output) *Output {
	i := slices.IndexFunc(s.Outputs, func(known Output) bool { return known.Output == o })
	if i < 0 {
		return nil
	}
	return &s.Outputs[i]
}

// outputChanged takes a relay board's word, or its silence, about one output.
func (t *turn) outputChanged(in OutputChanged) {
	if !slices.Contains(models.Outputs(), in.Output) {
		return
	}
	o := t.output(in.Output)
	if o == nil {
		t.Outputs = append(t.Outputs, Output{Output: in.Output})
		o = t.output(in.Output)
	}
	o.Up = in.Up
	if in.Up && (in.Output == models.OutputSiren || in.Output == models.OutputLight) {
		t.sound(in.Output) // its board was away when help was called for, or the program began anew
	}
	if o.Told == in.Up {
		o.Told = !in.Up
		t.tellOutput(o)
	}
}

func (t *turn) tellOutput(o *Output) {
	state := models.DeviceOK
	if o.Told {
		state = models.DeviceDown
	}
	t.write(models.FactDevice, "", nil, models.FactData{Device: models.DeviceOutput(o.Output), State: state})
}

// drive has an output driven for a time, that its relay board counts: whatever becomes of this
// program it ends. 0 ends it at once. false: the cabinet has no such output that can be driven.
func (t *turn) drive(name models.Output, ms int64, why string) bool {
	o := t.output(name)
	if o == nil || !o.Up {
		return false
	}
	o.Until, o.Why = 0, why
	if ms > 0 {
		o.Until = t.in(ms)
	}
	t.effect(Drive{Output: name, ForMS: ms})
	return true
}

// Tries lists the outputs that a technician may try: all that can be driven but the gate, which
// opens by a signed order alone, and the alarm while it calls for help.
func (s *State) Tries() []models.Output {
	var all []models.Output
	for _, name := range models.Outputs() {
		if o := s.output(name); o != nil && o.Up && name != models.OutputGate && (name.CutsPower() || s.AlarmUntil == 0) {
			all = append(all, name)
		}
	}
	return all
}

// tryOutput is a technician who tries an output: siren and light for a moment; what has its
// power from a relay loses it for a while, and begins anew.
func (t *turn) tryOutput(name models.Output) bool {
	if !slices.Contains(t.Tries(), name) {
		return false
	}
	ms := int64(tryMS)
	if name.CutsPower() {
		ms = powerOffMS
	}
	return t.drive(name, ms, reasonTechnician)
}

// outputDriven takes what came of an effect Drive.
func (t *turn) outputDriven(in OutputDriven) {
	o := t.output(in.Output)
	if o == nil {
		return
	}
	if in.Done {
		o.Drives++
	} else {
		o.Fails++
		o.Until = 0
	}
	switch {
	case in.Output == models.OutputGate:
		t.gateDriven(in)
		return
	case !in.Done, in.ForMS == 0: // its end is no news
		return
	}
	t.write(models.FactOutput, "", nil, models.FactData{Device: models.DeviceOutput(o.Output), Reason: o.Why})
}

// alarm calls for help by siren and light, in quiet hours and without network too: somebody is
// locked in. One that sounds already is not made longer.
func (t *turn) alarm() {
	if t.AlarmUntil > 0 {
		return
	}
	t.AlarmUntil = t.in(alarmMS)
	t.sound(models.OutputSiren)
	t.sound(models.OutputLight)
}

// sound drives an output of the alarm for as long as that lasts.
func (t *turn) sound(name models.Output) {
	if left := t.AlarmUntil - t.now.UptimeMS; t.AlarmUntil > 0 && left > 0 {
		if mutant.On(mutant.SirenBeginsAnew) {
			left = alarmMS
		}
		t.drive(name, left, models.TroubleLocked)
	}
}

// endAlarm is for help that has come.
func (t *turn) endAlarm() {
	if t.AlarmUntil == 0 {
		return
	}
	t.AlarmUntil = 0
	t.drive(models.OutputSiren, 0, models.TroubleLocked)
	t.drive(models.OutputLight, 0, models.TroubleLocked)
}

// outputTimers notes the outputs that their boards have ended.
func (t *turn) outputTimers() {
	if t.due(t.AlarmUntil) {
		t.AlarmUntil = 0
	}
	for i := range t.Outputs {
		if o := &t.Outputs[i]; t.due(o.Until) {
			o.Until = 0
		}
	}
}

// outputsUnknown is a start: which relays there are, and whether they answer, is told anew.
func (t *turn) outputsUnknown() {
	for i := range t.Outputs {
		t.Outputs[i].Up = false
	}
}
