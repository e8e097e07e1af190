package cabinet

import "cubby/models"

// reasonReminder drives the light while somebody is called to a screen or to an open door.
const reasonReminder = "reminder"

// remindedUntil is until when an operation's doors call for somebody to shut them: from 30 s after they
// opened until an incident takes over; 0: none does. A technician works at open doors, and a remote
// opening has nobody at the screen.
func (s *State) remindedUntil(op *Operation, now Instant) (until int64) {
	if op.ended() || op.Service != "" || op.Kind == models.RemoteOpen {
		return 0
	}
	for _, n := range op.Cells(DoorOpen) {
		leaf := op.leaf(s.cell(n))
		if leaf.Open && !leaf.LeftOpen && now.UptimeMS >= leaf.OpenedAt+reminderMS {
			until = max(until, leaf.OpenedAt+leftOpenMS)
		}
	}
	return until
}

// remindsUntil is until when anybody is called, at any side.
func (s *State) remindsUntil(now Instant) (until int64) {
	for _, side := range sides() {
		if session := s.sessionAt(side); session.Over == ScreenStill {
			until = max(until, session.OverUntil)
		}
	}
	for _, op := range s.Operations {
		until = max(until, s.remindedUntil(op, now))
	}
	return until
}

// remind has the light shine while somebody is called, by day and night; its board counts the time,
// and it ends when they have come. The alarm has the light before any reminder.
func (t *turn) remind() {
	if t.due(t.RemindUntil) {
		t.RemindUntil = 0
	}
	light, until := t.output(models.OutputLight), t.remindsUntil(t.now)
	switch {
	case light == nil, !light.Up, t.AlarmUntil > 0:
		t.RemindUntil = 0 // it shines for the reminder once it can
	case until > t.RemindUntil:
		t.RemindUntil = until
		t.drive(models.OutputLight, until-t.now.UptimeMS, reasonReminder)
	case until == 0 && t.RemindUntil > 0:
		t.RemindUntil = 0
		t.drive(models.OutputLight, 0, reasonReminder)
	}
}

// viewReminder has the screen call: it sounds again and again, but not at night. A client's page says
// by itself which door to close; a courier's says it in place of what was to be done first. What asks
// something stays.
func (s *State) viewReminder(session *Session, op *Operation, v *View, now Instant) {
	reminded := op != nil && s.remindedUntil(op, now) > 0
	v.Reminds = session.Over == ScreenStill || session.Over == "" && reminded
	if !v.Reminds || v.Text != TextPutIn && v.Text != TextTakeAndScan {
		return
	}
	var long []int
	for _, n := range op.Cells(DoorOpen) {
		if s.longOpen([]int{n}, now) {
			long = append(long, n)
		}
	}
	v.Sentence = v.Language.sentence(TextPleaseClose, map[string]string{"cells": numbers(long)})
}
