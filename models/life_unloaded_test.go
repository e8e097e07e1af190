package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestACourierTakesItOutAgain: while the shipment is loading it is as if the parcel had not got
// in, and a client is told of nothing.
func TestACourierTakesItOutAgain(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	l.ApplyFact(told(1, models.FactDeposited, "a", born, ""))
	f := told(2, models.FactUnloaded, "a", born, models.LoadTooBig)
	events := l.ApplyFact(f)
	require.Equal(t, []models.EventType{models.EventLoadFailed, models.EventInTransit}, types(events))
	require.Equal(t, models.LoadTooBig, events[0].Reason)
	require.Empty(t, l.ApplyFact(f), "a repeat")
	require.Equal(t, models.StateInTransit, l.State)
	require.Equal(t, models.ParcelExpected, shown(l)["a"])
	require.True(t, l.FirstClose.IsZero(), "the partial-is-enough timer begins anew")

	in := fact(3, models.FactDeposited, "a", born)
	in.Operation = "op_again"
	require.Equal(t, []models.EventType{models.EventParcelIn, models.EventLoading}, types(l.ApplyFact(in)))
	at, _, _ := l.Deadline()
	require.Equal(t, []models.EventType{models.EventReady}, types(l.Due(at)))
}

// TestOneOfTwoIsTakenOutAgain: the other one stays, and the shipment goes on loading.
func TestOneOfTwoIsTakenOutAgain(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b")
	l.ApplyFact(told(1, models.FactDeposited, "a", born, ""))
	l.ApplyFact(told(2, models.FactDeposited, "b", born, ""))
	require.Equal(t, []models.EventType{models.EventLoadFailed}, types(l.ApplyFact(told(3, models.FactUnloaded, "b", born, models.LoadTooBig))))
	require.Equal(t, models.StateLoading, l.State)
	require.Equal(t, map[models.ParcelID]models.ParcelState{"a": models.ParcelInCell, "b": models.ParcelExpected}, shown(l))
	require.False(t, l.FirstClose.IsZero())
}

// TestTakenOutAgainAfterTheClientWasTold: it is out, and goes back.
func TestTakenOutAgainAfterTheClientWasTold(t *testing.T) {
	t.Parallel()
	l, at := waiting(t, "a")
	require.Equal(t, []models.EventType{models.EventParcelOut, models.EventReturning},
		types(l.ApplyFact(told(3, models.FactUnloaded, "a", at, models.LoadTooBig))))
	require.Equal(t, models.ParcelWithdrawn, shown(l)["a"])
}

// TestTakenOutAgainIsToldLate: what was picked up meanwhile, or never was in, stays so.
func TestTakenOutAgainIsToldLate(t *testing.T) {
	t.Parallel()
	l, at := waiting(t, "a")
	l.ApplyFact(told(4, models.FactPickedUp, "a", at, ""))
	l.ApplyFact(told(3, models.FactUnloaded, "a", at, models.LoadTooBig))
	require.Equal(t, models.StatePickedUp, l.State)
	require.Equal(t, models.ParcelPickedUp, shown(l)["a"])
}
