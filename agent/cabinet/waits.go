package cabinet

import "cubby/models"

// awaitTry gives the person time to try a jammed door again, once no other door needs
// them.
func (t *turn) awaitTry(op *Operation) {
	if op.Kind == models.Deposit || op.any(DoorClosed) && op.Kind != models.Pickup {
		return
	}
	waits := op.any(DoorJammed) && !op.any(DoorWaiting, DoorPulsed, DoorOpen)
	switch {
	case !waits:
		op.AnswerBy = 0
	case op.AnswerBy == 0:
		op.AnswerBy = t.longerAt(op, leaveMS)
	}
}

// awaitDoor bounds how long doors wait for others to close while the person has none open:
// a door must not open later for whoever stands there then.
func (t *turn) awaitDoor(op *Operation) {
	waits := op.any(DoorWaiting) && !op.any(DoorPulsed, DoorOpen)
	switch {
	case !waits:
		op.WaitBy = 0
	case op.WaitBy == 0:
		op.WaitBy = t.in(leaveMS)
	}
}

// waitedTooLong: the person has left, or the grant of a remote opening is over.
func (t *turn) waitedTooLong(op *Operation) {
	op.WaitBy = 0
	reason := reasonAbandoned
	if op.Kind == models.RemoteOpen {
		reason, op.Reason = reasonExpired, reasonExpired
	}
	t.giveUpAll(op, reason)
}
