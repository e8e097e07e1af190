package cabinet

import (
	"strconv"

	"cubby/models"
)

// Screen T4, until the finding of the wiring begins. It opens every door, so it is for a cabinet in
// which nothing is recorded. The program carries it out in place of the cabinet's service, and draws
// it by a WiringPage.

// Commission has a technician find how the locks are wired. What it names of the technician is for
// the screen meanwhile: the cabinet does not run.
type Commission struct {
	Technician models.CourierID
	Side       models.Side
	Language   Language
	Access     Access
	// Public is the language of the screen at the other side, and Call whom to call from there.
	Public Language
	Call   string
}

func (Commission) isEffect() {}

// WiringAccepted is a technician who accepted what was found while the cabinet did not run.
type WiringAccepted struct{ Technician models.CourierID }

func (WiringAccepted) isInput() {}

// keepsWiring lists the cells that keep the wiring from being found: those that are not known to be
// empty, or whose client may still have them opened, and those that are open.
func (s *State) keepsWiring() []int {
	return s.cellsThat(func(c *Cell) bool {
		return c.State != models.CellFree || c.Doubtful || c.Operation != "" || c.anyOpen() || s.kept(c)
	})
}

// findsWiring reports whether it may begin now.
func (s *State) findsWiring() bool {
	return len(s.keepsWiring()) == 0 && !s.Unsure && !s.Power.OnBattery && !s.Power.Low
}

// wiringLine tells a technician why it may not.
func (s *State) wiringLine(l Language) (lines []ReportLine) {
	if cells := s.keepsWiring(); len(cells) > 0 {
		value := l.sentence(TextWiringNotNow, map[string]string{"count": strconv.Itoa(len(cells))})
		lines = append(lines, ReportLine{Name: l.sentence(TextNameWiring, nil), Value: value})
	}
	return lines
}

// askWiring asks before every door is opened.
func (t *turn) askWiring() {
	if t.findsWiring() {
		t.staffShow(ScreenWiring, TextWiring)
	}
}

// findWiring has it begin. That it does is a fact before any lock is driven.
func (t *turn) findWiring() {
	if t.Session.Text != TextWiring {
		return
	}
	if !t.findsWiring() {
		t.home()
		return
	}
	side, other := models.SideFront, &t.BackSession
	if t.Session == &t.BackSession {
		side, other = models.SideBack, &t.State.Session
	}
	public := t.language(other)
	t.staffAct(models.StaffCommission, "")
	t.effect(Commission{
		Technician: t.Session.Staff.Technician, Side: side, Language: t.language(t.Session), Access: t.Session.Access,
		Public: public, Call: t.callUs(public, t.visit()),
	})
	t.staffShow(ScreenWiring, TextWiringBegins)
}

// wiringAccepted journals that the locks are driven as they were found to be wired.
func (t *turn) wiringAccepted(in WiringAccepted) {
	t.write(models.FactStaffAct, "", nil, models.FactData{Courier: in.Technician, Reason: models.StaffWiring})
}
