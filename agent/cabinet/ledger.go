package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	doorsAtOnce  = protocol.DoorsAtOnce
	maxAttempts  = 3
	keptEnded    = 300
	keptCommands = 8
	// resultMS is when a command is answered at the latest. Its activity lives 10 s; one
	// door is given up after 7 s, and four start within 1 s.
	resultMS   = 8_500
	leftOpenMS = 120_000
	leaveMS    = 45_000
)

// OperationState is where an operation is in the ledger.
type OperationState string

// The states of an operation, exactly as principle 3 has them.
const (
	StateAsking    OperationState = "asking"
	StateLed       OperationState = "led"
	StateLocal     OperationState = "local"
	StateAbandoned OperationState = "abandoned"
	StateDone      OperationState = "done"
)

// Operation is one deposit or pickup.
type Operation struct {
	ID        models.OperationID   `json:"id"`
	Order     int64                `json:"order"` // counts the cabinet's operations
	Kind      models.OperationKind `json:"kind"`
	State     OperationState       `json:"state"`
	Reason    string               `json:"reason,omitempty"`
	Shipment  models.ShipmentID    `json:"shipment"`
	Courier   models.CourierID     `json:"courier,omitempty"`
	Policy    models.Policy        `json:"policy"`
	Reopens   bool                 `json:"reopens,omitempty"`   // after a finished pickup
	Calm      bool                 `json:"calm,omitempty"`      // its doors open one after the other
	Purpose   string               `json:"purpose,omitempty"`   // of a remote opening
	Authority OperationState       `json:"authority,omitempty"` // led or local: by whose word doors open
	Asked     []models.OpenCell    `json:"asked,omitempty"`
	Doors     []Door               `json:"doors"`
	Commands  []string             `json:"commands,omitempty"`
	Result    *models.OpenResult   `json:"result,omitempty"`
	DecideBy  int64                `json:"decide_by,omitempty"` // then the cabinet decides by itself
	ResultBy  int64                `json:"result_by,omitempty"` // then the command is answered
	AnswerBy  int64                `json:"answer_by,omitempty"` // then the person is taken to have left
	WaitBy    int64                `json:"wait_by,omitempty"`   // the same, while no door of theirs moves
	GaveUp    string               `json:"gave_up,omitempty"`   // what the courier pressed while a door was moving
	Above     int                  `json:"above,omitempty"`     // the parcel did not fit a cell of this size rank
	Scanned   []models.ParcelID    `json:"scanned,omitempty"`   // of a withdrawal
	Mistaken  bool                 `json:"mistaken,omitempty"`  // the last label was not the right one
	Wrong     string               `json:"wrong,omitempty"`     // that label
	// Unreadable: the courier says that the label of what is taken out cannot be read.
	Unreadable bool   `json:"unreadable,omitempty"`
	Run        bool   `json:"run,omitempty"`      // of a withdrawal: the next cell opens after it
	Listed     bool   `json:"listed,omitempty"`   // of a withdrawal: its grant is for some of the shipment's parcels alone
	Choosing   bool   `json:"choosing,omitempty"` // the client is asked which of the open cells they do not want
	Failed     string `json:"failed,omitempty"`   // why the parcel of a deposit is not in, if it ends now
	Told       bool   `json:"told,omitempty"`     // a fact that names the shipment says how it ended
	FactEpoch  int64  `json:"fact_epoch,omitempty"`
	FactSeq    int64  `json:"fact_seq,omitempty"`
	// Service is why a technician, Courier, has a cell opened; Face is the side that they stand at,
	// empty for the front.
	Service string      `json:"service,omitempty"`
	Face    models.Side `json:"face,omitempty"`
	// Shares is the cell of a deposit in which another parcel of the shipment lies; 0: none.
	Shares int `json:"shares,omitempty"`
	// Corrects is why a courier takes out again what they have just put in.
	Corrects string `json:"corrects,omitempty"`
	// Label is of an unannounced parcel that is left or taken out: Holder is whose courier
	// leaves it, LabelSeen that it was scanned on its way out.
	Label     string                `json:"label,omitempty"`
	Holder    models.OrganizationID `json:"holder,omitempty"`
	Size      models.Size           `json:"size,omitempty"` // of the cell that a deposit wants: announced, or chosen
	LabelSeen bool                  `json:"label_seen,omitempty"`
}

// DoorState is how far one door of an operation is.
type DoorState string

// The states of a door.
const (
	DoorWaiting  DoorState = "waiting"  // not pulsed yet
	DoorPulsed   DoorState = "pulsed"   // the intent is on disk; not seen open yet
	DoorOpen     DoorState = "open"     // seen open
	DoorClosed   DoorState = "closed"   // seen closed; an objection or answer may come
	DoorJammed   DoorState = "jammed"   // not seen open in time; may be tried again
	DoorFinished DoorState = "finished" // nothing more comes
)

// Door is one cell of an operation.
type Door struct {
	Cell       int                `json:"cell"`
	Generation int64              `json:"generation"`
	Parcels    []models.ParcelID  `json:"parcels"`
	State      DoorState          `json:"state"`
	Outcome    models.OpenOutcome `json:"outcome,omitempty"`
	Reason     string             `json:"reason,omitempty"`
	Attempt    int                `json:"attempt,omitempty"` // pulses so far
	JamAt      int64              `json:"jam_at,omitempty"`
	ObjectBy   int64              `json:"object_by,omitempty"`
	Objected   bool               `json:"objected,omitempty"`
	SenseBy    int64              `json:"sense_by,omitempty"` // then the sensor's word counts
	Refusal    string             `json:"refusal,omitempty"`  // why the client does not want what is inside
	Refused    models.ParcelID    `json:"refused,omitempty"`  // of several inside; empty: all of them
}

func (op *Operation) ended() bool { return op.State == StateAbandoned || op.State == StateDone }

// undecided: it waits for the server, and no door may move.
func (op *Operation) undecided() bool {
	return op.State == StateAsking || op.State == StateLed && op.Authority == ""
}

func (op *Operation) door(cell int) *Door {
	for i := range op.Doors {
		if op.Doors[i].Cell == cell && op.Doors[i].State != DoorFinished {
			return &op.Doors[i]
		}
	}
	return nil
}

// any reports whether a door is in one of the states.
func (op *Operation) any(states ...DoorState) bool {
	return slices.ContainsFunc(op.Doors, func(d Door) bool { return slices.Contains(states, d.State) })
}

// Cells lists the cells whose doors are in one of the states.
func (op *Operation) Cells(states ...DoorState) []int {
	var cells []int
	for _, d := range op.Doors {
		if slices.Contains(states, d.State) {
			cells = append(cells, d.Cell)
		}
	}
	return cells
}

// doorsDecided: each door was seen open, or was not in time.
func (op *Operation) doorsDecided() bool { return !op.any(DoorWaiting, DoorPulsed) }

func (op *Operation) result() models.OpenResult {
	r := models.OpenResult{Outcome: models.NotOpened}
	for _, d := range op.Doors {
		o := models.CellOutcome{Cell: d.Cell, Outcome: d.Outcome, Reason: d.Reason}
		if o.Outcome == "" {
			o.Outcome, o.Reason = models.Unknown, reasonWaiting
		}
		if o.Outcome == models.Opened {
			r.Outcome = models.Opened
		} else {
			r.Reason = o.Reason
		}
		r.Cells = append(r.Cells, o)
	}
	switch {
	case r.Outcome == models.Opened:
		r.Reason = ""
	case !op.doorsDecided():
		// Another door may still open: "not opened" would be a guess.
		r.Outcome, r.Reason = models.Unknown, reasonWaiting
	}
	return r
}

func (s *State) operation(id models.OperationID) *Operation {
	if id == "" {
		return nil
	}
	for _, op := range s.Operations {
		if op.ID == id {
			return op
		}
	}
	return nil
}

// begin enters an operation into the ledger. It is nil when the input offered no fresh
// id, since nothing is done twice under one id; when the battery is low; and while a technician is
// at work at the other side.
func (t *turn) begin(kind models.OperationKind, id models.ShipmentID, policy models.Policy) *Operation {
	if t.noPower() {
		return nil
	}
	if t.serviceElsewhere(t.Session) {
		t.say(TextService, messageMS)
		return nil
	}
	if t.fresh == "" || t.operation(t.fresh) != nil {
		t.say(TextTryLater, messageMS)
		return nil
	}
	op := t.enter(t.fresh, kind, id)
	op.Policy, t.fresh = policy, ""
	t.Session.Operation = op.ID
	until := t.Session.Until
	t.Session.show(ScreenWait, TextWait, 0)
	if mutant.On(mutant.SessionResetOpen) {
		t.Session.Until = until
	}
	return op
}

// enter writes an operation into the ledger.
func (t *turn) enter(id models.OperationID, kind models.OperationKind, s models.ShipmentID) *Operation {
	t.Begun++
	op := &Operation{ID: id, Order: t.Begun, Kind: kind, Shipment: s, State: StateAsking}
	t.Operations = append(t.Operations, op)
	return op
}

func (op *Operation) add(c *Cell, parcels []models.ParcelID) {
	c.Operation = op.ID
	op.Doors = append(op.Doors, Door{Cell: c.Number(), Generation: c.Generation, Parcels: parcels, State: DoorWaiting})
}

func (t *turn) decideLocally(op *Operation) {
	op.State, op.Authority, op.DecideBy = StateLocal, StateLocal, 0
}

// abandon ends an operation none of whose locks was driven.
func (t *turn) abandon(op *Operation, reason string) {
	op.State, op.Reason, op.DecideBy = StateAbandoned, reason, 0
	t.giveUpAll(op, reason)
	t.release(op)
}

// giveUp finishes a door that was never pulsed. Nothing was put into its cell.
func (t *turn) giveUp(op *Operation, d *Door, reason string) {
	if d.State != DoorWaiting && !(d.State == DoorOpen && mutant.On(mutant.OpenGivenUp)) {
		return
	}
	d.State, d.Outcome, d.Reason = DoorFinished, models.NotOpened, reason
	c := t.cell(d.Cell)
	if c.Operation != op.ID {
		return
	}
	if op.Kind == models.Deposit {
		c.apply(models.CellRelease)
	}
	c.Operation = ""
}

// endOperations ends the operations whose doors are all finished.
func (t *turn) endOperations() {
	for _, op := range t.Operations {
		if op.ended() || op.undecided() {
			continue
		}
		t.awaitTry(op)
		t.awaitDoor(op)
		if op.any(DoorWaiting, DoorPulsed, DoorOpen, DoorClosed, DoorJammed) {
			continue
		}
		op.State, op.AnswerBy = StateDone, 0
		t.release(op)
	}
}

// giveUpAll finishes the doors that were not pulsed yet.
func (t *turn) giveUpAll(op *Operation, reason string) {
	for i := range op.Doors {
		t.giveUp(op, &op.Doors[i], reason)
	}
}

// release lets go of an ended operation's cells, tells how it ended if no fact did, and
// moves its screen on.
func (t *turn) release(op *Operation) {
	for _, c := range t.Cells {
		if c.Operation == op.ID {
			c.Operation = ""
		}
	}
	t.tellNotLoaded(op)
	if !op.Told {
		t.tellEnd(op)
	}
	t.announcedLate()
	if w := t.window(op.Shipment); w != nil && w.Reopening == op.ID {
		w.Reopening, w.Until = "", t.in(reopenMS(op.Policy))
	}
	t.eachSession(func() {
		if t.Session.Operation == op.ID {
			t.Session.Operation = ""
			t.afterOperation(op)
			t.takeNext(op)
		}
	})
}

// tellEnd writes operation_done. A reopening names no shipment: its life has ended.
func (t *turn) tellEnd(op *Operation) {
	reason := op.Reason
	if reason == "" {
		reason = "not_opened"
		if op.Reopens {
			reason = "reopened"
		}
	}
	op.Reason = reason
	data := models.FactData{Reason: reason, Courier: op.Courier}
	data.Shipment = op.shipment()
	var c *Cell
	if n := len(op.Doors); n > 0 {
		c = t.cell(op.Doors[n-1].Cell)
	}
	t.write(models.FactOperationDone, op.ID, c, data)
	op.Told = true
}

// tidy forgets the oldest ended operations.
func (t *turn) tidy() {
	ended := 0
	for _, op := range t.Operations {
		if op.ended() {
			ended++
		}
	}
	t.Operations = slices.DeleteFunc(t.Operations, func(op *Operation) bool {
		if op.ended() && ended > keptEnded {
			ended--
			return true
		}
		return false
	})
}
