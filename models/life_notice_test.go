package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestWhatClientsAreTold of the ways that a life goes.
func TestWhatClientsAreTold(t *testing.T) {
	t.Parallel()
	at := born.Add(48 * time.Hour)
	told := func(l *models.Life, events []models.Event) []models.NoticeKind { return l.Projection(events).Notify }

	l := stored()
	require.Equal(t, []models.NoticeKind{models.NoticeExpired}, told(l, l.Due(born.Add(1000*time.Hour))))
	require.Equal(t, []models.NoticeKind{models.NoticeWithdrawn}, told(l, l.ApplyFact(fact(2, models.FactWithdrawn, "a", at))))

	l = stored()
	require.Empty(t, told(l, l.ApplyFact(fact(2, models.FactPickedUp, "a", at))), "a policy says so, or nobody is told")
	l = stored()
	l.Policy.Tell = models.OptionalKinds()
	require.Equal(t, []models.NoticeKind{models.NoticePickedUp}, told(l, l.ApplyFact(fact(2, models.FactPickedUp, "a", at))))

	l = stored()
	require.Empty(t, told(l, l.Reroute("lkr_2", at)))
	told(l, l.ApplyFact(fact(2, models.FactWithdrawn, "a", at)))
	_, moves := l.Moves()
	require.True(t, moves)
	p := l.Projection(l.Moved(2, at))
	require.Equal(t, []models.NoticeKind{models.NoticeMoved}, p.Notify)
	require.Equal(t, 1000, p.Numbers[models.NoticeMoved])

	l = newLife("a")
	l.Reroute("lkr_2", at)
	require.Empty(t, told(l, l.Moved(2, at)), "who has heard of nothing hears of no change")
	require.Empty(t, told(l, l.Cancel(at)))

	l = stored()
	l.Cancel(at)
	require.Equal(t, []models.NoticeKind{models.NoticeWithdrawn}, told(l, l.ApplyFact(fact(2, models.FactWithdrawn, "a", at))))

	l = stored()
	l.Notify = models.NotifyCarrier
	require.Empty(t, told(l, l.Due(born.Add(1000*time.Hour))), "the carrier tells its client itself")
}

func TestAnnouncedOnce(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	l.Announce()
	require.False(t, l.WantsShow())
	l.Policy.Tell = []models.NoticeKind{models.NoticeAnnounced}
	l.Announce()
	l.Announce()
	require.True(t, l.WantsShow())
	require.Equal(t, []models.NoticeKind{models.NoticeAnnounced}, l.Projection(nil).Notify)
	l.Announce()
	require.False(t, l.WantsShow())
}

// TestALockerThatIsAwayIsToldOnce for each pause, if it lasts, and that it is back only to whom it
// was told.
func TestALockerThatIsAwayIsToldOnce(t *testing.T) {
	t.Parallel()
	l := stored()
	from := born.Add(50 * time.Hour)
	take := func(now time.Time, current bool, outages ...models.Span) models.Projection {
		t.Helper()
		return l.Projection(l.TakeClock(models.ClockResult{Outages: outages, Current: current}, now))
	}
	first := models.Span{From: from}
	require.Empty(t, take(from.Add(9*time.Minute), false, first).Notify, "it may be back at once")
	p := take(from.Add(10*time.Minute), false, first)
	require.Equal(t, []models.NoticeKind{models.NoticeLockerDown}, p.Notify)
	require.Equal(t, 1, p.Numbers[models.NoticeLockerDown])
	require.Empty(t, take(from.Add(time.Hour), false, first).Notify)
	first.Until = from.Add(2 * time.Hour)
	p = take(first.Until, true, first)
	require.Equal(t, []models.NoticeKind{models.NoticeLockerBack}, p.Notify)
	require.Empty(t, take(first.Until, true, first).Notify)

	short := models.Span{From: from.Add(5 * time.Hour), Until: from.Add(9 * time.Hour)}
	require.Empty(t, take(short.Until, true, first, short).Notify, "it was over before anybody was told")
	third := models.Span{From: from.Add(10 * time.Hour)}
	p = take(third.From.Add(time.Hour), false, first, short, third)
	require.Equal(t, []models.NoticeKind{models.NoticeLockerDown}, p.Notify)
	require.Equal(t, 3, p.Numbers[models.NoticeLockerDown], "each pause is a message of its own")
}

// TestAnOutageThatLastsIsTold by a signal: once for each outage, and that it is over to whom it was told, with the end of
// storage reckoned anew. Signals come more than once.
func TestAnOutageThatLastsIsTold(t *testing.T) {
	t.Parallel()
	from := born.Add(3 * time.Hour)
	down := models.LockerSignal{Locker: "lkr_1", News: models.NewsDown, At: from}
	back := models.LockerSignal{Locker: "lkr_1", News: models.NewsBack, At: from.Add(time.Hour), Since: from}
	l := stored()
	for i := range 2 {
		events := l.ApplyLocker(down)
		require.Equal(t, i == 0, l.WantsShow())
		p := l.Projection(events)
		if i == 0 {
			require.Equal(t, []models.EventType{models.EventClockPaused}, types(p.Events))
			require.Equal(t, []models.NoticeKind{models.NoticeLockerDown}, p.Notify)
			require.Equal(t, 1, p.Numbers[models.NoticeLockerDown])
			continue
		}
		require.Empty(t, events)
		require.Empty(t, p.Notify)
	}
	require.Empty(t, l.TakeClock(models.ClockResult{Outages: []models.Span{{From: from}}}, from.Add(50*time.Minute)))
	require.False(t, l.WantsShow(), "a reminder that is due tells it no second time")
	for i := range 2 {
		events := l.ApplyLocker(back)
		p := l.Projection(events)
		if i == 0 {
			require.Equal(t, []models.EventType{models.EventClockResumed}, types(p.Events))
			require.Equal(t, []models.NoticeKind{models.NoticeLockerBack}, p.Notify)
			require.Equal(t, 1, p.Numbers[models.NoticeLockerBack])
			require.NotNil(t, p.Clock, "the message says until when")
			continue
		}
		require.Empty(t, p.Notify)
	}
	require.Empty(t, l.Projection(l.ApplyLocker(down)).Notify, "one that is over is told no more, however late its signal")

	second := models.LockerSignal{Locker: "lkr_1", News: models.NewsDown, At: from.Add(5 * time.Hour)}
	p := l.Projection(l.ApplyLocker(second))
	require.Equal(t, []models.NoticeKind{models.NoticeLockerDown}, p.Notify)
	require.Equal(t, 2, p.Numbers[models.NoticeLockerDown])
	taken := l.Projection(l.ApplyFact(fact(2, models.FactPickedUp, "a", from.Add(6*time.Hour))))
	require.Empty(t, taken.Notify)
	require.Empty(t, l.ApplyLocker(models.LockerSignal{Locker: "lkr_1", News: models.NewsBack, At: from.Add(7 * time.Hour), Since: second.At}))
	require.False(t, l.WantsShow(), "who has collected meanwhile is not told that it is back")
}

// TestWhomAnOutageDoesNotConcern.
func TestWhomAnOutageDoesNotConcern(t *testing.T) {
	t.Parallel()
	from := born.Add(3 * time.Hour)
	down := models.LockerSignal{Locker: "lkr_1", News: models.NewsDown, At: from}
	for name, l := range map[string]*models.Life{
		"nothing is in yet": newLife("a"),
		"held back":         func() *models.Life { l := stored(); l.Freeze(born.Add(2 * time.Hour)); return l }(),
		"expired":           func() *models.Life { l := stored(); l.Due(born.Add(1000 * time.Hour)); return l }(),
	} {
		require.Empty(t, l.ApplyLocker(down), name)
		require.False(t, l.WantsShow(), name)
	}
	l := stored()
	down.Locker = "lkr_2"
	require.Empty(t, l.ApplyLocker(down), "of another locker")
	down.Locker = "lkr_1"
	require.Empty(t, l.ApplyLocker(models.LockerSignal{Locker: "lkr_1", News: models.NewsBack, At: from, Since: from}), "of an outage that nobody told")
	l.Notify = models.NotifyCarrier
	require.Equal(t, []models.EventType{models.EventClockPaused}, types(l.ApplyLocker(down)), "the carrier hears of it, and tells its client itself")
	require.False(t, l.WantsShow())
}
