package cabinet

import (
	"cubby/models"
)

// turn is one step under way.
type turn struct {
	*State
	// Session is of whoever the step is about: who acts, or whose operation moves on.
	Session *Session
	now     Instant
	fresh   models.OperationID // offered by the input, empty once used
	effects []Effect
	wrote   bool // a fact
}

// Step takes one input into the state and returns the effects to carry out once the
// state is durable. Timers that are due run before the input.
func Step(s *State, now Instant, in Input) []Effect {
	t := &turn{State: s, Session: s.sessionAt(sideOf(in)), now: now}
	if started, ok := in.(Started); ok {
		t.start(started)
	} else {
		// Uptime never runs backwards; a host that says so is not believed.
		t.now.UptimeMS = max(now.UptimeMS, s.Uptime)
		s.Uptime = t.now.UptimeMS
		t.timers()
		t.take(in)
	}
	t.endOperations()
	t.eachSession(t.dismiss)
	t.carryOutOrders()
	t.openDoors()
	t.endOperations()
	t.remind()
	t.sendResults()
	t.tidy()
	if t.wrote && t.Link.Live {
		t.effect(UploadJournal{})
	}
	return t.effects
}

func (t *turn) take(in Input) {
	switch in := in.(type) {
	case Scanned:
		t.fresh = in.ID
		t.scanned(in.Text)
	case Keyed:
		t.fresh = in.ID
		t.keyed(in.Text)
	case Pressed:
		t.fresh = in.ID
		t.pressed(in.Button)
	case Chose:
		t.fresh = in.ID
		t.chose(in.Key)
	case Touched:
		t.touched()
	case DoorChanged:
		t.doorChanged(in.Cell, in.Side, in.Open)
	case LinkUp:
		t.linkUp(in)
	case LinkDown:
		t.linkDown()
	case ContinueFrom:
		t.serverSaid(in.NowMS)
		t.continueFrom(in.Epoch, in.Seq)
	case NewEpoch:
		t.serverSaid(in.NowMS)
		t.newEpoch(in.Epoch)
	case DirectoryChanged:
		t.wantDirectory()
	case DirectoryEntries:
		t.takeDirectory(in.DirectoryReply)
	case JournalAcked:
		t.acknowledged(in.Epoch, in.Seq)
	case JournalForked:
		if in.Epoch == t.Journal.Epoch && t.Journal.Seq > 0 {
			t.distrust()
			t.beginEpochAfterSnapshot(in.Epoch + 1)
			t.wantSnapshot()
		}
	case Answer:
		t.answered(in.Answer)
	case Command:
		t.commanded(in.Command)
	case Replied:
		t.replied(in)
	case KeyInstalled:
		key := in.Key
		t.Key = &key
	case TrustInstalled:
		t.Signers = in.Signers
	case BoardChanged:
		t.boardChanged(in)
	case ParcelSensed:
		t.parcelSensed(in)
	case ClimateRead:
		t.climateRead(in)
	case DevicesTold:
		t.Devices = in.Devices
	case DeviceCounted:
		t.deviceCounted(in)
	case PowerChanged:
		t.powerChanged(in.Power)
	case OutputChanged:
		t.outputChanged(in)
	case OutputDriven:
		t.outputDriven(in)
	case TamperRead:
		t.tamperRead(in)
	case OutputTried:
		t.tryOutput(in.Output)
	case SnapshotTaken:
		t.takeSnapshot(in.Snapshot)
	case OpenedDirectly:
		t.openedDirectly(in)
	case WiringAccepted:
		t.wiringAccepted(in)
	case Takeover:
		t.takeOver(in)
	}
}

func (t *turn) effect(e Effect) { t.effects = append(t.effects, e) }

// in is the uptime that many milliseconds from now.
func (t *turn) in(ms int64) int64 { return t.now.UptimeMS + ms }

// due reports whether a deadline is set and has come.
func (t *turn) due(deadline int64) bool { return deadline > 0 && deadline <= t.now.UptimeMS }

// timers runs everything whose time has come.
func (t *turn) timers() {
	for _, op := range t.Operations {
		if op.ended() {
			continue
		}
		if t.due(op.DecideBy) {
			t.decideLocally(op)
		}
		if t.due(op.AnswerBy) {
			t.answerDue(op)
		}
		if t.due(op.WaitBy) {
			t.waitedTooLong(op)
		}
		t.senseTimers(op)
		for i := range op.Doors {
			d := &op.Doors[i]
			if d.State == DoorPulsed && t.due(d.JamAt) {
				t.judge(op, d)
			}
			d = &op.Doors[i] // jammed may have added a door
			if d.State == DoorClosed && t.due(d.ObjectBy) {
				t.unanswered(op, d)
			}
		}
	}
	t.endOperations()
	for _, c := range t.Cells {
		for _, leaf := range c.leaves() {
			if leaf.Open && !leaf.LeftOpen && t.due(leaf.OpenedAt+leftOpenMS) {
				t.leftOpen(c, leaf)
			}
		}
	}
	t.climateTimers()
	t.outputTimers()
	t.tamperTimers()
	t.gateTimers()
	t.endWindows()
	t.eachSession(t.endSession)
	if t.Link.Live && t.due(t.Link.HeartbeatAt) {
		t.heartbeat()
	}
}

// deadlines visits every deadline in the state that is not derived from another one.
func (s *State) deadlines(visit func(*int64)) {
	for _, op := range s.Operations {
		if op.ended() {
			continue
		}
		visit(&op.DecideBy)
		visit(&op.ResultBy)
		visit(&op.AnswerBy)
		visit(&op.WaitBy)
		for i := range op.Doors {
			visit(&op.Doors[i].JamAt)
			visit(&op.Doors[i].ObjectBy)
			visit(&op.Doors[i].SenseBy)
		}
	}
	for _, w := range s.Windows {
		visit(&w.Until)
	}
	for _, side := range sides() {
		s.sessionAt(side).deadlines(visit)
	}
	visit(&s.AlarmUntil)
	visit(&s.RemindUntil)
	for i := range s.Gates {
		visit(&s.Gates[i].AnswerBy)
	}
	for i := range s.Tampers {
		visit(&s.Tampers[i].QuietAt)
	}
	for i := range s.Outputs {
		visit(&s.Outputs[i].Until)
	}
	visit(&s.Link.HeartbeatAt)
}

// moments visits the times that something waits for or is counted from.
func (s *State) moments(visit func(*int64)) {
	s.deadlines(visit)
	for _, c := range s.Cells {
		for _, leaf := range c.leaves() {
			visit(&leaf.OpenedAt)
		}
		visit(&c.RefusedUntil)
	}
	visit(&s.PulsedAt)
	for i := range s.Climates {
		visit(&s.Climates[i].BadSince)
		visit(&s.Climates[i].TellAt)
	}
	for i := range s.Gates {
		visit(&s.Gates[i].At)
	}
	for i := range s.RemoteAt {
		visit(&s.RemoteAt[i])
	}
	for i := range s.ResentAt {
		visit(&s.ResentAt[i])
	}
	visit(&s.Pad.PausedUntil)
	visit(&s.Pad.DayEnds)
	for _, b := range s.Badges {
		visit(&b.PausedUntil)
	}
}

// NextDeadline is the uptime at which the host gives a Tick; ok is false when only an
// input can move the cabinet.
func NextDeadline(s *State) (uptime int64, ok bool) {
	earliest := func(at int64) {
		if at > 0 && (!ok || at < uptime) {
			uptime, ok = at, true
		}
	}
	s.deadlines(func(at *int64) { earliest(*at) })
	for _, c := range s.Cells {
		for _, leaf := range c.leaves() {
			if leaf.Open && !leaf.LeftOpen {
				if at := leaf.OpenedAt + reminderMS; at > s.Uptime {
					earliest(at)
				}
				earliest(leaf.OpenedAt + leftOpenMS)
			}
		}
	}
	for _, c := range s.Climates {
		if c.BadSince > 0 && c.State != s.reads(c) {
			earliest(c.badUntil())
		}
	}
	if s.doorsBusy() < s.doorsLimit() && s.doorWaits() {
		earliest(s.PulsedAt + openIntervalMS)
	}
	return uptime, ok
}
