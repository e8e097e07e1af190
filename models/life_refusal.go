package models

import (
	"slices"
	"time"
)

// givenBack reports whether the parcel lies in its cell and its client does not want it.
func (p *ParcelLife) givenBack() bool { return p.Refused && p.State == ParcelInCell }

// givenBack lists those parcels, in order.
func (l *Life) givenBack() []ParcelID {
	var ids []ParcelID
	for _, p := range l.Parcels {
		if p.givenBack() {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// wanted counts the parcels in cells that wait for the client.
func (l *Life) wanted() int { return l.count(ParcelInCell) - len(l.givenBack()) }

// leaving reports whether all that lies in cells has to leave them.
func (l *Life) leaving() bool { return l.State == StateExpired || l.State == StateWithdrawing }

// awaits reports whether parcels may still be brought to the client.
func (l *Life) awaits() bool { return !l.leaving() && l.count(ParcelExpected) > 0 }

// goesOn reports whether anything of the shipment can go to another locker.
func (l *Life) goesOn() bool {
	return slices.ContainsFunc(l.Parcels, func(p ParcelLife) bool {
		return p.State == ParcelExpected || p.State == ParcelWithdrawn && !p.Refused
	})
}

// refused takes in that the client put a parcel back into its cell. The others go on by
// themselves.
func (l *Life) refused(p *ParcelLife, told EventType, f FactSignal) []Event {
	again := p.givenBack()
	p.put(ParcelInCell, f)
	p.Refused = true
	if again {
		return nil
	}
	return l.giveBack([]Event{l.event(told, f)}, f)
}

// giveBack has what lies in cells leave them, once nothing there waits for the client and
// nothing that may still come does.
func (l *Life) giveBack(events []Event, f FactSignal) []Event {
	if len(l.givenBack()) == 0 || l.wanted() > 0 || l.State == StateWithdrawing {
		return events
	}
	switch l.State {
	case StateLoading, StateReady, StatePartlyPickedUp:
		if l.awaits() {
			return events
		}
	}
	if l.State != StateCancelled || l.Leave == "" {
		l.leave(LeaveRefused, f.At)
	}
	f.Reason = l.Leave
	return l.move(events, OnRefused, f)
}

// restNeverCame ends the waiting for parcels of which none was brought in time.
func (l *Life) restNeverCame(f FactSignal) []Event {
	if len(l.givenBack()) > 0 {
		l.leave(LeaveRefused, f.At)
		f.Reason = LeaveRefused
		return l.move(nil, OnRefused, f)
	}
	return l.settle(nil, f)
}

// settle is where a shipment goes of which nothing lies in a cell, and none of which was
// taken out but what its client refused.
func (l *Life) settle(events []Event, f FactSignal) []Event {
	switch {
	case slices.ContainsFunc(l.Parcels, func(p ParcelLife) bool { return p.Refused }):
		return l.goesBack(events, f)
	case l.count(ParcelPickedUp) > 0:
		return l.move(events, OnPickedUpAll, f)
	}
	return l.move(events, OnMissing, f)
}

// goesBack has the shipment be on its way back to its carrier.
func (l *Life) goesBack(events []Event, f FactSignal) []Event {
	l.OutAt = f.At
	return l.move(events, OnEmptiedReturn, f)
}

// unloaded takes in that a courier took out again what they had just put in. While the shipment is
// loading it is as if the parcel had not got in; later it is out, and goes back.
func (l *Life) unloaded(p *ParcelLife, f FactSignal) []Event {
	if l.State != StateLoading {
		return l.left(p, EventParcelOut, f)
	}
	p.put(ParcelExpected, f)
	p.Failed = true
	events := []Event{l.event(EventLoadFailed, f)}
	if l.count(ParcelInCell) > 0 {
		return events
	}
	l.FirstClose, l.LastClose = time.Time{}, time.Time{}
	return l.move(events, OnLoadFailed, f)
}

// loadFailed takes in that a courier did not get a parcel in. While others of the shipment are
// under way or in their cells, that is told and no more.
func (l *Life) loadFailed(p *ParcelLife, f FactSignal) []Event {
	p.movedBy(f)
	events := []Event{l.event(EventLoadFailed, f)}
	if f.Type == FactUnloaded && p.State == ParcelInCell {
		return l.unloaded(p, f)
	}
	if p.State != ParcelExpected {
		return events // it lies in a cell, or did
	}
	p.Failed = true
	if slices.ContainsFunc(l.Parcels, func(p ParcelLife) bool { return !p.Failed }) {
		return events
	}
	return l.move(events, OnLoadFailed, f)
}
