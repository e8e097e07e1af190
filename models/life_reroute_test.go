package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestRerouteBeforeAnythingIsInACell(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	require.NoError(t, l.CheckReroute())
	require.Empty(t, l.Reroute("lkr_2", born.Add(time.Hour)))
	to, moves := l.Moves()
	require.True(t, moves)
	require.Equal(t, models.LockerID("lkr_2"), to)
	require.Equal(t, []models.EventType{models.EventRerouted}, types(l.Moved(7, born.Add(time.Hour))))
	_, moves = l.Moves()
	require.False(t, moves)
	require.Equal(t, models.LockerID("lkr_2"), l.Locker)
	require.Equal(t, 7, l.Issue)
	require.Equal(t, models.StateCreated, l.State)
	at, _, _ := l.Deadline()
	require.Equal(t, born.Add(time.Hour+7*24*time.Hour), at, "it is waited for anew")
	deposit := models.AskInput{Kind: models.Deposit, Locker: "lkr_1", Cells: []models.OpenCell{{Cell: 1, Parcel: "a"}}}
	require.Error(t, l.CheckAsk(deposit, born), "not at the old locker")
	deposit.Locker = "lkr_2"
	require.NoError(t, l.CheckAsk(deposit, born))
}

// TestReroutedTwice: out of one cell, into another, out of it, and collected at the third.
func TestReroutedTwice(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	at := l.ReadyAt.Add(time.Hour)
	told := []int{0} // which messages there were
	for i, to := range []models.LockerID{"lkr_2", "lkr_3"} {
		from := l.Locker
		require.Equal(t, []models.EventType{models.EventWithdrawing}, types(l.Reroute(to, at)))
		_, moves := l.Moves()
		require.False(t, moves, "its parcel has to be taken out first")
		w := l.Projection(nil).Withdrawal
		require.Equal(t, &models.DirectoryWithdrawal{Shipment: "shp_1", Locker: from, Reason: "rerouted", To: to}, w)
		out := fact(int64(2+2*i), models.FactWithdrawn, "a", at)
		out.Locker, out.Operation = from, models.OperationID("op_out_"+from)
		require.Equal(t, []models.EventType{models.EventParcelOut, models.EventInTransit}, types(l.ApplyFact(out)))
		_, moves = l.Moves()
		require.True(t, moves)
		l.Moved(2+i, at)
		require.True(t, l.Projection(nil).Withdrawal.Over, "the old cabinet has nothing to give out")
		in := fact(int64(3+2*i), models.FactDeposited, "a", at)
		in.Locker, in.Operation = to, models.OperationID("op_"+to)
		require.Equal(t, []models.EventType{models.EventParcelIn, models.EventLoading}, types(l.ApplyFact(in)))
		due, _, _ := l.Deadline()
		ready := l.Due(due)
		require.Equal(t, []models.EventType{models.EventReady}, types(ready))
		n := l.Projection(ready).Numbers[models.NoticeReady]
		require.NotContains(t, told, n, "the client is told of each new place")
		told = append(told, n)
	}
	taken := fact(9, models.FactPickedUp, "a", at)
	taken.Locker = "lkr_3"
	require.Equal(t, []models.EventType{models.EventParcelTaken, models.EventPickedUp}, types(l.ApplyFact(taken)))
}

// TestFormerCabinetTellsLate: a cabinet without network had the parcel for a while. By the time that it tells, the
// parcel lies in another's cell, and stays there.
func TestFormerCabinetTellsLate(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	l.Reroute("lkr_2", born)
	l.Moved(2, born)
	in := fact(1, models.FactDeposited, "a", born.Add(2*time.Hour))
	in.Locker, in.Operation = "lkr_2", "op_in"
	require.False(t, l.Elsewhere(in))
	l.ApplyFact(in)
	due, _, _ := l.Deadline()
	l.Due(due)
	lies := l.Parcels[0]
	for i, kind := range []models.FactType{models.FactDeposited, models.FactUnloaded, models.FactWithdrawn, models.FactMissing,
		models.FactPickedUp, models.FactRefused, models.FactDamaged, models.FactLoadFailed} {
		f := fact(int64(i+1), kind, "a", born.Add(time.Duration(i)*time.Minute))
		f.Operation = models.OperationID("op_former_" + string(kind))
		require.True(t, l.Elsewhere(f), kind)
		told := l.ApplyElsewhere(f)
		require.Len(t, told, 1, kind)
		require.Equal(t, models.LockerID("lkr_1"), told[0].Locker)
		require.Empty(t, l.ApplyElsewhere(f), "a repeat")
		f.Epoch, f.Seq = 2, 100+f.Seq
		require.Empty(t, l.ApplyElsewhere(f), "told again in a new epoch")
	}
	now := l.Parcels[0]
	lies.Moves, now.Moves = nil, nil
	require.Equal(t, lies, now)
	require.Equal(t, models.StateReady, l.State)

	moved := fact(20, models.FactDeposited, "a", born.Add(3*time.Hour))
	moved.Operation = "op_later"
	require.False(t, l.Elsewhere(moved), "put in later: somebody brought it there")
	taken := fact(2, models.FactPickedUp, "a", due)
	taken.Locker, taken.Operation = "lkr_2", "op_out"
	require.False(t, l.Elsewhere(taken))
	l.ApplyFact(taken)
	require.Equal(t, models.StatePickedUp, l.State)
	require.False(t, l.Elsewhere(moved), "it lies in no cell")
}

// TestRecoveredFromWhatAFormerCabinetTold: a life that was lost knows by its events where the parcel lies.
func TestRecoveredFromWhatAFormerCabinetTold(t *testing.T) {
	t.Parallel()
	in := models.Event{Seq: 1, Type: models.EventParcelIn, Parcel: "a", Locker: "lkr_2", Cell: 3, At: born.Add(2 * time.Hour)}
	late := []models.Event{
		{Seq: 2, Type: models.EventParcelIn, Parcel: "a", Locker: "lkr_1", Cell: 4, At: born},
		{Seq: 3, Type: models.EventParcelTaken, Parcel: "a", Locker: "lkr_1", Cell: 4, At: born.Add(3 * time.Hour)},
	}
	back := models.RecoverLife(models.Shipment{ID: "shp_1", Locker: "lkr_2", State: models.StateReady},
		[]models.Parcel{{ID: "a", State: models.ParcelInCell, Cell: 3}}, withoutReminders(), append([]models.Event{in}, late...))
	require.Equal(t, models.LockerID("lkr_2"), back.Parcels[0].Locker)
}

func TestCollectedBeforeItCouldBeTakenOut(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	l.Reroute("lkr_2", born)
	require.Equal(t, []models.EventType{models.EventParcelTaken, models.EventPickedUp}, types(l.ApplyFact(fact(2, models.FactPickedUp, "a", born))))
	_, moves := l.Moves()
	require.False(t, moves, "it has come to its end here")
}

func TestNoReroute(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	l.Freeze(born)
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckReroute()))
	gone := newLife("a")
	gone.Cancel(born)
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(gone.CheckReroute()))
	given := readyLife(t)
	given.Reroute("lkr_2", born)
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(given.CheckReroute()), "one way at a time")
}

// TestLostOnTheWay: with the engine's database gone between the move and its telling, the
// shipment is expected where it was moved to, and old facts change nothing.
func TestLostOnTheWay(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	in := models.Event{Shipment: "shp_1", Seq: 1, Type: models.EventParcelIn, Parcel: "a", Locker: "lkr_1", Operation: "op_1", At: born}
	events := append([]models.Event{in}, l.Reroute("lkr_2", born)...)
	out := fact(2, models.FactWithdrawn, "a", born.Add(time.Hour))
	out.Operation = "op_out"
	events = append(events, l.ApplyFact(out)...)
	row := models.Shipment{ID: "shp_1", Locker: "lkr_2", State: models.StateInTransit, Rev: 5, CreatedAt: born}
	back := models.RecoverLife(row, []models.Parcel{{ID: "a", State: models.ParcelWithdrawn}}, l.Policy, events)
	require.Empty(t, back.Leave)
	require.Empty(t, back.ApplyFact(fact(1, models.FactDeposited, "a", born)), "told already")
	deposit := models.AskInput{Kind: models.Deposit, Locker: "lkr_2", Cells: []models.OpenCell{{Cell: 1, Parcel: "a"}}}
	require.NoError(t, back.CheckAsk(deposit, born))

	// The same old fact, after a lost life was moved.
	lost := models.RecoverLife(row, []models.Parcel{{ID: "a", State: models.ParcelWithdrawn}}, l.Policy, events)
	lost.To = "lkr_3"
	lost.Moved(3, born)
	require.Empty(t, lost.ApplyFact(fact(1, models.FactDeposited, "a", born)), "told already")
}

// TestLostAfterTheMove: the wait for the rest begins with the first parcel at the new locker.
func TestLostAfterTheMove(t *testing.T) {
	t.Parallel()
	in := func(seq int, l models.LockerID, at time.Time) models.Event {
		return models.Event{Shipment: "shp_1", Seq: seq, Type: models.EventParcelIn, Parcel: "a", Locker: l, Operation: models.OperationID("op_" + l), At: at}
	}
	moved := born.Add(48 * time.Hour)
	row := models.Shipment{ID: "shp_1", Locker: "lkr_2", State: models.StateLoading, Rev: 5, CreatedAt: born}
	back := models.RecoverLife(row, []models.Parcel{{ID: "a", State: models.ParcelInCell, Cell: 1}, {ID: "b", State: models.ParcelExpected}},
		models.ReadyMadePolicies()[0], []models.Event{
			in(1, "lkr_1", born), {Shipment: "shp_1", Seq: 2, Type: models.EventRerouted, At: moved}, in(3, "lkr_2", moved.Add(time.Hour)),
		})
	at, _, ok := back.Deadline()
	require.True(t, ok)
	require.Equal(t, moved.Add(25*time.Hour), at)
}

// TestCancelledOnTheWayToAnotherLocker: while its parcel still lies in the old cell. It goes to
// no other locker any more, and the room there is given back.
func TestCancelledOnTheWayToAnotherLocker(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.Reroute("lkr_2", born)
	l.Projection(nil)
	events := l.Cancel(born.Add(time.Hour))
	require.Equal(t, []models.EventType{models.EventWithdrawing}, types(events))
	require.Equal(t, models.LeaveCancelled, events[0].Reason)
	p := l.Projection(events)
	require.True(t, p.NoRoom)
	require.False(t, l.Projection(nil).NoRoom, "once")
	require.Equal(t, models.LeaveCancelled, p.Withdrawal.Reason, "couriers are told")
	require.Empty(t, l.Cancel(born.Add(2*time.Hour)), "it is under way")
	row := models.Shipment{ID: "shp_1", Carrier: "org_1", Locker: "lkr_1", State: l.State, Rev: p.Rev, CreatedAt: born}
	in := models.Event{Shipment: "shp_1", Seq: 1, Type: models.EventParcelIn, Parcel: "a", Locker: "lkr_1", Cell: 4, At: born}
	lost := models.RecoverLife(row, []models.Parcel{{ID: "a", State: models.ParcelInCell, Cell: 4}}, l.Policy, append([]models.Event{in}, events...))
	require.Equal(t, models.LeaveCancelled, lost.Leave)

	out := l.ApplyFact(fact(2, models.FactWithdrawn, "a", born.Add(3*time.Hour)))
	require.Equal(t, []models.EventType{models.EventParcelOut, models.EventCancelled}, types(out))
	_, moves := l.Moves()
	require.False(t, moves)
}

// TestCancelInEveryState: given up wherever that means anything.
func TestCancelInEveryState(t *testing.T) {
	t.Parallel()
	for _, s := range models.ShipmentStates() {
		l := newLife("a")
		l.ApplyFact(fact(1, models.FactDeposited, "a", born))
		l.State = s
		if s.Final() || s == models.StateReturning {
			require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckCancel()), s)
			continue
		}
		require.NoError(t, l.CheckCancel(), s)
		l.Cancel(born.Add(time.Hour))
		require.Contains(t, []models.ShipmentState{models.StateWithdrawing, models.StateCancelled}, l.State, s)
		require.Equal(t, models.LeaveCancelled, l.Leave, s)
	}
}
