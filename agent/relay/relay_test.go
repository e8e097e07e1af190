package relay

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

const (
	soon  = 10 * time.Second
	often = 2 * time.Millisecond
)

// clock is the relay board's own.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a line with one board, and what its driver has told.
type bench struct {
	t      *testing.T
	device *boards.Relays
	clock  *clock
	lines  Lines
	end    func()

	mu    sync.Mutex
	told  map[any]Event // the last of each output and contact
	count map[any]int
}

func wired(t *testing.T, dialect string) Board {
	t.Helper()
	b := Board{Name: "R", Dialect: dialect, Address: 1, Outputs: []Output{
		{Name: models.OutputGate, Relay: 1, ForMS: 1500}, {Name: models.OutputSiren, Relay: 2}, {Name: models.OutputPOS, Relay: 8, ForMS: 5000},
	}}
	if dialect == DialectWaveshare {
		b.Inputs = []Input{{Name: models.TamperHousing, Input: 1, Alarm: AlarmOpen}, {Name: models.TamperServiceDoor, Input: 8, Alarm: AlarmShut}}
	}
	require.NoError(t, Check([]Board{b}))
	return b
}

func newBench(t *testing.T, dialect string) *bench {
	t.Helper()
	path := filepath.Join(t.TempDir(), "line")
	b := &bench{t: t, clock: &clock{now: time.Unix(1, 0)}, told: map[any]Event{}, count: map[any]int{}}
	var err error
	b.device, err = boards.NewRelays(path, dialect == DialectR413, b.clock.time)
	require.NoError(t, err)
	b.device.Circuit(8, true)
	l := NewLine([]Board{wired(t, dialect)}, func() (link.Port, error) { return link.Open("serial:" + path + "?baud=9600") }, slog.New(slog.DiscardHandler))
	l.every = time.Millisecond
	b.lines = Lines{l}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx, b.tell) }()
	b.end = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(func() {
		b.end()
		require.NoError(t, b.device.Unplug())
	})
	b.until(func() bool { return b.told[models.OutputGate].Up }, "the board is found")
	return b
}

func (b *bench) tell(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var of any = e.Output
	if e.Contact != "" {
		of = e.Contact
	}
	b.told[of] = e
	b.count[of]++
}

func (b *bench) until(is func() bool, what string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return is()
	}, soon, often, what)
}

func (b *bench) drive(o models.Output, d time.Duration) error {
	b.t.Helper()
	return b.lines.Drive(b.t.Context(), o, d)
}

// TestTheBoardCountsTheTime is the worst that may happen: the program dies in the middle of it.
// The gate shuts, the siren ends, and the terminal has its power again.
func TestTheBoardCountsTheTime(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{DialectWaveshare, DialectR413} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, dialect)
			require.NoError(t, b.drive(models.OutputGate, time.Second))
			require.NoError(t, b.drive(models.OutputSiren, 90*time.Second))
			require.NoError(t, b.drive(models.OutputPOS, 10*time.Second))
			gate := map[string]time.Duration{DialectWaveshare: 1500 * time.Millisecond, DialectR413: 2 * time.Second}[dialect]
			require.Equal(t, []boards.RelayDrive{{Relay: 1, For: gate}, {Relay: 2, For: 90 * time.Second}, {Relay: 8, For: 5 * time.Second}}, b.device.Driven())
			b.end()
			require.ErrorIs(t, b.drive(models.OutputGate, time.Second), ErrEnded)
			b.clock.pass(2 * time.Second)
			require.False(t, b.device.Holds(1))
			require.True(t, b.device.Holds(8))
			b.clock.pass(3 * time.Second)
			require.False(t, b.device.Holds(8))
			require.True(t, b.device.Holds(2))
			b.clock.pass(85 * time.Second)
			require.False(t, b.device.Holds(2))
		})
	}
}

// TestSilence: staff ends a siren before its time.
func TestSilence(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{DialectWaveshare, DialectR413} {
		b := newBench(t, dialect)
		require.NoError(t, b.drive(models.OutputSiren, time.Minute))
		require.True(t, b.device.Holds(2))
		require.NoError(t, b.drive(models.OutputSiren, 0))
		require.False(t, b.device.Holds(2))
		require.ErrorIs(t, b.drive(models.OutputHeater, time.Second), ErrNoOutput)
	}
}

// TestTheGateIsDrivenOnce: whatever the board says of it, a second pulse could shut it again. What
// was sent and not answered is not told as done, nor as not done.
func TestTheGateIsDrivenOnce(t *testing.T) {
	t.Parallel()
	for fault, c := range map[boards.Fault]struct {
		err    error
		driven int
		siren  int
	}{
		boards.FaultMute:    {ErrUnsure, 1, tries},
		boards.FaultRefuse:  {ErrRefused, 0, 0},
		boards.FaultSplit:   {nil, 1, 1},
		boards.FaultEcho:    {nil, 1, 1},
		boards.FaultGarbage: {nil, 1, 1},
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, DialectWaveshare)
			b.device.Misbehave(fault)
			reads := b.lines.Status()[0].Reads
			b.until(func() bool { return b.lines.Status()[0].Reads > reads+1 }, "it was looked at so")
			require.ErrorIs(t, b.drive(models.OutputGate, time.Second), c.err)
			require.Len(t, b.device.Driven(), c.driven)
			require.ErrorIs(t, b.drive(models.OutputSiren, time.Second), c.err)
			require.Len(t, b.device.Driven(), c.siren, "what does no harm twice is tried again")
		})
	}
}

// TestAnEchoIsNoAnswer: the adapter repeats what is sent, which is what a board would answer, and
// the board is silent.
func TestAnEchoIsNoAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t, DialectWaveshare)
	b.device.Echo(true)
	reads := b.lines.Status()[0].Reads
	b.until(func() bool { return b.lines.Status()[0].Reads > reads+1 }, "it was looked at so")
	b.device.Misbehave(boards.FaultMute)
	require.ErrorIs(t, b.drive(models.OutputGate, time.Second), ErrUnsure)
	b.device.Misbehave(boards.FaultSilence)
	b.until(func() bool { return !b.told[models.OutputGate].Up }, "it is down")
	b.device.Driven()
	require.ErrorIs(t, b.drive(models.OutputGate, time.Second), ErrDown)
	require.Empty(t, b.device.Driven(), "nobody waits for a gate that opens later")
}

// TestContacts: an alarm is told once it is read twice, a chatter never; a board that is lost says
// nothing of its contacts, and they are told anew when it is back.
func TestContacts(t *testing.T) {
	t.Parallel()
	b := newBench(t, DialectWaveshare)
	quiet := func() bool {
		housing, door := b.told[models.TamperHousing], b.told[models.TamperServiceDoor]
		return housing.Known && !housing.Alarm && door.Known && !door.Alarm
	}
	b.until(quiet, "both are known to be quiet")
	b.device.Circuit(1, true)
	b.until(func() bool { return b.told[models.TamperHousing].Alarm }, "the housing is open")
	require.Equal(t, []models.Tamper{models.TamperHousing}, b.lines.Status()[0].Alarms)
	b.device.Circuit(8, false)
	b.until(func() bool { return b.told[models.TamperServiceDoor].Alarm }, "the door's circuit is the other way")
	b.device.Circuit(1, false)
	b.device.Circuit(8, true)
	b.until(quiet, "both are quiet again")

	require.NoError(t, b.device.Unplug())
	b.until(func() bool { return !b.told[models.TamperHousing].Known && !b.told[models.OutputGate].Up }, "the line is lost")
	require.ErrorIs(t, b.drive(models.OutputGate, time.Second), ErrDown)
	b.device.Circuit(1, true)
	require.NoError(t, b.device.Plug())
	b.until(func() bool { return b.told[models.TamperHousing].Alarm && b.told[models.OutputGate].Up }, "it is back, and says what has happened")
	for _, fault := range []boards.Fault{boards.FaultLate, boards.FaultSum} {
		b.device.Misbehave(fault)
		b.until(func() bool { return !b.told[models.TamperHousing].Known }, string(fault))
		b.device.Misbehave(boards.FaultNone)
		b.until(func() bool { return b.told[models.TamperHousing].Known }, "it answers again")
	}
}

func TestAContactChatters(t *testing.T) {
	t.Parallel()
	c := contact{}
	for range equal {
		c.see(false)
	}
	require.True(t, c.known)
	for range 50 {
		require.False(t, c.see(true))
		require.False(t, c.see(false))
	}
	require.False(t, c.see(true))
	require.True(t, c.see(true))
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := wired(t, DialectWaveshare)
	module := Board{Name: "I", Dialect: DialectInputs, Address: 2, Inputs: []Input{{Name: models.TamperVibration, Input: 48, Alarm: AlarmOpen}}}
	require.NoError(t, Check([]Board{good, module}))
	for name, bad := range map[string][]Board{
		"dialect":       {{Name: "R", Dialect: "other", Address: 1, Outputs: good.Outputs}},
		"no name":       {{Dialect: DialectWaveshare, Address: 1, Outputs: good.Outputs}},
		"nothing":       {{Name: "R", Dialect: DialectWaveshare, Address: 1}},
		"address":       {{Name: "R", Dialect: DialectWaveshare, Outputs: good.Outputs}},
		"one address":   {good, {Name: "I", Dialect: DialectInputs, Address: 1, Inputs: module.Inputs}},
		"no relays":     {{Name: "I", Dialect: DialectInputs, Address: 2, Outputs: good.Outputs}},
		"no inputs":     {{Name: "R", Dialect: DialectR413, Address: 2, Inputs: module.Inputs}},
		"output":        {{Name: "R", Dialect: DialectWaveshare, Address: 1, Outputs: []Output{{Name: "pump", Relay: 1}}}},
		"output twice":  {good, {Name: "S", Dialect: DialectWaveshare, Address: 2, Outputs: []Output{{Name: models.OutputGate, Relay: 1}}}},
		"relay twice":   {{Name: "R", Dialect: DialectWaveshare, Address: 1, Outputs: []Output{{Name: models.OutputGate, Relay: 1}, {Name: models.OutputLight, Relay: 1}}}},
		"relay":         {{Name: "R", Dialect: DialectWaveshare, Address: 1, Outputs: []Output{{Name: models.OutputGate, Relay: 9}}}},
		"too long":      {{Name: "R", Dialect: DialectR413, Address: 1, Outputs: []Output{{Name: models.OutputPOS, Relay: 1, ForMS: 256_000}}}},
		"the siren's":   {{Name: "R", Dialect: DialectWaveshare, Address: 1, Outputs: []Output{{Name: models.OutputSiren, Relay: 1, ForMS: 1000}}}},
		"contact":       {{Name: "R", Dialect: DialectWaveshare, Address: 1, Inputs: []Input{{Name: "cat", Input: 1, Alarm: AlarmOpen}}}},
		"contact twice": {module, {Name: "J", Dialect: DialectInputs, Address: 3, Inputs: module.Inputs}},
		"input":         {{Name: "I", Dialect: DialectInputs, Address: 2, Inputs: []Input{{Name: models.TamperHousing, Input: 49, Alarm: AlarmOpen}}}},
		"input twice":   {{Name: "I", Dialect: DialectInputs, Address: 2, Inputs: []Input{{Name: models.TamperHousing, Input: 1, Alarm: AlarmOpen}, {Name: models.TamperVibration, Input: 1, Alarm: AlarmOpen}}}},
		"no alarm":      {{Name: "I", Dialect: DialectInputs, Address: 2, Inputs: []Input{{Name: models.TamperHousing, Input: 1}}}},
	} {
		require.Error(t, Check(bad), name)
	}
}
