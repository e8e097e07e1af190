package scan_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
	"cubby/agent/scan"
	"cubby/cmd/cubby-demo/boards"
)

// asDelivered is a GM65 as it comes: read by a key, set up by codes, nothing behind a code.
func asDelivered() map[uint16]byte {
	return map[uint16]byte{0x0000: 0b1101_0100, 0x0003: 0b1010_1011, 0x0060: 0b1110_0001}
}

func newModule(t *testing.T, flash map[uint16]byte) (*boards.ScannerModule, func() link.Port) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scanner")
	far, err := boards.NewScannerModule(path, flash)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, far.Close()) })
	return far, func() link.Port {
		p, err := scan.Open("serial:" + path + "?baud=9600")
		require.NoError(t, err)
		t.Cleanup(func() { _ = p.Close() })
		return p
	}
}

// TestSetUp: setting codes are off, the mode and the end are set, bits of unknown meaning stay,
// and the flash is written once for all starts.
func TestSetUp(t *testing.T) {
	t.Parallel()
	far, open := newModule(t, asDelivered())
	p := open()
	_, wrong := scan.SetUp(p, scan.Settings{Module: scan.GM65})
	require.NoError(t, wrong)
	for at, want := range map[uint16]byte{0x0000: 0b1101_0110, 0x0003: 0b1010_1000, 0x0060: 0b1000_0001} {
		kept, saves := far.Flash(at)
		require.Equal(t, want, kept, "zone %04X", at)
		require.Equal(t, 1, saves)
	}
	require.NoError(t, p.Close())
	p = open()
	_, wrong = scan.SetUp(p, scan.Settings{Module: scan.GM65, Mode: scan.Continuous})
	require.NoError(t, wrong)
	_, saves := far.Flash(0)
	require.Equal(t, 1, saves, "nothing was to be changed: its flash is spared")
	_, wrong = scan.SetUp(p, scan.Settings{Module: scan.GM65, Mode: scan.Sensor})
	require.NoError(t, wrong)
	kept, saves := far.Flash(0)
	require.Equal(t, byte(0b1101_0111), kept)
	require.Equal(t, 2, saves)
}

// TestCodesDuringTheSetUp are not lost, and no answer is taken for one.
func TestCodesDuringTheSetUp(t *testing.T) {
	t.Parallel()
	far, open := newModule(t, asDelivered())
	far.ReadsMeanwhile("00340123450000000017\r\n")
	codes := make(chan string, 100)
	go func() {
		_ = scan.Run(t.Context(), func() (link.Port, error) {
			line, wrong := scan.SetUp(open(), scan.Settings{Module: scan.GM65})
			if wrong != nil {
				t.Error(wrong)
			}
			return line, nil
		}, slog.New(slog.DiscardHandler), func(code string) { codes <- code })
	}()
	require.Equal(t, "00340123450000000017", await(t, codes))
	require.NoError(t, far.Scan("C-2"))
	require.Equal(t, "C-2", await(t, codes))
}

// TestAModuleThatCannotBeSetUp is told of and read all the same.
func TestAModuleThatCannotBeSetUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings scan.Settings
		spoil    func(*boards.ScannerModule)
		says     string
	}{
		"no answer":           {scan.Settings{Module: scan.GM65}, func(m *boards.ScannerModule) { m.Mute(true) }, "does not answer set-up frames"},
		"it keeps its own":    {scan.Settings{Module: scan.GM65}, func(m *boards.ScannerModule) { m.Reject() }, "keeps D4 in zone 0000, where D6 was written"},
		"a GM812's own codes": {scan.Settings{Module: scan.GM812}, func(*boards.ScannerModule) {}, "setting codes can still set this module up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far, open := newModule(t, asDelivered())
			c.spoil(far)
			wrongs, codes := make(chan error, 1), make(chan string, 9)
			go func() {
				_ = scan.Run(t.Context(), func() (link.Port, error) {
					line, wrong := scan.SetUp(open(), c.settings)
					wrongs <- wrong
					return line, nil
				}, slog.New(slog.DiscardHandler), func(code string) { codes <- code })
			}()
			require.ErrorContains(t, await(t, wrongs), c.says)
			require.NoError(t, far.Scan("C-1"))
			require.Equal(t, "C-1", await(t, codes))
			if c.settings.Module == scan.GM812 {
				require.Equal(t, byte(0b1010_1011), far.Zone(0x0003), "which means another thing there")
			}
		})
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, s := range []scan.Settings{{}, {Module: scan.GM65}, {Module: scan.GM812, Mode: scan.Sensor}, {Module: scan.GM65, Mode: scan.Continuous}} {
		require.NoError(t, s.Check())
	}
	for _, s := range []scan.Settings{{Mode: scan.Sensor}, {Module: "gm66"}, {Module: scan.GM65, Mode: "key"}} {
		require.Error(t, s.Check())
	}
}
