package cabinet

import (
	"strconv"

	"cubby/models"
)

// afterOperation shows what came of an operation that has ended.
func (t *turn) afterOperation(op *Operation) {
	if op.Service != "" {
		t.afterService(op)
		return
	}
	t.home()
	switch {
	case op.Kind == models.Deposit && op.Told && op.Reason == "deposited":
		t.Session.show(ScreenCourier, TextLoaded, 0, "cell", strconv.Itoa(op.Doors[len(op.Doors)-1].Cell))
	case op.Reason == "no_cell":
		t.showNoRoom(op.Failed, "")
		if e := t.Directory.Shipments[op.Shipment]; e != nil {
			t.offerOthers(e, op.Failed)
		}
	case op.Reason == "not_opened" && op.Kind == models.Pickup:
		t.say(TextStuck, messageMS, "cells", numbers(doorCells(op)), "number", t.quoted(t.Session))
	case op.Reason == reasonPutBack:
		t.say(TextPutBackThanks, messageMS, "cells", numbers(op.putBackCells()))
	case op.Reason == reasonObjection, op.Reason == reasonTookAnother:
		t.say(TextReported, messageMS, "cells", numbers(doorCells(op)))
	case op.Reason == "checked":
		t.say(TextNoted, messageMS, "cells", numbers(doorCells(op)))
	case op.Kind == models.Withdrawal && op.Told:
		t.collectNext()
	case op.Reason == "picked_up":
		t.say(TextThanks, goodbyeMS)
	}
}

// refused ends an operation that the server does not allow, and says why.
func (t *turn) refused(op *Operation, reason string) {
	shown := t.showing(op)
	t.abandon(op, "refused")
	screen, ms := ScreenCollected, int64(stateMS)
	if op.Kind == models.Deposit {
		screen, ms = ScreenNotHere, refusalMS
	}
	shown.show(screen, TextRefused, t.longerFor(shown, ms), "reason", clip(clean(reason), maxText))
}
