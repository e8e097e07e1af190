package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func advanced(at time.Time, by time.Duration) models.LockerSignal {
	return models.LockerSignal{Locker: "lkr_1", News: models.NewsAdvanced, At: at, By: models.Seconds(by / time.Second)}
}

// TestAdvance: after a clock was put forward all that time brings comes that much earlier, in every state.
func TestAdvance(t *testing.T) {
	t.Parallel()
	const by = 5 * time.Hour
	lives := map[string]func() *models.Life{
		"announced": func() *models.Life { return newLife("a") },
		"loading": func() *models.Life {
			l := newLife("a", "b")
			l.ApplyFact(fact(1, models.FactDeposited, "a", born.Add(time.Hour)))
			return l
		},
		"just loaded": func() *models.Life {
			l := newLife("a")
			l.ApplyFact(fact(1, models.FactDeposited, "a", born.Add(time.Hour)))
			return l
		},
		"ready": stored,
		"to be taken out": func() *models.Life {
			l := stored()
			at, _, _ := l.Deadline()
			l.TakeClock(models.ClockResult{Current: true}, at)
			for l.State == models.StateReady {
				at, _, _ = l.Deadline()
				l.Due(at)
			}
			return l
		},
		"on its way back": func() *models.Life {
			l := stored()
			l.Cancel(born.Add(2 * time.Hour))
			l.ApplyFact(fact(2, models.FactWithdrawn, "a", born.Add(3*time.Hour)))
			return l
		},
	}
	for name, make := range lives {
		l := make()
		before, _, ok := l.Deadline()
		signal := advanced(born.Add(time.Minute), by)
		require.Empty(t, l.ApplyLocker(signal), name)
		after, _, still := l.Deadline()
		require.Equal(t, ok, still, name)
		if ok {
			require.Equal(t, before.Add(-by), after, name)
		}
		l.ApplyLocker(signal)
		again, _, _ := l.Deadline()
		require.Equal(t, after, again, "%s: a repeat changes nothing", name)
		l.ApplyLocker(advanced(born.Add(2*time.Minute), by))
		again, _, _ = l.Deadline()
		if ok {
			require.Equal(t, before.Add(-2*by), again, name)
		}
	}
	require.Equal(t, models.StateExpired, lives["to be taken out"]().State)
}

// TestAdvancedStorage: what the client is told is the end as it is by now, and it is reckoned anew, with the outages since
// it really began alone.
func TestAdvancedStorage(t *testing.T) {
	t.Parallel()
	l := stored()
	told := *l.Projection(nil).ExpiresAt
	l.ApplyLocker(advanced(born.Add(2*time.Hour), 24*time.Hour))
	p := l.Projection(nil)
	require.Equal(t, told.Add(-24*time.Hour), *p.ExpiresAt)
	require.NotNil(t, p.Clock, "it is reckoned anew")
	ready := born.Add(time.Hour)
	before := models.Span{From: born.Add(-3 * time.Hour), Until: born.Add(-time.Hour)}
	since := models.Span{From: ready.Add(time.Hour), Until: ready.Add(2 * time.Hour)}
	end := p.Clock.Clock.End(nil, time.UTC, []models.Span{before, since}, ready.Add(3*time.Hour))
	require.Equal(t, told.Add(-23*time.Hour), end, "an outage before it began is none of its")

	// While it is held back no time passes, however far the clock is put.
	held := stored()
	held.Freeze(born.Add(2 * time.Hour))
	held.ApplyLocker(advanced(born.Add(3*time.Hour), 100*time.Hour))
	held.Unfreeze(born.Add(4 * time.Hour))
	p = held.Projection(nil)
	require.Equal(t, told.Add(2*time.Hour), p.Clock.Clock.End(nil, time.UTC, nil, born.Add(4*time.Hour)))

	// How long it was held back before is as it was.
	held.ApplyLocker(advanced(born.Add(5*time.Hour), 24*time.Hour))
	p = held.Projection(nil)
	require.Equal(t, told.Add(-22*time.Hour), p.Clock.Clock.End(nil, time.UTC, nil, born.Add(5*time.Hour)))
}
