package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestFrozen(t *testing.T) {
	t.Parallel()
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(newLife("a").CheckFreeze()), "nothing lies in a cell")
	l := readyLife(t)
	before, _, _ := l.Deadline()
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckUnfreeze()))
	require.NoError(t, l.CheckFreeze())
	now := l.ReadyAt.Add(time.Hour)
	events := l.Freeze(now)
	require.Equal(t, []models.EventType{models.EventFrozen}, types(events))
	require.True(t, l.Projection(events).Frozen)
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckFreeze()), "twice")
	_, _, ok := l.Deadline()
	require.False(t, ok, "no clock runs")
	require.Empty(t, l.Due(now.Add(1000*time.Hour)))

	cell := []models.OpenCell{{Cell: 4, Parcel: "a"}}
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckAsk(models.AskInput{Kind: models.Pickup, Locker: "lkr_1", Cells: cell}, now)))
	l.Cancel(now)
	require.Equal(t, models.StateWithdrawing, l.State)
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckAsk(models.AskInput{Kind: models.Withdrawal, Locker: "lkr_1", Cells: cell}, now)), "no courier either")

	held := readyLife(t)
	held.Freeze(now)
	require.Equal(t, []models.EventType{models.EventUnfrozen}, types(held.Unfreeze(now.Add(100*time.Hour))))
	after, _, ok := held.Deadline()
	require.True(t, ok)
	require.Equal(t, before.Add(100*time.Hour), after, "the clock goes on with what was left")
	require.NoError(t, held.CheckAsk(models.AskInput{Kind: models.Pickup, Locker: "lkr_1", Cells: cell}, now))
}

func TestNothingLeftToHoldBack(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	l.Freeze(born)
	require.Equal(t, []models.EventType{models.EventParcelTaken, models.EventPickedUp, models.EventUnfrozen}, types(l.ApplyFact(fact(2, models.FactPickedUp, "a", born))), "physical truth wins")
	require.True(t, l.State.Final())
	require.False(t, l.Projection(nil).Frozen)
}
