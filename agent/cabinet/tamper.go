package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/models"
)

// quietMS is how long a contact must have been quiet until its alarm is over: one that is shaken
// for a while is told once, not with each shake.
const quietMS = 60_000

// Tamper is a contact that watches over the cabinet, as it was last heard of.
type Tamper struct {
	Tamper  models.Tamper      `json:"tamper"`
	Alarm   bool               `json:"alarm,omitempty"`
	State   models.DeviceState `json:"state"`              // as told
	QuietAt int64              `json:"quiet_at,omitempty"` // then its alarm is over
}

// tamperRead takes a contact's word, or that it cannot be read.
func (t *turn) tamperRead(in TamperRead) {
	if !slices.Contains(models.Tampers(), in.Tamper) {
		return
	}
	i := slices.IndexFunc(t.Tampers, func(known Tamper) bool { return known.Tamper == in.Tamper })
	if i < 0 {
		i = len(t.Tampers)
		t.Tampers = append(t.Tampers, Tamper{Tamper: in.Tamper, State: models.DeviceOK})
	}
	c := &t.Tampers[i]
	c.Alarm = in.Known && in.Alarm
	switch {
	case !in.Known:
		t.tamperIs(c, models.DeviceDown)
	case in.Alarm && c.State != models.DeviceAlarm && t.explained(c.Tamper):
		t.tamperIs(c, models.DeviceOK)
	case in.Alarm:
		t.tamperIs(c, models.DeviceAlarm)
	case c.State == models.DeviceAlarm:
		if c.QuietAt == 0 {
			c.QuietAt = t.in(quietMS)
		}
	default:
		t.tamperIs(c, models.DeviceOK)
	}
}

// tamperIs says how a contact stands, if it stands otherwise than was told.
func (t *turn) tamperIs(c *Tamper, state models.DeviceState) {
	c.QuietAt = 0
	if c.State == state {
		return
	}
	if state == models.DeviceAlarm && !t.Link.Live && mutant.On(mutant.TamperUntold) {
		return
	}
	c.State = state
	t.write(models.FactDevice, "", nil, models.FactData{Device: models.DeviceTamper(c.Tamper), State: state})
}

// explained reports whether a contact's alarm is what a technician at work here does: their own door
// stands open.
func (s *State) explained(contact models.Tamper) bool {
	return contact == models.TamperServiceDoor && slices.ContainsFunc(sides(), func(side models.Side) bool { return s.sessionAt(side).Staff.in() })
}

// tampersLeft tells of the alarms that nobody who is at work explains any more.
func (t *turn) tampersLeft() {
	for i := range t.Tampers {
		if c := &t.Tampers[i]; c.Alarm && !t.explained(c.Tamper) {
			t.tamperIs(c, models.DeviceAlarm)
		}
	}
}

// tamperTimers ends the alarms of contacts that have been quiet.
func (t *turn) tamperTimers() {
	for i := range t.Tampers {
		if c := &t.Tampers[i]; t.due(c.QuietAt) {
			if mutant.On(mutant.TamperNeverOver) {
				c.QuietAt = 0
				continue
			}
			t.tamperIs(c, models.DeviceOK)
		}
	}
}
