package models

import "time"

// Why parcels have to leave their cells, as couriers are told.
const (
	LeaveCancelled = "cancelled"
	LeaveExpired   = "expired"
	LeaveRerouted  = "rerouted"
	LeaveRefused   = "refused"
	LeaveClosed    = "closed" // the locker is
)

// CheckFound is the reason of a cell_checked fact that names the parcel found inside.
const CheckFound = "found"

// The actions on a shipment, as REST spells them.
const (
	ActionCancel      = "cancel"
	ActionReissueCode = "reissue-code"
	ActionExtend      = "extend"
	ActionFreeze      = "freeze"
	ActionUnfreeze    = "unfreeze"
	ActionReroute     = "reroute"
)

// AllowedActions lists what may be asked for in a state.
func (s ShipmentState) AllowedActions(frozen bool) []string {
	actions := []string{}
	if _, ok := s.Next(DoCancel); ok {
		actions = append(actions, ActionCancel)
	}
	if s.hasCode() {
		actions = append(actions, ActionReissueCode)
	}
	if _, ok := s.Next(DoExtend); ok {
		actions = append(actions, ActionExtend)
	}
	if _, ok := s.Next(DoReroute); ok && !frozen {
		actions = append(actions, ActionReroute)
	}
	switch {
	case frozen:
		actions = append(actions, ActionUnfreeze)
	case s.mayFreeze():
		actions = append(actions, ActionFreeze)
	}
	return actions
}

// hasCode reports whether a pickup code opens something now or later.
func (s ShipmentState) hasCode() bool {
	switch s {
	case StateCreated, StateInTransit, StateLoading, StateReady, StatePartlyPickedUp, StateExpired:
		return true
	}
	return false
}

// CheckCancel returns invalid_state when the shipment cannot be given up any more.
func (l *Life) CheckCancel() error {
	if _, ok := l.State.Next(DoCancel); !ok {
		return Errorf(CodeInvalidState, "The shipment is %s and cannot be cancelled.", l.State)
	}
	return nil
}

// Cancel gives the shipment up. It is cancelled once nothing of it lies in a cell: what
// does has to be taken out first, and the client's code opens nothing any more. What had to
// leave for another reason leaves for this one from now on.
func (l *Life) Cancel(now time.Time) []Event {
	f := FactSignal{At: now, Locker: l.Locker, Reason: LeaveCancelled}
	leaves := l.State == StateWithdrawing
	if leaves && l.Leave == LeaveCancelled {
		return nil // it is under way
	}
	l.leave(LeaveCancelled, now)
	l.To, l.NoRoom = "", true
	if leaves { // for another reason, until now
		return []Event{l.event(EventWithdrawing, f)}
	}
	events := l.move(nil, DoCancel, f)
	if l.State == StateWithdrawing && l.count(ParcelInCell) == 0 {
		return l.move(events, OnEmptiedCancel, f)
	}
	return events
}

// CheckReissue returns invalid_state when no code of the shipment opens anything.
func (l *Life) CheckReissue() error {
	if !l.State.hasCode() {
		return Errorf(CodeInvalidState, "The shipment is %s: no pickup code belongs to it.", l.State)
	}
	return nil
}

// Reissued takes a new issue of the pickup code. One that is known changes nothing. A client
// who was told of an older code is told of this one; the others hear of it when ready.
func (l *Life) Reissued(issue int, now time.Time) []Event {
	if issue <= l.Issue {
		return nil
	}
	l.Issue = issue
	return []Event{l.event(EventCodeReissued, FactSignal{At: now, Locker: l.Locker})}
}

// left takes in that a parcel is in its cell no more, and was not picked up.
func (l *Life) left(p *ParcelLife, told EventType, f FactSignal) []Event {
	state := ParcelWithdrawn
	if told == EventParcelMissing {
		state = ParcelMissing
	}
	if p.State == state {
		return nil
	}
	p.put(state, f)
	events := []Event{l.event(told, f)}
	if l.count(ParcelInCell) > 0 {
		if state == ParcelWithdrawn && (l.leaving() || !p.Refused) {
			events = l.move(events, OnWithdrawalBegun, f)
		}
		return l.giveBack(events, f)
	}
	switch {
	case l.awaits() && (p.Refused || state == ParcelMissing):
		return events
	case l.count(ParcelWithdrawn) == 0:
		return l.settle(events, f)
	case l.Leave == LeaveCancelled:
		return l.move(events, OnEmptiedCancel, f)
	case l.Leave == LeaveRerouted && l.goesOn():
		return l.move(events, OnEmptiedReroute, f)
	}
	l.To, l.NoRoom = "", l.To != ""
	return l.goesBack(events, f)
}

// withdrawal is what couriers may take out of the shipment's cells now, and whether that
// differs from what they were told.
func (l *Life) withdrawal() (w DirectoryWithdrawal, changed bool) {
	w = DirectoryWithdrawal{Shipment: l.Shipment, Locker: l.Locker}
	refused := l.givenBack()
	if l.Granted != nil {
		w.Locker = l.Granted.Locker
	}
	switch l.State {
	case StateExpired:
		w.Reason, w.Collectable = LeaveExpired, true
	case StateWithdrawing:
		w.Reason, w.Collectable = l.Leave, l.Leave == LeaveRefused
		if l.Leave == LeaveRerouted {
			w.To = l.To
		}
	default:
		w.Over = len(refused) == 0
		if !w.Over {
			w.Reason, w.Collectable, w.Parcels = LeaveRefused, true, refused
		}
	}
	for _, p := range l.Parcels {
		if !w.Over && p.State == ParcelInCell && p.Locker != "" {
			w.Locker = p.Locker
		}
	}
	if l.Granted == nil {
		return w, !w.Over
	}
	return w, !w.Equal(*l.Granted)
}
