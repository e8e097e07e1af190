package kill

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTrackerFiresOnce(t *testing.T) {
	t.Parallel()
	track := newTracker()
	var hit []int
	require.False(t, track.aimAt(&aim{asking, func(life int) { hit = append(hit, life) }}))
	track.enter(1, announced)
	track.enter(2, asking)
	track.enter(3, asking)
	require.Equal(t, []int{2}, hit)
	require.False(t, track.aimAt(nil), "it was fired")
	track.aimAt(&aim{led, func(int) {}})
	require.True(t, track.aimAt(nil), "nothing was led meanwhile")
}

func TestTrackerForgetsBriefPhases(t *testing.T) {
	t.Parallel()
	track := newTracker()
	track.enter(1, asking)
	track.enter(2, shut)
	track.enter(3, mailLeft)
	track.enter(4, ready)
	track.leave(4)
	now := time.Now()
	seen := now.Add(-staleAfter)
	for life, s := range track.lives {
		track.lives[life] = sight{s.phase, seen}
	}
	require.Equal(t, map[phase]bool{asking: true, shut: true, mailLeft: true, messageSending: true}, track.phases(now))
	require.Equal(t, map[phase]bool{shut: true}, track.phases(now.Add(time.Millisecond)), "what was seen too long ago counts no more")
}

func TestLeast(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 0))
	found := map[string]bool{}
	for range 50 {
		found[least(random, []string{"a", "bb", "c"}, func(s string) int { return len(s) })] = true
	}
	require.Equal(t, map[string]bool{"a": true, "c": true}, found)
}

func TestLegs(t *testing.T) {
	t.Parallel()
	both, err := legs("both")
	require.NoError(t, err)
	require.Len(t, both, 2)
	for _, which := range []string{"postgres", "sqlite"} {
		one, err := legs(which)
		require.NoError(t, err)
		require.Len(t, one, 1)
		require.Equal(t, which, one[0].name)
	}
	_, err = legs("oracle")
	require.ErrorContains(t, err, `not "oracle"`)
}

func TestReport(t *testing.T) {
	t.Parallel()
	e := good()
	var out bytes.Buffer
	report(&out, e, judge(e))
	require.Regexp(t, `(?m)^led +6 +6 +12$`, out.String())
	require.Regexp(t, `(?m)^kills +6 +6 +12$`, out.String())
	require.Contains(t, out.String(), "messages: 3 mails and 1 SMS, of them 1 uncertain repeats; 1 begun twice; the provider was asked 1 times; 2 sent, 1 delivered\n")
	require.Contains(t, out.String(), "webhooks: 18 events to 2 carriers in 20 posts: 1 after one that was not taken, 1 after a kill\n")
	require.Contains(t, out.String(), "uncertain: life 1, mail m1 at 12:00:10.000 and at 12:00:25.000: kill 1 of worker at 12:00:10.200\n")
	require.Contains(t, out.String(), "posted again: carrier 1, event evt_1_0 at 12:00:10.000 and at 12:00:15.000: kill 1 of worker at 12:00:10.200\n")
}
