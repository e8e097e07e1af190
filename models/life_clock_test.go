package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// stored is a life whose only parcel waits for the client since born.
func stored() *models.Life {
	l := newLife("a")
	l.Policy.Reminders = []models.Seconds{24 * 3600, 3 * 3600}
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.Projection(l.Due(born.Add(time.Hour)))
	return l
}

func TestClockIsAskedBeforeTimeActs(t *testing.T) {
	t.Parallel()
	l := stored()
	require.Equal(t, models.StateReady, l.State)
	at, _, ok := l.Deadline()
	require.True(t, ok)
	require.False(t, l.NeedsClock(at.Add(-time.Second)))
	require.True(t, l.NeedsClock(at))

	// The cabinet is away: nothing is due, and it is asked again ever more rarely.
	now, last := at, time.Duration(0)
	for range 100 {
		require.Empty(t, l.TakeClock(models.ClockResult{}, now))
		require.Empty(t, l.Due(now))
		again, _, ok := l.Deadline()
		require.True(t, ok)
		wait := again.Sub(now)
		require.GreaterOrEqual(t, wait, max(last, time.Second))
		require.LessOrEqual(t, wait, 30*time.Minute)
		now, last = again, wait
	}
	require.Equal(t, 30*time.Minute, last)
	// The end moves with the outage, and the cabinet is looked at all the same.
	require.Empty(t, l.TakeClock(models.ClockResult{EndsAt: now.Add(50 * time.Hour)}, now))
	again, _, _ := l.Deadline()
	require.Equal(t, now.Add(30*time.Minute), again)
	now = again
	// It is back, and the pause moved the end: nothing is due yet.
	end := now.Add(100 * time.Hour)
	require.Empty(t, l.TakeClock(models.ClockResult{EndsAt: end, Current: true}, now))
	require.Empty(t, l.Due(now))
	at, _, _ = l.Deadline()
	require.Equal(t, end.Add(-24*time.Hour), at)
	require.Equal(t, []models.EventType{models.EventReminderSent}, types(l.Due(at)))
	require.Equal(t, end, *l.Projection(nil).ExpiresAt)

	taken := stored()
	taken.ApplyFact(fact(2, models.FactPickedUp, "a", born.Add(2*time.Hour)))
	require.False(t, taken.NeedsClock(end), "nothing of it waits for a client")
}

// TestTheEndIsNeverTakenBack: what the client was told stays.
func TestTheEndIsNeverTakenBack(t *testing.T) {
	t.Parallel()
	l := stored()
	told := *l.Projection(nil).ExpiresAt
	l.TakeEnd(told.Add(-time.Hour))
	require.Equal(t, told, *l.Projection(nil).ExpiresAt)
	l.TakeEnd(told.Add(time.Hour))
	require.Equal(t, told.Add(time.Hour), *l.Projection(nil).ExpiresAt)
	newLife("a").TakeEnd(told) // never ready: there is no storage time
}

func TestPausesAreToldOnce(t *testing.T) {
	t.Parallel()
	l := stored()
	first, second := models.Span{From: born.Add(2 * time.Hour), Until: born.Add(3 * time.Hour)}, models.Span{From: born.Add(5 * time.Hour)}
	take := func(outages ...models.Span) []models.Event {
		return l.TakeClock(models.ClockResult{Outages: outages}, born.Add(6*time.Hour))
	}
	events := take(first, second)
	require.Equal(t, []models.EventType{models.EventClockPaused, models.EventClockResumed, models.EventClockPaused}, types(events))
	require.Equal(t, []time.Time{first.From, first.Until, second.From}, []time.Time{events[0].At, events[1].At, events[2].At})
	require.Empty(t, take(first, second))
	second.Until = born.Add(7 * time.Hour)
	events = take(first, second)
	require.Equal(t, []models.EventType{models.EventClockResumed}, types(events))
	require.Equal(t, second.Until, events[0].At)
	require.Empty(t, take(first, second))

	var many []models.Span
	for i := range 100 {
		at := born.Add(time.Duration(10+i) * time.Hour)
		many = append(many, models.Span{From: at, Until: at.Add(time.Minute)})
	}
	require.Len(t, take(many...), 2*(20-2), "a cabinet that comes and goes does not fill a history")
	require.Empty(t, take(many...))
}

// TestClockOfExtensionsAndFreezes: what the end is reckoned from.
func TestClockOfExtensionsAndFreezes(t *testing.T) {
	t.Parallel()
	clock := func(l *models.Life) models.StorageClock {
		p := l.Projection(nil)
		require.NotNil(t, p.Clock, "the end is reckoned")
		require.Nil(t, l.Projection(nil).Clock, "once")
		return p.Clock.Clock
	}
	ready := born.Add(time.Hour)
	l := newLife("a")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.Due(ready)
	require.Equal(t, models.StorageClock{From: ready, For: 72 * time.Hour}, clock(l))
	l.Freeze(born.Add(10 * time.Hour))
	l.Unfreeze(born.Add(15 * time.Hour))
	held := []models.Span{{From: born.Add(10 * time.Hour), Until: born.Add(15 * time.Hour)}}
	require.Equal(t, models.StorageClock{From: ready, For: 72 * time.Hour, Held: held}, clock(l))
	l.Extend(born.Add(20 * time.Hour))
	require.Equal(t, models.StorageClock{From: ready, For: 96 * time.Hour, Held: held}, clock(l))
	require.Equal(t, ready.Add(101*time.Hour), *l.Projection(nil).ExpiresAt)
	late := ready.Add(200 * time.Hour)
	l.Due(late)
	require.Equal(t, models.StateExpired, l.State)
	l.Extend(late.Add(time.Hour))
	require.Equal(t, models.StorageClock{From: late.Add(time.Hour), For: 24 * time.Hour}, clock(l))

	// A life that began before clocks were fair.
	old := stored()
	old.Clock = models.StorageClock{}
	require.Equal(t, 72*time.Hour, old.AskClock().Clock.For)
	old.Freeze(born.Add(10 * time.Hour))
	old.Unfreeze(born.Add(15 * time.Hour))
	require.Equal(t, models.StorageClock{From: ready, For: 72 * time.Hour, Held: held}, clock(old))
}

// TestClockIsRecovered: after a loss of the engine's database the clock is that of before.
func TestClockIsRecovered(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	var events []models.Event
	add := func(e []models.Event) { events = append(events, e...) }
	recovered := func() *models.Life {
		p := l.Projection(nil)
		row := models.Shipment{ID: l.Shipment, Carrier: l.Carrier, Number: l.Number, Locker: l.Locker, State: l.State, Rev: p.Rev,
			ReadyAt: p.ReadyAt, ExpiresAt: p.ExpiresAt, CreatedAt: l.Created, Frozen: p.Frozen, UpdatedAt: born.Add(1000 * time.Hour)}
		return models.RecoverLife(row, []models.Parcel{{ID: "a", State: l.Parcels[0].State, Cell: l.Parcels[0].Cell}}, l.Policy, events)
	}
	same := func(what string) {
		t.Helper()
		r := recovered()
		require.Equal(t, l.AskClock(), r.AskClock(), what)
		require.Equal(t, l.Pauses, r.Pauses, what)
		require.Equal(t, l.EndsAt, r.EndsAt, what)
	}
	add(l.ApplyFact(fact(1, models.FactDeposited, "a", born)))
	add(l.Due(born.Add(time.Hour)))
	same("ready")
	add(l.TakeClock(models.ClockResult{EndsAt: born.Add(90 * time.Hour), Outages: []models.Span{{From: born.Add(4 * time.Hour)}}}, born.Add(5*time.Hour)))
	same("paused")
	add(l.TakeClock(models.ClockResult{Outages: []models.Span{{From: born.Add(4 * time.Hour), Until: born.Add(6 * time.Hour)}}, Current: true}, born.Add(7*time.Hour)))
	same("resumed")
	add(l.Freeze(born.Add(10 * time.Hour)))
	same("frozen")
	add(l.Unfreeze(born.Add(15 * time.Hour)))
	same("let go")
	add(l.Extend(born.Add(20 * time.Hour)))
	same("extended")
	add(l.Due(born.Add(500 * time.Hour)))
	add(l.Due(born.Add(500 * time.Hour)))
	require.Equal(t, models.StateExpired, l.State)
	add(l.Extend(born.Add(501 * time.Hour)))
	same("extended after its end")
}

// TestNothingInACellNeedsNoClock: the rest never came, and what came was taken.
func TestNothingInACellNeedsNoClock(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.Due(born.Add(100 * time.Hour))
	taken := fact(2, models.FactPickedUp, "a", born.Add(101*time.Hour))
	taken.Operation = "op_2"
	l.ApplyFact(taken)
	require.Equal(t, models.StatePartlyPickedUp, l.State)
	require.False(t, l.NeedsClock(born.Add(1000*time.Hour)))
}

// TestAnotherLockerBeginsAnew: its clock, its pauses, and what was waited for at the old one.
func TestAnotherLockerBeginsAnew(t *testing.T) {
	t.Parallel()
	l := stored()
	l.TakeClock(models.ClockResult{Outages: []models.Span{{From: born}}}, born.Add(2*time.Hour))
	l.To = "lkr_2"
	l.Moved(7, born.Add(3*time.Hour))
	require.Zero(t, l.Clock)
	require.Empty(t, l.Pauses)
	require.Zero(t, l.WaitUntil)
}

// TestWhatGoesBackNeedsNoRoom: it was to go to another locker, and its client did not want it.
func TestWhatGoesBackNeedsNoRoom(t *testing.T) {
	t.Parallel()
	l := stored()
	refused := fact(2, models.FactRefused, "a", born.Add(2*time.Hour))
	refused.Operation = "op_2"
	l.ApplyFact(refused)
	l.To = "lkr_2"
	out := fact(3, models.FactWithdrawn, "a", born.Add(3*time.Hour))
	out.Operation = "op_3"
	l.ApplyFact(out)
	require.Equal(t, models.StateReturning, l.State)
	require.True(t, l.Projection(nil).NoRoom)
}

// TestNothingIsWaitedForAtTheCabinet: the cabinet was asked about, and is away; then what it held is
// told to be missing, and another parcel is to come. The moment at which the cabinet was to be
// looked at again brings nothing any more, and above all not a reminder at each look.
func TestNothingIsWaitedForAtTheCabinet(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b")
	l.Policy.Reminders = []models.Seconds{24 * 3600}
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	at, _, _ := l.Deadline()
	l.Due(at)
	require.Equal(t, models.StateReady, l.State)
	at, _, _ = l.Deadline()
	require.Empty(t, l.TakeClock(models.ClockResult{}, at))
	again, _, _ := l.Deadline()
	l.ApplyFact(fact(2, models.FactMissing, "a", at))
	require.Equal(t, models.StateReady, l.State, "the other one is to come")
	told := 0
	for range 5 {
		told += len(l.Due(again))
	}
	require.LessOrEqual(t, told, 1)
	next, _, ok := l.Deadline()
	require.True(t, ok)
	require.True(t, next.After(again), "%s is not after %s", next, again)
}
