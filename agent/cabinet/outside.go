package cabinet

import (
	"slices"
	"strconv"

	"cubby/models"
)

// outOfService is why the whole cabinet can serve nobody; empty: it can. Nothing has to put it
// back: it is so for as long as it is so.
func (s *State) outOfService() TextKey {
	layout := s.Directory.Layout
	closed := layout.State == models.LockerOutOfService || layout.State == models.LockerDecommissioned
	inside := slices.ContainsFunc(s.Cells, func(c *Cell) bool { return c.State != models.CellFree })
	switch {
	case len(s.Cells) == 0:
		return ""
	case closed && !inside:
		return TextOutOfUse
	case !slices.ContainsFunc(s.Cells, func(c *Cell) bool { return !c.Dead }):
		return TextLocksDead
	}
	return ""
}

// viewOutside draws what the first page says when it cannot be used, or not for long.
func (s *State) viewOutside(session *Session, l Language, v *View) {
	open := s.doorsOpen()
	switch text := s.outOfService(); {
	case v.Screen != ScreenHome || v.Text != TextHome:
	case s.Power.Low && len(open) > 0:
		v.Screen, v.Text, v.Params = ScreenPower, TextSwitchingOffOpen, map[string]string{"cells": numbers(open)}
	case s.Power.Low:
		v.Screen, v.Text, v.Params = ScreenPower, TextSwitchingOff, nil
	case text != "":
		v.Screen, v.Text, v.Neighbours = ScreenOut, text, s.Directory.Layout.Neighbours
		v.Params = map[string]string{"call": s.callUs(l, s.visit())}
		if text == TextLocksDead && !s.Link.Live { // a lock that does not answer stops no clock, being away does
			v.Lines = []string{l.sentence(TextTimeStands, nil)}
		}
	}
}

// doorsOpen lists the doors that stand open.
func (s *State) doorsOpen() []int {
	var open []int
	for _, c := range s.Cells {
		if c.anyOpen() {
			open = append(open, c.Number())
		}
	}
	return open
}

// callUs is whom to call, and what to name.
func (s *State) callUs(l Language, number string) string {
	if phone := s.Directory.Layout.Screen.Phone; phone != "" {
		return l.sentence(TextCall, map[string]string{"number": number, "phone": phone})
	}
	return l.sentence(TextCallNone, map[string]string{"number": number})
}

// strips are what is true meanwhile, whatever the screen shows.
func (s *State) strips(side models.Side, op *Operation, now Instant, l Language) []string {
	strips := []string{}
	say := func(text TextKey, params map[string]string) { strips = append(strips, l.sentence(text, params)) }
	for _, c := range s.Cells {
		if s.longOpen([]int{c.Number()}, now) {
			say(TextStripOpen, map[string]string{"cell": strconv.Itoa(c.Number())})
		}
	}
	if state := s.Directory.Layout.State; state == models.LockerOutOfService || state == models.LockerDecommissioned {
		say(TextStripClosed, nil)
	}
	if op != nil && op.Kind == models.Pickup && !op.ended() && s.Directory.Withdrawals[op.Shipment].Reason == models.LeaveExpired {
		say(TextStripLate, nil)
	}
	for _, other := range sides() {
		if o := s.operation(s.sessionAt(other).Operation); other != side && o != nil && !o.ended() {
			say(TextStripOtherSide, nil)
		}
	}
	if side == models.SideBack && s.twoWay() {
		var open []int
		for n, is := range s.across() {
			if is == AcrossOpen {
				open = append(open, n)
			}
		}
		if len(open) > 0 {
			say(TextStripAcross, map[string]string{"cells": numbers(open)})
		}
	}
	if label := s.sessionAt(side).Next.Label; label != "" {
		say(TextStripNext, map[string]string{"label": end(label, labelEnd)})
	}
	if s.Power.OnBattery {
		say(TextStripBattery, nil)
	}
	for _, c := range s.Climates {
		if _, _, kept := s.regime(c.Module).TemperatureRange(); kept && c.State != models.DeviceOK && c.State != "" {
			say(TextStripWarm, map[string]string{"module": strconv.Itoa(c.Module)})
		}
	}
	if !s.Link.Live {
		say(TextStripOffline, nil)
	}
	session := s.sessionAt(side)
	notice := s.Directory.Layout.Screen.Notice(string(l))
	if first := session.Screen == ScreenHome || session.Screen == ScreenCourier; first && op == nil && notice != "" {
		strips = append(strips, notice)
	}
	return strips
}
