package climate

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
	"cubby/cmd/cubby-demo/boards"
)

const soon = 10 * time.Second

func newThermometer(t *testing.T, tenths int) (*boards.Thermometer, string) {
	path := filepath.Join(t.TempDir(), "line")
	device, err := boards.NewThermometer(path, tenths)
	require.NoError(t, err)
	t.Cleanup(func() { _ = device.Close() }) // a test may have
	return device, path
}

// reading reads a line, often, until the test ends.
func reading(t *testing.T, path string, probes ...Probe) <-chan Status {
	told := make(chan Status, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	l := &line{probes: make([]Status, len(probes)), missed: make([]int, len(probes)), every: time.Millisecond}
	go func() {
		ended <- l.run(ctx, func() (link.Port, error) { return link.Open("serial:" + path + "?baud=9600") }, probes,
			slog.New(slog.DiscardHandler), func(s Status) {
				select {
				case told <- s:
				default: // nobody looks
				}
			})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return told
}

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

// TestThermometer: temperatures above and below zero, noise, silence, a bad checksum, and a
// line that is lost and comes back.
func TestThermometer(t *testing.T) {
	t.Parallel()
	device, path := newThermometer(t, 305)
	told := reading(t, path, Probe{Module: 2})
	require.Equal(t, 2, comes(t, told, func(s Status) bool { return s.Known && s.Tenths == 305 }).Module)
	device.Set(-205)
	comes(t, told, func(s Status) bool { return s.Known && s.Tenths == -205 })
	device.Noise(0xFA, 1, 4)
	device.Set(41)
	comes(t, told, func(s Status) bool { return s.Known && s.Tenths == 41 })
	device.Garble(true)
	require.Contains(t, comes(t, told, func(s Status) bool { return !s.Known }).Error, "does not answer")
	device.Garble(false)
	comes(t, told, func(s Status) bool { return s.Known })
	device.Silence(true)
	comes(t, told, func(s Status) bool { return !s.Known })
	device.Silence(false)
	comes(t, told, func(s Status) bool { return s.Known })
	device.Set(900)
	require.Contains(t, comes(t, told, func(s Status) bool { return !s.Known }).Error, "cannot be")
	require.NoError(t, device.Close())
	comes(t, told, func(s Status) bool { return !s.Known && s.Error != "" })
	again, err := boards.NewThermometer(path, 50)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, again.Close()) })
	comes(t, told, func(s Status) bool { return s.Known && s.Tenths == 50 })
}

func TestAClone(t *testing.T) {
	t.Parallel()
	device, path := newThermometer(t, 0)
	device.Clone(3050)
	comes(t, reading(t, path, Probe{Module: 1, Hundredths: true}), func(s Status) bool { return s.Known && s.Tenths == 305 })
}

// TestOneOfTwo: a thermometer that is not there keeps the other from nothing.
func TestOneOfTwo(t *testing.T) {
	t.Parallel()
	_, path := newThermometer(t, 40)
	told := reading(t, path, Probe{Module: 1, Address: 7}, Probe{Module: 2})
	comes(t, told, func(s Status) bool { return s.Module == 2 && s.Known })
	comes(t, told, func(s Status) bool { return s.Module == 1 && !s.Known })
	comes(t, told, func(s Status) bool { return s.Module == 2 && s.Known && s.Reads > 3 })
}

func TestCheck(t *testing.T) {
	t.Parallel()
	require.NoError(t, Check([]Probe{{Module: 1}, {Module: 2, Address: 2}}))
	for _, bad := range [][]Probe{{{}}, {{Module: 1}, {Module: 2, Address: 1}}, {{Module: 1}, {Module: 1, Address: 2}}, {{Module: 1, Address: 248}}} {
		require.Error(t, Check(bad))
	}
}
