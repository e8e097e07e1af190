package cabinet

import (
	"fmt"

	"cubby/models"
)

// Check reports the first thing in the state that must never be: tests and the simulator
// call it after every step.
func (s *State) Check() error {
	for _, c := range s.Cells {
		if err := s.checkCell(c); err != nil {
			return fmt.Errorf("cell %d: %w", c.Number(), err)
		}
	}
	for _, op := range s.Operations {
		if err := s.checkOperation(op); err != nil {
			return fmt.Errorf("operation %s: %w", op.ID, err)
		}
	}
	if n := s.doorsPulsed(); n > doorsAtOnce {
		return fmt.Errorf("%d doors are driven at once", n)
	}
	j := s.Journal
	if j.Acked > j.Seq || j.Seq-j.Acked > int64(len(j.Facts)) {
		return fmt.Errorf("journal: %d facts do not reach from %d to %d", len(j.Facts), j.Acked, j.Seq)
	}
	if n := len(j.Facts); n > 0 && (j.Facts[n-1].Seq != j.Seq || j.Facts[n-1].Hash != j.Hash) {
		return fmt.Errorf("journal: the facts do not end at the head")
	}
	return nil
}

func (s *State) doorsPulsed() int {
	n := 0
	for _, c := range s.Cells {
		if s.pulsing(c) {
			n++
		}
	}
	return n
}

func (s *State) checkCell(c *Cell) error {
	switch c.State {
	case models.CellFree:
		if c.Shipment != "" || len(c.Parcels) > 0 || c.Label != "" {
			return fmt.Errorf("free, yet it holds %s%s", c.Shipment, c.Label)
		}
	case models.CellOccupied:
		announced := c.Shipment != "" && len(c.Parcels) > 0
		if announced == (c.Label != "") {
			return fmt.Errorf("occupied by %q and %q: it holds the one or the other", c.Shipment, c.Label)
		}
	case models.CellReserved:
		if s.operation(c.Operation) == nil && !c.Doubtful && !s.kept(c) {
			return fmt.Errorf("reserved for nothing")
		}
	}
	if op := s.operation(c.Operation); c.Operation != "" {
		switch {
		case op == nil || op.ended():
			return fmt.Errorf("held by %s, which has ended", c.Operation)
		case c.Shipment != "" && op.Shipment != c.Shipment:
			return fmt.Errorf("holds %s, while %s is of %s", c.Shipment, op.ID, op.Shipment)
		}
	}
	return nil
}

func (s *State) kept(c *Cell) bool {
	w := s.window(c.Shipment)
	if w == nil {
		return false
	}
	for _, n := range w.Cells {
		if n == c.Number() {
			return true
		}
	}
	return false
}

func (s *State) checkOperation(op *Operation) error {
	for _, d := range op.Doors {
		if d.Attempt > 0 && op.Authority == "" {
			return fmt.Errorf("door %d was driven without authority", d.Cell)
		}
		if d.Attempt > maxAttempts {
			return fmt.Errorf("door %d was driven %d times", d.Cell, d.Attempt)
		}
	}
	switch {
	case op.State == StateLocal && op.Authority != StateLocal:
		return fmt.Errorf("local without its authority")
	case op.State == StateAbandoned && op.Authority != "":
		return fmt.Errorf("abandoned after %s", op.Authority)
	case op.ended() && !op.Told:
		return fmt.Errorf("ended, and no fact says how")
	case op.ended() && op.Authority == StateLed && op.Result == nil:
		return fmt.Errorf("ended with its command unanswered")
	}
	return nil
}
