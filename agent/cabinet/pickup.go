package cabinet

import (
	"crypto/subtle"
	"fmt"
	"slices"

	"cubby/agent/mutant"
	"cubby/models"
)

const maxReopenings = 2

// Window keeps the cells of a finished pickup for its client, who may have forgotten
// something.
type Window struct {
	Shipment  models.ShipmentID  `json:"shipment"`
	Policy    models.Policy      `json:"policy"`
	Operation models.OperationID `json:"operation"` // the pickup
	Cells     []int              `json:"cells"`
	Until     int64              `json:"until,omitempty"` // 0 while a reopening runs
	Reopened  int                `json:"reopened,omitempty"`
	Reopening models.OperationID `json:"reopening,omitempty"`
}

func (s *State) window(id models.ShipmentID) *Window {
	for _, w := range s.Windows {
		if w.Shipment == id {
			return w
		}
	}
	return nil
}

// withCode finds the shipment here whose code it is, and the code's issue.
func (s *State) withCode(code string) (*Expected, int) {
	return s.matching(s.isCode(code))
}

// secret reports whether a secret is that of a shipment's issue, whose codes are in an alphabet.
type secret func(in models.CodeAlphabet, id models.ShipmentID, issue int) bool

func (s *State) isCode(code string) secret {
	return func(in models.CodeAlphabet, id models.ShipmentID, issue int) bool {
		return in.Code(*s.Key, id, issue) == code
	}
}

// withQR is the same for the text of a QR.
func (s *State) withQR(qr string) (*Expected, int) {
	is := s.isQR(qr)
	return s.matching(func(in models.CodeAlphabet, id models.ShipmentID, issue int) bool {
		return is(in, id, issue) || mutant.On(mutant.OldQR) && slices.ContainsFunc([]int{1, 2, 3}, func(old int) bool { return is(in, id, old) })
	})
}

func (s *State) isQR(qr string) secret {
	return func(_ models.CodeAlphabet, id models.ShipmentID, issue int) bool {
		return subtle.ConstantTimeCompare([]byte(models.PickupQR(*s.Key, id, issue)), []byte(qr)) == 1
	}
}

// opens reports whether a text is a client's secret: it is no label, and is kept nowhere.
func (s *State) opens(text string) bool {
	if _, ok := models.ParsePickupQR(text); ok {
		return true
	}
	code, ok := s.readCode(text)
	if s.Key == nil || !ok {
		return false
	}
	e, _ := s.withCode(code)
	return e != nil
}

// matching finds the shipment here that is given an issue's secret, and the issue. A newer issue
// retires the older ones.
func (s *State) matching(given secret) (*Expected, int) {
	for _, id := range s.Directory.ids() {
		e := s.Directory.Shipments[id]
		if e.Issue < 1 || len(s.holding(id)) == 0 && s.window(id) == nil {
			continue
		}
		for issue := e.Issue; issue < e.Issue+models.CodeIssues; issue++ {
			if given(e.Codes, id, issue) {
				return e, issue
			}
		}
		for _, f := range e.Formerly {
			if f.Issue > 0 && given(f.Codes, f.Shipment, f.Issue) {
				return e, e.Issue
			}
		}
	}
	return nil, 0
}

// pickup begins what a right code asks for.
func (t *turn) pickup(e *Expected, issue int) {
	e.Issue = issue // a newer code retires the older ones
	t.Session.Client = e.Shipment
	for _, op := range t.Operations {
		// Its last pickup is over once its code is used again.
		if op.Shipment == e.Shipment && op.Kind == models.Pickup && !op.ended() {
			t.conclude(op)
		}
	}
	t.endOperations()
	held := t.holding(e.Shipment)
	cells := t.toPickUp(held)
	switch {
	case slices.ContainsFunc(cells, func(c *Cell) bool { return c.Operation != "" }):
		t.say(TextBusy, messageMS)
		return
	case len(cells) == 0 && len(held) > 0 && t.window(e.Shipment) == nil:
		t.Session.show(ScreenCollected, TextGivenBack, t.longer(stateMS))
		return
	case len(cells) == 0:
		t.reopen(e.Shipment)
		return
	case !t.collectable(e):
		t.showNotToBeHad(t.Session, e.Shipment)
		return
	case e.DueMinor > 0:
		t.await(ScreenPayment, TextPayment, "amount", e.amount())
		return
	}
	if t.askInterrupted(e, cells) {
		return
	}
	alive := slices.DeleteFunc(slices.Clone(cells), func(c *Cell) bool { return c.Dead })
	if len(alive) == 0 {
		t.boardDead(e, cells)
		return
	}
	cells = alive
	if !t.Session.Agreed && t.askSeveral(e, cells) {
		return
	}
	op := t.begin(models.Pickup, e.Shipment, e.Policy)
	if op == nil {
		return
	}
	op.Calm = t.needsCalm()
	for _, c := range cells {
		op.add(c, slices.Clone(c.Parcels))
	}
	t.ask(op)
}

// amount is what is to be paid, as people read it.
func (e *Expected) amount() string {
	return fmt.Sprintf("%d.%02d %s", e.DueMinor/100, e.DueMinor%100, e.Currency)
}

// conclude ends what of a pickup waits for nothing but the person.
func (t *turn) conclude(op *Operation) {
	for i := range op.Doors {
		switch d := &op.Doors[i]; d.State {
		case DoorClosed:
			t.unanswered(op, d)
		case DoorJammed:
			d.State = DoorFinished
		}
	}
}

// openAgain ends a pickup whose doors are closed and begins the next for its client.
func (t *turn) openAgain(op *Operation) {
	t.conclude(op)
	t.endOperations()
	if e := t.Directory.Shipments[op.Shipment]; e != nil {
		t.pickup(e, e.Issue)
		return
	}
	t.reopen(op.Shipment)
}

// reopen opens the cells of a finished pickup once more, by the window's own authority.
func (t *turn) reopen(id models.ShipmentID) {
	w := t.window(id)
	if w == nil || w.Reopening != "" || w.Reopened >= maxReopenings {
		if past, ok := t.Past[id]; ok {
			t.tellOver(past)
			return
		}
		t.Session.show(ScreenCollected, TextCollected, t.longer(stateMS))
		return
	}
	if slices.ContainsFunc(w.Cells, func(n int) bool { return t.cell(n).Operation != "" }) {
		t.say(TextBusy, messageMS) // opened from afar just now
		return
	}
	op := t.begin(models.Pickup, id, w.Policy)
	if op == nil {
		return
	}
	op.Reopens, op.Calm = true, t.needsCalm()
	for _, n := range w.Cells {
		if c := t.cell(n); c.Shipment == id {
			op.add(c, t.takenFrom(id, c)) // nothing of it is inside, unless it is put back
		}
	}
	w.Reopened++
	w.Reopening, w.Until = op.ID, 0
	t.decideLocally(op)
}

func (t *turn) pickupClosed(op *Operation, d *Door, c *Cell) {
	if d.Refusal != "" {
		t.putBack(op, d, c)
		return
	}
	d.State = DoorClosed
	d.ObjectBy = t.longerAt(op, max(op.Policy.Objection.Duration().Milliseconds(), 1))
	if d.Objected {
		t.object(op, d, c)
	}
}

// unanswered: nobody objected. By the default proof that is enough, but for what the client gave
// back before: that they took it after all they have to say.
func (t *turn) unanswered(op *Operation, d *Door) {
	if t.cell(d.Cell).Sensed == SensedParcel {
		d.State, d.ObjectBy = DoorFinished, 0
		op.Reason = reasonSensedFull
		t.doubt(op, t.cell(d.Cell), reasonSensedFull)
		return
	}
	if op.Policy.Proof == models.ProofAnswered || t.cell(d.Cell).Refusal != "" {
		d.State, d.ObjectBy = DoorFinished, 0
		op.Reason = reasonNoAnswer
		t.doubt(op, t.cell(d.Cell), reasonNoAnswer)
		return
	}
	t.taken(op, d)
}

// taken ends a door's pickup: its parcels are gone, the cell stays kept for a while.
func (t *turn) taken(op *Operation, d *Door) {
	d.State, d.ObjectBy = DoorFinished, 0
	if op.Reopens {
		return
	}
	c := t.cell(d.Cell)
	c.apply(models.CellTaken)
	c.Parcels, c.Refusal, c.RefusedUntil = nil, "", 0
	for _, p := range d.Parcels {
		f := t.write(models.FactPickedUp, op.ID, c, models.FactData{Shipment: op.Shipment, Parcel: p})
		t.gone(op.Shipment, p, f)
	}
	op.Told, op.Reason = true, "picked_up"
	t.remember(op.Shipment, PastCollected)
	t.keep(op, d.Cell)
}

// keep puts a cell into the shipment's window, which runs anew.
func (t *turn) keep(op *Operation, cell int) {
	w := t.window(op.Shipment)
	if w == nil {
		w = &Window{Shipment: op.Shipment, Policy: op.Policy, Operation: op.ID}
		t.Windows = append(t.Windows, w)
	}
	w.Cells = append(w.Cells, cell)
	if w.Reopening == "" {
		w.Until = t.in(reopenMS(op.Policy))
	}
}

// reopenMS is how long a finished pickup's cells stay its client's.
func reopenMS(p models.Policy) int64 {
	ms := max(p.Reopen.Duration().Milliseconds(), 1)
	if mutant.On(mutant.CodeAfterWindow) {
		ms += hourMS
	}
	return ms
}

// endWindows frees the cells of windows that are over. A doubtful one stays as it is.
func (t *turn) endWindows() {
	t.Windows = slices.DeleteFunc(t.Windows, func(w *Window) bool {
		if !t.due(w.Until) {
			return false
		}
		for _, n := range w.Cells {
			c := t.cell(n)
			if c.anyOpen() || c.Operation != "" {
				// Someone has it open: the window goes on until it is shut.
				w.Until = t.in(openTimeoutMS)
				return false
			}
		}
		for _, n := range w.Cells {
			c := t.cell(n)
			if c.sensedFull() {
				t.doubt(nil, c, reasonSensedFull) // it was said to be empty, and is not
			}
			if c.apply(models.CellProved) {
				t.write(models.FactCellFreed, w.Operation, c, models.FactData{})
			}
		}
		return true
	})
	t.Directory.forget(t.State)
}

// object: the client says that something is not right. The cell is in doubt.
func (t *turn) object(op *Operation, d *Door, c *Cell) {
	d.State, d.ObjectBy = DoorFinished, 0
	op.Reason = reasonObjection
	t.doubt(op, c, reasonObjection)
}

// confirm takes "everything taken" for an answer.
func (t *turn) confirm(op *Operation) {
	for i := range op.Doors {
		if op.Doors[i].State == DoorClosed {
			t.taken(op, &op.Doors[i])
		}
	}
}

// problem is an objection to every door that was opened and not yet confirmed.
func (t *turn) problem(op *Operation) {
	for i := range op.Doors {
		d := &op.Doors[i]
		switch d.State {
		case DoorClosed:
			t.object(op, d, t.cell(d.Cell))
		case DoorOpen:
			d.Objected = true
		}
	}
}
