package models

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Life is everything that a shipment's workflow knows. It is one serialisable struct of
// ids and times: it survives continue-as-new and is stored when the life ends. Its
// methods are pure, so the simulator can run them too; the workflow around it only
// waits, projects and schedules.
type Life struct {
	Shipment ShipmentID     `json:"shipment"`
	Carrier  OrganizationID `json:"carrier"`
	Number   string         `json:"number"`
	Locker   LockerID       `json:"locker"`
	Notify   NotifyBy       `json:"notify"`
	Policy   Policy         `json:"policy"`

	State      ShipmentState `json:"state"`
	Rev        int64         `json:"rev"`        // projections written so far
	NextEvent  int           `json:"next_event"` // events written so far; 0 is shipment.created
	Parcels    []ParcelLife  `json:"parcels"`
	Created    time.Time     `json:"created"`
	LastClose  time.Time     `json:"last_close,omitzero"`
	FirstClose time.Time     `json:"first_close,omitzero"`
	ReadyAt    time.Time     `json:"ready_at,omitzero"`
	// EndsAt is the end of storage, once the client was told.
	EndsAt time.Time `json:"ends_at,omitzero"`
	// Clock is what EndsAt is reckoned from. Reckon: it was set, and the next projection has
	// the end reckoned.
	Clock  StorageClock `json:"clock,omitzero"`
	Reckon bool         `json:"reckon,omitempty"`
	// Pauses are the outages of the cabinet that were told, the latest last.
	Pauses []Span `json:"pauses,omitempty"`
	// WaitFrom is since when what time brings waits for the cabinet, and WaitUntil when it is
	// looked at next.
	WaitFrom  time.Time `json:"wait_from,omitzero"`
	WaitUntil time.Time `json:"wait_until,omitzero"`
	Reminded  int       `json:"reminded,omitempty"` // reminders that are over
	Extended  int       `json:"extended,omitempty"` // times that storage was lengthened
	// LeaveAt is since when its parcels have to leave; LateTold: that nobody came was told.
	LeaveAt  time.Time `json:"leave_at,omitzero"`
	LateTold bool      `json:"late_told,omitempty"`
	OutAt    time.Time `json:"out_at,omitzero"` // since when it is on its way back
	// FrozenAt is since when nobody may take its parcels; zero: they may.
	FrozenAt time.Time `json:"frozen_at,omitzero"`
	// To is the locker that it is to go to once nothing of it lies in a cell.
	To         LockerID  `json:"to,omitempty"`
	ReroutedAt time.Time `json:"rerouted_at,omitzero"`
	Rerouted   int       `json:"rerouted,omitempty"` // times
	// NoRoom: it was given up, and the next projection gives back the room that is kept for it.
	NoRoom  bool      `json:"no_room,omitempty"`
	Delayed time.Time `json:"delayed,omitzero"` // the latest delay that the carrier told of
	// LostRoomAt is when it was last told that no cell is left for a parcel of it.
	LostRoomAt time.Time `json:"lost_room_at,omitzero"`
	// AdvancedAt is when the clock of its test locker was last put forward.
	AdvancedAt time.Time `json:"advanced_at,omitzero"`
	Issue      int       `json:"issue,omitempty"` // of the pickup code
	// ContactHeard counts the contacts that were replaced after their client knew the code,
	// ContactDone those whose code is dead since, and TellFormer those that are to be told.
	ContactHeard int `json:"contact_heard,omitempty"`
	ContactDone  int `json:"contact_done,omitempty"`
	TellFormer   int `json:"tell_former,omitempty"`
	// Leave is why its parcels have to leave their cells; empty: they need not.
	Leave string `json:"leave,omitempty"`
	// Granted is what couriers were last told that they may take out; nil: nothing ever.
	Granted *DirectoryWithdrawal `json:"granted,omitempty"`
	// Said is the furthest that the carrier told of.
	Said EventType `json:"said,omitempty"`
	// Announced: the client was told of the announcement, if the policy says so; Informed: the
	// client was told anything.
	Announced bool `json:"announced,omitempty"`
	Informed  bool `json:"informed,omitempty"`
	// Down and Back count the pauses of which the client was told last that the locker is down,
	// and that it is back. Tell are messages that no event brings, for the next projection.
	Down int          `json:"down,omitempty"`
	Back int          `json:"back,omitempty"`
	Tell []NoticeKind `json:"tell,omitempty"`
	// Unsent are messages that the workflow is still sending.
	Unsent     []NotificationID  `json:"unsent,omitempty"`
	Operations []OperationRecord `json:"operations,omitempty"`
	Seen       []SeenFacts       `json:"seen,omitempty"`
	Told       []ToldFact        `json:"told,omitempty"`
}

// ParcelLife is a parcel within a life. Epoch and Seq are those of the last fact of its
// locker that moved it.
type ParcelLife struct {
	ID         ParcelID    `json:"id"`
	State      ParcelState `json:"state"`
	Locker     LockerID    `json:"locker,omitempty"`
	Cell       int         `json:"cell,omitempty"`
	Generation int64       `json:"generation,omitempty"`
	Epoch      int64       `json:"epoch,omitempty"`
	Seq        int64       `json:"seq,omitempty"`
	// At is when it was put where it is, by its cabinet's clock; zero: before that was kept.
	At time.Time `json:"at,omitzero"`
	// Refused: its client put it back. It stays so in its cell and after it was taken out.
	Refused bool `json:"refused,omitempty"`
	// Failed: a courier has tried to load it, and it is in no cell yet.
	Failed bool `json:"failed,omitempty"`
	// Moves are the facts that moved it: a cabinet whose store was put back tells old ones
	// again in its new epoch.
	Moves []Move `json:"moves,omitempty"`
}

// Move is a fact that moved a parcel, by what it says and not by where it stands.
type Move struct {
	Type      FactType    `json:"type"`
	Operation OperationID `json:"operation"`
}

// OperationRecord is how an operation at a cabinet's screen ended, as far as the server
// knows. The last 50 are kept, so a repeated question gets the same answer.
type OperationRecord struct {
	Operation OperationID   `json:"operation"`
	Kind      OperationKind `json:"kind"`
	Outcome   OpenOutcome   `json:"outcome"` // empty: pending
}

const keptOperations = 50

// SeenFacts are the facts of one cabinet's epoch that the life has taken in.
type SeenFacts struct {
	Locker LockerID `json:"locker"`
	Epoch  int64    `json:"epoch"`
	Seqs   []int64  `json:"seqs"`
}

// NewLife starts a life at "created".
func NewLife(s Shipment, parcels []Parcel, p Policy) *Life {
	l := &Life{
		Shipment: s.ID, Carrier: s.Carrier, Number: s.Number, Locker: s.Locker, Notify: s.NotifyBy, Policy: p,
		State: StateCreated, Rev: s.Rev, NextEvent: 1, Created: s.CreatedAt, Issue: s.Issue,
		ContactHeard: s.ContactChanges, ContactDone: s.ContactTold,
	}
	for _, p := range parcels {
		l.Parcels = append(l.Parcels, ParcelLife{ID: p.ID, State: ParcelExpected})
	}
	return l
}

// See records a fact and reports whether it is new. A fact signalled twice, or again by
// a reconcile, changes nothing.
func (l *Life) See(locker LockerID, epoch, seq int64) bool {
	for i := range l.Seen {
		s := &l.Seen[i]
		if s.Locker == locker && s.Epoch == epoch {
			if slices.Contains(s.Seqs, seq) {
				return false
			}
			s.Seqs = append(s.Seqs, seq)
			return true
		}
	}
	l.Seen = append(l.Seen, SeenFacts{Locker: locker, Epoch: epoch, Seqs: []int64{seq}})
	return true
}

// ApplyFact takes in what happened at a cabinet and returns the events to write. A
// repeat returns none.
func (l *Life) ApplyFact(f FactSignal) []Event {
	if !l.See(f.Locker, f.Epoch, f.Seq) || l.told(f) {
		return nil
	}
	events := l.parcelFact(f)
	if l.Frozen() && l.count(ParcelInCell) == 0 {
		events = append(events, l.Unfreeze(f.At)...) // nothing is left to hold back
	}
	l.finish(f.Operation, outcomeOf(f.Type))
	return events
}

// parcelFact moves the parcel that a fact names.
func (l *Life) parcelFact(f FactSignal) []Event {
	p := l.parcel(f.Parcel)
	told, moves := parcelEvent(f)
	if p == nil || !moves || slices.Contains(p.Moves, Move{f.Type, f.Operation}) {
		return nil
	}
	if p.overtaken(f) {
		return []Event{l.event(told, f)}
	}
	switch told {
	case EventParcelIn:
		return l.deposited(p, f)
	case EventParcelTaken:
		return l.pickedUp(p, f)
	case EventParcelRefused, EventParcelDamaged:
		return l.refused(p, told, f)
	case EventLoadFailed:
		return l.loadFailed(p, f)
	default:
		return l.left(p, told, f)
	}
}

// parcelEvent names what a fact tells of its parcel; ok is false when it moves none.
func parcelEvent(f FactSignal) (t EventType, ok bool) {
	switch f.Type {
	case FactDeposited:
		return EventParcelIn, true
	case FactCellChecked:
		return EventParcelIn, f.Reason == CheckFound
	case FactPickedUp:
		return EventParcelTaken, true
	case FactWithdrawn:
		return EventParcelOut, true
	case FactMissing:
		return EventParcelMissing, true
	case FactRefused:
		return EventParcelRefused, true
	case FactDamaged:
		return EventParcelDamaged, true
	case FactLoadFailed, FactUnloaded:
		return EventLoadFailed, true
	}
	return "", false
}

// put records where a parcel is by a fact.
func (p *ParcelLife) put(s ParcelState, f FactSignal) {
	p.State, p.Cell, p.Failed = s, 0, false
	p.Refused = p.Refused && s == ParcelWithdrawn
	if s == ParcelInCell {
		p.Cell, p.Generation = f.Cell, f.Generation
	}
	p.Locker, p.Epoch, p.Seq, p.At = f.Locker, f.Epoch, f.Seq, f.At
	p.movedBy(f)
}

// movedBy remembers a fact, so that it counts once however often it is told.
func (p *ParcelLife) movedBy(f FactSignal) {
	if f.Operation != "" {
		p.Moves = append(p.Moves, Move{f.Type, f.Operation})
	}
}

func (l *Life) deposited(p *ParcelLife, f FactSignal) []Event {
	if f.Type == FactCellChecked && p.State == ParcelInCell {
		refused := p.Refused
		p.put(ParcelInCell, f) // someone looked: it is where it was, or in another cell
		p.Refused = refused
		return nil
	}
	p.put(ParcelInCell, f)
	l.LastClose = f.At
	if l.FirstClose.IsZero() {
		l.FirstClose = f.At
	}
	before := l.State
	events := l.move([]Event{l.event(EventParcelIn, f)}, OnDeposited, f)
	if l.State == StateWithdrawing && l.Leave == "" {
		l.leave(string(before), f.At) // it came after its end
	}
	return events
}

func (l *Life) pickedUp(p *ParcelLife, f FactSignal) []Event {
	if p.State == ParcelPickedUp {
		return nil
	}
	p.put(ParcelPickedUp, f)
	events := []Event{l.event(EventParcelTaken, f)}
	if l.count(ParcelInCell) == 0 && !l.awaits() {
		return l.settle(events, f)
	}
	events = l.move(events, OnPickedUpSome, f)
	if l.State == StatePartlyPickedUp && l.ReadyAt.IsZero() {
		l.store(f.At) // taken before the client was told: storage runs from here
	}
	return l.giveBack(events, f)
}

// outcomeOf is what a fact proves of its operation's doors.
func outcomeOf(t FactType) OpenOutcome {
	switch t {
	case FactDeposited, FactPickedUp, FactWithdrawn, FactMissing, FactRefused, FactDamaged:
		return Opened
	case FactDoorJammed:
		return NotOpened
	case FactOperationDone:
		return Refused
	}
	return ""
}

// CarrierMaySay reports whether a carrier's word fits the state. A word about the way that comes
// late fits, and changes nothing; how a shipment ended has to be possible, or known already.
func (s ShipmentState) CarrierMaySay(t EventType) bool {
	switch t {
	case EventLost:
		_, ok := s.Next(DoLose)
		return ok || s == StateLost
	case EventReturned:
		_, ok := s.Next(DoReturned)
		return ok || s == StateReturned
	}
	return true
}

// CheckCarrier returns invalid_state when what the carrier says cannot be true.
func (l *Life) CheckCarrier(t EventType) error {
	if !l.State.CarrierMaySay(t) {
		return Errorf(CodeInvalidState, "The shipment is %s and cannot be %s.", l.State, strings.TrimPrefix(string(t), "shipment."))
	}
	if t == EventLost && l.count(ParcelInCell) > 0 {
		return Errorf(CodeInvalidState, "The shipment is not lost: it lies in a cell.")
	}
	return nil
}

// Hears takes in a carrier's event as it was told. A delay without a time is the one that is known
// already: the carrier may only be telling it again.
func (l *Life) Hears(in CarrierEventInput) []Event {
	if in.Undated && in.Type == EventDelayed && !l.Delayed.IsZero() {
		return nil
	}
	return l.CarrierSays(in.Type, in.At)
}

// CarrierSays takes in a carrier's event. It moves forward only; one that comes late or
// twice changes nothing.
func (l *Life) CarrierSays(t EventType, at time.Time) []Event {
	f := FactSignal{At: at}
	switch t {
	case EventDelayed:
		return l.delayed(f)
	case EventLost:
		if l.count(ParcelInCell) > 0 {
			return nil // it is not lost: it lies there
		}
		return l.move(nil, DoLose, f)
	case EventReturned:
		return l.move(nil, DoReturned, f)
	}
	if l.State != StateCreated && l.State != StateInTransit || said(t) <= said(l.Said) {
		return nil
	}
	l.Said = t
	if t != EventAccepted {
		l.State, _ = l.State.Next(OnCarrierHasIt)
	}
	return []Event{l.event(t, f)}
}

// delayed takes in that the carrier is late. Only a later word counts.
func (l *Life) delayed(f FactSignal) []Event {
	if l.State != StateCreated && l.State != StateInTransit || !f.At.After(l.Delayed) {
		return nil
	}
	l.Delayed = f.At
	return []Event{l.event(EventDelayed, f)}
}

// said orders what a carrier may say; 0 is anything else.
func said(t EventType) int {
	return 1 + slices.Index([]EventType{EventAccepted, EventInTransit, EventOutForLocker}, t)
}

// Deadline is the next moment at which time alone moves the life, with a summary that a
// support person understands. ok is false when nothing is waited for.
func (l *Life) Deadline() (at time.Time, summary string, ok bool) {
	if l.Frozen() {
		return time.Time{}, "", false
	}
	switch l.State {
	case StateCreated, StateInTransit:
		return l.expectedSince().Add(l.Policy.NeverDeposited.Duration()), "cancelled if never deposited", true
	case StateLoading:
		if l.count(ParcelExpected) == 0 {
			return l.LastClose.Add(l.Policy.ReadyDelay.Duration()), "ready, once the courier had time to correct", true
		}
		if l.count(ParcelInCell) > 0 {
			return l.FirstClose.Add(l.Policy.PartialEnough.Duration()), "ready with the parcels that came", true
		}
		return l.expectedSince().Add(l.Policy.NeverDeposited.Duration()), "over if the rest never comes", true
	case StateReady, StatePartlyPickedUp:
		at, summary = l.storageEnd(), "storage ends"
		if reminder, ok := l.nextReminder(); ok {
			at, summary = reminder, "the client is reminded"
		}
		// It is looked at again, also when an outage has moved the end by now. Nobody waits for the
		// cabinet's word once nothing is in its cells.
		if !l.WaitUntil.IsZero() && l.count(ParcelInCell) > 0 {
			at, summary = l.WaitUntil, "waits for the cabinet: "+summary
		}
		return at, summary, true
	case StateExpired, StateWithdrawing:
		return l.overdue()
	case StateReturning:
		if l.Policy.ReturnedAfter > 0 && !l.OutAt.IsZero() {
			return l.OutAt.Add(l.Policy.ReturnedAfter.Duration()), "taken to be back at the carrier", true
		}
	}
	return time.Time{}, "", false
}

// Due moves the life if its deadline has come, and returns the events to write.
func (l *Life) Due(now time.Time) []Event {
	at, _, ok := l.Deadline()
	if !ok || now.Before(at) {
		return nil
	}
	f := FactSignal{At: now, Locker: l.Locker}
	switch l.State {
	case StateCreated, StateInTransit:
		events := []Event{l.event(EventNeverDeposited, f)}
		return l.move(events, DoNeverDeposited, f)
	case StateLoading:
		if l.wanted() == 0 {
			return l.restNeverCame(f)
		}
		l.store(now)
		return l.move(nil, DoReady, f)
	case StateReturning:
		return l.move(nil, DoReturned, f)
	case StateExpired, StateWithdrawing:
		l.LateTold = true
		f.Reason = l.Leave
		return []Event{l.event(EventWithdrawalLate, f)}
	default:
		if now.Before(l.storageEnd()) {
			return l.remind(now, f)
		}
		if l.wanted() == 0 {
			return l.restNeverCame(f)
		}
		l.leave(LeaveExpired, now)
		return l.move(nil, DoExpire, f)
	}
}

// CheckAsk decides whether the server leads an operation that a cabinet asks about. It
// reads only, so a workflow's validator may call it. It returns invalid_state with the
// reason, which the screen shows, or unavailable where the cabinet decides by itself.
func (l *Life) CheckAsk(a AskInput, now time.Time) error {
	if !a.NotAfter.IsZero() && now.After(a.NotAfter) {
		// No refusal: with clocks that differ nobody could open anything.
		return Errorf(CodeUnavailable, "too late: the cabinet decides by itself")
	}
	if len(a.Cells) == 0 {
		return Errorf(CodeInvalidState, "no cell is named")
	}
	for _, c := range a.Cells {
		p := l.parcel(c.Parcel)
		if p == nil {
			return Errorf(CodeInvalidState, "parcel %s is not of this shipment", c.Parcel)
		}
		switch a.Kind {
		case Deposit:
			if l.Locker != a.Locker {
				return Errorf(CodeInvalidState, "this shipment goes to another locker")
			}
			if p.State != ParcelExpected {
				return Errorf(CodeInvalidState, "this parcel is %s", p.State)
			}
			switch l.State {
			case StateCreated, StateInTransit, StateLoading, StateReady, StatePartlyPickedUp:
			default:
				return Errorf(CodeInvalidState, "the shipment is %s", l.State)
			}
		case Pickup:
			if l.Frozen() {
				return Errorf(CodeInvalidState, "the shipment is held back")
			}
			// A fact may still be under way, so "expected" is no reason to refuse what the
			// cabinet knows to be in its cell.
			if p.State == ParcelWithdrawn {
				return Errorf(CodeInvalidState, "this parcel is %s", p.State)
			}
			switch l.State {
			case StateWithdrawing, StateReturning, StateReturned, StateLost:
				// Who has just given a parcel back may change their mind.
				if l.State != StateWithdrawing || l.Leave != LeaveRefused {
					return Errorf(CodeInvalidState, "the shipment is %s", l.State)
				}
			}
		case Withdrawal:
			// The cabinet's grant says the same; a fact may have overtaken it.
			if l.Frozen() || !l.leaving() && !p.givenBack() || p.State != ParcelInCell || p.Locker != a.Locker {
				return Errorf(CodeInvalidState, "this parcel is not to be taken out: the shipment is %s", l.State)
			}
		default:
			return Errorf(CodeInvalidState, "%s is not an operation that the server leads", a.Kind)
		}
	}
	return nil
}

// Begin records an operation as pending. An older one of the same parcel that is still
// pending does not stand in the way: only the cabinet knows which of them is alive, and
// it runs one at a time for a cell.
func (l *Life) Begin(a AskInput) {
	l.Operations = append(l.Operations, OperationRecord{Operation: a.Operation, Kind: a.Kind})
	if n := len(l.Operations) - keptOperations; n > 0 {
		l.Operations = slices.Delete(l.Operations, 0, n)
	}
}

// Finish records what a cell-open activity came back with: of a result and a fact of one
// operation the first counts. Unknown decides nothing: the fact will come.
func (l *Life) Finish(op OperationID, o OpenOutcome) {
	if o != Unknown {
		l.finish(op, o)
	}
}

// Outcome returns the recorded outcome of an operation, and whether it is known at all.
func (l *Life) Outcome(op OperationID) (OpenOutcome, bool) {
	for _, o := range l.Operations {
		if o.Operation == op {
			return o.Outcome, true
		}
	}
	return "", false
}

func (l *Life) finish(op OperationID, o OpenOutcome) {
	for i := range l.Operations {
		if l.Operations[i].Operation == op && l.Operations[i].Outcome == "" {
			l.Operations[i].Outcome = o
		}
	}
}

func (l *Life) parcel(id ParcelID) *ParcelLife {
	for i := range l.Parcels {
		if l.Parcels[i].ID == id {
			return &l.Parcels[i]
		}
	}
	return nil
}

func (l *Life) count(s ParcelState) int {
	n := 0
	for _, p := range l.Parcels {
		if p.State == s {
			n++
		}
	}
	return n
}

// move applies a state event and appends the event that tells of the new state.
func (l *Life) move(events []Event, e ShipmentEvent, f FactSignal) []Event {
	before := l.State
	next, ok := l.State.Next(e)
	if !ok || next == before {
		return events
	}
	l.State = next
	f.Parcel, f.Cell = "", 0
	return append(events, l.event(stateEvent(next), f))
}

func (l *Life) event(t EventType, f FactSignal) Event {
	ev := Event{
		Shipment: l.Shipment, Seq: l.NextEvent, Type: t, At: f.At,
		Parcel: f.Parcel, Locker: f.Locker, Cell: f.Cell, Operation: f.Operation, Reason: f.Reason,
	}
	l.NextEvent++
	return ev
}

// stateEvent names the event that tells of a state.
func stateEvent(s ShipmentState) EventType { return EventType(fmt.Sprintf("shipment.%s", s)) }

// Projection is what the life shows to the world now; each is newer than the last.
func (l *Life) Projection(events []Event) Projection {
	l.Rev++
	p := Projection{
		Shipment: l.Shipment, Rev: l.Rev, State: l.State, Frozen: l.Frozen(), NoRoom: l.NoRoom, Parcels: slices.Clone(l.Parcels), Events: events,
	}
	l.NoRoom = false
	for i := range p.Parcels {
		p.Parcels[i].Moves = nil // nobody shows them
		if p.Parcels[i].givenBack() {
			p.Parcels[i].State = ParcelRefused
		}
	}
	if !l.ReadyAt.IsZero() {
		ready, expires := l.ReadyAt, l.storageEnd()
		p.ReadyAt, p.ExpiresAt = &ready, &expires
	}
	if l.Reckon {
		l.Reckon = false
		ask := l.AskClock()
		p.Clock = &ask
	}
	if w, changed := l.withdrawal(); changed {
		l.Granted, p.Withdrawal = &w, &w
	}
	l.notices(&p)
	if l.TellFormer > 0 {
		p.Notify = append(p.Notify, NoticeContactChanged)
		if p.Numbers == nil {
			p.Numbers = map[NoticeKind]int{}
		}
		p.Numbers[NoticeContactChanged], l.TellFormer = l.TellFormer, 0
	}
	return p
}
