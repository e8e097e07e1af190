package models_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// told is a fact with a reason, of an operation of its own.
func told(seq int64, t models.FactType, p models.ParcelID, at time.Time, reason string) models.FactSignal {
	f := fact(seq, t, p, at)
	f.Operation, f.Reason = models.OperationID("op_"+string(t)+string(p)), reason
	return f
}

// waiting is a life whose parcels lie in cells, with the client told.
func waiting(t *testing.T, parcels ...models.ParcelID) (l *models.Life, at time.Time) {
	t.Helper()
	l = newLife(parcels...)
	for i, p := range parcels {
		l.ApplyFact(told(int64(i+1), models.FactDeposited, p, born, ""))
	}
	at, _, _ = l.Deadline()
	require.Equal(t, []models.EventType{models.EventReady}, types(l.Due(at)))
	require.Nil(t, withdrawn(l))
	return l, at
}

func shown(l *models.Life) map[models.ParcelID]models.ParcelState {
	states := map[models.ParcelID]models.ParcelState{}
	for _, p := range l.Projection(nil).Parcels {
		states[p.ID] = p.State
	}
	return states
}

func ask(k models.OperationKind, p models.ParcelID) models.AskInput {
	return models.AskInput{Operation: "op_ask", Kind: k, Locker: "lkr_1", Cells: []models.OpenCell{{Cell: 4, Parcel: p}}}
}

func TestOneOfTwoIsRefused(t *testing.T) {
	t.Parallel()
	steps := map[models.ParcelID]models.FactSignal{
		"a": told(11, models.FactWithdrawn, "a", born, models.LeaveRefused),
		"b": told(12, models.FactPickedUp, "b", born, ""),
	}
	for name, order := range map[string][]models.ParcelID{"the other one is collected first": {"b", "a"}, "it is taken out first": {"a", "b"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, at := waiting(t, "a", "b")
			f := told(3, models.FactRefused, "a", at, models.RefusedNotOrdered)
			events := l.ApplyFact(f)
			require.Equal(t, []models.EventType{models.EventParcelRefused}, types(events))
			require.Equal(t, models.RefusedNotOrdered, events[0].Reason)
			require.Empty(t, l.ApplyFact(f), "a repeat")
			require.Equal(t, models.StateReady, l.State, "the other one waits for its client")
			require.Equal(t, map[models.ParcelID]models.ParcelState{"a": models.ParcelRefused, "b": models.ParcelInCell}, shown(l))
			require.Equal(t, 4, l.Parcels[0].Cell)
			require.Equal(t, models.ParcelInCell, l.Parcels[0].State, "it lies in its cell")

			require.NoError(t, l.CheckAsk(ask(models.Withdrawal, "a"), at))
			require.Error(t, l.CheckAsk(ask(models.Withdrawal, "b"), at), "couriers may take out that one alone")
			require.NoError(t, l.CheckAsk(ask(models.Pickup, "b"), at))
			end, _, _ := l.Deadline()
			require.Equal(t, at.Add(l.Policy.Storage.Duration()), end)
			for _, p := range order {
				l.ApplyFact(steps[p])
			}
			require.Equal(t, models.StateReturning, l.State)
			require.Equal(t, map[models.ParcelID]models.ParcelState{"a": models.ParcelWithdrawn, "b": models.ParcelPickedUp}, shown(l))
			l.CarrierSays(models.EventReturned, at)
			require.Equal(t, models.StateReturned, l.State)
		})
	}
}

// TestWhatCouriersMayTakeOfARefusal follows the grant through a refusal of one and then of the other.
func TestWhatCouriersMayTakeOfARefusal(t *testing.T) {
	t.Parallel()
	l, at := waiting(t, "a", "b")
	l.ApplyFact(told(3, models.FactDamaged, "a", at, models.RefusedDamaged))
	one := models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_1", Reason: "refused", Collectable: true, Parcels: []models.ParcelID{"a"}}
	require.Equal(t, &one, withdrawn(l))
	require.Nil(t, withdrawn(l), "told once")
	l.ApplyFact(told(4, models.FactWithdrawn, "a", at, ""))
	require.Equal(t, models.StateReady, l.State)
	require.Equal(t, &models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_1", Over: true}, withdrawn(l))
	events := l.ApplyFact(told(5, models.FactRefused, "b", at, models.RefusedOther))
	require.Equal(t, []models.EventType{models.EventParcelRefused, models.EventWithdrawing}, types(events))
	require.Equal(t, models.LeaveRefused, events[1].Reason)
	require.Equal(t, &models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_1", Reason: "refused", Collectable: true}, withdrawn(l),
		"all that is there leaves")
	require.Equal(t, []models.EventType{models.EventParcelOut, models.EventReturning}, types(l.ApplyFact(told(6, models.FactWithdrawn, "b", at, ""))))
}

// TestGrantsFromBeforeStayAsTheyWere: their signatures are over these bytes.
func TestGrantsFromBeforeStayAsTheyWere(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_1", Reason: "expired", Collectable: true})
	require.NoError(t, err)
	require.Equal(t, `{"shipment":"shp_1","locker":"lkr_1","reason":"expired","collectable":true}`, string(raw))
}

func TestGrants(t *testing.T) {
	t.Parallel()
	w := models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_1", Reason: "refused", Parcels: []models.ParcelID{"a", "b"}}
	require.True(t, w.Allows([]models.ParcelID{"b"}))
	require.False(t, w.Allows([]models.ParcelID{"b", "c"}))
	same := w
	require.True(t, w.Equal(same))
	same.Parcels = []models.ParcelID{"a"}
	require.False(t, w.Equal(same))
	w.Parcels = nil
	require.True(t, w.Allows([]models.ParcelID{"c"}), "all of them")
	w.Over = true
	require.False(t, w.Allows([]models.ParcelID{"c"}))
	for name, change := range map[string]func(w *models.DirectoryWithdrawal){
		"shipment":    func(w *models.DirectoryWithdrawal) { w.Shipment = "shp_2" },
		"locker":      func(w *models.DirectoryWithdrawal) { w.Locker = "lkr_2" },
		"reason":      func(w *models.DirectoryWithdrawal) { w.Reason = "expired" },
		"collectable": func(w *models.DirectoryWithdrawal) { w.Collectable = true },
		"over":        func(w *models.DirectoryWithdrawal) { w.Over = false },
	} {
		other := w
		change(&other)
		require.False(t, w.Equal(other), name)
	}
}

func TestAllIsRefused(t *testing.T) {
	t.Parallel()
	l, at := waiting(t, "a")
	require.Equal(t, []models.EventType{models.EventParcelDamaged, models.EventWithdrawing},
		types(l.ApplyFact(told(2, models.FactDamaged, "a", at, models.RefusedDamaged))))
	require.NoError(t, l.CheckAsk(ask(models.Pickup, "a"), at), "who has just given it back may change their mind")
	due, _, _ := l.Deadline()
	require.Equal(t, at.Add(l.Policy.WithdrawalOverdue.Duration()), due)
	late := l.Due(due)
	require.Equal(t, []models.EventType{models.EventWithdrawalLate}, types(late))
	require.Equal(t, models.LeaveRefused, late[0].Reason)
	l.ApplyFact(told(3, models.FactWithdrawn, "a", due, ""))
	require.Equal(t, models.StateReturning, l.State)
	require.Error(t, l.CheckAsk(ask(models.Pickup, "a"), due))
}

// TestWhatIsStillToComeIsWaitedFor: a refusal takes along no parcel that is on its way.
func TestWhatIsStillToComeIsWaitedFor(t *testing.T) {
	t.Parallel()
	refuse := told(2, models.FactRefused, "a", born, models.RefusedOther)
	out := told(3, models.FactWithdrawn, "a", born, "")
	come := told(4, models.FactDeposited, "b", born.Add(time.Hour), "")
	fresh := func() *models.Life {
		l := newLife("a", "b")
		l.ApplyFact(told(1, models.FactDeposited, "a", born, ""))
		l.ApplyFact(refuse)
		require.Equal(t, models.StateLoading, l.State)
		return l
	}
	t.Run("it comes", func(t *testing.T) {
		t.Parallel()
		l := fresh()
		l.ApplyFact(come)
		at, _, _ := l.Deadline()
		l.Due(at)
		require.Equal(t, models.StateReady, l.State)
		require.Equal(t, map[models.ParcelID]models.ParcelState{"a": models.ParcelRefused, "b": models.ParcelInCell}, shown(l))
	})
	t.Run("it comes after the other one was taken out", func(t *testing.T) {
		t.Parallel()
		l := fresh()
		l.ApplyFact(out)
		require.Equal(t, models.StateLoading, l.State)
		l.ApplyFact(come)
		at, _, _ := l.Deadline()
		l.Due(at)
		require.Equal(t, models.StateReady, l.State)
		l.ApplyFact(told(5, models.FactPickedUp, "b", at, ""))
		require.Equal(t, models.StateReturning, l.State)
	})
	t.Run("it never comes", func(t *testing.T) {
		t.Parallel()
		l := fresh()
		at, _, ok := l.Deadline()
		require.True(t, ok)
		require.Equal(t, born.Add(l.Policy.PartialEnough.Duration()), at)
		events := l.Due(at)
		require.Equal(t, []models.EventType{models.EventWithdrawing}, types(events), "nobody is told to come for what was refused")
		require.Equal(t, models.LeaveRefused, events[0].Reason)
	})
	t.Run("it never comes, and the other one was taken out", func(t *testing.T) {
		t.Parallel()
		l := fresh()
		l.ApplyFact(out)
		at, _, ok := l.Deadline()
		require.True(t, ok)
		require.Equal(t, born.Add(l.Policy.NeverDeposited.Duration()), at)
		require.Equal(t, []models.EventType{models.EventReturning}, types(l.Due(at)))
	})
	t.Run("its client was told, and it never comes", func(t *testing.T) {
		t.Parallel()
		l := newLife("a", "b")
		l.ApplyFact(told(1, models.FactDeposited, "a", born, ""))
		at, _, _ := l.Deadline()
		l.Due(at)
		require.Equal(t, models.StateReady, l.State)
		l.Policy.Reminders = []models.Seconds{3600}
		l.ApplyFact(refuse)
		require.Equal(t, models.StateReady, l.State)
		end, _, _ := l.Deadline()
		require.Equal(t, at.Add(l.Policy.Storage.Duration()), end, "nobody is reminded of what was refused")
		require.Equal(t, []models.EventType{models.EventWithdrawing}, types(l.Due(end)))
	})
}

// TestRefusedLate: a refusal that contradicts what the server believed is true all the same.
func TestRefusedLate(t *testing.T) {
	t.Parallel()
	refuse := func(seq int64) models.FactSignal {
		return told(seq, models.FactRefused, "a", born, models.RefusedOther)
	}
	t.Run("after a cancel", func(t *testing.T) {
		t.Parallel()
		l, _ := waiting(t, "a")
		l.Cancel(born)
		require.Equal(t, []models.EventType{models.EventParcelRefused}, types(l.ApplyFact(refuse(2))))
		require.False(t, withdrawn(l).Collectable)
		require.Equal(t, []models.EventType{models.EventParcelOut, models.EventCancelled}, types(l.ApplyFact(told(3, models.FactWithdrawn, "a", born, ""))))
	})
	t.Run("after it was taken out, by an older fact", func(t *testing.T) {
		t.Parallel()
		l, _ := waiting(t, "a")
		l.ApplyFact(told(9, models.FactWithdrawn, "a", born, ""))
		require.Equal(t, models.StateReturning, l.State)
		require.Equal(t, []models.EventType{models.EventParcelRefused}, types(l.ApplyFact(refuse(5))))
		require.Equal(t, models.StateReturning, l.State)
		require.Equal(t, models.ParcelWithdrawn, l.Parcels[0].State)
	})
	t.Run("after it expired", func(t *testing.T) {
		t.Parallel()
		l, _ := waiting(t, "a", "b")
		end, _, _ := l.Deadline()
		l.Due(end)
		require.Equal(t, models.StateExpired, l.State)
		require.Equal(t, []models.EventType{models.EventParcelRefused}, types(l.ApplyFact(refuse(5))))
		w := withdrawn(l)
		require.Equal(t, models.LeaveExpired, w.Reason)
		require.Empty(t, w.Parcels, "all of it has to leave")
		require.Equal(t, []models.EventType{models.EventParcelTaken, models.EventWithdrawing}, types(l.ApplyFact(told(6, models.FactPickedUp, "b", end, ""))))
		require.Equal(t, models.LeaveRefused, l.Leave)
	})
	t.Run("after it expired, and a courier began with it", func(t *testing.T) {
		t.Parallel()
		l, _ := waiting(t, "a", "b")
		end, _, _ := l.Deadline()
		l.Due(end)
		l.ApplyFact(refuse(5))
		l.ApplyFact(told(6, models.FactWithdrawn, "a", end, ""))
		require.Equal(t, models.StateWithdrawing, l.State)
	})
	for _, state := range models.ShipmentStates() {
		if !state.Final() && state != models.StateReturning && state != models.StateCreated && state != models.StateInTransit {
			continue
		}
		t.Run("while "+string(state), func(t *testing.T) {
			t.Parallel()
			l := newLife("a")
			l.State = state
			events := l.ApplyFact(refuse(2))
			require.Equal(t, []models.EventType{models.EventParcelRefused, models.EventWithdrawing}, types(events))
			require.Equal(t, models.LeaveRefused, events[1].Reason)
			require.Equal(t, models.LeaveRefused, withdrawn(l).Reason)
		})
	}
	t.Run("cancelled after a withdrawal for it", func(t *testing.T) {
		t.Parallel()
		l := newLife("a")
		l.State, l.Leave = models.StateCancelled, models.LeaveCancelled
		l.ApplyFact(refuse(2))
		require.Equal(t, models.LeaveCancelled, withdrawn(l).Reason)
	})
}

// TestTakenAfterAll: the client changed his mind, and physical truth wins.
func TestTakenAfterAll(t *testing.T) {
	t.Parallel()
	l, at := waiting(t, "a", "b")
	l.ApplyFact(told(3, models.FactRefused, "a", at, models.RefusedOther))
	l.ApplyFact(told(4, models.FactPickedUp, "b", at, ""))
	require.Equal(t, models.StateWithdrawing, l.State)
	require.Equal(t, []models.EventType{models.EventParcelTaken, models.EventPickedUp}, types(l.ApplyFact(told(5, models.FactPickedUp, "a", at, ""))))
	back := told(6, models.FactRefused, "a", at, models.RefusedOther)
	back.Operation = "op_again"
	require.Equal(t, []models.EventType{models.EventParcelRefused, models.EventWithdrawing}, types(l.ApplyFact(back)), "and put it back by a reopening")
	back.Operation, back.Seq, back.Cell = "op_once_more", 7, 5
	require.Empty(t, l.ApplyFact(back), "it is refused already")
	require.Equal(t, 5, l.Parcels[0].Cell)
	found := told(8, models.FactCellChecked, "a", at, models.CheckFound)
	require.Empty(t, l.ApplyFact(found))
	require.Equal(t, models.ParcelRefused, shown(l)["a"], "who looked into its cell has not changed its client's mind")
}

// TestRefusedStaysBehindOnAReroute: what the client does not want does not go to the other locker.
func TestRefusedStaysBehindOnAReroute(t *testing.T) {
	t.Parallel()
	l, at := waiting(t, "a", "b")
	l.ApplyFact(told(3, models.FactRefused, "a", at, models.RefusedOther))
	l.Reroute("lkr_2", at)
	require.Equal(t, models.LeaveRerouted, withdrawn(l).Reason)
	l.ApplyFact(told(4, models.FactWithdrawn, "a", at, ""))
	require.Equal(t, []models.EventType{models.EventParcelOut, models.EventInTransit}, types(l.ApplyFact(told(5, models.FactWithdrawn, "b", at, ""))))
	l.Moved(2, at)
	require.Equal(t, map[models.ParcelID]models.ParcelState{"a": models.ParcelWithdrawn, "b": models.ParcelExpected}, shown(l))

	l, at = waiting(t, "a", "b")
	l.ApplyFact(told(3, models.FactRefused, "a", at, models.RefusedOther))
	l.Reroute("lkr_2", at)
	l.ApplyFact(told(4, models.FactPickedUp, "b", at, "")) // the cabinet had not heard
	l.ApplyFact(told(5, models.FactWithdrawn, "a", at, ""))
	require.Equal(t, models.StateReturning, l.State, "nothing is left to go there")
	_, moves := l.Moves()
	require.False(t, moves)
	require.Empty(t, l.To)
}

// TestReroutedWhileTheRestIsWaitedFor: nothing lies in a cell, so it moves at once.
func TestReroutedWhileTheRestIsWaitedFor(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b")
	l.ApplyFact(told(1, models.FactDeposited, "a", born, ""))
	l.ApplyFact(told(2, models.FactMissing, "a", born, ""))
	require.Equal(t, models.StateLoading, l.State)
	require.Equal(t, []models.EventType{models.EventInTransit}, types(l.Reroute("lkr_2", born)))
	to, moves := l.Moves()
	require.True(t, moves)
	require.Equal(t, models.LockerID("lkr_2"), to)
}

func TestOneOfTwoIsMissing(t *testing.T) {
	t.Parallel()
	miss := func(seq int64) models.FactSignal { return told(seq, models.FactMissing, "a", born, "") }
	t.Run("the other one waits", func(t *testing.T) {
		t.Parallel()
		l, at := waiting(t, "a", "b")
		require.Equal(t, []models.EventType{models.EventParcelMissing}, types(l.ApplyFact(miss(3))))
		require.NoError(t, l.CheckAsk(ask(models.Pickup, "b"), at))
		require.Equal(t, []models.EventType{models.EventParcelTaken, models.EventPickedUp}, types(l.ApplyFact(told(4, models.FactPickedUp, "b", at, ""))))
	})
	t.Run("the other one was collected", func(t *testing.T) {
		t.Parallel()
		l, at := waiting(t, "a", "b")
		l.ApplyFact(told(3, models.FactPickedUp, "b", at, ""))
		require.Equal(t, []models.EventType{models.EventParcelMissing, models.EventPickedUp}, types(l.ApplyFact(miss(4))))
		found := told(5, models.FactCellChecked, "a", at, models.CheckFound)
		l.ApplyFact(found)
		require.Equal(t, models.StateLoading, l.State, "it was found")
	})
	t.Run("the other one was refused", func(t *testing.T) {
		t.Parallel()
		l, at := waiting(t, "a", "b")
		l.ApplyFact(told(3, models.FactRefused, "b", at, ""))
		require.Equal(t, []models.EventType{models.EventParcelMissing, models.EventWithdrawing}, types(l.ApplyFact(miss(4))))
		l.ApplyFact(told(5, models.FactWithdrawn, "b", at, ""))
		require.Equal(t, models.StateReturning, l.State)
		require.Error(t, l.CheckAsk(ask(models.Pickup, "a"), at))
	})
	t.Run("the other one is still to come", func(t *testing.T) {
		t.Parallel()
		l := newLife("a", "b")
		l.ApplyFact(told(1, models.FactDeposited, "a", born, ""))
		require.Equal(t, []models.EventType{models.EventParcelMissing}, types(l.ApplyFact(miss(2))))
		require.NoError(t, l.CheckAsk(ask(models.Deposit, "b"), born))
		at, _, _ := l.Deadline()
		require.Equal(t, []models.EventType{models.EventLost}, types(l.Due(at)), "nothing came of it")
	})
}

func TestLoadFailed(t *testing.T) {
	t.Parallel()
	fail := func(seq int64, p models.ParcelID, reason string) models.FactSignal {
		return told(seq, models.FactLoadFailed, p, born, reason)
	}
	t.Run("one of two", func(t *testing.T) {
		t.Parallel()
		l := newLife("a", "b")
		l.ApplyFact(told(1, models.FactDeposited, "a", born, ""))
		events := l.ApplyFact(fail(2, "b", models.LoadFull))
		require.Equal(t, []models.EventType{models.EventLoadFailed}, types(events))
		require.Equal(t, models.LoadFull, events[0].Reason)
		require.Empty(t, l.ApplyFact(fail(2, "b", models.LoadFull)), "a repeat")
		require.Empty(t, l.ApplyFact(fail(3, "b", models.LoadFull)), "told again in a new epoch")
		at, _, _ := l.Deadline()
		require.Equal(t, born.Add(l.Policy.PartialEnough.Duration()), at, "partial is enough goes on")
		require.Equal(t, []models.EventType{models.EventReady}, types(l.Due(at)))
	})
	t.Run("all of them", func(t *testing.T) {
		t.Parallel()
		l := newLife("a", "b")
		require.Equal(t, []models.EventType{models.EventLoadFailed}, types(l.ApplyFact(fail(1, "a", models.LoadFull))))
		require.Equal(t, models.StateCreated, l.State, "the other one was not tried yet")
		events := l.ApplyFact(fail(2, "b", models.LoadTooBig))
		require.Equal(t, []models.EventType{models.EventLoadFailed, models.EventInTransit}, types(events))
		require.Equal(t, models.LoadTooBig, events[1].Reason)
		at, _, _ := l.Deadline()
		require.Equal(t, born.Add(l.Policy.NeverDeposited.Duration()), at)
		require.NoError(t, l.CheckAsk(ask(models.Deposit, "a"), born))
		l.ApplyFact(told(3, models.FactDeposited, "a", born, ""))
		require.Equal(t, models.StateLoading, l.State, "another day it fits")
		again := fail(4, "b", models.LoadFull)
		again.Operation = "op_again"
		require.Equal(t, []models.EventType{models.EventLoadFailed}, types(l.ApplyFact(again)))
		require.Equal(t, models.StateLoading, l.State)
	})
	t.Run("of a parcel that is in", func(t *testing.T) {
		t.Parallel()
		l := newLife("a")
		l.ApplyFact(told(1, models.FactDeposited, "a", born, ""))
		require.Equal(t, []models.EventType{models.EventLoadFailed}, types(l.ApplyFact(fail(2, "a", models.LoadFull))))
		require.Equal(t, models.StateLoading, l.State)
	})
	t.Run("after the end", func(t *testing.T) {
		t.Parallel()
		l := newLife("a")
		l.Cancel(born)
		require.Equal(t, []models.EventType{models.EventLoadFailed}, types(l.ApplyFact(fail(2, "a", models.LoadFull))))
		require.Equal(t, models.StateCancelled, l.State)
	})
	t.Run("another locker begins anew", func(t *testing.T) {
		t.Parallel()
		l := newLife("a", "b")
		l.ApplyFact(fail(1, "a", models.LoadFull))
		l.Reroute("lkr_2", born)
		l.Moved(2, born)
		f := fail(1, "b", models.LoadFull)
		f.Locker = "lkr_2"
		l.ApplyFact(f)
		require.Equal(t, models.StateCreated, l.State)
	})
}

// TestLostLifeKnowsWhatWasRefused: a life that is recovered from its projection goes on as the lost one.
func TestLostLifeKnowsWhatWasRefused(t *testing.T) {
	t.Parallel()
	for name, facts := range map[string][]models.FactSignal{
		"one":                {told(4, models.FactRefused, "a", born, models.RefusedOther)},
		"one, and taken out": {told(4, models.FactDamaged, "a", born, ""), told(5, models.FactWithdrawn, "a", born, "")},
		"all":                {told(4, models.FactRefused, "a", born, ""), told(5, models.FactRefused, "b", born, "")},
		"refused and taken":  {told(4, models.FactRefused, "a", born, ""), told(5, models.FactPickedUp, "a", born, "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife("a", "b")
			var events []models.Event
			do := func(es []models.Event) { events = append(events, es...) }
			do(l.ApplyFact(told(1, models.FactDeposited, "a", born, "")))
			do(l.ApplyFact(told(2, models.FactDeposited, "b", born, "")))
			at, _, _ := l.Deadline()
			do(l.Due(at))
			for _, f := range facts {
				do(l.ApplyFact(f))
			}
			p := l.Projection(events)
			var rows []models.Parcel
			for _, p := range p.Parcels {
				rows = append(rows, models.Parcel{ID: p.ID, State: p.State, Cell: p.Cell})
			}
			row := models.Shipment{ID: "shp_1", Carrier: "org_1", Locker: "lkr_1", State: p.State, Rev: p.Rev, ReadyAt: p.ReadyAt, ExpiresAt: p.ExpiresAt}
			again := models.RecoverLife(row, rows, l.Policy, events)
			require.Equal(t, l.Granted, again.Granted)
			require.Equal(t, shown(l), shown(again))
			require.Equal(t, l.Leave, again.Leave)
			require.Equal(t, l.LeaveAt, again.LeaveAt)
			for i := range l.Parcels {
				require.Equal(t, l.Parcels[i].Refused, again.Parcels[i].Refused)
			}
			for _, f := range facts {
				require.Empty(t, again.ApplyFact(f), "told before the loss")
			}
		})
	}
	l := newLife("a", "b")
	events := l.ApplyFact(told(1, models.FactLoadFailed, "a", born, models.LoadFull))
	again := models.RecoverLife(models.Shipment{ID: "shp_1", State: l.State, Locker: "lkr_1"},
		[]models.Parcel{{ID: "a", State: models.ParcelExpected}, {ID: "b", State: models.ParcelExpected}}, l.Policy, events)
	again.ApplyFact(told(2, models.FactLoadFailed, "b", born, models.LoadFull))
	require.Equal(t, models.StateInTransit, again.State)
}

// TestTheGrantGrowsWithEachRefusal: couriers are told of every parcel that they may take out.
func TestTheGrantGrowsWithEachRefusal(t *testing.T) {
	t.Parallel()
	l, at := waiting(t, "c", "b", "a")
	l.Begin(models.AskInput{Operation: "op_refusedc", Kind: models.Pickup})
	l.ApplyFact(told(4, models.FactRefused, "c", at, ""))
	require.Equal(t, []models.ParcelID{"c"}, withdrawn(l).Parcels)
	outcome, _ := l.Outcome("op_refusedc")
	require.Equal(t, models.Opened, outcome)
	l.ApplyFact(told(5, models.FactDamaged, "a", at, ""))
	require.Equal(t, []models.ParcelID{"a", "c"}, withdrawn(l).Parcels)
}

// TestLostLifeKnowsWhatCameAgain: what was refused and brought again waits for its client, and
// what was refused and taken out for another locker does not go there.
func TestLostLifeKnowsWhatCameAgain(t *testing.T) {
	t.Parallel()
	events := []models.Event{
		{Seq: 1, Type: models.EventParcelRefused, Parcel: "a", Locker: "lkr_1"},
		{Seq: 2, Type: models.EventParcelOut, Parcel: "a", Locker: "lkr_1"},
	}
	row := models.Shipment{ID: "shp_1", Locker: "lkr_1", State: models.StateInTransit}
	l := models.RecoverLife(row, []models.Parcel{{ID: "a", State: models.ParcelWithdrawn}, {ID: "b", State: models.ParcelWithdrawn}}, withoutReminders(), events)
	require.Equal(t, map[models.ParcelID]models.ParcelState{"a": models.ParcelWithdrawn, "b": models.ParcelExpected}, shown(l))

	events = append(events, models.Event{Seq: 3, Type: models.EventParcelIn, Parcel: "a", Locker: "lkr_1"})
	row.State = models.StateReady
	l = models.RecoverLife(row, []models.Parcel{{ID: "a", State: models.ParcelInCell, Cell: 4}}, withoutReminders(), events)
	require.Equal(t, models.ParcelInCell, shown(l)["a"])
	require.Nil(t, l.Granted)
}
