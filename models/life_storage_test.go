package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// readyLife is a life of the policy standard with a parcel that is ready since a minute after born.
func readyLife(t *testing.T) *models.Life {
	t.Helper()
	l := newLife("a")
	l.Policy = models.ReadyMadePolicies()[0]
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	at, _, _ := l.Deadline()
	require.Equal(t, []models.EventType{models.EventReady}, types(l.Due(at)))
	return l
}

func TestRemindersComeBeforeTheEnd(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	end := l.ReadyAt.Add(72 * time.Hour)
	for i, before := range []time.Duration{24 * time.Hour, 3 * time.Hour} {
		at, _, ok := l.Deadline()
		require.True(t, ok)
		require.Equal(t, end.Add(-before), at)
		require.Empty(t, l.Due(at.Add(-1)))
		events := l.Due(at)
		require.Equal(t, []models.EventType{models.EventReminderSent}, types(events))
		p := l.Projection(events)
		require.Equal(t, []models.NoticeKind{models.NoticeReminder}, p.Notify)
		require.Equal(t, i+1, p.Numbers[models.NoticeReminder], "each is a message of its own")
		require.Empty(t, l.Due(at), "once")
	}
	at, _, _ := l.Deadline()
	require.Equal(t, end, at)
	require.Equal(t, []models.EventType{models.EventExpired}, types(l.Due(at)))
}

func TestOneReminderAfterAnOutage(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	late := l.ReadyAt.Add(70 * time.Hour)
	require.Equal(t, []models.EventType{models.EventReminderSent}, types(l.Due(late)))
	require.Empty(t, l.Due(late), "the other was due as well")
	over := readyLife(t)
	require.Equal(t, []models.EventType{models.EventExpired}, types(over.Due(over.ReadyAt.Add(80*time.Hour))), "nobody is reminded of what is over")
}

func TestNoReminderBeforeTheFirstMessageNorForNothing(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	l.Policy.Reminders = []models.Seconds{100 * 3600, 3600}
	at, _, _ := l.Deadline()
	require.Equal(t, l.ReadyAt.Add(71*time.Hour), at, "the first would come before the parcel was ready")
	partly := newLife("a", "b")
	partly.Policy = models.ReadyMadePolicies()[0]
	partly.ApplyFact(fact(1, models.FactDeposited, "a", born))
	partly.Due(born.Add(24 * time.Hour))
	partly.ApplyFact(fact(2, models.FactPickedUp, "a", born.Add(25*time.Hour)))
	at, _, _ = partly.Deadline()
	require.Equal(t, born.Add(96*time.Hour), at, "nothing lies there to be reminded of")
}

func TestExtension(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	end := l.ReadyAt.Add(72 * time.Hour)
	l.Due(end.Add(-24 * time.Hour))
	require.NoError(t, l.CheckExtend())
	now := end.Add(-2 * time.Hour)
	events := l.Extend(now)
	require.Equal(t, []models.EventType{models.EventStorageExtended}, types(events))
	p := l.Projection(events)
	require.Equal(t, end.Add(24*time.Hour), *p.ExpiresAt)
	require.Equal(t, map[models.NoticeKind]int{models.NoticeExtended: 1}, p.Numbers)
	at, _, _ := l.Deadline()
	require.Equal(t, end, at, "a day before the new end: the client is reminded anew")

	over := end.Add(30 * time.Hour)
	l.Projection(l.Due(over))
	require.Equal(t, models.StateExpired, l.State)
	require.NoError(t, l.CheckExtend())
	require.Equal(t, []models.EventType{models.EventStorageExtended, models.EventReady}, types(l.Extend(over)))
	require.Equal(t, over.Add(24*time.Hour), l.EndsAt, "after the end it runs from now")
	require.True(t, l.Projection(nil).Withdrawal.Over, "couriers leave it where it is")
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(l.CheckExtend()), "twice is what the policy allows")
	require.Equal(t, models.CodeInvalidState, models.ErrorCode(newLife("a").CheckExtend()))
}

func TestNobodyTookItOut(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	end := l.ReadyAt.Add(72 * time.Hour)
	l.Due(end)
	at, _, ok := l.Deadline()
	require.True(t, ok)
	require.Equal(t, end.Add(48*time.Hour), at)
	events := l.Due(at)
	require.Equal(t, []models.EventType{models.EventWithdrawalLate}, types(events))
	require.Equal(t, models.LeaveExpired, events[0].Reason)
	_, _, ok = l.Deadline()
	require.False(t, ok, "it is told once")
	// Cancelled now, it is waited for anew.
	l.Cancel(at)
	next, _, ok := l.Deadline()
	require.True(t, ok)
	require.Equal(t, at.Add(48*time.Hour), next)
}

func TestWhatTheCarrierSaysLater(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	require.Equal(t, []models.EventType{models.EventDelayed}, types(l.CarrierSays(models.EventDelayed, born.Add(2))))
	require.Empty(t, l.CarrierSays(models.EventDelayed, born.Add(1)), "an older word")
	require.Empty(t, l.Hears(models.CarrierEventInput{Type: models.EventDelayed, At: born.Add(3), Undated: true}), "the same delay, told again")
	require.Equal(t, []models.EventType{models.EventDelayed}, types(l.Hears(models.CarrierEventInput{Type: models.EventDelayed, At: born.Add(3)})))
	first := newLife("a")
	require.Equal(t, []models.EventType{models.EventInTransit}, types(first.Hears(models.CarrierEventInput{Type: models.EventInTransit, At: born, Undated: true})))
	require.Equal(t, []models.EventType{models.EventDelayed}, types(first.Hears(models.CarrierEventInput{Type: models.EventDelayed, At: born, Undated: true})))
	require.Equal(t, []models.EventType{models.EventLost}, types(l.CarrierSays(models.EventLost, born)))
	require.Empty(t, l.CarrierSays(models.EventLost, born))
	require.Empty(t, l.CarrierSays(models.EventDelayed, born.Add(time.Hour)))

	ready := readyLife(t)
	require.Empty(t, ready.CarrierSays(models.EventLost, born), "it lies in its cell")
	require.Empty(t, ready.CarrierSays(models.EventReturned, born))
	ready.Due(ready.ReadyAt.Add(72 * time.Hour))
	ready.ApplyFact(fact(2, models.FactWithdrawn, "a", born))
	require.Equal(t, models.StateReturning, ready.State)
	at, _, ok := ready.Deadline()
	require.True(t, ok)
	require.Equal(t, born.Add(14*24*time.Hour), at, "a carrier that says nothing has it back by then")
	require.Equal(t, []models.EventType{models.EventReturned}, types(ready.CarrierSays(models.EventReturned, born)))
	require.True(t, ready.State.Final())
}

// TestStorageIsRecovered: a life that was lost with the engine's database goes on where it was.
func TestStorageIsRecovered(t *testing.T) {
	t.Parallel()
	l := readyLife(t)
	events := l.Due(l.ReadyAt.Add(48 * time.Hour))
	events = append(events, l.Extend(l.ReadyAt.Add(50*time.Hour))...)
	p := l.Projection(events)
	row := models.Shipment{ID: l.Shipment, Locker: l.Locker, State: p.State, Rev: p.Rev, ReadyAt: p.ReadyAt, ExpiresAt: p.ExpiresAt, CreatedAt: born}
	back := models.RecoverLife(row, []models.Parcel{{ID: "a", State: models.ParcelInCell, Cell: 4}}, l.Policy, events)
	want, _, _ := l.Deadline()
	got, _, _ := back.Deadline()
	require.Equal(t, want, got)
	require.Equal(t, 1, back.Extended)
}
