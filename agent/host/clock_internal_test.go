package host

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// hands are a clock's sources as a test sets them, in milliseconds.
type hands struct {
	wall, uptime int64
	synced       bool
}

func (h *hands) clock(floor int64) *Clock {
	return newClock("boot-1", floor, ClockSources{
		Wall: func() time.Time { return time.UnixMilli(h.wall) }, Uptime: func() int64 { return h.uptime },
		Synced: func() bool { return h.synced },
	})
}

func TestClock(t *testing.T) {
	t.Parallel()
	h := &hands{wall: 1_000_000, uptime: 10, synced: true}
	c := h.clock(0)
	now := func() cabinet.Instant { return c.Now() }
	require.Equal(t, cabinet.Instant{WallMS: 1_000_000, UptimeMS: 10, Clock: models.ClockSynced, FloorMS: 1_000_000}, now())

	h.wall, h.uptime = 900_000, 20
	require.Equal(t, cabinet.Instant{WallMS: 1_000_000, UptimeMS: 20, Clock: models.ClockSynced, FloorMS: 1_000_000}, now(), "it never runs back")

	c.ServerSays(2_000_000)
	require.EqualValues(t, 1_000_000, now().WallMS, "a clock that is kept right needs no server")

	h.synced, h.uptime = false, 30
	require.Equal(t, cabinet.Instant{WallMS: 2_000_010, UptimeMS: 30, Clock: models.ClockGuessed, FloorMS: 2_000_010}, now(), "the server's time goes on")
	h.wall = 9_000_000
	require.EqualValues(t, 2_000_010, now().WallMS, "what the server says counts, not a guess")

	c.ServerSays(1_500_000)
	require.EqualValues(t, 2_000_010, now().WallMS, "not even for the server it runs back")
	c.ServerSays(0)
	c.ServerSays(-1)
	h.uptime += 600_000
	require.EqualValues(t, 2_100_000, now().WallMS, "no time is no word")

	at, quality := c.Time()
	require.Equal(t, time.UnixMilli(2_100_000), at)
	require.Equal(t, models.ClockGuessed, quality)
}

// TestClockIn1970: an empty battery does not bring back what was over.
func TestClockIn1970(t *testing.T) {
	t.Parallel()
	h := &hands{wall: 5, uptime: 1}
	c := h.clock(1_700_000_000_000)
	require.Equal(t, cabinet.Instant{WallMS: 1_700_000_000_000, UptimeMS: 1, Clock: models.ClockGuessed, FloorMS: 1_700_000_000_000}, c.Now())
	c.ServerSays(1_800_000_000_000)
	require.EqualValues(t, 1_800_000_000_000, c.Now().WallMS)
}

// TestClockYearsAhead: a guess is told while there is nothing better, and leaves no trace.
func TestClockYearsAhead(t *testing.T) {
	t.Parallel()
	const today, ahead = 1_800_000_000_000, 2_100_000_000_000
	h := &hands{wall: ahead, uptime: 1}
	c := h.clock(today - 5)
	require.Equal(t, cabinet.Instant{WallMS: ahead, UptimeMS: 1, Clock: models.ClockGuessed, FloorMS: today - 5}, c.Now())
	h.wall, h.synced = today, true
	require.Equal(t, cabinet.Instant{WallMS: today, UptimeMS: 1, Clock: models.ClockSynced, FloorMS: today}, c.Now())
}

// TestClockJumps: years away from the server's time even a clock that is said to be right counts
// as a guess; what was known wrongly before is corrected by the server.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	const today, ahead = 1_800_000_000_000, 2_100_000_000_000
	h := &hands{wall: today, uptime: 1, synced: true}
	c := h.clock(0)
	c.ServerSays(today + 500)
	for _, wall := range []int64{ahead, 5, today - 2*astray.Milliseconds()} {
		h.wall = wall
		require.Equal(t, cabinet.Instant{WallMS: today + 500, UptimeMS: 1, Clock: models.ClockGuessed, FloorMS: today + 500}, c.Now())
	}
	h.wall, h.uptime = today+5000, 5001
	require.Equal(t, cabinet.Instant{WallMS: today + 5000, UptimeMS: 5001, Clock: models.ClockSynced, FloorMS: today + 5000}, c.Now())

	wrong := (&hands{wall: today, uptime: 1}).clock(ahead)
	require.EqualValues(t, ahead, wrong.Now().WallMS)
	wrong.ServerSays(today)
	require.Equal(t, cabinet.Instant{WallMS: today, UptimeMS: 1, Clock: models.ClockGuessed, FloorMS: today}, wrong.Now())
}

// TestComputersClock reads the true clocks.
func TestComputersClock(t *testing.T) {
	t.Parallel()
	c, err := NewClock(0, Computer)
	require.NoError(t, err)
	raw, err := os.ReadFile(bootIDFile)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(raw)), c.Boot())
	before := time.Now().UnixMilli()
	first, second := c.Now(), c.Now()
	require.GreaterOrEqual(t, first.WallMS, before)
	require.GreaterOrEqual(t, second.UptimeMS, first.UptimeMS)
	require.Positive(t, first.UptimeMS)
	require.Contains(t, []models.ClockQuality{models.ClockSynced, models.ClockGuessed}, first.Clock)
}
