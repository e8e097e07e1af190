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

type compartment struct {
	number    int
	open      bool
	openedAt  int64 // last
	everOpen  bool
	stuck     bool  // the lock does not open
	slow      int64 // how much longer it takes
	bounces   int   // false readings to come
	things    []string
	forgotten bool // a client left the things behind and said nothing: no policy without sensors knows
}

func (s *steel) cell(n int) *compartment { return s.cells[n-1] }

// pulse drives a lock: its door springs open a moment later.
func (n *node) pulse(cell int) {
	c := n.steel.cell(cell)
	n.w.in(40+c.slow, func() {
		if c.stuck || c.open {
			return
		}
		c.open, c.everOpen, c.openedAt = true, true, n.w.now
		n.w.log(n, "door %d springs open", cell)
		n.observe(cell)
	})
}

// shut closes a door.
func (n *node) shut(cell int) {
	c := n.steel.cell(cell)
	if !c.open {
		return
	}
	c.open = false
	if op := n.find(n.believed(cell).Operation); op != nil && op.Kind == models.Pickup && len(c.things) > 0 && !puttingBack(op, cell) {
		c.forgotten = true // unless somebody objects, the policy takes it for taken
	}
	n.w.log(n, "door %d is shut, with %v inside", cell, c.things)
	n.observe(cell)
}

// puttingBack reports whether the client said that what is behind a door is put back.
func puttingBack(op *cabinet.Operation, cell int) bool {
	return slices.ContainsFunc(op.Doors, func(d cabinet.Door) bool { return d.Cell == cell && d.State == cabinet.DoorOpen && d.Refusal != "" })
}

// observe has the bus see a door a moment later, as it stands then. A contact that bounces
// may be believed to have moved, for a moment.
func (n *node) observe(cell int) {
	c := n.steel.cell(cell)
	if c.bounces > 0 {
		c.bounces--
		n.w.in(n.w.between(30, 60), func() { n.see(cell, !c.open) })
	}
	n.w.in(n.w.between(60, 190), func() { n.see(cell, c.open) })
}

// see tells the cabinet of a door, if its board answers.
func (n *node) see(cell int, open bool) {
	if !n.running || n.boardOf(cell).dead || n.seen[cell-1] == open {
		return
	}
	n.seen[cell-1] = open
	n.doorChanged(cell, open)
}

// put puts a parcel into an open cell.
func (c *compartment) put(thing string) { c.things = append(c.things, thing) }

// takeOut takes everything out.
func (c *compartment) takeOut() []string {
	things := c.things
	c.things, c.forgotten = nil, false
	return things
}

// openDoors lists the doors that really stand open.
func (s *steel) openDoors() []int {
	var open []int
	for _, c := range s.cells {
		if c.open {
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
