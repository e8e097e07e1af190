package cabinet

import (
	"slices"
	"strings"

	"cubby/models"
)

const (
	// staffLoginMS is how long badge, PIN and reason of a technician are waited for.
	staffLoginMS = 60_000
	// staffIdleMS is how long a technician may do nothing, until they are shown what they leave.
	staffIdleMS = 5 * 60_000
	// staffLeaveMS is how long that is shown, until the cabinet is the public's again.
	staffLeaveMS = 60_000
)

// Why a button begins as it does.
const (
	serviceButton = "service_"
	entryButton   = "entry_"
)

// Staff is a technician at a screen. Nobody is one by a button or a code: only by a badge that the
// directory grants, its PIN and a reason.
type Staff struct {
	Technician models.CourierID `json:"technician,omitempty"` // badge and PIN are right
	Reason     string           `json:"reason,omitempty"`     // of the visit; empty: it has not begun
	Cell       int              `json:"cell,omitempty"`       // that the screen is about
	Device     string           `json:"device,omitempty"`     // by its key
	Page       int              `json:"page,omitempty"`       // of a list
	Scan       string           `json:"scan,omitempty"`       // of what kind the last scan of a test was
	ScanLength int              `json:"scan_length,omitempty"`
	Untouched  []string         `json:"untouched,omitempty"` // parts of the glass, of a test
	Changes    []Change         `json:"changes,omitempty"`   // of this visit
}

// Change is something that a technician did, to be read when they leave.
type Change struct {
	Text   TextKey `json:"text"`
	Cell   int     `json:"cell,omitempty"`
	Device string  `json:"device,omitempty"`
}

// in reports whether a technician's visit has begun.
func (s *Staff) in() bool { return s.Reason != "" }

func serviceButtons() []Button { return buttonsOf(serviceButton, models.ServiceReasons()) }
func entryButtons() []Button   { return buttonsOf(entryButton, models.EntryReasons()) }

func buttonsOf(prefix string, names []string) []Button {
	var all []Button
	for _, name := range names {
		all = append(all, Button(prefix+name))
	}
	return all
}

// reasonOf is what a button with the prefix stands for; empty: it is none of them.
func reasonOf(b Button, prefix string, reasons []string) string {
	reason, ok := strings.CutPrefix(string(b), prefix)
	if !ok || !slices.Contains(reasons, reason) {
		return ""
	}
	return reason
}

// staffButtons are those of the technicians' screens.
func staffButtons() []Button {
	return slices.Concat(serviceButtons(), entryButtons(), []Button{
		ButtonStaff, ButtonDoors, ButtonDevices, ButtonLeave, ButtonOutOfService, ButtonInService, ButtonFound,
		ButtonRestart, ButtonTestScanner, ButtonTestTouch, ButtonTestSound, ButtonHeard, ButtonUnheard, ButtonTry, ButtonCycle, ButtonEndAlarm,
		ButtonWiring, ButtonStart, ButtonStop, ButtonAccept, ButtonTryDoubtful, ButtonLeaveWiring,
	})
}

// technician is who is at the screen, and still may be.
func (t *turn) technician() (models.DirectoryCourier, bool) {
	c, ok := t.Directory.Couriers[t.Session.Staff.Technician]
	return c, ok && c.TechnicianMay() && t.allowed(c, t.now)
}

// service reports whether a technician is at work before this screen.
func (t *turn) service() bool { return t.Session.Staff.in() }

// serviceElsewhere reports whether one is at work at the other side, where nothing opens meanwhile
// but for them: their hands may be inside.
func (s *State) serviceElsewhere(session *Session) bool {
	return !session.Staff.in() && slices.ContainsFunc(sides(), func(side models.Side) bool { return s.sessionAt(side).Staff.in() })
}

// staffWanted asks for a technician's badge: the screen of help was pressed for long.
func (t *turn) staffWanted() {
	if t.Session.Over == ScreenHelp && !t.service() && t.Session.Courier == "" && !t.busy() {
		t.Session.Over, t.Session.OverUntil = "", 0
		t.Session.show(ScreenStaff, TextStaffBadge, t.longer(staffLoginMS))
	}
}

// staffBadge takes a technician's badge.
func (t *turn) staffBadge(c models.DirectoryCourier) {
	if t.service() && t.Session.Staff.Technician == c.Courier {
		t.home()
		return
	}
	t.staffOut(models.StaffReplaced)
	t.logout()
	switch {
	case !c.TechnicianMay() || !t.allowed(c, t.now):
		t.Session.show(ScreenStaff, TextDismissed, t.longer(messageMS))
	case t.badgePaused(c.Courier):
		t.Session.show(ScreenStaff, TextBadgePaused, t.longer(messageMS))
	default:
		t.Session.show(ScreenStaff, TextPIN, t.longer(staffLoginMS))
		t.Session.Badge = c.Courier
	}
}

func (t *turn) badgePaused(id models.CourierID) bool {
	b := t.Badges[id]
	return b != nil && b.PausedUntil > t.now.UptimeMS
}

// staffPIN takes a technician's PIN; then a reason is asked for.
func (t *turn) staffPIN(c models.DirectoryCourier, pin string) {
	if !c.TechnicianMay() || !t.allowed(c, t.now) {
		t.Session.Badge = ""
		t.Session.show(ScreenStaff, TextDismissed, t.longer(messageMS))
		return
	}
	right, paused := t.checkPIN(c, pin)
	switch {
	case right:
		t.Session.Badge = ""
		t.Session.Staff = Staff{Technician: c.Courier}
		t.Session.show(ScreenStaff, TextStaffWhy, t.longer(staffLoginMS))
	case paused:
		t.Session.Badge = ""
		t.Session.show(ScreenStaff, TextBadgePaused, t.longer(messageMS))
	default:
		t.Session.show(ScreenStaff, TextWrongPIN, t.longer(staffLoginMS))
	}
}

// staffIn begins a visit.
func (t *turn) staffIn(reason string) {
	c, ok := t.technician()
	if !ok || reason == "" || t.Session.Screen != ScreenStaff || t.Session.Text != TextStaffWhy {
		return
	}
	t.Session.Staff.Reason = reason
	t.write(models.FactStaffIn, "", nil, models.FactData{Courier: c.Courier, Reason: reason})
	t.Visitors = append(t.Visitors, c.Courier)
	t.home()
}

// staffOut ends a visit, or a login that did not get as far.
func (t *turn) staffOut(reason string) {
	staff := t.Session.Staff
	t.Session.Staff = Staff{}
	if staff.in() {
		t.visitOver(staff.Technician, reason)
		t.tampersLeft()
	}
}

// visitOver tells that a technician is not here any more.
func (t *turn) visitOver(c models.CourierID, reason string) {
	if i := slices.Index(t.Visitors, c); i >= 0 {
		t.Visitors = slices.Delete(t.Visitors, i, i+1)
	}
	t.write(models.FactStaffOut, "", nil, models.FactData{Courier: c, Reason: reason})
}

// staffHome is what a technician begins with: what is wrong here.
func (t *turn) staffHome() {
	s := &t.Session.Staff
	s.Cell, s.Device, s.Page, s.Scan, s.ScanLength, s.Untouched = 0, "", 0, "", 0, nil
	t.staffShow(ScreenOverview, TextStaffOverview)
}

// staffShow shows a technician a page.
func (t *turn) staffShow(screen ScreenID, text TextKey, params ...string) {
	t.Session.show(screen, text, t.longer(staffIdleMS), params...)
}

// staffLeaving shows what is left behind.
func (t *turn) staffLeaving() {
	t.Session.show(ScreenLeave, TextStaffLeave, t.longer(staffLeaveMS))
}

// staffTimeout moves a technician's page on whose time is over.
func (t *turn) staffTimeout() {
	if t.Session.Screen != ScreenLeave {
		t.staffLeaving()
		return
	}
	t.staffOut(models.StaffAway)
	t.leave()
}

// staffTouched gives a technician more time.
func (t *turn) staffTouched() {
	if s := t.Session; t.service() && s.Until > 0 && s.Screen != ScreenLeave {
		s.Until = t.longer(staffIdleMS)
	}
}

// dismissStaff ends the visit of a technician who may not work here any more. As with couriers a
// door that is open or on its way is waited for, and the answer about its cell.
func (t *turn) dismissStaff() {
	id := t.Session.Staff.Technician
	if _, ok := t.technician(); ok || id == "" {
		return
	}
	if op := t.operation(t.Session.Operation); op != nil && op.Service != "" && op.Courier == id {
		t.stop(op)
		if t.busy() {
			return
		}
	}
	t.staffOut(models.StaffDismissed)
	if t.Session.Operation == "" {
		t.Session.show(ScreenStaff, TextDismissed, t.longer(messageMS))
	}
}

// staffAct journals something that a technician does that is of no cell.
func (t *turn) staffAct(act string, device string) {
	t.write(models.FactStaffAct, "", nil, models.FactData{Courier: t.Session.Staff.Technician, Reason: act, Device: clip(device, maxDevice)})
}

// changed remembers what a technician did, for when they leave.
func (t *turn) changed(text TextKey, cell int, device string) {
	t.Session.Staff.Changes = append(t.Session.Staff.Changes, Change{text, cell, device})
}

// pressedStaff takes a button of the technicians' screens, of which none does anything for anybody
// else; and no other button does anything for a technician. false: nobody is one here.
func (t *turn) pressedStaff(b Button) bool {
	if t.Session.Staff.Technician == "" {
		return false
	}
	if _, ok := t.technician(); !ok {
		return true // dismissed at the end of this step
	}
	if !t.service() {
		if b == ButtonCancel || b == ButtonBack {
			t.staffOut("")
			t.leave()
			return true
		}
		t.staffIn(reasonOf(b, serviceButton, models.ServiceReasons()))
		return true
	}
	switch screen := t.Session.Screen; {
	case b == ButtonLeave:
		t.staffLeaving()
	case b == ButtonFinish && screen == ScreenLeave:
		t.staffOut(models.StaffFinished)
		t.leave()
	case b == ButtonDoors && screen == ScreenOverview:
		t.staffShow(ScreenDoors, TextStaffDoors)
	case b == ButtonDevices && screen == ScreenOverview:
		t.staffShow(ScreenDevices, TextStaffDevices)
	case b == ButtonWiring && screen == ScreenOverview:
		t.askWiring()
	case b == ButtonStart && screen == ScreenWiring:
		t.findWiring()
	case b == ButtonBack:
		t.staffBack()
	case screen == ScreenDoors:
		t.pressedDoors(b)
	case screen == ScreenDevices && b == ButtonMore:
		t.nextStaffPage()
	case screen == ScreenDevices:
		t.pressedDevices(b)
	case screen == ScreenOverview && b == ButtonEndAlarm:
		t.endAlarm()
	}
	return true
}

// staffBack goes back to where a page came from.
func (t *turn) staffBack() {
	s := &t.Session.Staff
	switch {
	case t.Session.Text == TextStaffEntry:
		t.showStaffCell()
	case s.Cell > 0:
		s.Cell = 0
		t.staffShow(ScreenDoors, TextStaffDoors)
	case s.Device != "" && t.Session.Text != TextStaffDevice:
		t.staffShow(ScreenDevices, TextStaffDevice)
	case s.Device != "":
		s.Device = ""
		t.staffShow(ScreenDevices, TextStaffDevices)
	default:
		t.home()
	}
}

// staffScanned takes what is scanned before a technician: nothing of it opens anything.
func (t *turn) staffScanned(text string) {
	switch c, badge := t.Directory.badge(text); {
	case t.Session.Text == TextStaffScan, t.Session.Text == TextStaffScanned:
		t.scanTested(text)
	case badge && c.Role == models.RoleTechnician:
		t.staffBadge(c)
	}
}

// staffKeyed takes the number of a cell; with 0 who has a keypad alone goes back.
func (t *turn) staffKeyed(text string) {
	switch {
	case t.Session.Screen != ScreenDoors || t.Session.Staff.Cell > 0:
	case text == "0":
		t.staffBack()
	default:
		t.choseStaffCell(text)
	}
}

// choseStaff takes a line of a list.
func (t *turn) choseStaff(key string) {
	if _, ok := t.technician(); !ok {
		return
	}
	switch t.Session.Screen {
	case ScreenDoors:
		if t.Session.Staff.Cell == 0 {
			t.choseStaffCell(key)
		}
	case ScreenDevices:
		t.choseDevice(key)
	}
}
