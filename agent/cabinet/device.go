package cabinet

import (
	"cmp"
	"slices"

	"cubby/models"
)

const (
	// climateGraceMS is how long a module may be out of its range, or say nothing, where nobody
	// says otherwise: a door that stands open warms it for minutes.
	climateGraceMS = 5 * 60_000
	// tellTenths is by how much a temperature changes until it is told again; an hour tells it
	// in any case.
	tellTenths = 10
)

// Climate is the thermometer of a module, as last read.
type Climate struct {
	Module int                `json:"module"`
	Tenths int                `json:"tenths"` // of a degree Celsius
	State  models.DeviceState `json:"state"`  // as told
	// BadSince is since when it is out of its range, or silent; 0: it is not.
	BadSince int64 `json:"bad_since,omitempty"`
	Told     int   `json:"told"`              // the temperature that was told last, in tenths
	TellAt   int64 `json:"tell_at,omitempty"` // again
	Silent   bool  `json:"silent,omitempty"`
	GraceMS  int64 `json:"grace_ms,omitempty"` // 0: climateGraceMS
}

// badUntil is when a module that is out of its range, or silent, counts as such.
func (c Climate) badUntil() int64 { return c.BadSince + cmp.Or(c.GraceMS, climateGraceMS) }

// state is the power as facts tell it.
func (p Power) state() models.DeviceState {
	switch {
	case p.Low:
		return models.DeviceLow
	case p.OnBattery:
		return models.DeviceBattery
	}
	return models.DeviceOK
}

// powerChanged: on battery nothing is taken in and one door opens at a time, so that people
// can collect for as long as it lasts.
func (t *turn) powerChanged(p Power) {
	if p == t.Power {
		return
	}
	told := t.Power.state()
	t.Power = p
	if state := p.state(); state != told {
		t.write(models.FactDevice, "", nil, models.FactData{Device: models.DevicePower, State: state})
	}
}

// climate is the entry of a module's thermometer; nil: it has none.
func (s *State) climate(module int) *Climate {
	i := slices.IndexFunc(s.Climates, func(c Climate) bool { return c.Module == module })
	if i < 0 {
		return nil
	}
	return &s.Climates[i]
}

// unfit reports whether a new cell's module was told not to be as it must: a thermometer may
// speak before the layout is here.
func (s *State) unfit(l models.LayoutCell) bool {
	c := s.climate(l.Module)
	_, _, kept := l.Regime.TemperatureRange()
	return kept && c != nil && c.State != "" && c.State != models.DeviceOK
}

// regime is what a module keeps.
func (s *State) regime(module int) models.Regime {
	for _, c := range s.Cells {
		if c.Layout.Module == module {
			return c.Layout.Regime
		}
	}
	return models.Ambient
}

// climateRead takes a reading, or the word that there is none.
func (t *turn) climateRead(in ClimateRead) {
	c := t.climate(in.Module)
	if c == nil {
		t.Climates = append(t.Climates, Climate{Module: in.Module, Silent: !in.Known})
		c = t.climate(in.Module)
	}
	if in.Known {
		c.Tenths = in.Tenths
	}
	c.Silent, c.GraceMS = !in.Known, in.GraceMS
	switch state := t.reads(*c); {
	case state == models.DeviceOK:
		c.BadSince = 0
		t.climateIs(c, models.DeviceOK)
	case c.BadSince == 0:
		c.BadSince = max(t.now.UptimeMS, 1)
	}
	moved := max(c.Tenths-c.Told, c.Told-c.Tenths)
	if in.Known && (moved >= tellTenths || t.due(c.TellAt)) {
		t.tellClimate(c, c.State)
	}
}

// reads is how a thermometer stands by its last reading.
func (s *State) reads(c Climate) models.DeviceState {
	if c.Silent {
		return models.DeviceDown
	}
	from, to, ok := s.regime(c.Module).TemperatureRange()
	switch {
	case ok && c.Tenths > to:
		return models.DeviceTooWarm
	case ok && c.Tenths < from:
		return models.DeviceTooCold
	}
	return models.DeviceOK
}

// climateIs says how a module stands, if it stands otherwise than was told: one that is not as
// it must be takes nothing in.
func (t *turn) climateIs(c *Climate, state models.DeviceState) {
	if c.State == state {
		return
	}
	t.tellClimate(c, state)
}

func (t *turn) tellClimate(c *Climate, state models.DeviceState) {
	c.State, c.Told, c.TellAt = state, c.Tenths, t.in(hourMS)
	data := models.FactData{Device: models.DeviceClimate(c.Module), State: state}
	if !c.Silent {
		tenths := c.Tenths
		data.Measured = &tenths
	}
	_, _, kept := t.regime(c.Module).TemperatureRange()
	for _, cell := range t.Cells {
		unfit := kept && state != models.DeviceOK
		if cell.Layout.Module == c.Module && cell.Unfit != unfit {
			cell.Unfit = unfit
			data.Cells = append(data.Cells, cell.Report())
		}
	}
	t.write(models.FactDevice, "", nil, data)
}

// climateTimers tells of modules that have been out of their range for too long.
func (t *turn) climateTimers() {
	for i := range t.Climates {
		if c := &t.Climates[i]; c.BadSince > 0 && t.due(c.badUntil()) {
			t.climateIs(c, t.reads(*c))
		}
	}
}
