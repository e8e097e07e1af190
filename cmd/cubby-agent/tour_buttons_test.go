package main

import (
	"time"

	"cubby/agent/cabinet"
	"cubby/models"
)

// corrections: what a courier does who took the wrong door, or was wrong about a cell.
func (w *tour) corrections() {
	w.shipment("fix", nil, models.SizeS)
	w.shipment("wide", nil, models.SizeM)
	w.shipment("long", nil, models.SizeL)
	w.shipment("any", nil, "")
	w.login()
	w.press(cabinet.ButtonList)
	for _, size := range []cabinet.Button{"size_s", "size_m", "size_l", "size_xl"} {
		w.comes("L3", cabinet.TextHere)
		w.press(size)
	}
	w.press(cabinet.ButtonCancel)
	w.comes("L2", cabinet.TextCourier)
	for _, size := range []cabinet.Button{"size_m", "size_l"} {
		w.scan("LABEL-any-1")
		w.comes("L11", cabinet.TextSize)
		w.press(size)
		w.taken(cabinet.ButtonCancel, "L7", cabinet.ButtonEmpty)
		w.comes("L2", cabinet.TextCourier)
	}
	w.scan("LABEL-wide-1")
	w.taken(cabinet.ButtonSmaller, "L7", cabinet.ButtonEmpty)
	w.comes("L4", cabinet.TextPutIn)
	w.shut(w.open(1)[0])
	w.comes("L2", cabinet.TextLoaded)
	w.press(cabinet.ButtonNotPlaced)
	w.answer("L7", cabinet.ButtonEmpty)
	w.comes("L2", cabinet.TextCourier)
	w.load("LABEL-fix-1")
	w.press(cabinet.ButtonNotFit)
	w.answer("L6", cabinet.ButtonEmpty)
	w.comes("L4", cabinet.TextPutIn)
	w.shut(w.open(1)[0])
	w.comes("L2", cabinet.TextLoaded)

	// Two cells in doubt.
	w.scan("LABEL-wide-1")
	w.taken(cabinet.ButtonNotFit, "L6", cabinet.ButtonNotEmpty)
	w.on("L2")
	w.scan("LABEL-any-1")
	w.comes("L11", cabinet.TextSize)
	w.press("size_m")
	w.taken(cabinet.ButtonCancel, "L7", cabinet.ButtonNotEmpty)
	w.on("L2")
	w.press(cabinet.ButtonClient)
	w.on("P1")
	w.comes("P1", w.text())
	w.press(cabinet.ButtonCancel)
	w.comes("L2", cabinet.TextCourier)
	w.leave()
}

// taken presses a button while a parcel is put in, and answers whether the cell is empty.
func (w *tour) taken(b cabinet.Button, screen cabinet.ScreenID, answer cabinet.Button) {
	w.t.Helper()
	w.comes("L4", cabinet.TextPutIn)
	w.open(1)
	w.press(b)
	w.answer(screen, answer)
}

// answer shuts the door of what is taken out again, and answers whether the cell is empty.
func (w *tour) answer(screen cabinet.ScreenID, answer cabinet.Button) {
	w.t.Helper()
	w.comes("L7", cabinet.TextTakeOut)
	w.shut(w.open(1)[0])
	w.comes(screen, cabinet.TextIsEmpty)
	w.press(answer)
}

// objections: a client says that something is wrong while the door is open, and once it is shut. That alone puts the cell
// in doubt.
func (w *tour) objections() {
	w.shipment("wrong", nil, models.SizeS)
	w.shipment("late", nil, models.SizeS)
	w.login()
	w.load("LABEL-wrong-1")
	w.load("LABEL-late-1")
	w.leave()
	w.home()
	w.typed(w.code("wrong"))
	w.comes("P5", cabinet.TextTake)
	cell := w.open(1)[0]
	w.backFromTrouble("P5", cabinet.TextTake)
	w.pass(31 * time.Second)
	w.comes("P6", cabinet.TextPleaseClose)
	w.backFromTrouble("P6", cabinet.TextPleaseClose)
	w.shut(cell)
	w.closed()
	w.home()
	w.typed(w.code("late"))
	w.comes("P5", cabinet.TextTake)
	w.shut(w.open(1)[0])
	w.comes("P8", cabinet.TextEverything)
	w.press(cabinet.ButtonProblem)
	w.comes("C6", cabinet.TextTrouble)
	w.press(cabinet.ButtonBack)
	w.home()
}

// backFromTrouble presses "something is wrong", and goes back.
func (w *tour) backFromTrouble(screen cabinet.ScreenID, text cabinet.TextKey) {
	w.t.Helper()
	w.press(cabinet.ButtonProblem)
	w.comes("C6", cabinet.TextTrouble)
	w.press(cabinet.ButtonBack)
	w.comes(screen, text)
}
