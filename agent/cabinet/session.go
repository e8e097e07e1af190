package cabinet

import (
	"strings"
	"unicode"

	"cubby/agent/mutant"
	"cubby/models"
)

const (
	maxText   = 300
	idleMS    = 45_000
	messageMS = 20_000
	stateMS   = 20_000
	refusalMS = 10_000
	loginMS   = 30_000
	courierMS = 120_000
	dimMS     = 60_000
	goodbyeMS = 15_000
	awayMS    = 10 * 60_000
)

// Session is the person before the screen: what it shows, and who is logged in.
type Session struct {
	Screen   ScreenID          `json:"screen"`
	Text     TextKey           `json:"text"`
	Params   map[string]string `json:"params,omitempty"`
	Until    int64             `json:"until,omitempty"` // then the screen goes home, or asks
	Asks     bool              `json:"asks,omitempty"`  // whether anybody is still there, before it goes home
	Language Language          `json:"language,omitempty"`
	Access   Access            `json:"access,omitzero"`
	Dim      bool              `json:"dim,omitempty"` // the first touch only wakes it
	// Over is a page above the screen, until OverUntil; what is beneath goes on.
	Over ScreenID `json:"over,omitempty"`
	// Languages are what the frame offers, in place of all else.
	Languages    bool               `json:"languages,omitempty"`
	OverUntil    int64              `json:"over_until,omitempty"`
	Operation    models.OperationID `json:"operation,omitempty"`
	Badge        models.CourierID   `json:"badge,omitempty"` // shown; the PIN is awaited
	Courier      models.CourierID   `json:"courier,omitempty"`
	CourierUntil int64              `json:"courier_until,omitempty"`
	Visit        Visit              `json:"visit,omitzero"`
	Checked      int                `json:"checked,omitempty"` // the last cell that was looked into
	// Away is a courier who went for more parcels: the badge alone resumes until AwayUntil.
	Away      models.CourierID `json:"away,omitempty"`
	AwayUntil int64            `json:"away_until,omitempty"`
	// Label is what the screen asks about: a parcel that nobody announced.
	Label string `json:"label,omitempty"`
	// MayLeave: who asks may leave it here.
	MayLeave bool `json:"may_leave,omitempty"`
	// Choices are the parcels that the screen lists.
	Choices []models.ParcelID `json:"choices,omitempty"`
	// Interrupted is whose pickup the screen asks about.
	Interrupted models.ShipmentID `json:"interrupted,omitempty"`
	Trouble     Trouble           `json:"trouble,omitzero"`
	Call        call              `json:"call,omitzero"`
	// Told is the number of the last fact of this visit that opened an incident, as people name it.
	Told string `json:"told,omitempty"`
	// Share is the question whether a parcel goes into a cell of its shipment.
	Share share `json:"share,omitzero"`
	// Asked is what the server was asked for and has not answered yet.
	Asked asked `json:"asked,omitzero"`
	// Others are the lockers to which a parcel can be sent that finds no room here.
	Others others `json:"others,omitzero"`
	// Client is whose code was given last, in this visit.
	Client models.ShipmentID `json:"client,omitempty"`
	// Last is what was put in last.
	Last loaded `json:"last,omitzero"`
	// Next is a label that waits for the door before it to be shut.
	Next next `json:"next,omitzero"`
	// Page is which part of a list is shown, and Only of what size; Size is chosen for a parcel.
	Page int         `json:"page,omitempty"`
	Only models.Size `json:"only,omitempty"`
	Size models.Size `json:"size,omitempty"`
	// Unloaded is what a courier who leaves did not get in.
	Unloaded []Unloaded `json:"unloaded,omitempty"`
	// Several is whose doors wait for [Open]; Agreed: it was pressed.
	Several models.ShipmentID `json:"several,omitempty"`
	Agreed  bool              `json:"agreed,omitempty"`
	// Staff is a technician who is here.
	Staff Staff `json:"staff,omitzero"`
	// AtMS is the time that the screen names, in Unix milliseconds.
	AtMS int64 `json:"at_ms,omitempty"`
}

func (s *Session) show(screen ScreenID, text TextKey, until int64, params ...string) {
	s.Screen, s.Text, s.Until, s.Params = screen, text, until, nil
	s.Asks, s.Dim, s.Languages = false, false, false
	s.Label, s.Choices, s.Interrupted, s.Several, s.AtMS = "", nil, "", "", 0
	s.Unloaded, s.Page, s.Only, s.Share = nil, 0, "", share{}
	s.Asked, s.Others, s.MayLeave = asked{}, others{}, false
	for i := 0; i+1 < len(params); i += 2 {
		if s.Params == nil {
			s.Params = map[string]string{}
		}
		s.Params[params[i]] = params[i+1]
	}
}

// say shows a text on the screen where the person is at home.
func (t *turn) say(text TextKey, ms int64, params ...string) {
	if t.service() {
		t.staffShow(ScreenDoors, text, params...)
		return
	}
	screen := ScreenHome
	if t.Session.Courier != "" {
		screen = ScreenCourier
	}
	t.Session.show(screen, text, t.longer(ms), params...)
}

func (t *turn) refuse(text TextKey) {
	t.Session.show(ScreenNotHere, text, t.longer(refusalMS))
}

// home shows where the person began, who may go on.
func (t *turn) home() {
	t.Session.Badge = ""
	if t.service() {
		t.staffHome()
		return
	}
	if t.Session.Courier != "" {
		t.Session.show(ScreenCourier, TextCourier, 0)
		return
	}
	t.Session.show(ScreenHome, TextHome, t.longer(dimMS))
}

// awake keeps a courier or technician logged in while something happens.
func (t *turn) awake() {
	t.staffTouched()
	if t.Session.Courier != "" {
		t.Session.CourierUntil = t.longer(courierMS)
	}
}

// courier is who is logged in and still in the directory. A technician is none.
func (t *turn) courier() (models.DirectoryCourier, bool) {
	c, ok := t.Directory.Couriers[t.Session.Courier]
	return c, ok && c.Role != models.RoleTechnician && t.allowed(c, t.now)
}

// clean takes control characters and surrounding space from what was scanned or typed.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

// busy refuses a new act while the person's operation has a door open or coming.
func (t *turn) busy() bool {
	op := t.operation(t.Session.Operation)
	if op == nil || op.ended() {
		return false
	}
	if op.Kind == models.Pickup && !op.undecided() && !op.any(DoorWaiting, DoorPulsed, DoorOpen) {
		return false // closed, and no objection so far: the next person may begin
	}
	return true
}

func (t *turn) scanned(text string) {
	t.newDay()
	text = clean(text)
	if text == "" {
		return
	}
	t.there()
	if t.labelTaken(text, false) {
		return
	}
	if t.busy() && !(t.Session.Courier != "" && mutant.On(mutant.NextOpensEarly)) {
		t.holdLabel(text) // the screen names the doors to close
		return
	}
	if t.service() {
		t.staffScanned(text)
		return
	}
	if len(text) > maxText {
		t.say(TextTooLong, messageMS)
		return
	}
	if c, ok := t.Directory.badge(text); ok {
		t.badgeShown(c)
		return
	}
	t.resolve(text, true)
}

func (t *turn) keyed(text string) {
	t.newDay()
	text = clean(text)
	if text == "" {
		return
	}
	t.there()
	if t.labelTaken(text, true) || t.busy() {
		return
	}
	if t.service() {
		t.staffKeyed(text)
		return
	}
	if len(text) > maxText {
		t.say(TextTooLong, messageMS)
		return
	}
	if t.Session.Badge != "" {
		t.pinKeyed(text)
		return
	}
	t.resolve(text, false)
}

// labelTaken gives a label to the withdrawal or check that waits for one.
func (t *turn) labelTaken(text string, typed bool) bool {
	op := t.operation(t.Session.Operation)
	if op == nil || op.ended() || len(text) > maxText {
		return false
	}
	switch op.Kind {
	case models.Withdrawal:
		t.Session.Next = next{ID: t.fresh} // for the cell after it
		t.scannedOut(op, text, typed)
	case models.Check:
		if op.Service == "" {
			t.checkScanned(op, text)
		}
	default:
		return false
	}
	return true
}

// resolve takes a label, a pickup code or a pickup QR.
func (t *turn) resolve(text string, scanned bool) {
	t.Session.Badge, t.Session.Staff = "", Staff{}
	if qr, ok := models.ParsePickupQR(text); ok && scanned {
		t.qrGiven(qr)
		return
	}
	if n, ok := models.ParseCellLabel(text); ok && scanned {
		t.cellScanned(n)
		return
	}
	if scanned && t.Session.Screen == ScreenCollect && t.listedScanned(text) {
		return
	}
	if t.Session.asksForCode() && !(scanned && t.opens(text)) {
		t.resend(text)
		return
	}
	if t.Session.Screen == ScreenCode && !scanned {
		t.codeGiven(text, false) // a client's turn, also between a courier's parcels
		return
	}
	carrier := t.Directory.Couriers[t.Session.Courier].Organization
	if e, p, ok := t.labelled(text, carrier); ok && (scanned || t.Session.Courier != "") {
		t.deposit(e, p)
		return
	}
	if !scanned && t.labelTyped(text) {
		return
	}
	if _, ok := t.readCode(text); t.Session.Courier != "" && !ok {
		t.unknownLabel(text, scanned)
		return
	}
	t.codeGiven(text, scanned)
}

func (t *turn) codeGiven(text string, scanned bool) {
	if t.wrongSide(false) {
		return
	}
	if !scanned && t.padPaused() {
		t.Session.show(ScreenPaused, TextPaused, t.Pad.PausedUntil)
		return
	}
	if scanned && t.Pad.Scans >= wrongScansADay {
		t.Session.show(ScreenPaused, TextScansPaused, t.longer(messageMS))
		return
	}
	code, ok := t.readCode(text)
	if !ok {
		says := TextMistyped
		if scanned {
			says = TextUnknownScan
		}
		t.await(ScreenCode, says)
		return
	}
	if t.Key == nil {
		t.await(ScreenCode, TextNoKey)
		return
	}
	e, issue := t.withCode(code)
	if e != nil {
		t.Pad.Wrong = 0
		t.pickup(e, issue)
		return
	}
	past, over := t.pastOf(t.isCode(code))
	switch {
	case over:
		t.tellOver(past)
	case scanned:
		t.wrongScan()
	default:
		t.wrongCode()
	}
}

// qrGiven takes a scanned QR. Nobody guesses 128 bits, so a right one opens also while codes are
// paused; a wrong one is counted with the wrong scans.
func (t *turn) qrGiven(qr string) {
	if t.wrongSide(false) {
		return
	}
	if t.Key == nil {
		t.await(ScreenCode, TextNoKey)
		return
	}
	if e, issue := t.withQR(qr); e != nil {
		t.pickup(e, issue)
		return
	}
	if past, over := t.pastOf(t.isQR(qr)); over {
		t.tellOver(past)
		return
	}
	t.wrongScan()
}

// endSession moves a screen on whose time is over, and logs an idle courier out. Nothing
// resets while a door is open or coming.
func (t *turn) endSession() {
	if t.due(t.Session.CourierUntil) {
		if t.busy() {
			t.awake()
		} else {
			t.away()
		}
	}
	if t.due(t.Session.AwayUntil) {
		if t.Session.Text == TextAway {
			t.Session.Courier = t.Session.Away // whose visit it was
			t.goodbye()
		}
		t.Session.Away, t.Session.AwayUntil, t.Session.Visit = "", 0, Visit{}
	}
	t.endAsking()
	t.endPage()
}
