package simulation

import (
	"slices"

	"cubby/agent/cabinet"
	"cubby/models"
)

// heal ends every trouble, lets everybody finish in peace, and then compares what both
// sides believe with each other and with the truth.
func (w *World) heal() {
	if w.failed != nil {
		return
	}
	w.calm = true
	w.log(nil, "HEALING")
	s := w.server
	for _, sh := range s.shipments {
		w.in(minute, func() { s.unfreeze(sh) })
	}
	s.up, s.engine, s.database, s.slow = true, true, true, 0
	for _, n := range w.nodes {
		n.healDevices()
		n.link.up, n.link.slow, n.chatter = true, 0, 0
		n.wall.offset, n.wall.frozenAt, n.wall.guessed = 0, 0, false
		n.disk.dies = diskLives
		for _, c := range n.steel.cells {
			c.stuck, c.slow, c.bounces = false, 0, 0
		}
		for i := range n.boards {
			if n.boards[i].dead {
				n.boardChanges(&n.boards[i], false)
			}
		}
	}
	w.runUntil(w.now + hour)
	for round := range 14 {
		w.finishVisits(round)
		w.runUntil(w.now + 2*hour)
		if w.failed != nil || w.settled() {
			break
		}
	}
	for _, n := range w.nodes {
		n.climate.reads++ // the last reading was told: nothing is under way any more
	}
	w.runUntil(w.now + minute)
	w.judge()
}

// finishVisits shuts every door, and has couriers and clients come once more.
func (w *World) finishVisits(round int) {
	for _, n := range w.nodes {
		for _, side := range n.sides() {
			for _, cell := range n.steel.openDoors(side) {
				n.shutAt(cell, side)
			}
		}
		c := n.watch.couriers[0]
		if c.suspended {
			c.suspended = false
			w.server.publish(n, c)
		}
		n.comes(&courier{account: c})
	}
	for _, sh := range w.server.shipments {
		if c := sh.client; c != nil && sh.here() > 0 {
			c.visits = 0
			c.comeSoon()
		}
	}
	w.log(nil, "round %d", round)
}

// settled reports whether nothing is open, in doubt, or to be collected any more.
func (w *World) settled() bool {
	for _, n := range w.nodes {
		waiting := len(n.queues[models.SideFront].people) + len(n.queues[models.SideBack].people)
		if !n.running || waiting > 0 || n.state().Journal.Acked < n.state().Journal.Seq {
			return false
		}
		for _, c := range n.state().Cells {
			if c.Doubtful || c.Operation != "" || c.Open || c.State == models.CellReserved {
				return false
			}
		}
	}
	for _, sh := range w.server.shipments {
		if sh.here() > 0 && len(sh.told) > 0 || sh.life.Leave != "" && sh.believed() > 0 {
			return false
		}
	}
	return true
}

// judge compares both sides and the truth.
func (w *World) judge() {
	for _, n := range w.nodes {
		w.judgeNode(n)
	}
	for _, sh := range w.server.shipments {
		w.judgeShipment(sh)
	}
}

func (w *World) judgeNode(n *node) {
	if !n.running {
		w.fail(n, "it does not run in the end")
		return
	}
	s, l := n.state(), w.server.at(n)
	if s.Journal.Acked != s.Journal.Seq || l.head.Epoch != s.Journal.Epoch || l.head.Seq != s.Journal.Seq || l.head.Hash != s.Journal.Hash {
		w.fail(n, "the journal ends at %d/%d (acknowledged %d), the server's copy at %d/%d",
			s.Journal.Epoch, s.Journal.Seq, s.Journal.Acked, l.head.Epoch, l.head.Seq)
		return
	}
	for _, r := range s.Reports() {
		if l.cells[r.Cell] != r {
			w.fail(n, "cell %d is %+v at the cabinet and %+v at the server", r.Cell, r, l.cells[r.Cell])
		}
	}
	n.judgeAlarms()
	for _, op := range s.Operations {
		if op.State != "done" && op.State != "abandoned" {
			w.fail(n, "operation %s never ended: %+v", op.ID, op)
		}
	}
}

// coveredUp reports whether a parcel is recorded in a cell in doubt, in which lies what a client left behind.
func (n *node) coveredUp(p models.ParcelID) bool {
	return slices.ContainsFunc(n.state().Cells, func(c *cabinet.Cell) bool {
		return c.Doubtful && slices.Contains(c.Parcels, p) && n.steel.cell(c.Number()).forgotten
	})
}

// judgeShipment: who was told a code has the parcel, or it has left by a courier's hands;
// and the life knows.
func (w *World) judgeShipment(sh *shipment) {
	for _, label := range sh.labels {
		i := slices.IndexFunc(sh.life.Parcels, func(p models.ParcelLife) bool { return p.ID == sh.parcelOf(label) })
		state := sh.life.Parcels[i].State
		cell := sh.node.steel.find(label)
		switch {
		case cell > 0 && sh.excused != "" && sh.node.believed(cell).Doubtful:
			// What cannot be known is in doubt, and somebody has to look.
		case cell > 0 && !sh.node.steel.cell(cell).forgotten && len(sh.told) > 0 && sh.life.Leave == "" && !sh.life.Parcels[i].Refused:
			w.fail(sh.node, "%s of %s still lies in cell %d: its client could not collect it (life %s, excused: %q)",
				label, sh.id, cell, sh.life.State, sh.excused)
		case cell > 0 && !sh.node.steel.cell(cell).forgotten && state != models.ParcelInCell && sh.excused == "":
			w.fail(sh.node, "%s of %s lies in cell %d, and its life says %s", label, sh.id, cell, state)
		case cell == 0 && sh.node.coveredUp(sh.parcelOf(label)):
			// Somebody else's thing lies where it is recorded: that is for the operator to say, who was told.
		case cell == 0 && state == models.ParcelInCell && sh.excused == "":
			w.fail(sh.node, "%s of %s is in no cell, and its life says %s", label, sh.id, state)
		}
	}
}
