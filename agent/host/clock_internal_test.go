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
	return newClock("boot-1", floor, clockSources{
		wall: func() time.Time { return time.UnixMilli(h.wall) }, uptime: func() int64 { return h.uptime },
		synced: func() bool { return h.synced },
	})
}

func TestClock(t *testing.T) {
	t.Parallel()
	h := &hands{wall: 1_000_000, uptime: 10, synced: true}
	c := h.clock(0)
	now := func() cabinet.Instant { return c.Now() }
	require.Equal(t, cabinet.Instant{WallMS: 1_000_000, UptimeMS: 10, Clock: models.ClockSynced}, now())

	h.wall, h.uptime = 900_000, 20
	require.Equal(t, cabinet.Instant{WallMS: 1_000_000, UptimeMS: 20, Clock: models.ClockSynced}, now(), "it never runs back")

	c.ServerSays(2_000_000)
	require.EqualValues(t, 1_000_000, now().WallMS, "a clock that is kept right needs no server")

	h.synced, h.uptime = false, 30
	require.Equal(t, cabinet.Instant{WallMS: 2_000_010, UptimeMS: 30, Clock: models.ClockGuessed}, now(), "the server's time goes on")
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
	require.Equal(t, cabinet.Instant{WallMS: 1_700_000_000_000, UptimeMS: 1, Clock: models.ClockGuessed}, c.Now())
	c.ServerSays(1_800_000_000_000)
	require.EqualValues(t, 1_800_000_000_000, c.Now().WallMS)
}

// TestComputersClock reads the true clocks.
func TestComputersClock(t *testing.T) {
	t.Parallel()
	c, err := NewClock(0)
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
