package models

import "slices"

// Elsewhere reports whether a cabinet tells of a parcel that lies in another cabinet's cell: that
// it has left, or that it was put in before the other has it. Such a fact is history, told by a
// cabinet that was away while the parcel went on, or is not true; it must not take the parcel
// from where it lies.
func (l *Life) Elsewhere(f FactSignal) bool {
	p := l.parcel(f.Parcel)
	told, moves := parcelEvent(f)
	if p == nil || !moves || p.State != ParcelInCell || p.Locker == "" || p.Locker == f.Locker {
		return false
	}
	return told != EventParcelIn || f.At.Before(p.At)
}

// ApplyElsewhere writes down what a fact of another cabinet says, and moves nothing.
func (l *Life) ApplyElsewhere(f FactSignal) []Event {
	if !l.See(f.Locker, f.Epoch, f.Seq) || l.told(f) {
		return nil
	}
	l.finish(f.Operation, outcomeOf(f.Type))
	p := l.parcel(f.Parcel)
	if slices.Contains(p.Moves, Move{f.Type, f.Operation}) {
		return nil
	}
	p.movedBy(f)
	told, _ := parcelEvent(f)
	return []Event{l.event(told, f)}
}
