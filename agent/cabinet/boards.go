package cabinet

import "cubby/models"

// boardChanged takes a board's cells out of service, and back. What is in them stays
// known; nothing of it is offered or opened meanwhile.
func (t *turn) boardChanged(in BoardChanged) {
	var reports []models.CellReport
	for _, n := range in.Cells {
		c := t.cell(n)
		if c == nil || c.Dead == !in.Up {
			continue
		}
		c.Dead = !in.Up
		reports = append(reports, c.Report())
	}
	if len(reports) == 0 {
		return
	}
	kind := models.FactBoardDown
	if in.Up {
		kind = models.FactBoardUp
	}
	t.write(kind, "", nil, models.FactData{Board: in.Board, Cells: reports})
	if in.Up {
		return
	}
	// A door that waits for its turn has none here. One that was driven already ends by its
	// time, as one that did not open.
	for _, op := range t.Operations {
		for i := range op.Doors {
			if c := t.cell(op.Doors[i].Cell); c.Dead && !op.undecided() {
				t.giveUp(op, &op.Doors[i], reasonBoardDead)
			}
		}
	}
}

// boardDead tells a client that the lock cannot be driven. The code stays valid.
func (t *turn) boardDead(e *Expected, cells []*Cell) {
	if t.fresh != "" && t.operation(t.fresh) == nil {
		t.write(models.FactOperationDone, t.fresh, cells[0], models.FactData{Shipment: e.Shipment, Reason: reasonBoardDead})
		t.fresh = ""
	}
	var list []int
	for _, c := range cells {
		list = append(list, c.Number())
	}
	t.await(ScreenJammed, TextBoardDead, "cells", numbers(list))
}
