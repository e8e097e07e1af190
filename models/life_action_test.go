package models_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func withdrawn(l *models.Life) *models.DirectoryWithdrawal { return l.Projection(nil).Withdrawal }

func TestCancelBeforeAnythingIsInACell(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	require.NoError(t, l.CheckCancel())
	require.Equal(t, []models.EventType{models.EventCancelled}, types(l.Cancel(born)))
	require.Nil(t, withdrawn(l), "there is nothing to take out")
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckCancel()))

	// The cabinet was without network: the parcel is in after all, and has to leave.
	require.Equal(t, []models.EventType{models.EventParcelIn, models.EventWithdrawing}, types(l.ApplyFact(fact(1, models.FactDeposited, "a", born))))
	require.Equal(t, &models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_1", Reason: "cancelled"}, withdrawn(l))
	require.Nil(t, withdrawn(l), "told once")
	require.Equal(t, []models.EventType{models.EventParcelOut, models.EventCancelled}, types(l.ApplyFact(fact(2, models.FactWithdrawn, "a", born))))
	require.Equal(t, &models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_1", Over: true}, withdrawn(l))
}

func TestCancelWithParcelsInCells(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b", "c")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.ApplyFact(fact(2, models.FactDeposited, "b", born))
	require.Equal(t, []models.EventType{models.EventWithdrawing}, types(l.Cancel(born)))
	require.False(t, withdrawn(l).Collectable, "the client's code opens nothing any more")
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckReissue()))
	require.NoError(t, l.CheckAsk(models.AskInput{Kind: models.Withdrawal, Locker: "lkr_1", Cells: []models.OpenCell{{Cell: 4, Parcel: "a"}}}, born))
	require.Error(t, l.CheckAsk(models.AskInput{Kind: models.Pickup, Locker: "lkr_1", Cells: []models.OpenCell{{Cell: 4, Parcel: "a"}}}, born))
	require.Error(t, l.CheckAsk(models.AskInput{Kind: models.Withdrawal, Locker: "lkr_1", Cells: []models.OpenCell{{Cell: 4, Parcel: "c"}}}, born), "it never came")
	require.Equal(t, []models.EventType{models.EventParcelOut}, types(l.ApplyFact(fact(3, models.FactWithdrawn, "a", born))))
	require.Equal(t, []models.EventType{models.EventParcelMissing, models.EventCancelled}, types(l.ApplyFact(fact(4, models.FactMissing, "b", born))))
	require.Empty(t, l.ApplyFact(fact(4, models.FactMissing, "b", born)), "a repeat")
}

func TestPickedUpAfterCancel(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.Cancel(born)
	require.Equal(t, []models.EventType{models.EventParcelTaken, models.EventPickedUp}, types(l.ApplyFact(fact(2, models.FactPickedUp, "a", born))), "physical truth wins")
	require.Nil(t, withdrawn(l), "nobody was ever told to take it out")
}

func TestExpiredIsToBeTakenOutAndStillCollectable(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	at, _, _ := l.Deadline()
	l.Due(at)
	at, _, _ = l.Deadline()
	require.Equal(t, []models.EventType{models.EventExpired}, types(l.Due(at)))
	require.Equal(t, &models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_1", Reason: "expired", Collectable: true}, withdrawn(l))
	require.Equal(t, []models.EventType{models.EventParcelOut, models.EventReturning}, types(l.ApplyFact(fact(2, models.FactWithdrawn, "a", at))))
}

func TestMissingParcelIsLost(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.ApplyFact(fact(2, models.FactDeposited, "b", born))
	require.Equal(t, []models.EventType{models.EventParcelMissing}, types(l.ApplyFact(fact(3, models.FactMissing, "a", born))))
	require.Equal(t, models.StateLoading, l.State, "the other one waits for its client")
	l.ApplyFact(fact(4, models.FactMissing, "b", born))
	require.Equal(t, models.StateLost, l.State)
	found := fact(5, models.FactCellChecked, "a", born)
	found.Reason, found.Cell = models.CheckFound, 9
	require.Equal(t, []models.EventType{models.EventParcelIn, models.EventLoading}, types(l.ApplyFact(found)), "it was found in another cell")
	require.Equal(t, 9, l.Parcels[0].Cell)
}

func TestReissuedCode(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	l.Issue = 1
	require.NoError(t, l.CheckReissue())
	require.Equal(t, []models.EventType{models.EventCodeReissued}, types(l.Reissued(2, born)))
	require.Empty(t, l.Reissued(2, born), "a repeat")
	require.Empty(t, l.Projection([]models.Event{{Type: models.EventCodeReissued}}).Notify, "the client hears of it when ready")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.Due(born.Add(time.Hour))
	require.Equal(t, []models.NoticeKind{models.NoticeCodeReissued}, l.Projection(l.Reissued(3, born)).Notify)
}

func TestAllowedActions(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"cancel", "reissue-code", "extend", "reroute", "freeze"}, models.StateReady.AllowedActions(false))
	require.Equal(t, []string{"cancel", "unfreeze"}, models.StateWithdrawing.AllowedActions(true))
	require.Empty(t, models.StatePickedUp.AllowedActions(false))
}

// TestAllowedActionsAreThoseOfTheChecks: what a refusal names is what a life takes, in every
// state, with a parcel in a cell.
func TestAllowedActionsAreThoseOfTheChecks(t *testing.T) {
	t.Parallel()
	for _, state := range models.ShipmentStates() {
		for _, frozen := range []bool{false, true} {
			l := newLife("a")
			l.Policy.Extensions = 1
			l.State = state
			l.Parcels[0].State = models.ParcelInCell
			if frozen {
				l.FrozenAt = born
			}
			for action, check := range map[string]func() error{
				models.ActionCancel: l.CheckCancel, models.ActionReissueCode: l.CheckReissue, models.ActionExtend: l.CheckExtend,
				models.ActionReroute: l.CheckReroute, models.ActionFreeze: l.CheckFreeze, models.ActionUnfreeze: l.CheckUnfreeze,
			} {
				require.Equal(t, check() == nil, slices.Contains(state.AllowedActions(frozen), action), "%s in %s, frozen: %v", action, state, frozen)
			}
		}
	}
}

func TestWhatACarrierMaySay(t *testing.T) {
	t.Parallel()
	for _, state := range models.ShipmentStates() {
		for _, said := range []models.EventType{models.EventAccepted, models.EventInTransit, models.EventOutForLocker, models.EventDelayed} {
			require.True(t, state.CarrierMaySay(said), state)
		}
	}
	l := newLife("a")
	require.NoError(t, l.CheckCarrier(models.EventLost))
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckCarrier(models.EventReturned)), "it was never on its way")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckCarrier(models.EventLost)), "it lies in its cell")
	l.State = models.StateLost
	l.Parcels[0].State = models.ParcelExpected
	require.NoError(t, l.CheckCarrier(models.EventLost), "said again")
	l.State = models.StatePickedUp
	require.Error(t, l.CheckCarrier(models.EventLost))
	require.Error(t, l.CheckCarrier(models.EventReturned))
	l.State = models.StateReturned
	require.NoError(t, l.CheckCarrier(models.EventReturned))
}

// TestLostLifeKnowsWhatCouriersWereTold: after a loss of the engine's database a grant is
// neither forgotten nor told twice.
func TestLostLifeKnowsWhatCouriersWereTold(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	events := append(l.ApplyFact(fact(1, models.FactDeposited, "a", born)), l.Cancel(born)...)
	p := l.Projection(events)
	row := models.Shipment{ID: "shp_1", Carrier: "org_1", Locker: "lkr_1", State: p.State, Rev: p.Rev}
	again := models.RecoverLife(row, []models.Parcel{{ID: "a", State: models.ParcelInCell, Cell: 4}}, l.Policy, events)
	require.Equal(t, l.Granted, again.Granted)
	require.Equal(t, []models.EventType{models.EventParcelOut, models.EventCancelled}, types(again.ApplyFact(fact(2, models.FactWithdrawn, "a", born))))
	require.True(t, withdrawn(again).Over)
}

// TestAFactToldAgainInANewEpochMovesNothing: a cabinet whose store was put back tells what
// the server has known for long.
func TestAFactToldAgainInANewEpochMovesNothing(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	in := fact(1, models.FactDeposited, "a", born)
	l.ApplyFact(in)
	out := fact(2, models.FactPickedUp, "a", born)
	out.Operation = "op_2"
	l.ApplyFact(out)
	in.Epoch, in.Seq = 2, 2
	require.Empty(t, l.ApplyFact(in))
	require.Equal(t, models.StatePickedUp, l.State)
	in.Seq, in.Operation = 3, "op_3"
	require.NotEmpty(t, l.ApplyFact(in), "another deposit is true")
}
