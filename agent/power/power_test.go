package power

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/boards"
)

const soon = 10 * time.Second

// listening asks a UPS, often, until the test ends.
func listening(t *testing.T, c Config) <-chan Status {
	told := make(chan Status, 100)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, c, timing{time.Millisecond, time.Millisecond, 50 * time.Millisecond}, slog.New(slog.DiscardHandler), func(s Status) { told <- s })
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return told
}

// comes waits for a status.
func comes(t *testing.T, told <-chan Status, is func(Status) bool) Status {
	t.Helper()
	limit := time.After(soon)
	for {
		select {
		case s := <-told:
			if is(s) {
				return s
			}
		case <-limit:
			t.Fatal("it did not come")
		}
	}
}

func newUPS(t *testing.T, user, password string) *boards.UPS {
	u, err := boards.NewUPS("cabinet", user, password)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, u.Close()) })
	return u
}

// TestUPS: mains, battery, its end, mains again; and nothing follows from a UPS that cannot
// be asked.
func TestUPS(t *testing.T) {
	t.Parallel()
	u := newUPS(t, "cubby", "secret")
	told := listening(t, Config{Address: u.Address(), UPS: "cabinet", User: "cubby", Password: "secret"})
	comes(t, told, func(s Status) bool { return s == Status{Known: true} })
	u.Set("OB DISCHRG")
	comes(t, told, func(s Status) bool { return s == Status{Known: true, OnBattery: true} })
	u.Set("OB LB")
	comes(t, told, func(s Status) bool { return s == Status{Known: true, OnBattery: true, Low: true} })
	u.Set("OL CHRG LB")
	comes(t, told, func(s Status) bool { return s == Status{Known: true} })
	u.Fail("DATA-STALE")
	require.Contains(t, comes(t, told, func(s Status) bool { return !s.Known }).Error, "DATA-STALE")
	u.Set("OB")
	comes(t, told, func(s Status) bool { return s.OnBattery })
	u.HangUp()
	comes(t, told, func(s Status) bool { return s.OnBattery || s.Error != "" })
	u.Set("OL")
	comes(t, told, func(s Status) bool { return s == Status{Known: true} })
	u.Set("OFF")
	require.Contains(t, comes(t, told, func(s Status) bool { return !s.Known }).Error, "neither on line nor on battery")
}

func TestUPSRefuses(t *testing.T) {
	t.Parallel()
	u := newUPS(t, "cubby", "secret")
	told := listening(t, Config{Address: u.Address(), UPS: "cabinet"})
	require.Contains(t, comes(t, told, func(s Status) bool { return !s.Known }).Error, "ACCESS-DENIED")
	told = listening(t, Config{Address: "127.0.0.1:1", UPS: "cabinet"})
	require.Contains(t, comes(t, told, func(s Status) bool { return !s.Known }).Error, "refused")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := Config{Address: "127.0.0.1:3493", UPS: "cabinet"}
	require.NoError(t, good.Check())
	for _, bad := range []Config{{UPS: "x"}, {Address: "127.0.0.1:3493"}, {Address: "127.0.0.1:3493", UPS: "a b"}, {Address: "127.0.0.1:3493", UPS: "x", User: "a\nb"}} {
		require.Error(t, bad.Check())
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`VAR cabinet ups.status "OB LB"`)
	f.Add(`VAR cabinet ups.status "`)
	f.Add(`ERR DATA-STALE`)
	f.Fuzz(func(t *testing.T, answer string) {
		s, err := parse(answer, "cabinet")
		require.Equal(t, err == nil, s.Known)
		require.False(t, s.Low && !s.OnBattery)
	})
}

// TestAUPSThatDiesWithALowBattery: after a while what it said last holds up nobody.
func TestAUPSThatDiesWithALowBattery(t *testing.T) {
	t.Parallel()
	u := newUPS(t, "", "")
	told := listening(t, Config{Address: u.Address(), UPS: "cabinet"})
	u.Set("OB LB")
	comes(t, told, func(s Status) bool { return s == Status{Known: true, OnBattery: true, Low: true} })
	u.Fail("DATA-STALE")
	comes(t, told, func(s Status) bool { return s.Silent && !s.Known })
	u.Set("OL")
	comes(t, told, func(s Status) bool { return s == Status{Known: true} })
}
