package simulation

import (
	"strconv"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// cellsAService is how many cells a technician opens on a visit.
const cellsAService = 4

func technicianBadge(n *node) string { return "STAFF-" + strconv.Itoa(n.index+1) }

// hire makes a technician of the operator known at a cabinet.
func (s *server) hire(n *node) {
	technician := models.CourierID(id(models.PrefixCourier, n.index*10+9))
	s.write(n, protocol.Entry{Kind: models.EntryCourier, Key: string(technician), Rev: 1}, models.DirectoryCourier{
		Courier: technician, Organization: operatorID, Operator: true, Role: models.RoleTechnician, Badge: technicianBadge(n), PINHash: pinHash(courierPIN),
	})
}

// technician stands at the front, opens some cells, whatever is inside, and says what they see there.
type technician struct {
	until  int64
	tries  int
	opened int
	cell   int
}

// act implements visitor.
func (c *technician) act(n *node) (int64, bool) {
	w := n.w
	if c.until == 0 {
		c.until = w.now + 20*minute
	}
	if c.tries++; w.now > c.until || c.tries > 60 {
		return 0, true // what is open, or not answered, stays so
	}
	v := n.view()
	if len(n.mine(v)) == 0 && n.above(v) {
		return w.between(second, 3*second), false
	}
	if open := n.mine(v); len(open) > 0 {
		return c.atDoor(n, open[0])
	}
	switch v.Text {
	case cabinet.TextPIN, cabinet.TextWrongPIN:
		n.types(courierPIN)
	case cabinet.TextStaffWhy:
		n.press("service_" + cabinet.Button(models.ServiceReasons()[w.rng.IntN(len(models.ServiceReasons()))]))
	case cabinet.TextStaffEntry:
		n.press("entry_" + cabinet.Button(models.EntryReasons()[w.rng.IntN(len(models.EntryReasons()))]))
	case cabinet.TextStaffInside:
		c.tell(n, v)
	case cabinet.TextOpening, cabinet.TextStaffWork:
	case cabinet.TextJammed:
		n.press([]cabinet.Button{cabinet.ButtonTryAgain, cabinet.ButtonFinish}[w.rng.IntN(2)])
	default:
		return c.choose(n, v)
	}
	return w.between(500, 2*second), false
}

// choose opens the next cell, or leaves.
func (c *technician) choose(n *node, v cabinet.View) (int64, bool) {
	w := n.w
	switch v.Screen {
	case cabinet.ScreenOverview:
		if c.opened == cellsAService {
			n.press(cabinet.ButtonLeave)
			break
		}
		n.press(cabinet.ButtonDoors)
	case cabinet.ScreenDoors:
		if list := len(v.Items) > 0; c.cell == 0 && !list {
			n.press(cabinet.ButtonBack)
			break
		} else if c.cell == 0 {
			c.cell = 1 + w.rng.IntN(cellsPerNode)
			n.types(strconv.Itoa(c.cell))
			break
		}
		c.opened, c.cell = c.opened+1, 0
		n.press(cabinet.ButtonOpen)
	case cabinet.ScreenLeave:
		n.press(cabinet.ButtonFinish)
		return 0, true
	default:
		n.scans(technicianBadge(n))
	}
	return w.between(500, 2*second), false
}

// atDoor stands before an open cell, looks, and shuts it.
func (c *technician) atDoor(n *node, cell int) (int64, bool) {
	if n.w.chance(2) {
		n.w.faults.hit(n, walkAway)
		return 0, true
	}
	n.shut(cell)
	return n.w.between(500, 3*second), false
}

// tell answers what is inside, as it is.
func (c *technician) tell(n *node, v cabinet.View) {
	doors := n.find(v.Operation).Doors
	box, recorded := n.steel.cell(doors[0].Cell), n.believed(doors[0].Cell)
	switch {
	case len(box.things) == 0:
		n.press(cabinet.ButtonEmpty)
	case recorded.State == models.CellOccupied && n.w.server.owner(box.things[0]).id == recorded.Shipment:
		n.press(cabinet.ButtonFound)
	default:
		n.press(cabinet.ButtonSomethingElse)
		box.forgotten = true
	}
}
