package cabinet

import (
	"cmp"
	"slices"
	"strings"

	"cubby/models"
)

const (
	stillMS = 20_000 // how long "are you still here?" waits
	slowBy  = 2      // times the idle time for who asked for more of it
)

// Access is how a person has the screen shown, for one session.
type Access struct {
	Big      bool `json:"big,omitempty"`      // text
	Contrast bool `json:"contrast,omitempty"` // high
	Low      bool `json:"low,omitempty"`      // all that is touched is within low reach
	Speech   bool `json:"speech,omitempty"`   // the screen is read aloud
	Slow     bool `json:"slow,omitempty"`     // more time
	Keypad   bool `json:"keypad,omitempty"`   // nothing but a keypad is used
}

// Why a button begins as it does.
const (
	accessButton   = "access_"
	languageButton = "language_"
)

// slow: the person has more time for everything.
func (a *Access) slow() bool { return a.Slow || a.Big || a.Speech }

// setting is the mode that a button turns on and off; nil: it turns none.
func (a *Access) setting(b Button) *bool {
	switch b {
	case accessButton + "big":
		return &a.Big
	case accessButton + "contrast":
		return &a.Contrast
	case accessButton + "low":
		return &a.Low
	case accessButton + "speech":
		return &a.Speech
	case accessButton + "slow":
		return &a.Slow
	case accessButton + "keypad":
		return &a.Keypad
	}
	return nil
}

func accessButtons() []Button {
	var all []Button
	for _, mode := range []string{"big", "contrast", "low", "speech", "slow", "keypad"} {
		all = append(all, Button(accessButton+mode))
	}
	return all
}

func (l Language) button() Button { return Button(languageButton + string(l)) }

func isLanguage(b Button) bool { return strings.HasPrefix(string(b), languageButton) }

// deadlines visits what a session waits for.
func (s *Session) deadlines(visit func(*int64)) {
	visit(&s.Until)
	visit(&s.OverUntil)
	visit(&s.CourierUntil)
	visit(&s.AwayUntil)
	visit(&s.Asked.Until)
	visit(&s.Call.Until)
}

func newSession() Session { return Session{Screen: ScreenHome, Text: TextHome} }

// languages are those that the locker offers, its own first.
func (s *State) languages() []Language {
	known := Languages()
	var offered []Language
	for _, name := range s.Directory.Layout.Screen.Languages {
		if l := Language(name); slices.Contains(known, l) {
			offered = append(offered, l)
		}
	}
	if len(offered) == 0 {
		return known
	}
	return offered
}

// language is what a session speaks.
func (s *State) language(session *Session) Language {
	if session.Language != "" {
		return session.Language
	}
	return s.languages()[0]
}

// idle is until when a person may do nothing.
func (t *turn) idle() int64 { return t.longer(idleMS) }

// longer is so many milliseconds from now, or more for who needs more.
func (t *turn) longer(ms int64) int64 { return t.longerFor(t.Session, ms) }

// longerAt is the same for whoever an operation is shown to.
func (t *turn) longerAt(op *Operation, ms int64) int64 { return t.longerFor(t.showing(op), ms) }

func (t *turn) longerFor(s *Session, ms int64) int64 {
	if s.Access.slow() {
		ms *= slowBy
	}
	return t.in(ms)
}

// await shows a page that waits for the person, and asks before it goes away. A courier's
// stays for as long as the courier does.
func (t *turn) await(screen ScreenID, text TextKey, params ...string) {
	if t.Session.Courier != "" {
		t.Session.show(screen, text, 0, params...)
		return
	}
	t.Session.show(screen, text, t.idle(), params...)
	t.Session.Asks = true
}

// there: the person does something.
func (t *turn) there() {
	t.awake()
	t.Session.Over, t.Session.OverUntil = "", 0
	t.Session.Dim, t.Session.Languages = false, false
}

// touched wakes the screen, and gives the person more time.
func (t *turn) touched() {
	t.awake()
	s := t.Session
	s.Dim = false
	switch {
	case s.Over == ScreenStill:
		t.moreTime()
	case s.Over == ScreenTrouble:
		s.OverUntil = t.longer(troubleMS)
	case s.Over != "":
		s.OverUntil = t.idle()
	case s.Asks:
		s.Until = t.idle()
	case s.Screen == ScreenHome:
		s.Until = max(s.Until, t.longer(dimMS))
	}
}

// moreTime closes "are you still here?".
func (t *turn) moreTime() {
	t.Session.Over, t.Session.OverUntil = "", 0
	if op := t.operation(t.Session.Operation); op != nil && !op.ended() && op.asksFirst() {
		op.AnswerBy = t.idle()
	}
	if t.Session.Asks {
		t.Session.Until = t.idle()
	}
}

// over shows a page above the screen.
func (t *turn) over(screen ScreenID, until int64) {
	t.Session.Over, t.Session.OverUntil, t.Session.Languages = screen, until, false
}

// leave ends a person's visit: the next one finds the screen as the locker has it.
func (t *turn) leave() {
	t.Session.Language, t.Session.Access, t.Session.Client = "", Access{}, ""
	t.Session.Over, t.Session.OverUntil = "", 0
	if !t.service() {
		t.Session.Staff = Staff{} // one whose visit has not begun
	}
	t.Session.Call, t.Session.Told = call{}, ""
	t.home()
}

// endPage moves on a page whose time is over. One that waited for the person asks first;
// nothing resets while a door is open or coming.
func (t *turn) endPage() {
	s := t.Session
	if t.due(s.OverUntil) {
		over := s.Over
		s.Over, s.OverUntil = "", 0
		switch {
		case t.busy():
		case over == ScreenTrouble:
			t.finishTrouble()
		case over == ScreenStill:
			t.finish()
		case s.Screen == ScreenHome, s.Asks:
			t.over(ScreenStill, t.longer(stillMS))
		}
	}
	if !t.due(s.Until) {
		return
	}
	if s.Over != "" {
		s.Until = s.OverUntil + 1 // it is read above this page
		return
	}
	s.Until = 0
	switch {
	case t.service():
		t.staffTimeout()
	case s.Screen == ScreenSame:
		t.newCellUnasked()
	case s.Asks:
		t.over(ScreenStill, t.longer(stillMS))
	case s.Screen == ScreenHome && s.Text == TextHome:
		t.leave()
		t.Session.Until, t.Session.Dim = 0, true
	case s.Courier != "" && s.Screen == ScreenFinish:
		t.logout()
		t.leave()
	case s.Courier != "":
		t.home()
	default:
		t.leave()
	}
}

// finish ends the visit of whoever is at the screen.
func (t *turn) finish() {
	if op := t.operation(t.Session.Operation); op != nil && !op.ended() && (op.Kind == models.Pickup || op.asksFirst()) {
		t.noAnswer(op)
		t.endOperations()
	}
	if t.Session.Courier == "" {
		t.leave()
		return
	}
	t.goodbye()
}

// pressedFrame takes a button that every screen has; false: it is none.
func (t *turn) pressedFrame(b Button) bool {
	s := t.Session
	if of, ok := strings.CutPrefix(string(b), languageButton); ok {
		t.touched()
		s.Language, s.Languages = Language(of), false
		return true
	}
	chosen := s.Languages
	s.Languages = false
	if b == ButtonLanguages || b == ButtonBack && chosen {
		t.touched()
		s.Languages = !chosen
		return true
	}
	if set := s.Access.setting(b); set != nil {
		*set = !*set
		t.touched()
		return true
	}
	if t.pressedTrouble(b) {
		t.awake()
		return true
	}
	switch b {
	case ButtonAccess:
		t.over(ScreenAccess, t.idle())
	case ButtonHelp:
		t.over(ScreenHelp, t.idle())
	case ButtonProblem:
		t.somethingWrong()
	case ButtonStaff:
		t.staffWanted()
	case ButtonCallBack:
		t.callBack()
	case ButtonCourier:
		t.courierHere()
	case ButtonMoreTime:
		t.moreTime()
	case ButtonDone:
		trouble := s.Over == ScreenTrouble
		s.Over, s.OverUntil = "", 0
		if trouble && !t.busy() {
			t.finishTrouble()
		}
	case ButtonBack:
		if s.Over == "" {
			return false
		}
		s.Over, s.OverUntil = "", 0
	case ButtonFinish:
		if s.Over != ScreenStill {
			return false
		}
		s.Over, s.OverUntil = "", 0
		t.finish()
	default:
		return false
	}
	t.awake()
	s.Dim = false
	return true
}

// courierHere asks for a badge.
func (t *turn) courierHere() {
	if t.wrongSide(true) {
		return
	}
	if t.Session.Screen == ScreenHome {
		t.Session.show(ScreenLogin, TextShowBadge, t.longer(loginMS))
	}
}

// viewOver draws the page above the screen.
func (s *State) viewOver(session *Session, v *View, now Instant) {
	v.Items = []Item{}
	beneath := v.Screen
	switch v.Screen = session.Over; session.Over {
	case ScreenStill:
		v.Text, v.Params, v.Buttons = TextStillHere, nil, []Button{ButtonMoreTime, ButtonFinish}
		v.Seconds = seconds(session.OverUntil, now)
	case ScreenAccess:
		v.Text, v.Params, v.Buttons = TextAccess, nil, append(accessButtons(), ButtonDone)
	case ScreenHelp:
		layout := s.Directory.Layout
		v.Text, v.Buttons = TextHelpNoPhone, []Button{ButtonProblem}
		v.Params = map[string]string{"number": layout.Number, "screen": string(beneath), "session": s.quoted(session)}
		if layout.Screen.Phone != "" {
			v.Text, v.Params["phone"] = TextHelp, layout.Screen.Phone
		}
		s.viewCall(session, v)
	case ScreenTrouble:
		s.viewTrouble(session, v.Language, v)
	}
}

// visit is what a person names to the support: where in the journal to look.
func (s *State) visit() string {
	return models.Fact{Epoch: s.Journal.Epoch, Seq: s.Journal.Seq}.Number()
}

// quoted is the same for one whose trouble is known: the support finds the incident by it.
func (s *State) quoted(session *Session) string { return cmp.Or(session.Told, s.visit()) }

// seconds are left until an uptime, counted up.
func seconds(until int64, now Instant) int {
	return int(max(0, (until-now.UptimeMS+999)/1000))
}

// frame lists the buttons around a screen: its language, access, help everywhere.
func (s *State) frame(session *Session, v View) []Button {
	frame := s.languageButtons(session, v)
	if session.Languages {
		return append(frame, ButtonBack)
	}
	if v.Screen == ScreenHome {
		frame = append(frame, ButtonCourier)
	}
	if v.Screen != ScreenAccess {
		frame = append(frame, ButtonAccess)
	}
	if v.Screen != ScreenHelp {
		frame = append(frame, ButtonHelp)
	}
	if over := session.Over; over == ScreenHelp || over == ScreenAccess || over == ScreenTrouble && session.Trouble.Said == "" {
		frame = append(frame, ButtonBack)
	}
	return frame
}

// languageButtons are all languages where a visit begins. Elsewhere, since a scanned code begins one
// past that page, they are the other one of two, or what shows them.
func (s *State) languageButtons(session *Session, v View) []Button {
	buttons, all := []Button{}, s.languages()
	whole := v.Screen == ScreenHome || session.Languages
	switch {
	case len(all) < 2:
		return buttons
	case len(all) > 2 && !whole:
		return append(buttons, ButtonLanguages)
	}
	for _, l := range all {
		if whole || l != v.Language {
			buttons = append(buttons, l.button())
		}
	}
	return buttons
}
