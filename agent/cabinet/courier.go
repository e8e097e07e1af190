package cabinet

import (
	"slices"
	"strconv"
	"strings"

	"cubby/agent/mutant"
	"cubby/models"
)

// Visit is what a courier did so far.
type Visit struct {
	Loaded    int        `json:"loaded,omitempty"`    // parcels
	Collected int        `json:"collected,omitempty"` // cells
	Unloaded  []Unloaded `json:"unloaded,omitempty"`
}

// Unloaded is a parcel or label that did not get in, of which was told. Key is the parcel's id,
// or its label where nothing else is known.
type Unloaded struct {
	Key    string `json:"key"`
	Label  string `json:"label"`
	Reason string `json:"reason"`
}

func (t *turn) badgeShown(c models.DirectoryCourier) {
	if c.Role == models.RoleTechnician {
		t.staffBadge(c)
		return
	}
	t.Session.Staff = Staff{} // one whose visit has not begun
	if t.wrongSide(true) {
		return
	}
	if t.Session.Courier == c.Courier {
		t.home()
		return
	}
	resumes, visit := t.Session.Away == c.Courier && t.Session.AwayUntil > t.now.UptimeMS, t.Session.Visit
	t.logout()
	if !t.allowed(c, t.now) {
		t.Session.show(ScreenLogin, TextDismissed, t.longer(messageMS))
		return
	}
	if b := t.Badges[c.Courier]; b != nil && b.PausedUntil > t.now.UptimeMS {
		t.Session.show(ScreenLogin, TextBadgePaused, t.longer(messageMS))
		return
	}
	if resumes {
		t.login(c, visit) // it goes on
		return
	}
	t.Session.show(ScreenLogin, TextPIN, t.longer(loginMS))
	t.Session.Badge = c.Courier
}

func (t *turn) login(c models.DirectoryCourier, visit Visit) {
	was := t.Session
	*t.Session = Session{
		Operation: was.Operation, Courier: c.Courier, Visit: visit, Language: was.Language, Access: was.Access,
	}
	t.awake()
	t.home()
}

func (t *turn) pinKeyed(pin string) {
	c, ok := t.Directory.Couriers[t.Session.Badge]
	if c.Role == models.RoleTechnician {
		t.staffPIN(c, pin)
		return
	}
	if !ok || !t.allowed(c, t.now) {
		t.Session.Badge = ""
		t.Session.show(ScreenLogin, TextDismissed, t.longer(messageMS))
		return
	}
	right, paused := t.checkPIN(c, pin)
	switch {
	case right:
		t.login(c, Visit{})
	case paused:
		t.Session.Badge = ""
		t.Session.show(ScreenLogin, TextBadgePaused, t.longer(messageMS))
	default:
		t.Session.show(ScreenLogin, TextWrongPIN, t.longer(loginMS))
	}
}

// away locks an idle courier's screen: clients may collect, and the badge alone resumes.
func (t *turn) away() {
	courier, visit := t.Session.Courier, t.Session.Visit
	t.logout()
	t.Session.Away, t.Session.AwayUntil, t.Session.Visit = courier, t.in(awayMS), visit
	t.Session.Language, t.Session.Access, t.Session.Told = "", Access{}, "" // clients come meanwhile
	t.Session.show(ScreenAway, TextAway, t.Session.AwayUntil)
}

func (t *turn) logout() {
	t.Session.Courier, t.Session.CourierUntil, t.Session.Badge, t.Session.Visit = "", 0, "", Visit{}
	t.Session.Away, t.Session.AwayUntil = "", 0
}

// goodbye ends a courier's visit with what came of it.
func (t *turn) goodbye() {
	t.sumUp(TextGoodbye)
	t.logout()
}

// sumUp shows what came of a courier's visit so far.
func (t *turn) sumUp(text TextKey) {
	params := t.courierParams(t.Session)
	open, visit := t.doorsOpen(), t.Session.Visit
	params["unloaded"], params["open"] = strconv.Itoa(len(visit.Unloaded)), strconv.Itoa(len(open))
	t.Session.show(ScreenFinish, text, t.longer(goodbyeMS))
	t.Session.Params, t.Session.Unloaded = params, visit.Unloaded
}

// client shows the pad for a client who comes between a courier's parcels.
func (t *turn) client() {
	if t.Session.Courier != "" {
		t.Session.show(ScreenCode, TextHome, t.idle())
	}
}

// courierParams are what a courier reads beside the task: what is loaded and to be loaded, to
// be taken out, to be looked into, and free.
func (s *State) courierParams(session *Session) map[string]string {
	courier := s.Directory.Couriers[session.Courier]
	expected := len(s.expectedHere(courier, ""))
	params := s.freeCounts()
	for name, n := range map[string]int{
		"loaded": session.Visit.Loaded, "collected": session.Visit.Collected, "expected": expected,
		"of": session.Visit.Loaded + expected, "collect": len(s.toCollect(courier)), "check": len(s.checkable(courier)),
	} {
		params[name] = strconv.Itoa(n)
	}
	return params
}

// freeCounts are the cells that can be loaded now, by size.
func (s *State) freeCounts() map[string]string {
	counts := map[models.Size]int{}
	for _, c := range s.Cells {
		if c.offerable() && !c.anyOpen() && c.Operation == "" {
			counts[c.Layout.Size]++
		}
	}
	params := map[string]string{}
	for _, size := range models.Sizes() {
		params["free_"+strings.ToLower(string(size))] = strconv.Itoa(counts[size])
	}
	return params
}

// checkable lists the cells in doubt that a courier may look into. A parcel of another carrier is
// looked at by the operator's people alone.
func (s *State) checkable(courier models.DirectoryCourier) []*Cell {
	twoWay := s.twoWay()
	return slices.DeleteFunc(slices.Clone(s.Cells), func(c *Cell) bool {
		return !c.Doubtful || c.Dead || c.towardsPublic(twoWay) || c.blocked() && !mutant.On(mutant.TwoDoorsOfACell) || c.Operation != "" && !s.leftBehind(c) || s.kept(c) ||
			c.State == models.CellOccupied && !s.theirs(courier, c)
	})
}

// unloadedLines tell why parcels did not get in.
func unloadedLines(unloaded []Unloaded, l Language) []string {
	var lines []string
	for _, u := range unloaded {
		lines = append(lines, end(u.Label, labelEnd)+": "+l.sentence(whyNotIn(u.Reason), nil))
	}
	return lines
}

func whyNotIn(reason string) TextKey {
	switch reason {
	case models.LoadFull:
		return TextNotInFull
	case models.LoadTooBig:
		return TextNotInTooBig
	case models.LoadTooHeavy:
		return TextNotInTooHeavy
	case models.LoadNoEasyReach:
		return TextNotInReach
	case models.LoadCellBroken:
		return TextNotInBroken
	case models.LoadWrongLocker:
		return TextWhyMoved
	case models.LoadLabelUnreadable:
		return TextNotInUnknown
	}
	return TextNotInCancelled
}
