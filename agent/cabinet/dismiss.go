package cabinet

// dismiss ends the session of a courier who may not work here any more. A door that is open
// or on its way is first waited for, and so is the answer about a cell that was opened; no
// other door opens meanwhile.
func (t *turn) dismiss() {
	t.dismissStaff()
	id := t.Session.Courier
	if _, ok := t.courier(); ok || id == "" {
		return
	}
	if op := t.operation(t.Session.Operation); op != nil && op.Courier == id {
		t.stop(op)
		if t.busy() {
			return
		}
	}
	t.logout()
	if t.Session.Operation == "" { // else a client is at it
		t.Session.show(ScreenLogin, TextDismissed, t.longer(messageMS))
	}
}

// stop ends an operation as far as none of its doors is open.
func (t *turn) stop(op *Operation) {
	if op.undecided() {
		t.abandon(op, "refused")
		return
	}
	t.giveUpAll(op, "refused")
	for i := range op.Doors {
		if op.Doors[i].State == DoorJammed {
			op.Doors[i].State = DoorFinished
		}
	}
	t.endOperations()
}
