package simulation

import (
	"slices"

	"cubby/agent/cabinet"
	"cubby/models"
)

const (
	// ambientCells come first; those after them are a chilled module's in a cabinet that has one.
	ambientCells  = 12
	chilledModule = 2
	climateEvery  = 15 * minute
	climateAlert  = minute     // while it is not as it must be
	climateGrace  = 5 * minute // a module may be out of its range for so long (design, devices)
	sensorLatest  = second
)

// sensor is a cell's parcel sensor.
type sensor struct {
	fitted bool
	dead   bool
}

// climate is a module's thermometer, and what it shows.
type climate struct {
	tenths   int
	silent   bool
	bad      bool
	badSince int64 // since when the program has heard nothing else; 0: it has
	turns    int   // of bad spells: each ends itself alone
	reads    int   // each asks for the next, if it was the last
}

// armed are the faults that can strike a cabinet.
func (n *node) armed() []Fault {
	return slices.DeleteFunc(armed(), func(f Fault) bool {
		return f == badClimate && !n.chilled || f == deadSensor && !n.steel.cells[0].sensor.fitted || f == forcedDoor && !n.twoWay
	})
}

// strikeDevices has what is beside the locks fail.
func (f *faults) strikeDevices(n *node, fault Fault) {
	w := f.w
	switch fault {
	case tampered:
		n.tamper()
	case mainsFailed:
		n.mainsFail()
	case badClimate:
		n.climate.turns++
		turn := n.climate.turns
		n.climate.bad = true
		n.climate.tenths, n.climate.silent = []int{130, -15, 40}[turn%3], turn%3 == 2
		n.readClimate()
		w.in(w.between(minute, 2*hour), func() {
			if n.climate.turns == turn {
				n.goodClimate()
			}
		})
	case deadSensor:
		c := n.steel.cell(f.moving(n))
		c.sensor.dead = true
		n.sense(c)
		w.in(w.between(minute, 3*hour), func() { c.sensor.dead = false; n.sense(c) })
	case forcedDoor:
		n.force(f.moving(n))
	}
}

// force has somebody pry a door open, on the side at which nobody is, and shut it again.
func (n *node) force(cell int) {
	side := models.SideFront
	if op := n.find(n.believed(cell).Operation); op != nil && !worksBehind(op) {
		side = models.SideBack
	}
	door := n.steel.cell(cell).at(side)
	if door.open {
		return
	}
	*door = leaf{open: true, everOpen: true, openedAt: n.w.now}
	n.observe(cell, side)
	n.w.in(n.w.between(5*second, 5*minute), func() { n.shutAt(cell, side) })
}

// mainsFail has the cabinet run on its battery, until the mains are back or the battery is empty.
func (n *node) mainsFail() {
	w := n.w
	if n.power.OnBattery {
		return
	}
	n.setPower(cabinet.Power{OnBattery: true})
	back := func() { n.setPower(cabinet.Power{}) }
	w.in(w.between(minute, 40*minute), func() {
		if w.calm || w.rng.IntN(2) == 0 {
			back()
			return
		}
		n.setPower(cabinet.Power{OnBattery: true, Low: true})
		w.in(w.between(minute, 8*minute), func() {
			if !w.calm && w.rng.IntN(2) == 0 {
				n.crash()
			}
			back()
		})
	})
}

func (n *node) setPower(p cabinet.Power) {
	n.power = p
	n.give(cabinet.PowerChanged{Power: p})
}

// tellDevices tells the program, which has just started, of everything beside the locks.
func (n *node) tellDevices() {
	n.give(cabinet.PowerChanged{Power: n.power})
	for _, o := range []models.Output{models.OutputGate, models.OutputSiren, models.OutputLight} {
		n.give(cabinet.OutputChanged{Output: o, Up: true})
	}
	n.readTampers()
	for _, c := range n.steel.cells {
		n.sense(c)
	}
	n.climate.badSince = 0
	if n.chilled {
		n.readClimate()
	}
}

// healDevices has everything beside the locks work again.
func (n *node) healDevices() {
	n.setPower(cabinet.Power{})
	n.alarms.contact = map[models.Tamper]bool{}
	n.readTampers()
	for _, c := range n.steel.cells {
		c.mend()
		c.sensor.dead = false
		n.sense(c)
	}
	if n.chilled {
		n.goodClimate()
	}
}

func (n *node) goodClimate() {
	n.climate.bad, n.climate.silent, n.climate.tenths = false, false, int(n.w.between(35, 45))
	n.readClimate()
}

// readClimate tells the program the temperature, and goes on doing so for as long as the
// program lives.
func (n *node) readClimate() {
	if !n.running {
		return
	}
	c := &n.climate
	switch {
	case !c.bad:
		c.badSince = 0
	case c.badSince == 0 && len(n.state().Cells) > 0:
		c.badSince = n.w.now
	}
	n.give(cabinet.ClimateRead{Module: chilledModule, Tenths: c.tenths, Known: !c.silent})
	wait := climateEvery
	if c.bad {
		wait = climateAlert
	}
	c.reads++
	life, read := n.life, c.reads
	n.w.in(wait, func() {
		if n.life == life && n.climate.reads == read {
			n.readClimate()
		}
	})
}

// sense has a sensor tell what is in its cell a moment later, or much later.
func (n *node) sense(c *compartment) {
	if !c.sensor.fitted {
		return
	}
	wait := n.w.between(20, 300)
	if n.w.rng.IntN(4) == 0 {
		wait = n.w.between(300, sensorLatest)
	}
	n.w.in(wait, func() {
		word := c.senses()
		if !n.running || n.boardOf(c.number).dead || n.believed(c.number).Sensed == word {
			return
		}
		n.give(cabinet.ParcelSensed{Cell: c.number, Sensed: word})
	})
}

// senses is what the sensor sees.
func (c *compartment) senses() cabinet.Sensed {
	switch {
	case c.sensor.dead:
		return ""
	case len(c.things) > 0:
		return cabinet.SensedParcel
	}
	return cabinet.SensedEmpty
}

// checkPower: on battery nothing is taken in, and once it is low too nothing is opened.
func (n *node) checkPower(op *cabinet.Operation) {
	switch {
	case op.Kind == models.Deposit && n.power.OnBattery:
		n.w.fail(n, "deposit %s begins on battery", op.ID)
	case op.Kind != models.RemoteOpen && n.power.Low:
		n.w.fail(n, "%s %s begins, and the battery is low", op.Kind, op.ID)
	}
}

// checkDevices judges the cell that a deposit was given, by its thermometer and its sensor.
func (n *node) checkDevices(before *cabinet.Cell, op *cabinet.Operation) {
	box := n.steel.cell(before.Number())
	if before.Sensed == cabinet.SensedParcel {
		n.w.fail(n, "cell %d is offered for %s, and its sensor sees a parcel", box.number, op.ID)
	}
	parcels := op.Doors[len(op.Doors)-1].Parcels
	chilled := slices.ContainsFunc(n.w.server.byID[op.Shipment].entry.Parcels, func(p models.DirectoryParcel) bool {
		return slices.Contains(parcels, p.Parcel) && p.Regime == models.Chilled
	})
	told := slices.ContainsFunc(n.state().Climates, func(c cabinet.Climate) bool { return c.State != models.DeviceOK && c.State != "" })
	since := n.climate.badSince
	switch {
	case chilled != box.chilled:
		n.w.fail(n, "cell %d (chilled: %t) is offered for %s, whose parcel is to be chilled: %t", box.number, box.chilled, op.ID, chilled)
	case chilled && told:
		n.w.fail(n, "cell %d is offered for %s, and its module was told not to be cold as it must", box.number, op.ID)
	case chilled && since > 0 && n.w.now > since+climateGrace+second:
		n.w.fail(n, "cell %d is offered for %s, and for %d s its module has not been cold as it must", box.number, op.ID, (n.w.now-since)/second)
	}
}
