package cabinet

import (
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"cubby/models"
)

// ScreenID names a screen. Help and incidents quote it.
type ScreenID string

// The screens so far.
const (
	ScreenHome      ScreenID = "C1"
	ScreenAccess    ScreenID = "C2"
	ScreenStill     ScreenID = "C3"
	ScreenWait      ScreenID = "C4"
	ScreenHelp      ScreenID = "C5"
	ScreenTrouble   ScreenID = "C6"
	ScreenOut       ScreenID = "C7"
	ScreenPower     ScreenID = "C8"
	ScreenCode      ScreenID = "P1"
	ScreenPaused    ScreenID = "P2"
	ScreenCollected ScreenID = "P3"
	ScreenSeveral   ScreenID = "P4"
	ScreenTake      ScreenID = "P5"
	ScreenLeftOpen  ScreenID = "P6"
	ScreenJammed    ScreenID = "P7"
	ScreenDone      ScreenID = "P8"
	ScreenRefuse    ScreenID = "P9"
	ScreenPayment   ScreenID = "P10"
	ScreenStopped   ScreenID = "P11"
	ScreenCodeAgain ScreenID = "P12"
	ScreenLogin     ScreenID = "L1"
	ScreenCourier   ScreenID = "L2"
	ScreenList      ScreenID = "L3"
	ScreenDoor      ScreenID = "L4"
	ScreenSame      ScreenID = "L5"
	ScreenBigger    ScreenID = "L6"
	ScreenCancel    ScreenID = "L7"
	ScreenUnknown   ScreenID = "L8"
	ScreenFull      ScreenID = "L9"
	ScreenNotHere   ScreenID = "L10"
	ScreenSize      ScreenID = "L11"
	ScreenAway      ScreenID = "L13"
	ScreenFinish    ScreenID = "L14"
	ScreenCollect   ScreenID = "L15"
	ScreenTakeOut   ScreenID = "L16"
	ScreenCheck     ScreenID = "L17"
	ScreenStaff     ScreenID = "T1"
	ScreenOverview  ScreenID = "T2"
	ScreenDoors     ScreenID = "T3"
	ScreenWiring    ScreenID = "T4"
	ScreenDevices   ScreenID = "T5"
	ScreenLeave     ScreenID = "T6"
)

// Screens lists them all.
func Screens() []ScreenID {
	return []ScreenID{
		ScreenHome, ScreenAccess, ScreenStill, ScreenWait, ScreenHelp, ScreenTrouble, ScreenOut, ScreenPower,
		ScreenCode, ScreenPaused, ScreenCollected, ScreenSeveral, ScreenTake, ScreenLeftOpen, ScreenJammed,
		ScreenDone, ScreenRefuse, ScreenPayment, ScreenStopped, ScreenCodeAgain, ScreenLogin, ScreenCourier,
		ScreenList, ScreenDoor, ScreenSame, ScreenBigger, ScreenCancel, ScreenUnknown, ScreenFull, ScreenNotHere, ScreenSize,
		ScreenAway, ScreenFinish, ScreenCollect, ScreenTakeOut, ScreenCheck,
		ScreenStaff, ScreenOverview, ScreenDoors, ScreenWiring, ScreenDevices, ScreenLeave,
	}
}

const reminderMS = 30_000

// View is what a person sees, in the language of the session: the page draws it, and has no
// words of its own.
type View struct {
	Rev       int64              `json:"rev"` // counts the changes since the program began, of whoever draws it
	Language  Language           `json:"language"`
	Direction string             `json:"direction"` // ltr or rtl
	Wait      string             `json:"wait"`      // what to show while the cabinet cannot be reached
	Screen    ScreenID           `json:"screen"`
	Text      TextKey            `json:"text"`
	Params    map[string]string  `json:"params,omitempty"`
	Sentence  string             `json:"sentence"`
	Buttons   []Button           `json:"buttons"`
	Items     []Item             `json:"items"` // to choose one of
	Operation models.OperationID `json:"operation,omitempty"`
	Courier   models.CourierID   `json:"courier,omitempty"`
	Doors     []int              `json:"doors"`              // of the operation: open or coming
	Places    map[int]string     `json:"places"`             // where they are: "upper left"
	Progress  string             `json:"progress,omitempty"` // how many of several doors have opened
	OpenDoors []int              `json:"open_doors"`         // of the whole cabinet
	// Across is how the doors of the pickup side are, as the loading side of a two-way cabinet has to know: the cells
	// that are not shut and left alone there.
	Across  map[int]Across    `json:"across,omitempty"`
	Marks   []int             `json:"marks,omitempty"` // cells of a list, to be seen in the cabinet
	Offline bool              `json:"offline"`
	Strips  []string          `json:"strips"`
	Frame   []Button          `json:"frame"`  // around the screen: languages, help
	Labels  map[Button]string `json:"labels"` // what stands on the buttons
	Pad     PadKind           `json:"pad,omitempty"`
	Spoken  string            `json:"spoken,omitempty"`  // what is read aloud, to who wants it
	Aloud   map[Button]string `json:"aloud,omitempty"`   // what is said of a button in place of its label
	Quiet   bool              `json:"quiet,omitempty"`   // light alone: no sound
	Reminds bool              `json:"reminds,omitempty"` // it calls somebody, for as long as it is so
	Access  Access            `json:"access"`
	Dim     bool              `json:"dim,omitempty"`
	Lines   []string          `json:"lines,omitempty"`   // under the sentence, to read
	Seconds int               `json:"seconds,omitempty"` // until the page goes away by itself, where that is told
	// Report is what a technician reads.
	Report []ReportLine `json:"report,omitempty"`
	// Neighbours are other lockers to go to.
	Neighbours []models.Neighbour `json:"neighbours,omitempty"`
}

// View derives the screen of a side from the state.
func (s *State) View(now Instant, side models.Side) View {
	session := s.sessionAt(side)
	v, op := s.page(session, now)
	language := v.Language
	v.Buttons = buttons(v.Screen, session.Courier != "")
	v.Items = s.items(session, language)
	if v.Screen == ScreenFull && len(v.Items) == 0 {
		v.Neighbours = s.Directory.Layout.Neighbours
	}
	if courier := session.Courier != ""; courier && v.Screen == ScreenCode {
		v.Buttons = []Button{ButtonCancel}
	} else if courier && v.Screen == ScreenFinish {
		v.Buttons = []Button{ButtonBack, ButtonFinish}
	}
	switch v.Text {
	case TextLeaveHere:
		v.Buttons = append(s.leaveButtons(), ButtonAskServer, ButtonTakeBack)
	case TextAsking:
		v.Buttons = []Button{ButtonCancel}
	case TextNotKnown, TextAskOffline:
		v.Buttons = s.unknownButtons(session)
	case TextSame:
		v.Buttons = []Button{ButtonSameCell, ButtonNewCell, ButtonCancel}
		v.Seconds = seconds(session.Until, now)
	case TextTookOut:
		v.Buttons = []Button{ButtonTaken, ButtonNotTaken}
	case TextLoaded:
		if s.lastLoaded(session) != nil {
			v.Buttons = append([]Button{ButtonNotPlaced, ButtonNotFit}, v.Buttons...)
		}
	case TextHere:
		v.Buttons = s.listButtons(session)
	case TextPutIn:
		if op != nil && s.smaller(op) != "" {
			v.Buttons = slices.Insert(v.Buttons, 1, ButtonSmaller)
		}
	case TextCollectList:
		for _, c := range s.toCollect(s.Directory.Couriers[session.Courier]) {
			v.Marks = append(v.Marks, c.Number())
		}
	case TextSize:
		v.Buttons, v.Params = s.sizeButtons(session), s.freeCounts()
	case TextWrongCode, TextWrongScan:
		v.Buttons = []Button{ButtonCodeAgain, ButtonCancel}
	case TextWhichCell:
		v.Buttons = []Button{ButtonKeep}
	case TextWhatElse:
		v.Buttons = []Button{ButtonNothingElse, ButtonSomethingElse}
	case TextNotThis:
		v.Buttons = []Button{ButtonPutBack, ButtonTakeAnyway}
	case TextTake, TextPleaseClose:
		if op != nil && op.Kind == models.Pickup && len(op.refusable()) > 0 {
			v.Buttons = append([]Button{ButtonRefuse}, v.Buttons...)
		}
	case TextTakeOut:
		v.Buttons = []Button{} // the question comes once the door is shut
	case TextTakeAndScan:
		v.Buttons = []Button{ButtonUnreadable} // and so do the others
	case TextConfirmLabel:
		v.Buttons = []Button{ButtonConfirm, ButtonPutBack}
	}
	s.viewStaff(session, op, &v, now)
	if session.Over != "" {
		beneath := v
		v.Lines = nil
		s.viewOver(session, &v, now)
		if v.Screen == ScreenHelp {
			v.explain(beneath)
		}
	}
	v.Places = s.places(v.Doors, side, language)
	if s.twoWay() && session == &s.BackSession {
		v.Across = s.across()
	}
	v.Sentence = language.sentence(v.Text, v.Params)
	s.viewReminder(session, op, &v, now)
	v.Frame, v.Pad, v.Labels = s.frame(session, v), s.pad(session, v), map[Button]string{}
	for _, b := range slices.Concat(v.Buttons, v.Frame) {
		v.Labels[b] = language.label(b)
	}
	if v.Text == TextSize {
		v.tellFree(s.parcelOf(session.Choices[0]))
	}
	if n := v.Params["n"]; v.Screen == ScreenTake && n != "" && n != "1" {
		v.Progress = language.sentence(TextProgress, v.Params)
	}
	v.OpenDoors = append(v.OpenDoors, s.doorsOpen()...)
	v.Strips = s.strips(side, op, now, language)
	v.speak()
	v.Quiet = s.Directory.Layout.Screen.QuietAt(time.UnixMilli(now.WallMS))
	return v
}

// page is what a session shows beneath whatever lies above it, and the operation that it shows.
func (s *State) page(session *Session, now Instant) (v View, op *Operation) {
	language := s.language(session)
	v = View{
		Language: language, Direction: CatalogueOf(language).Direction, Wait: language.sentence(TextWait, nil), Access: session.Access, Dim: session.Dim,
		Screen: session.Screen, Text: session.Text, Params: session.Params, Courier: session.Courier,
		Doors: []int{}, OpenDoors: []int{}, Strips: []string{}, Offline: !s.Link.Live,
	}
	op = s.operation(session.Operation)
	if op != nil && !op.ended() {
		s.viewOperation(op, &v, now)
	} else if v.Screen == ScreenCourier {
		v.Params = s.courierParams(session)
		maps.Copy(v.Params, session.Params)
	} else if v.Text == TextHere {
		v.Params = map[string]string{"count": strconv.Itoa(len(session.Choices))}
	} else if v.Text == TextGoodbye || v.Text == TextSoFar {
		v.Lines = unloadedLines(session.Unloaded, language)
	} else if v.Text == TextPaused {
		v.Seconds = seconds(session.Until, now)
	} else if v.Text == TextCollectedOn {
		v.Params = map[string]string{"time": s.clock(session.AtMS)}
	}
	s.viewOutside(session, language, &v)
	if v.Text == TextHome && s.twoWay() && session == &s.BackSession {
		v.Text = TextShowBadge // whoever stands there loads
	}
	s.viewService(session, &v)
	return v, op
}

// OutOfService is what a cabinet shows that can keep nothing, and so does nothing.
func OutOfService() View {
	v := blank(English)
	v.Screen, v.Text, v.Sentence = ScreenOut, TextOutOfService, English.sentence(TextOutOfService, nil)
	return v
}

// blank is a view of a cabinet that does not run.
func blank(l Language) View {
	return View{
		Language: l, Direction: CatalogueOf(l).Direction, Wait: l.sentence(TextWait, nil), Offline: true,
		Frame: []Button{}, Labels: map[Button]string{},
		Buttons: []Button{}, Items: []Item{}, Places: map[int]string{}, Doors: []int{}, OpenDoors: []int{}, Strips: []string{},
	}
}

// viewOperation shows an operation by how far its doors are.
func (s *State) viewOperation(op *Operation, v *View, now Instant) {
	v.Operation = op.ID
	v.Doors = append(v.Doors, op.Cells(DoorPulsed, DoorOpen)...)
	coming := op.Cells(DoorWaiting, DoorPulsed)
	open := op.Cells(DoorOpen)
	show := func(screen ScreenID, text TextKey, cells []int) {
		v.Screen, v.Text, v.Params = screen, text, map[string]string{"cells": numbers(cells)}
	}
	switch {
	case op.undecided():
		v.Screen, v.Text, v.Params = ScreenWait, TextWait, nil
	case op.Service != "":
		screen, text, cells := op.servicePage()
		show(screen, text, cells)
	case op.Kind == models.Withdrawal && op.Mistaken:
		show(ScreenTakeOut, TextNotThis, append(open, op.Cells(DoorClosed)...))
	case op.Kind == models.Withdrawal && op.GaveUp != "" && len(open) > 0:
		show(ScreenTakeOut, TextPleaseClose, open)
	case op.Kind == models.Withdrawal && op.Unreadable:
		show(ScreenTakeOut, TextConfirmLabel, append(open, op.Cells(DoorClosed)...))
		v.Params["label"] = s.labelEnds(op)
	case op.Kind == models.Withdrawal && len(open) > 0:
		show(ScreenTakeOut, TextTakeAndScan, open)
	case op.Kind == models.Withdrawal && op.any(DoorClosed):
		show(ScreenTakeOut, TextScanTaken, op.Cells(DoorClosed))
	case op.Corrects == string(ButtonNotFit) && op.any(DoorClosed):
		show(ScreenBigger, TextIsEmpty, op.Cells(DoorClosed))
	case op.Corrects != "" && op.any(DoorClosed):
		show(ScreenCancel, TextIsEmpty, op.Cells(DoorClosed))
	case op.Corrects != "" && len(open) > 0:
		show(ScreenCancel, TextTakeOut, open)
	case op.Kind == models.Check && op.any(DoorClosed) && len(op.Scanned) > 0:
		show(ScreenCheck, TextWhatElse, op.Cells(DoorClosed))
	case op.Kind == models.Check && op.any(DoorClosed):
		show(ScreenCheck, TextWhatInside, op.Cells(DoorClosed))
	case op.Kind == models.Check && len(open) > 0:
		show(ScreenCheck, TextPleaseClose, open)
	case (op.Kind == models.Check || op.Kind == models.Withdrawal) && op.any(DoorJammed):
		show(ScreenJammed, TextJammed, op.Cells(DoorJammed))
	case op.Kind == models.Deposit && op.AnswerBy > 0 && op.sharing():
		show(ScreenCancel, TextTookOut, op.Cells(DoorClosed))
	case op.Kind == models.Deposit && op.AnswerBy > 0 && op.GaveUp == string(ButtonNotFit):
		show(ScreenBigger, TextIsEmpty, op.Cells(DoorClosed))
	case op.Kind == models.Deposit && op.AnswerBy > 0:
		show(ScreenCancel, TextIsEmpty, op.Cells(DoorClosed))
	case op.Kind == models.Deposit && op.GaveUp != "":
		show(ScreenCancel, TextTakeOut, append(coming, open...))
	case op.Kind == models.Deposit && len(open) > 0:
		show(ScreenDoor, TextPutIn, open)
		v.Params["label"], v.Params["size"] = s.labelEnds(op), string(op.Size)
	case op.Kind == models.Deposit && op.any(DoorClosed):
		v.Screen, v.Text, v.Params = ScreenWait, TextWait, nil // its sensor has not told yet
	case op.Kind == models.Deposit:
		show(ScreenDoor, TextOpening, coming)
	case op.refusing() != nil:
		show(ScreenRefuse, TextPutBack, []int{op.refusing().Cell})
	case op.Choosing && len(op.refusable()) > 0:
		show(ScreenRefuse, TextWhichCell, open)
	case s.longOpen(open, now):
		show(ScreenLeftOpen, TextPleaseClose, open)
	case len(open) > 0:
		show(ScreenTake, TextTake, open)
		k, n := op.progress()
		v.Params["k"], v.Params["n"] = strconv.Itoa(k), strconv.Itoa(n)
	case len(coming) > 0:
		show(ScreenTake, TextOpening, coming)
	case op.any(DoorJammed):
		show(ScreenJammed, TextJammed, op.Cells(DoorJammed))
	default:
		show(ScreenDone, TextEverything, op.Cells(DoorClosed))
	}
}

// labelEnds are the ends of the labels of what an operation takes out.
func (s *State) labelEnds(op *Operation) string {
	if op.Label != "" {
		return end(op.Label, labelEnd)
	}
	var ends []string
	for _, d := range op.Doors {
		for _, id := range d.Parcels {
			if p, ok := s.Directory.parcel(op.Shipment, id); ok {
				ends = append(ends, end(p.Barcode, labelEnd))
			}
		}
	}
	return strings.Join(ends, ", ")
}

func (s *State) longOpen(cells []int, now Instant) bool {
	for _, n := range cells {
		for _, leaf := range s.cell(n).leaves() {
			if leaf.Open && now.UptimeMS >= leaf.OpenedAt+reminderMS {
				return true
			}
		}
	}
	return false
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func doorCells(op *Operation) []int {
	var cells []int
	for _, d := range op.Doors {
		cells = append(cells, d.Cell)
	}
	return cells
}

func numbers(cells []int) string {
	sort.Ints(cells)
	parts := make([]string, len(cells))
	for i, n := range cells {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ", ")
}

func buttons(screen ScreenID, courier bool) []Button {
	switch screen {
	case ScreenWait:
		return []Button{ButtonCancel}
	case ScreenTake, ScreenLeftOpen:
		return []Button{ButtonProblem}
	case ScreenRefuse:
		return []Button{ButtonDamaged, ButtonNotOrdered, ButtonOther, ButtonKeep}
	case ScreenSeveral:
		return []Button{ButtonOpen, ButtonCancel}
	case ScreenJammed:
		return []Button{ButtonTryAgain, ButtonFinish}
	case ScreenDone:
		return []Button{ButtonYesTaken, ButtonOpenAgain, ButtonProblem}
	case ScreenDoor:
		return []Button{ButtonNotFit, ButtonCancel}
	case ScreenBigger, ScreenCancel:
		return []Button{ButtonEmpty, ButtonNotEmpty}
	case ScreenStopped:
		return []Button{ButtonTaken, ButtonNotTaken, ButtonOpenAgain}
	case ScreenLogin, ScreenCodeAgain:
		return []Button{ButtonCancel}
	case ScreenHome, ScreenOut, ScreenPower, ScreenFinish, ScreenAway:
		return []Button{}
	case ScreenCourier:
		return []Button{ButtonList, ButtonCollect, ButtonCheck, ButtonClient, ButtonFinish}
	case ScreenList:
		return []Button{ButtonCancel}
	case ScreenCollect:
		return []Button{ButtonOpenNext, ButtonCancel}
	case ScreenTakeOut:
		return []Button{ButtonMissing, ButtonUnreadable, ButtonNotEmpty}
	case ScreenUnknown:
		return []Button{ButtonList, ButtonAskServer, ButtonTakeBack}
	case ScreenFull:
		return []Button{ButtonCollect, ButtonTakeBack}
	case ScreenCheck:
		return []Button{ButtonEmpty, ButtonSomethingElse}
	}
	if courier {
		return []Button{ButtonFinish}
	}
	return []Button{ButtonCancel}
}
