package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	openIntervalMS = int64(protocol.OpenInterval / 1e6)
	openTimeoutMS  = int64(protocol.OpenTimeout / 1e6)
)

// Reasons of outcomes and facts.
const (
	reasonJammed      = "jammed"
	reasonInterrupted = "interrupted"
	reasonAbandoned   = "abandoned"
	reasonByItself    = "opened_by_itself"
	reasonLeftOpen    = "left_open"
	reasonObjection   = "objection"
	reasonNoAnswer    = "not_confirmed"
	reasonGeneration  = "generation"
	reasonWaiting     = "waiting"
	reasonDirect      = "local_open"
	reasonBoardDead   = "board_dead"
	reasonSetAside    = "store_set_aside"
	reasonTookAnother = "took_another"
	reasonPutBack     = "put_back"
	reasonOldCopy     = "old_copy"
	reasonUnloaded    = "unloaded"
)

// doorWaits reports whether an operation with authority has a door still to open that waits
// for its turn alone.
func (s *State) doorWaits() bool {
	for _, op := range s.Operations {
		if op.ended() || op.Authority == "" || op.calm() {
			continue
		}
		for _, d := range op.Doors {
			if c := s.cell(d.Cell); d.State == DoorWaiting && (!c.anyOpen() || c.opensAnew(op.leaf(c))) {
				return true
			}
		}
	}
	return false
}

// calm: its next door waits until the one before is shut.
func (op *Operation) calm() bool { return op.Calm && op.any(DoorPulsed, DoorOpen) }

// openDoors drives the locks that may be driven now: one at a time, some apart, so many
// at once. The attempt is in the state before its pulse is an effect.
func (t *turn) openDoors() {
	for _, op := range t.Operations {
		if op.ended() || op.Authority == "" {
			continue
		}
		for i := range op.Doors {
			d := &op.Doors[i]
			if d.State != DoorWaiting {
				continue
			}
			c := t.cell(d.Cell)
			if op.calm() {
				break
			}
			if c.Generation != d.Generation || c.Operation != op.ID {
				d.State, d.Outcome, d.Reason = DoorFinished, models.NotOpened, reasonGeneration
				continue
			}
			leaf := op.leaf(c)
			if leaf.Open && !leaf.LeftOpen {
				t.opened(op, d, c) // the door is read first
				continue
			}
			if c.Dead || c.Broken && op.Kind != models.Check && op.Kind != models.RemoteOpen {
				t.giveUp(op, d, reasonBoardDead)
				if op.Kind == models.Deposit {
					op.Failed = models.LoadCellBroken
				}
				continue
			}
			if c.anyOpen() && !c.opensAnew(leaf) && !mutant.On(mutant.TwoDoorsOfACell) {
				continue // the other door of a two-way cell: nobody reaches through
			}
			if t.doorsBusy() >= t.doorsLimit() || t.PulsedAt > 0 && t.now.UptimeMS < t.PulsedAt+openIntervalMS {
				return
			}
			d.State, d.Attempt, d.JamAt = DoorPulsed, d.Attempt+1, t.in(openTimeoutMS)
			// Uptime 0 is a moment too, but 0 stands for "never".
			t.PulsedAt = max(t.now.UptimeMS, 1)
			cell := d.Cell
			if mutant.On(mutant.ResultBeforeIntent) {
				t.opened(op, d, c)
			}
			if mutant.On(mutant.WrongCellOnRetry) && d.Attempt > 1 {
				cell = t.Cells[0].Number()
			}
			t.effect(Pulse{Operation: op.ID, Cell: cell, Side: op.side(c), Attempt: d.Attempt})
		}
	}
}

// doorsLimit is how many doors may be open at once. A battery drives one lock at a time.
func (s *State) doorsLimit() int {
	if s.Power.OnBattery && !mutant.On(mutant.BatteryIgnored) {
		return 1
	}
	if mutant.On(mutant.TwoDoorsOverLimit) {
		return doorsAtOnce + 2
	}
	return doorsAtOnce
}

func (t *turn) doorChanged(cell int, side models.Side, open bool) {
	c := t.cell(cell)
	if c == nil || c.leaf(side).Open == open {
		return
	}
	t.eachSession(t.awake)
	if open {
		t.doorOpened(c, c.leaf(side))
		return
	}
	t.doorClosed(c, c.leaf(side))
}

func (t *turn) doorOpened(c *Cell, leaf *Leaf) {
	leaf.Open, leaf.OpenedAt = true, max(t.now.UptimeMS, 1)
	if op := t.operation(c.Operation); op != nil && op.leaf(c) == leaf {
		switch d := op.door(c.Number()); {
		case d == nil:
		case d.State == DoorPulsed, d.State == DoorJammed, d.State == DoorClosed,
			d.State == DoorWaiting && op.Authority != "":
			t.opened(op, d, c)
			return
		}
	}
	t.write(models.FactDoorOpened, "", c, models.FactData{Reason: reasonByItself})
	if c.State != models.CellFree {
		t.doubt(nil, c, reasonByItself)
	}
}

// opened records that an operation's door is open, however it came to be.
func (t *turn) opened(op *Operation, d *Door, c *Cell) {
	leaf := op.leaf(c)
	if d.State == DoorPulsed && op.Reason != reasonInterrupted && !leaf.LeftOpen {
		t.lockWorked(op, c, max(t.now.UptimeMS-(d.JamAt-openTimeoutMS), 1))
	}
	d.State, d.JamAt, d.ObjectBy, d.SenseBy = DoorOpen, 0, 0, 0
	d.Outcome, d.Reason = models.Opened, ""
	if leaf.LeftOpen { // somebody is here again
		leaf.LeftOpen, leaf.OpenedAt = false, max(t.now.UptimeMS, 1)
	}
	switch e := t.Directory.Shipments[op.Shipment]; {
	case op.Kind == models.Withdrawal && !op.Listed && e != nil:
		// From here on the courier has it: the client's code opens it no more.
		e.Withdrawn = true
	case op.Kind == models.Pickup:
		c.RefusedUntil = 0 // it was opened once more
	}
	f := t.write(models.FactDoorOpened, op.ID, c, models.FactData{Attempt: d.Attempt, Reason: op.Purpose, Courier: op.technicianOf()})
	op.FactEpoch, op.FactSeq = f.Epoch, f.Seq
	switch {
	case op.Kind == models.RemoteOpen:
		t.openedRemotely(op, c)
	case op.Service != "":
		t.openedByStaff(op, c)
	}
}

func (t *turn) doorClosed(c *Cell, leaf *Leaf) {
	*leaf = Leaf{}
	op := t.operation(c.Operation)
	var d *Door
	if op != nil && op.leaf(c) == leaf {
		d = op.door(c.Number())
	}
	if d == nil || d.State != DoorOpen {
		t.write(models.FactDoorClosed, "", c, models.FactData{})
		return
	}
	t.write(models.FactDoorClosed, op.ID, c, models.FactData{Courier: op.technicianOf()})
	t.rejoin(op)
	switch op.Kind {
	case models.Deposit:
		t.depositClosed(op, d, c)
	case models.Withdrawal:
		t.withdrawalClosed(op, d)
	case models.Check:
		t.checkClosed(op, d)
	case models.RemoteOpen:
		d.State = DoorFinished
		t.endAlarm() // support has let them out
	default:
		t.pickupClosed(op, d, c)
	}
}

// judge says what came of a pulse when its time is over. A door that read open before it was driven reads so still.
func (t *turn) judge(op *Operation, d *Door) {
	if c := t.cell(d.Cell); op.leaf(c).Open {
		t.opened(op, d, c)
		return
	}
	t.jammed(op, d.Cell)
}

// jammed gives an attempt up: the door was not seen open in time.
func (t *turn) jammed(op *Operation, cell int) {
	d, c := op.door(cell), t.cell(cell)
	d.State, d.JamAt = DoorJammed, 0
	t.lockWorked(op, c, 0)
	d.Outcome, d.Reason = models.NotOpened, reasonJammed
	c.apply(models.CellDoubt)
	if op.Kind == models.Deposit {
		t.depositJammed(op, d, c)
		return
	}
	f := t.write(models.FactDoorJammed, op.ID, c, models.FactData{Shipment: op.shipment(), Attempt: d.Attempt, Reason: reasonJammed})
	op.FactEpoch, op.FactSeq = f.Epoch, f.Seq
	t.showing(op).Told = f.Number()
	if d.Attempt >= maxAttempts || op.Kind == models.RemoteOpen {
		// A remote opening is tried again by a new grant alone.
		d.State = DoorFinished
	}
}

// shipment is what facts of the operation name: a reopening comes after the end of the
// shipment's life and names none.
func (op *Operation) shipment() models.ShipmentID {
	if op.Reopens || op.Kind == models.Check || op.Kind == models.RemoteOpen {
		return ""
	}
	return op.Shipment
}

// tryAgain has jammed doors driven once more, under the first authority. A door that is
// open by now is read, not driven.
func (t *turn) tryAgain(op *Operation) {
	for i := range op.Doors {
		if op.Doors[i].State == DoorJammed {
			op.Doors[i].State = DoorWaiting
		}
	}
}

// doubt flags a cell and says so once.
func (t *turn) doubt(op *Operation, c *Cell, reason string) {
	if c.Doubtful {
		return
	}
	c.apply(models.CellDoubt)
	data := models.FactData{Reason: reason}
	var id models.OperationID
	if op != nil {
		id = op.ID
	}
	t.write(models.FactCellDoubtful, id, c, data)
}

// leftOpen tells of a door that stands open too long: what is inside is anyone's guess.
func (t *turn) leftOpen(c *Cell, leaf *Leaf) {
	leaf.LeftOpen = true
	if c.Operation == "" && mutant.On(mutant.LeftOpenUntold) {
		return
	}
	if op := t.operation(c.Operation); op != nil {
		// Nobody is there: the next door must not open for whoever shuts this one.
		t.giveUpAll(op, reasonAbandoned)
		t.leaveOpen(op)
	}
	if c.Doubtful {
		t.write(models.FactCellDoubtful, c.Operation, c, models.FactData{Reason: reasonLeftOpen})
		return
	}
	t.doubt(t.operation(c.Operation), c, reasonLeftOpen)
}

// leaveOpen gives the screen to whoever comes next, once every door that was left open was told of: it
// may be one that nobody can shut, or whose contact is broken.
func (t *turn) leaveOpen(op *Operation) {
	if slices.ContainsFunc(op.Cells(DoorOpen), func(n int) bool { c := t.cell(n); return !op.leaf(c).LeftOpen }) {
		return
	}
	t.eachSession(func() {
		if t.Session.Operation != op.ID {
			return
		}
		t.Session.Operation, t.Session.Next = "", next{}
		if t.Session.Courier != "" || t.service() {
			t.home()
			return
		}
		t.leave()
	})
}

// leftBehind reports whether the operation that holds the cell waits for nothing but a door that was left open.
func (s *State) leftBehind(c *Cell) bool {
	op := s.operation(c.Operation)
	if op == nil || !op.leaf(c).LeftOpen {
		return false
	}
	d := op.door(c.Number())
	return d != nil && d.State == DoorOpen
}

// takeFromLeft ends what was left behind at a cell, for whoever comes to look. It is in doubt since its door was left open.
func (t *turn) takeFromLeft(c *Cell) {
	if !t.leftBehind(c) {
		return
	}
	d := t.operation(c.Operation).door(c.Number())
	d.State, d.Reason = DoorFinished, reasonLeftOpen
	c.Operation = ""
	t.endOperations()
}

// rejoin shows a courier or technician who is still there the operation whose door was left open: it
// may have to be asked what is inside.
func (t *turn) rejoin(op *Operation) {
	t.eachSession(func() {
		s := t.Session
		if op.Courier != "" && s.Operation == "" && (s.Courier == op.Courier || t.service() && s.Staff.Technician == op.Courier) {
			s.Operation = op.ID
		}
	})
}

// answerDue: nobody said what is to be done about a door. Whoever was there is asked first.
func (t *turn) answerDue(op *Operation) {
	s := t.showing(op)
	if op.asksFirst() && s.Operation == op.ID && s.Over != ScreenStill {
		s.Over, s.OverUntil = ScreenStill, t.longerFor(s, stillMS)
		op.AnswerBy = s.OverUntil
		return
	}
	t.noAnswer(op)
}

// asksFirst: before it is given up what the screen asks, it asks whether anybody is still there. A technician, and
// whoever has just had a parcel in their hands, is not asked twice.
func (op *Operation) asksFirst() bool {
	notFit := op.GaveUp == string(ButtonNotFit) || op.Corrects == string(ButtonNotFit)
	return op.Service == "" && (op.any(DoorJammed) && op.Kind != models.Deposit || notFit && op.any(DoorClosed))
}

// noAnswer: the person left without an answer to what the screen asked.
func (t *turn) noAnswer(op *Operation) {
	op.AnswerBy = 0
	if op.Kind != models.Pickup {
		for i := range op.Doors {
			if op.Doors[i].State == DoorClosed {
				t.notEmpty(op, &op.Doors[i], reasonAbandoned)
			}
		}
	}
	for i := range op.Doors {
		if op.Doors[i].State == DoorJammed {
			op.Doors[i].State = DoorFinished
		}
	}
}

// openedDirectly journals that someone on site opens a cell past the screen, before its
// lock is driven. What was in it is not known any more.
func (t *turn) openedDirectly(in OpenedDirectly) {
	c := t.cell(in.Cell)
	if c == nil {
		return
	}
	t.write(models.FactOperationDone, "", c, models.FactData{Reason: reasonDirect})
	if c.State != models.CellFree {
		t.doubt(nil, c, reasonDirect)
	}
	if !in.Spooled && (!c.anyOpen() || c.opensAnew(&c.Leaf)) && t.doorsBusy() < doorsAtOnce {
		t.PulsedAt = max(t.now.UptimeMS, 1)
		t.effect(Pulse{Cell: c.Number()})
	}
}
