package models

// ShipmentState is where a shipment is in its life. The names are canonical: REST,
// events and the search attribute use them.
type ShipmentState string

// The states of a shipment.
const (
	StateCreated        ShipmentState = "created"
	StateInTransit      ShipmentState = "in_transit"
	StateLoading        ShipmentState = "loading"
	StateReady          ShipmentState = "ready_for_pickup"
	StatePartlyPickedUp ShipmentState = "partly_picked_up"
	StateExpired        ShipmentState = "expired"
	StateWithdrawing    ShipmentState = "withdrawing"
	StateReturning      ShipmentState = "returning"
	StatePickedUp       ShipmentState = "picked_up"
	StateReturned       ShipmentState = "returned"
	StateCancelled      ShipmentState = "cancelled"
	StateLost           ShipmentState = "lost"
)

// ShipmentStates lists them in the order of a life.
func ShipmentStates() []ShipmentState {
	return []ShipmentState{StateCreated, StateInTransit, StateLoading, StateReady, StatePartlyPickedUp, StateExpired,
		StateWithdrawing, StateReturning, StatePickedUp, StateReturned, StateCancelled, StateLost}
}

// Final reports whether nothing is pending in the state. Final is not deaf: a fact
// from a cabinet may still contradict it.
func (s ShipmentState) Final() bool {
	switch s {
	case StatePickedUp, StateReturned, StateCancelled, StateLost:
		return true
	}
	return false
}

// ShipmentEvent is something that may move a shipment to another state.
type ShipmentEvent string

// The events. "On" events are facts from a cabinet and are never refused: physical
// truth wins (principle 5).
const (
	OnCarrierHasIt    ShipmentEvent = "carrier_has_it"   // the carrier says it is under way
	OnDeposited       ShipmentEvent = "deposited"        // a fact: a parcel is in a cell
	OnPickedUpSome    ShipmentEvent = "picked_up_some"   // a fact: some parcels were taken
	OnPickedUpAll     ShipmentEvent = "picked_up_all"    // a fact: the last one was taken
	OnLoadFailed      ShipmentEvent = "load_failed"      // a fact: none of its parcels could be loaded
	OnRefused         ShipmentEvent = "refused"          // a fact: all that is left was put back by the client
	OnWithdrawalBegun ShipmentEvent = "withdrawal_begun" // a fact: a courier opened its first door
	OnEmptiedReturn   ShipmentEvent = "emptied_return"   // a fact: the last parcel left, to go back
	OnEmptiedCancel   ShipmentEvent = "emptied_cancel"   // a fact: the last parcel left, cancelled
	OnEmptiedReroute  ShipmentEvent = "emptied_reroute"  // a fact: the last parcel left, for another locker
	OnMissing         ShipmentEvent = "missing"          // a fact: the last parcel is not where it should be, and none was taken
	DoReady           ShipmentEvent = "ready"            // the client is told
	DoExpire          ShipmentEvent = "expire"           // storage is over
	DoExtend          ShipmentEvent = "extend"           // storage was lengthened
	DoNeverDeposited  ShipmentEvent = "never_deposited"  // nothing came in time
	DoCancel          ShipmentEvent = "cancel"           // the carrier or shop gave it up
	DoReroute         ShipmentEvent = "reroute"          // it goes to another locker
	DoClose           ShipmentEvent = "close"            // its locker is closed and emptied
	DoReturned        ShipmentEvent = "returned"         // the carrier has it back
	DoLose            ShipmentEvent = "lose"             // the carrier lost it
)

// ShipmentEvents lists them in the order of the table's columns.
func ShipmentEvents() []ShipmentEvent {
	return []ShipmentEvent{OnCarrierHasIt, OnDeposited, OnPickedUpSome, OnPickedUpAll, OnLoadFailed, OnRefused,
		OnWithdrawalBegun, OnEmptiedReturn, OnEmptiedCancel, OnEmptiedReroute, OnMissing,
		DoReady, DoExpire, DoExtend, DoNeverDeposited, DoCancel, DoReroute, DoClose, DoReturned, DoLose}
}

// shipmentMoves answers every (state, event) pair: the next state, the same state for
// "nothing moves", or no entry for "refused".
func shipmentMoves(s ShipmentState) map[ShipmentEvent]ShipmentState {
	switch s {
	case StateCreated:
		return map[ShipmentEvent]ShipmentState{
			OnCarrierHasIt: StateInTransit, OnDeposited: StateLoading, OnLoadFailed: StateInTransit, OnRefused: StateWithdrawing,
			DoNeverDeposited: StateCancelled, DoCancel: StateCancelled, DoReroute: StateCreated, DoLose: StateLost,
		}
	case StateInTransit:
		return map[ShipmentEvent]ShipmentState{
			OnCarrierHasIt: StateInTransit, OnDeposited: StateLoading, OnLoadFailed: StateInTransit, OnRefused: StateWithdrawing,
			DoNeverDeposited: StateCancelled, DoCancel: StateCancelled, DoReroute: StateInTransit, DoReturned: StateReturned, DoLose: StateLost,
		}
	case StateLoading:
		return map[ShipmentEvent]ShipmentState{
			OnDeposited: StateLoading, OnLoadFailed: StateInTransit, OnRefused: StateWithdrawing,
			DoReady: StateReady, DoCancel: StateWithdrawing, DoReroute: StateWithdrawing, DoClose: StateWithdrawing, DoLose: StateLost,
		}
	case StateReady:
		return map[ShipmentEvent]ShipmentState{
			OnDeposited: StateReady, OnLoadFailed: StateReady, OnRefused: StateWithdrawing,
			DoExpire: StateExpired, DoExtend: StateReady, DoCancel: StateWithdrawing, DoReroute: StateWithdrawing, DoClose: StateWithdrawing,
		}
	case StatePartlyPickedUp:
		return map[ShipmentEvent]ShipmentState{
			OnDeposited: StatePartlyPickedUp, OnLoadFailed: StatePartlyPickedUp, OnRefused: StateWithdrawing,
			DoReady: StatePartlyPickedUp, DoExpire: StateExpired, DoExtend: StatePartlyPickedUp, DoCancel: StateWithdrawing,
			DoClose: StateWithdrawing,
		}
	case StateExpired:
		return map[ShipmentEvent]ShipmentState{
			OnDeposited: StateExpired, OnLoadFailed: StateExpired, OnRefused: StateWithdrawing, OnWithdrawalBegun: StateWithdrawing,
			DoExtend: StateReady, DoCancel: StateWithdrawing, DoReroute: StateWithdrawing, DoClose: StateWithdrawing,
		}
	case StateWithdrawing:
		return map[ShipmentEvent]ShipmentState{
			OnDeposited: StateWithdrawing, OnLoadFailed: StateWithdrawing, OnRefused: StateWithdrawing, OnWithdrawalBegun: StateWithdrawing,
			DoCancel: StateWithdrawing,
		}
	case StateReturning:
		return map[ShipmentEvent]ShipmentState{
			OnDeposited: StateWithdrawing, OnLoadFailed: StateReturning, OnRefused: StateWithdrawing, DoReturned: StateReturned, DoLose: StateLost,
		}
	case StatePickedUp:
		// A late parcel of a partly loaded shipment: its life goes on.
		return map[ShipmentEvent]ShipmentState{OnDeposited: StateLoading, OnRefused: StateWithdrawing, OnLoadFailed: StatePickedUp}
	case StateReturned, StateCancelled:
		return map[ShipmentEvent]ShipmentState{OnDeposited: StateWithdrawing, OnRefused: StateWithdrawing, OnLoadFailed: s}
	case StateLost:
		return map[ShipmentEvent]ShipmentState{OnDeposited: StateLoading, OnRefused: StateWithdrawing, OnLoadFailed: StateLost}
	}
	return nil
}

// Next answers what an event makes of a state. ok is false where the event is refused
// in the state, which is then unchanged. Facts of parcels leaving a cell are true in
// every state.
func (s ShipmentState) Next(e ShipmentEvent) (next ShipmentState, ok bool) {
	switch e {
	case OnPickedUpAll:
		return StatePickedUp, true
	case OnPickedUpSome:
		// On the way back, what is left still has to go.
		if s == StateWithdrawing || s == StateExpired {
			return s, true
		}
		return StatePartlyPickedUp, true
	case OnEmptiedReturn:
		return StateReturning, true
	case OnEmptiedCancel:
		return StateCancelled, true
	case OnEmptiedReroute:
		return StateInTransit, true
	case OnMissing:
		return StateLost, true
	}
	if to, ok := shipmentMoves(s)[e]; ok {
		return to, true
	}
	if e == OnWithdrawalBegun {
		return StateWithdrawing, true
	}
	return s, false
}
