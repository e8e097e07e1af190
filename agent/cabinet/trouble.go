package cabinet

import (
	"slices"
	"strings"

	"cubby/models"
)

// troubleMS is how long "what is wrong?" and the advice after it stay.
const troubleMS = 30_000

const troubleButton = "trouble_"

// Trouble is what somebody says is wrong: what it is about, and once they said so what it is
// and the number to name to the support.
type Trouble struct {
	Cells    []int             `json:"cells,omitempty"`
	Jammed   []int             `json:"jammed,omitempty"` // the doors that were not seen open
	Shipment models.ShipmentID `json:"shipment,omitempty"`
	Screen   ScreenID          `json:"screen,omitempty"` // where they were
	Said     string            `json:"said,omitempty"`
	Number   string            `json:"number,omitempty"`
}

func troubleButtons() []Button {
	var all []Button
	for _, reason := range models.Troubles() {
		all = append(all, Button(troubleButton+reason))
	}
	return all
}

// advice is what to do about each trouble.
func advice(reason string) TextKey {
	return map[string]TextKey{
		models.TroubleDoor: TextAdviceDoor, models.TroubleEmpty: TextAdviceEmpty, models.TroubleNotMine: TextAdviceNotMine,
		models.TroubleDamaged: TextAdviceDamaged, models.TroubleReach: TextAdviceReach, models.TroubleLeft: TextAdviceLeft,
		models.TroubleLocked: TextAdviceLocked, models.TroubleOther: TextAdviceOther,
	}[reason]
}

// somethingWrong asks what is wrong. Of a pickup whose doors opened that is objection enough,
// whatever comes of the question: what was behind them is in doubt until somebody has looked.
func (t *turn) somethingWrong() {
	shown, _ := t.page(t.Session, t.now)
	t.Session.Trouble = Trouble{Screen: shown.Screen}
	if op := t.operation(t.Session.Operation); op != nil && !op.ended() {
		about := Trouble{Jammed: op.Cells(DoorJammed), Cells: op.Cells(DoorOpen, DoorClosed), Shipment: op.shipment(), Screen: shown.Screen}
		if op.Kind == models.Pickup && len(about.Jammed) == 0 {
			t.problem(op)
		}
		t.Session.Trouble = about
	}
	t.over(ScreenTrouble, t.longer(troubleMS))
}

// reported journals what is wrong, and shows what to do.
func (t *turn) reported(reason string) {
	s := t.Session
	if s.Over != ScreenTrouble || s.Trouble.Said != "" || !slices.Contains(models.Troubles(), reason) {
		return
	}
	s.Trouble.Said = reason
	if reason == models.TroubleLocked {
		t.alarm()
	}
	if op := t.operation(s.Operation); op != nil && op.Kind == models.Pickup && reason != models.TroubleDoor {
		t.problem(op)
	}
	cells := s.Trouble.Cells
	if len(cells) == 0 || reason == models.TroubleDoor && len(s.Trouble.Jammed) > 0 {
		cells = s.Trouble.Jammed
	}
	data := models.FactData{Shipment: s.Trouble.Shipment, Reason: reason, Courier: s.Courier, Screen: string(s.Trouble.Screen)}
	var f models.Fact
	for _, n := range cells {
		f = t.write(models.FactTrouble, "", t.cell(n), data)
	}
	if len(cells) == 0 {
		f = t.write(models.FactTrouble, "", nil, data)
	}
	s.Told, s.Trouble.Number = f.Number(), f.Number()
	t.over(ScreenTrouble, t.longer(troubleMS))
}

// finishTrouble ends the visit of a client; a courier goes on.
func (t *turn) finishTrouble() {
	t.Session.Trouble = Trouble{}
	if t.Session.Courier != "" {
		t.home()
		return
	}
	t.leave()
}

// viewTrouble draws the question or the advice.
func (s *State) viewTrouble(session *Session, l Language, v *View) {
	trouble := session.Trouble
	if trouble.Said == "" {
		v.Text, v.Params, v.Buttons = TextTrouble, nil, troubleButtons()
		return
	}
	v.Text, v.Buttons = advice(trouble.Said), []Button{ButtonDone}
	v.Params = map[string]string{"number": trouble.Number, "call": s.callUs(l, trouble.Number)}
}

// pressedTrouble takes an answer; false: the button is none.
func (t *turn) pressedTrouble(b Button) bool {
	reason, ok := strings.CutPrefix(string(b), troubleButton)
	if ok {
		t.reported(reason)
	}
	return ok
}
