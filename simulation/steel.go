package simulation

import (
	"slices"

	"cubby/agent/cabinet"
	"cubby/models"
)

// steel is what is really there: doors, locks and the things behind them.
type steel struct {
	w     *World
	cells []*compartment // by number, from 1
}

// leaf is a door.
type leaf struct {
	open     bool
	openedAt int64 // last
	everOpen bool
}

type compartment struct {
	node      *node
	number    int
	leaf            // its door; of a two-way cell that in front
	load      *leaf // the door at the back of a two-way cell; nil: it has none
	chilled   bool
	sensor    sensor
	stuck     bool  // the lock does not open
	ajar      bool  // the contact of its door in front says that it stands open, whatever the door does
	ajarUntil int64 // it did until then
	slow      int64 // how much longer it takes
	bounces   int   // false readings to come
	things    []string
	forgotten bool // a client left the things behind and said nothing: no policy without sensors knows
	untold    bool // the store that knew of the things was lost before the server heard of them
}

func (s *steel) cell(n int) *compartment { return s.cells[n-1] }

// at is the door at a side. A cell with one door has the same at both.
func (c *compartment) at(side models.Side) *leaf {
	if side == models.SideBack && c.load != nil {
		return c.load
	}
	return &c.leaf
}

// reads is what the contact of the door at a side says.
func (c *compartment) reads(side models.Side) bool {
	front := side != models.SideBack || c.load == nil
	return c.at(side).open || c.ajar && front
}

// mend has a contact say what its door does.
func (c *compartment) mend() {
	if c.ajar {
		c.ajar, c.ajarUntil = false, c.node.w.now
		c.node.observe(c.number, models.SideFront)
	}
}

// reachable reports whether a hand can reach into the cell.
func (c *compartment) reachable() bool { return c.open || c.load != nil && c.load.open }

// sides are the faces of the cabinet that have doors.
func (n *node) sides() []models.Side {
	if n.twoWay {
		return []models.Side{models.SideFront, models.SideBack}
	}
	return []models.Side{models.SideFront}
}

// pulse drives a lock: its door springs open a moment later.
func (n *node) pulse(cell int, side models.Side) {
	c := n.steel.cell(cell)
	n.w.in(40+c.slow, func() {
		door := c.at(side)
		if c.stuck || door.open {
			return
		}
		door.open, door.everOpen, door.openedAt = true, true, n.w.now
		n.w.log(n, "door %d %s springs open", cell, side)
		n.observe(cell, side)
	})
}

// shut closes a door at the side of whoever acts.
func (n *node) shut(cell int) { n.shutAt(cell, n.side) }

// shutAt closes a door.
func (n *node) shutAt(cell int, side models.Side) {
	c := n.steel.cell(cell)
	if !c.at(side).open {
		return
	}
	c.at(side).open = false
	if op := n.find(n.believed(cell).Operation); op != nil && op.Kind == models.Pickup && len(c.things) > 0 && !puttingBack(op, cell) {
		c.forgotten = true // unless somebody objects, the policy takes it for taken
	}
	n.w.log(n, "door %d %s is shut, with %v inside", cell, side, c.things)
	n.observe(cell, side)
}

// puttingBack reports whether the client said that what is behind a door is put back.
func puttingBack(op *cabinet.Operation, cell int) bool {
	return slices.ContainsFunc(op.Doors, func(d cabinet.Door) bool { return d.Cell == cell && d.State == cabinet.DoorOpen && d.Refusal != "" })
}

// observe has the bus see a door a moment later, as it stands then. A contact that bounces
// may be believed to have moved, for a moment.
func (n *node) observe(cell int, side models.Side) {
	c := n.steel.cell(cell)
	if c.bounces > 0 {
		c.bounces--
		n.w.in(n.w.between(30, 60), func() { n.see(cell, side, !c.reads(side)) })
	}
	n.w.in(n.w.between(60, 190), func() { n.see(cell, side, c.reads(side)) })
}

// see tells the cabinet of a door, if its board answers.
func (n *node) see(cell int, side models.Side, open bool) {
	seen := n.seenAt(cell, side)
	if !n.running || n.boardOf(cell).dead || *seen == open {
		return
	}
	*seen = open
	n.give(cabinet.DoorChanged{Cell: cell, Side: side, Open: open})
}

// compareWithin is how long the program may take, in ms, until it tells the core of doors that moved before their cells were
// known.
const compareWithin = 1000

// compare tells the cabinet of doors that its boards see otherwise than it believes: a layout may come after the first look.
func (n *node) compare() {
	for _, c := range n.steel.cells {
		for _, side := range []models.Side{models.SideFront, models.SideBack} {
			if !n.running || len(n.state().Cells) == 0 || side == models.SideBack && !n.twoWay || n.boardOf(c.number).dead {
				continue
			}
			if seen := *n.seenAt(c.number, side); seen != n.believedOpen(c.number, side) {
				n.give(cabinet.DoorChanged{Cell: c.number, Side: side, Open: seen})
			}
		}
	}
}

// seenAt is how the bus last saw a door.
func (n *node) seenAt(cell int, side models.Side) *bool {
	if side == models.SideBack && n.twoWay {
		return &n.seen[1][cell-1]
	}
	return &n.seen[0][cell-1]
}

// put puts a parcel into an open cell.
func (c *compartment) put(thing string) {
	c.things = append(c.things, thing)
	c.node.sense(c)
}

// lose takes one thing out, if it is inside.
func (c *compartment) lose(thing string) bool {
	i := slices.Index(c.things, thing)
	if i < 0 {
		return false
	}
	c.things = slices.Delete(c.things, i, i+1)
	c.node.sense(c)
	return true
}

// takeOut takes everything out.
func (c *compartment) takeOut() []string {
	things := c.things
	c.things, c.forgotten, c.untold = nil, false, false
	c.node.sense(c)
	return things
}

// openDoors lists the doors at a side that really stand open.
func (s *steel) openDoors(side models.Side) []int {
	var open []int
	for _, c := range s.cells {
		if c.at(side).open {
			open = append(open, c.number)
		}
	}
	return open
}

// find is the cell in which a thing lies; 0: none.
func (s *steel) find(thing string) int {
	for _, c := range s.cells {
		if slices.Contains(c.things, thing) {
			return c.number
		}
	}
	return 0
}
