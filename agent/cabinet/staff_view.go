package cabinet

import (
	"fmt"
	"slices"
	"strconv"

	"cubby/models"
)

const (
	doorsPage   = 12 // cells of the list that are shown at once
	devicesPage = 9
	changesTold = 6 // the last of a visit
)

// ReportLine is something that a technician reads. Wrong: it wants looking at.
type ReportLine struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Wrong bool   `json:"wrong,omitempty"`
}

// viewService says to the public at the other side that a technician is at work.
func (s *State) viewService(session *Session, v *View) {
	if !s.serviceElsewhere(session) || v.Screen != ScreenHome {
		return
	}
	v.Screen, v.Text, v.Neighbours = ScreenOut, TextService, nil
	v.Params = map[string]string{"call": s.callUs(v.Language, s.visit())}
}

// viewStaff draws the pages of a technician.
func (s *State) viewStaff(session *Session, op *Operation, v *View, now Instant) {
	staff := &session.Staff
	if v.Screen == ScreenStaff && v.Text == TextStaffWhy {
		v.Buttons = append(serviceButtons(), ButtonCancel)
	}
	if !staff.in() {
		return
	}
	if op != nil && !op.ended() {
		v.Buttons = s.serviceActs(op, v)
		return
	}
	v.Items = []Item{}
	switch v.Screen {
	case ScreenOverview:
		v.Report = s.overview(v.Language, now)
		if !slices.ContainsFunc(v.Report, func(l ReportLine) bool { return l.Wrong }) {
			v.Text = TextStaffAllRight
		}
		v.Buttons = []Button{ButtonDoors, ButtonDevices, ButtonLeave}
		if s.findsWiring() {
			v.Buttons = append(v.Buttons, ButtonWiring)
		}
		if s.AlarmUntil > 0 {
			v.Buttons = append([]Button{ButtonEndAlarm}, v.Buttons...)
		}
	case ScreenDoors:
		s.viewDoors(staff, v)
	case ScreenWiring:
		v.Buttons = []Button{}
		if v.Text == TextWiring {
			v.Buttons = []Button{ButtonStart, ButtonBack}
		}
	case ScreenDevices:
		s.viewDevices(staff, v)
	case ScreenLeave:
		v.Report, v.Seconds = s.left(staff, v.Language), seconds(session.Until, now)
		v.Buttons = []Button{ButtonFinish, ButtonBack}
	}
}

// servicePage is what a technician sees of a cell that they have opened.
func (op *Operation) servicePage() (ScreenID, TextKey, []int) {
	coming, open := op.Cells(DoorWaiting, DoorPulsed), op.Cells(DoorOpen)
	switch {
	case len(open) > 0:
		return ScreenDoors, TextStaffWork, open
	case op.any(DoorClosed):
		return ScreenDoors, TextStaffInside, op.Cells(DoorClosed)
	case op.any(DoorJammed):
		return ScreenDoors, TextJammed, op.Cells(DoorJammed)
	}
	return ScreenDoors, TextOpening, coming
}

// serviceActs are the buttons meanwhile.
func (s *State) serviceActs(op *Operation, v *View) []Button {
	switch v.Text {
	case TextStaffInside:
		if d := op.closed(); d != nil && s.cell(d.Cell).State == models.CellOccupied {
			return []Button{ButtonFound, ButtonEmpty, ButtonSomethingElse}
		}
		return []Button{ButtonEmpty, ButtonSomethingElse, ButtonNotEmpty}
	case TextJammed:
		return []Button{ButtonTryAgain, ButtonFinish}
	}
	return []Button{}
}

// overview is what a technician reads first: what is wrong, and how everything is.
func (s *State) overview(l Language, now Instant) []ReportLine {
	doubtful, out, open := s.inDoubt(), s.outCells(), s.doorsOpen()
	lines := []ReportLine{
		s.cellLine(l, TextNameDoubt, doubtful), s.cellLine(l, TextNameOut, out), s.cellLine(l, TextNameOpen, open),
		s.cellLine(l, TextNameSlow, s.cellsThat(func(c *Cell) bool { return slowLock(c.Lock) || slowLock(c.LoadLock) })),
	}
	line := func(name TextKey, value string, wrong bool) {
		lines = append(lines, ReportLine{l.sentence(name, nil), value, wrong})
	}
	up := TextIsDown
	if s.Link.Live {
		up = TextIsUp
	}
	line(TextNameLine, l.sentence(up, nil), !s.Link.Live)
	unsent := s.Journal.Seq - s.Journal.Acked
	line(TextNameUnsent, strconv.FormatInt(unsent, 10), unsent > 0 && !s.Link.Live)
	clock := TextIsGuessed
	if now.Clock == models.ClockSynced {
		clock = TextIsSynced
	}
	line(TextNameClock, s.clock(now.WallMS)+" ("+l.sentence(clock, nil)+")", now.Clock != models.ClockSynced)
	if s.AlarmUntil > 0 {
		line(TextNameAlarm, l.sentence(TextIsCalling, nil), true)
	}
	for _, c := range s.Tampers {
		state := TextIsUp
		switch c.State {
		case models.DeviceOK:
		case models.DeviceDown:
			state = TextIsDead
		default:
			state = TextIsAlarm
		}
		lines = append(lines, ReportLine{l.sentence(TextNameTamper, map[string]string{"name": string(c.Tamper)}), l.sentence(state, nil), state != TextIsUp})
	}
	for _, c := range s.Climates {
		_, _, kept := s.regime(c.Module).TemperatureRange()
		value := fmt.Sprintf("%.1f °C", float64(c.Tenths)/10)
		if c.Silent {
			value = l.sentence(TextIsDead, nil)
		}
		wrong := kept && s.reads(c) != models.DeviceOK
		lines = append(lines, ReportLine{l.sentence(TextNameModule, map[string]string{"module": strconv.Itoa(c.Module)}), value, wrong || c.Silent})
	}
	for _, d := range s.Devices {
		if d.Kind != DeviceClimate { // told above
			lines = append(lines, s.deviceLine(l, d))
		}
	}
	return append(lines, s.wiringLine(l)...)
}

func (s *State) deviceLine(l Language, d Device) ReportLine {
	value := d.Value
	if !d.right() || value == "" {
		value = l.sentence(d.is(), nil)
	}
	return ReportLine{l.deviceName(d), value, !d.right()}
}

// right: nothing of it wants looking at.
func (d Device) right() bool { return d.is() == TextIsUp }

func (d Device) is() TextKey {
	switch {
	case !d.Up:
		return TextIsDead
	case d.Unset:
		return TextIsUnset
	}
	return TextIsUp
}

// deviceName is what a device is, and its own name.
func (l Language) deviceName(d Device) string {
	text, ok := map[DeviceKind]TextKey{
		DeviceBoard: TextKindBoard, DeviceScanner: TextKindScanner, DeviceClimate: TextKindClimate, DevicePower: TextKindPower,
		DeviceScreen: TextKindScreen, DeviceDisk: TextKindDisk, DeviceProgram: TextKindProgram, DeviceOutput: TextKindOutput,
	}[d.Kind]
	if !ok {
		return d.Key()
	}
	return l.sentence(text, map[string]string{"name": d.Name})
}

func slowLock(r *LockRecord) bool { return r != nil && r.State == models.DeviceSlow }

// cellLine lists cells; that there are any wants looking at.
func (s *State) cellLine(l Language, name TextKey, cells []int) ReportLine {
	line := ReportLine{l.sentence(name, nil), numbers(cells), len(cells) > 0}
	if len(cells) == 0 {
		line.Value = l.sentence(TextIsNothing, nil)
	}
	return line
}

func (s *State) cellsThat(is func(*Cell) bool) []int {
	var cells []int
	for _, c := range s.Cells {
		if is(c) {
			cells = append(cells, c.Number())
		}
	}
	return cells
}

func (s *State) inDoubt() []int { return s.cellsThat(func(c *Cell) bool { return c.Doubtful }) }

// outCells are those that are out of service for whatever reason.
func (s *State) outCells() []int {
	return s.cellsThat(func(c *Cell) bool { return !c.usable() || c.Withheld || c.Isolated })
}

// viewDoors draws the list of cells, or one.
func (s *State) viewDoors(staff *Staff, v *View) {
	c := s.cell(staff.Cell)
	switch {
	case v.Text == TextStaffEntry:
		v.Buttons = append(entryButtons(), ButtonBack)
	case c != nil:
		v.Report, v.Buttons = s.cellReport(c, v.Language), s.cellActs(c)
	default:
		from, to, more := pageOf(staff.Page, doorsPage, len(s.Cells))
		for _, c := range s.Cells[from:to] {
			n, text := strconv.Itoa(c.Number()), s.cellIs(c)
			v.Items = append(v.Items, Item{Key: n, Label: n + " " + v.Language.sentence(text, nil), Look: string(text)})
		}
		v.Buttons = []Button{ButtonBack}
		if more {
			v.Buttons = []Button{ButtonMore, ButtonBack}
		}
	}
}

// pageOf are the lines of a list that a page of it shows.
func pageOf(page, lines, all int) (from, to int, more bool) {
	from = min(page*lines, all)
	return from, min(from+lines, all), all > lines
}

// nextStaffPage turns the page of a list; after the last comes the first.
func (t *turn) nextStaffPage() {
	lines, all := doorsPage, len(t.Cells)
	if t.Session.Screen == ScreenDevices {
		lines, all = devicesPage, len(t.devices())
	}
	t.Session.Staff.Page++
	if t.Session.Staff.Page*lines >= all {
		t.Session.Staff.Page = 0
	}
}

// cellIs is what is most worth knowing of a cell.
func (s *State) cellIs(c *Cell) TextKey {
	switch {
	case c.anyOpen():
		return TextIsOpen
	case c.Dead:
		return TextIsDead
	case c.Broken:
		return TextIsBroken
	case c.Doubtful:
		return TextIsDoubtful
	case c.Withheld, c.Isolated:
		return TextIsOut
	}
	return contentIs(c)
}

func contentIs(c *Cell) TextKey {
	switch c.State {
	case models.CellOccupied:
		return TextIsOccupied
	case models.CellReserved:
		return TextIsReserved
	}
	return TextIsFree
}

// cellReport is all of a cell.
func (s *State) cellReport(c *Cell, l Language) []ReportLine {
	var lines []ReportLine
	line := func(name TextKey, value string, wrong bool) {
		lines = append(lines, ReportLine{l.sentence(name, nil), value, wrong})
	}
	content := l.sentence(contentIs(c), nil)
	if n := max(len(c.Parcels), min(len(c.Label), 1)); n > 0 {
		content += ", " + l.sentence(TextParcels, map[string]string{"count": strconv.Itoa(n)})
	}
	if c.Doubtful {
		content += ", " + l.sentence(TextIsDoubtful, nil)
	}
	line(TextNameContent, content, c.Doubtful)
	if c.SinceMS > 0 && c.State == models.CellOccupied {
		line(TextNameSince, s.clock(c.SinceMS), false)
	}
	door := TextIsShut
	if c.anyOpen() {
		door = TextIsOpen
	}
	line(TextNameDoor, l.sentence(door, nil), c.anyOpen())
	state := TextIsUp
	switch {
	case c.Dead:
		state = TextIsDead
	case c.Broken:
		state = TextIsBroken
	case c.Withheld:
		state = TextIsOrdered
	case c.Isolated:
		state = TextIsOut
	case c.Unfit:
		state = TextIsCold
	}
	line(TextNameState, l.sentence(state, nil), !c.serves())
	for _, r := range []*LockRecord{c.Lock, c.LoadLock} {
		if r != nil {
			line(TextNameLock, l.sentence(TextLockTold, map[string]string{
				"ms": strconv.FormatInt(r.MS, 10), "best": strconv.FormatInt(r.BestMS, 10),
				"missed": strconv.Itoa(r.Missed), "pulses": strconv.Itoa(r.Pulses),
			}), r.State == models.DeviceSlow)
		}
	}
	return lines
}

// cellActs are what can be done with a cell now.
func (s *State) cellActs(c *Cell) []Button {
	var acts []Button
	if s.staffMayOpen(c) {
		acts = append(acts, ButtonOpen)
	}
	if s.staffMayMark(c) {
		mark := ButtonEmpty
		if c.State == models.CellOccupied {
			mark = ButtonFound
		}
		acts = append(acts, mark)
	}
	switch {
	case c.Operation != "" && !s.leftBehind(c):
	case c.Isolated || c.Broken:
		acts = append(acts, ButtonInService)
	default:
		acts = append(acts, ButtonOutOfService)
	}
	return append(acts, ButtonBack)
}

// viewDevices draws the list of devices, one, or a test of it.
func (s *State) viewDevices(staff *Staff, v *View) {
	v.Buttons = []Button{ButtonBack}
	d, one := s.device(staff.Device)
	if !one {
		v.Text = TextStaffDevices // it is gone meanwhile
		all := s.devices()
		from, to, more := pageOf(staff.Page, devicesPage, len(all))
		for _, d := range all[from:to] {
			look := TextIsUp
			if !d.right() {
				look = TextIsDead
			}
			v.Items = append(v.Items, Item{Key: d.Key(), Label: v.Language.deviceName(d), Look: string(look)})
		}
		if more {
			v.Buttons = []Button{ButtonMore, ButtonBack}
		}
		return
	}
	v.Params = map[string]string{"device": v.Language.deviceName(d)}
	switch v.Text {
	case TextStaffScanned:
		v.Params["length"] = strconv.Itoa(staff.ScanLength)
		v.Params["kind"] = v.Language.sentence(map[string]TextKey{
			scanDigits: TextScanDigits, scanLetters: TextScanLetter, scanOther: TextScanOther,
		}[staff.Scan], nil)
	case TextStaffTouch:
		for _, part := range touchParts() {
			look := "part"
			if !slices.Contains(staff.Untouched, part) {
				look = "touched"
			}
			v.Items = append(v.Items, Item{Key: part, Label: part, Look: look})
		}
	case TextStaffSound:
		v.Buttons = []Button{ButtonHeard, ButtonUnheard}
	case TextStaffDevice:
		v.Report = s.deviceReport(d, v.Language)
		v.Buttons = append(s.acts(d), ButtonBack)
	}
}

func (s *State) deviceReport(d Device, l Language) []ReportLine {
	lines := []ReportLine{{l.sentence(TextNameState, nil), l.sentence(d.is(), nil), !d.right()}}
	if d.Line != "" {
		lines = append(lines, ReportLine{l.sentence(TextNamePort, nil), d.Line, false})
	}
	if d.Kind == DeviceBoard {
		set := TextIsShut
		if d.SetIsOpen {
			set = TextIsOpen
		}
		lines = append(lines, ReportLine{l.sentence(TextNameFeedback, nil), l.sentence(set, nil), false})
	}
	if d.Inverted != "" {
		lines = append(lines, ReportLine{l.sentence(TextNameInverted, nil), d.Inverted, false})
	}
	if d.Value != "" {
		lines = append(lines, ReportLine{l.sentence(TextNameValue, nil), d.Value, false})
	}
	if d.Error != "" {
		lines = append(lines, ReportLine{l.sentence(TextNameError, nil), d.Error, true})
	}
	return lines
}

// left is what a technician leaves behind.
func (s *State) left(staff *Staff, l Language) []ReportLine {
	lines := []ReportLine{
		s.cellLine(l, TextNameOpen, s.doorsOpen()), s.cellLine(l, TextNameOut, s.outCells()), s.cellLine(l, TextNameDoubt, s.inDoubt()),
	}
	changes := staff.Changes
	for _, c := range changes[max(0, len(changes)-changesTold):] {
		value := l.sentence(c.Text, map[string]string{"cell": strconv.Itoa(c.Cell), "device": c.Device})
		if d, ok := s.device(c.Device); ok {
			value = l.sentence(c.Text, map[string]string{"device": l.deviceName(d)})
		}
		lines = append(lines, ReportLine{Name: l.sentence(TextNameVisit, nil), Value: value})
	}
	return lines
}
