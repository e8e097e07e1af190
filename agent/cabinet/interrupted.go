package cabinet

import (
	"slices"

	"cubby/models"
)

// markInterrupted remembers that the program stopped in the middle of a pickup: only the
// client knows what came of it, and is asked when the code is used again. A cell that was
// in doubt before is not asked about: the answer would not settle that older doubt.
func markInterrupted(op *Operation, c *Cell) {
	if op.Kind == models.Pickup && !c.Doubtful {
		c.Interrupted = op.ID
	}
}

// askInterrupted shows the question about the cells whose pickup was interrupted; false:
// there is none.
func (t *turn) askInterrupted(e *Expected, cells []*Cell) bool {
	var list []int
	for _, c := range cells {
		if c.Interrupted != "" {
			list = append(list, c.Number())
		}
	}
	if len(list) == 0 {
		return false
	}
	t.await(ScreenStopped, TextInterrupted, "cells", numbers(list))
	t.Session.Interrupted = e.Shipment
	return true
}

// answerInterrupted takes the client's word for an interrupted pickup. Whoever is asked has
// just given the code. What was taken is with the client even if the shipment was cancelled
// meanwhile; what was not is then to be had no more.
func (t *turn) answerInterrupted(b Button) {
	e := t.Directory.Shipments[t.Session.Interrupted]
	if e == nil {
		return
	}
	cells := slices.DeleteFunc(t.holding(e.Shipment), func(c *Cell) bool { return c.Interrupted == "" || c.Operation != "" })
	var list []int
	for _, c := range cells {
		list = append(list, c.Number())
		if b == ButtonTaken {
			t.takenAfterAll(e, c)
		}
		c.Interrupted = ""
	}
	switch {
	case len(t.holding(e.Shipment)) == 0:
		t.say(TextThanks, goodbyeMS)
	case b == ButtonNotTaken && t.collectable(e):
		t.say(TextStillThere, messageMS, "cells", numbers(list))
	default:
		t.pickup(e, e.Issue) // what was not reached before the stop is still to come
	}
}

// takenAfterAll ends an interrupted pickup by the client's answer: the parcels are with the
// client, whatever the door did. Of the cell that proves as much as its policy says. By
// "answered" the client's word is the proof, so nothing is in doubt any more. By "closed"
// the proof is a door that was seen shut with nobody objecting; the stop took that away and
// no word replaces it, so the cell is offered again only once someone looked.
func (t *turn) takenAfterAll(e *Expected, c *Cell) {
	if e.Policy.Proof == models.ProofAnswered {
		c.Doubtful = false
	}
	// The ledger's own record has ended, and stays as it was.
	op := &Operation{ID: c.Interrupted, Kind: models.Pickup, Shipment: e.Shipment, Policy: e.Policy}
	t.taken(op, &Door{Cell: c.Number(), Parcels: slices.Clone(c.Parcels)})
}
