package cabinet

import "cubby/models"

func (t *turn) pressed(b Button) {
	if t.Session.Dim {
		t.touched() // the first touch only wakes the screen
		return
	}
	if t.pressedFrame(b) {
		return
	}
	t.there()
	op := t.operation(t.Session.Operation)
	if op != nil && !op.ended() {
		t.pressedIn(op, b)
		return
	}
	if t.pressedStaff(b) {
		return
	}
	if size, ok := leaveSize(b); ok {
		t.leaveHere(size)
		return
	}
	if size, ok := sizeOfButton(b); ok {
		t.choseSize(size)
		return
	}
	switch b {
	case ButtonNotPlaced, ButtonNotFit:
		t.correct(b)
	case ButtonMore:
		t.nextPage()
	case ButtonClient:
		t.client()
	case ButtonCollect:
		t.collect()
	case ButtonOpenNext:
		t.openNext()
	case ButtonCheck:
		t.check()
	case ButtonList:
		t.list()
	case ButtonTaken, ButtonNotTaken, ButtonOpenAgain:
		t.answerInterrupted(b)
	case ButtonFinish:
		if t.Session.Courier != "" {
			t.goodbye()
			return
		}
		t.leave()
	case ButtonCodeAgain:
		t.codeAgain()
	case ButtonOpen:
		t.openSeveral()
	case ButtonAskServer:
		t.lookUp()
	case ButtonSameCell:
		t.sameCell()
	case ButtonNewCell:
		t.newCell()
	case ButtonTakeBack:
		t.takeBack()
	case ButtonCancel, ButtonBack:
		t.home()
	}
}

func (t *turn) pressedIn(op *Operation, b Button) {
	switch op.Kind {
	case models.Withdrawal:
		t.pressedWithdrawal(op, b)
		return
	case models.Check:
		if op.Service != "" {
			t.pressedService(op, b)
			return
		}
		t.pressedCheck(op, b)
		return
	}
	deposit := op.Kind == models.Deposit
	switch b {
	case ButtonCancel, ButtonFinish, ButtonNotPlaced:
		switch {
		case deposit && op.AnswerBy == 0:
			t.cancelDeposit(op, "not_placed")
		case deposit:
		case op.undecided():
			t.abandon(op, reasonAbandoned)
		default:
			// Doors that are moving or open go on; those still waiting do not.
			t.giveUpAll(op, reasonAbandoned)
			t.noAnswer(op)
		}
	case ButtonSmaller:
		if deposit && op.AnswerBy == 0 && t.smaller(op) != "" {
			op.Size = t.smaller(op)
			t.cancelDeposit(op, string(ButtonSmaller))
		}
	case ButtonNotFit:
		if deposit && op.AnswerBy == 0 {
			t.cancelDeposit(op, string(ButtonNotFit))
		}
	case ButtonEmpty, ButtonTaken:
		if deposit && op.sharing() == (b == ButtonTaken) {
			t.empty(op)
		}
	case ButtonNotEmpty, ButtonNotTaken:
		if deposit && op.sharing() == (b == ButtonNotTaken) {
			t.noAnswer(op)
		}
	case ButtonYesTaken:
		if !deposit {
			t.confirm(op)
		}
	case ButtonRefuse, ButtonKeep, ButtonDamaged, ButtonNotOrdered, ButtonOther:
		if !deposit {
			t.pressedRefusal(op, b)
		}
	case ButtonTryAgain:
		if !deposit {
			t.tryAgain(op)
		}
	case ButtonOpenAgain:
		if !deposit && !op.any(DoorWaiting, DoorPulsed, DoorOpen) {
			t.openAgain(op)
		}
	}
}
