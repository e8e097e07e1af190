package host

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"cubby/agent/cabinet"
	"cubby/models"
)

const bootIDFile = "/proc/sys/kernel/random/boot_id"

// astray is how far a clock that is said to be right may be from the server's.
const astray = 24 * time.Hour

// Clock is the computer's time as the core wants it: an uptime that never jumps, and a wall
// clock that never runs back behind what was known before, with a word on how far to trust
// it. A guess is no knowledge: a clock that is years ahead must not be believed for years.
type Clock struct {
	boot    string
	sources ClockSources

	mu     sync.Mutex
	floor  int64 // Unix ms: the latest known
	server int64 // Unix ms at uptime 0, by the server's clock; 0: not told
}

// ClockSources are where the time comes from.
type ClockSources struct {
	Wall   func() time.Time
	Uptime func() (ms int64) // never jumps
	Synced func() bool       // whether something keeps the wall clock right
}

// Computer is the time of the computer that the cabinet runs on.
var Computer = ClockSources{time.Now, bootTime, kernelSynced}

// NewClock reads clocks. The floor is the latest wall clock that was kept.
func NewClock(floorMS int64, sources ClockSources) (*Clock, error) {
	raw, err := os.ReadFile(bootIDFile)
	if err != nil {
		return nil, fmt.Errorf("host: the boot has no id: %w", err)
	}
	return newClock(strings.TrimSpace(string(raw)), floorMS, sources), nil
}

func newClock(boot string, floorMS int64, sources ClockSources) *Clock {
	return &Clock{boot: boot, floor: floorMS, sources: sources}
}

// bootTime counts on while the computer sleeps.
func bootTime() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic("host: CLOCK_BOOTTIME: " + err.Error()) // every Linux since 2.6.39 has it
	}
	return t.Nano() / int64(time.Millisecond)
}

// kernelSynced asks the kernel whether something keeps its clock right.
func kernelSynced() bool {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0
}

// Boot names the time since the computer started.
func (c *Clock) Boot() string { return c.boot }

// ServerSays takes the server's time, which counts while the computer's own is guessed or
// astray. What was known before and is far ahead of it was wrong.
func (c *Clock) ServerSays(nowMS int64) {
	if nowMS <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server = nowMS - c.sources.Uptime()
	if c.floor-nowMS > astray.Milliseconds() {
		c.floor = nowMS
	}
}

// Now is the time.
func (c *Clock) Now() cabinet.Instant {
	uptime, wall, synced := c.sources.Uptime(), c.sources.Wall().UnixMilli(), c.sources.Synced()
	c.mu.Lock()
	defer c.mu.Unlock()
	known := synced
	if c.server != 0 {
		said := c.server + uptime
		if off := wall - said; !synced || max(off, -off) > astray.Milliseconds() {
			wall, synced = said, false
		}
		known = true
	}
	if known {
		c.floor = max(c.floor, wall)
	}
	quality := models.ClockSynced
	if !synced {
		quality = models.ClockGuessed
	}
	return cabinet.Instant{WallMS: max(c.floor, wall), UptimeMS: uptime, Clock: quality, FloorMS: c.floor}
}

// Time is the wall clock and its quality, for certificates.
func (c *Clock) Time() (time.Time, models.ClockQuality) {
	now := c.Now()
	return time.UnixMilli(now.WallMS), now.Clock
}
