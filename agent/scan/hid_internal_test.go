package scan

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"cubby/agent/link"
)

// event is a struct input_event as the kernel writes it.
func event(kind, code uint16, value int32) []byte {
	e := make([]byte, eventSize)
	at := e[eventSize-8:]
	binary.NativeEndian.PutUint16(at, kind)
	binary.NativeEndian.PutUint16(at[2:], code)
	binary.NativeEndian.PutUint32(at[4:], uint32(value))
	return e
}

// press is a key that goes down and up, each in a report of its own with the raw scan code, as
// a USB keyboard has it.
func press(code uint16) (events []byte) {
	const eventMsc, mscScan = 4, 4
	for _, value := range []int32{1, 0} {
		events = append(events, event(eventMsc, mscScan, 0x70000+int32(code))...)
		events = append(events, event(eventKey, code, value)...)
		events = append(events, event(eventSyn, 0, 0)...)
	}
	return events
}

// held is keys pressed while another is held.
func held(key uint16, events []byte) []byte {
	return append(append(event(eventKey, key, 1), events...), event(eventKey, key, 0)...)
}

// typed is a text as a scanner types it.
func typed(t *testing.T, text string) (events []byte) {
	t.Helper()
	for _, c := range []byte(text) {
		found := false
		for code, pair := range usLayout {
			if code >= 71 && code != keyKPEnter || found { // the number pad
				continue
			}
			switch c {
			case pair[0]:
				events, found = append(events, press(code)...), true
			case pair[1]:
				events, found = append(events, held(keyLeftShift, press(code))...), true
			}
		}
		require.True(t, found, "%q", c)
	}
	return events
}

// device is a keyboard of the kernel by a pipe with a name: there is no /dev/uinput where this is
// tested. What is missing is the grab itself.
type device struct {
	path    string
	grabbed chan struct{}
}

func newDevice(t *testing.T) *device {
	t.Helper()
	d := &device{filepath.Join(t.TempDir(), "event0"), make(chan struct{}, 9)}
	require.NoError(t, unix.Mkfifo(d.path, 0o600))
	return d
}

func (d *device) open() (link.Port, error) {
	return openKeyboard(d.path, func(*os.File) error { d.grabbed <- struct{}{}; return nil })
}

// plug is the device's other end.
func (d *device) plug(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile(d.path, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// TestKeyboard: what a scanner types comes out as it stands in the code, up to 300 characters,
// and what is no character drops the code.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	printable := ""
	for c := byte(' ') + 1; c < 0x7f; c++ {
		printable += string(c)
	}
	long := strings.Repeat("aB3-", maxCode/4)
	enter := press(keyEnter)
	for name, c := range map[string]struct {
		events []byte
		want   string // empty: the code is dropped
	}{
		"each character":             {append(typed(t, printable), enter...), printable},
		"300 characters":             {append(typed(t, long), enter...), long},
		"301 characters":             {append(typed(t, long+"x"), enter...), ""},
		"no Enter":                   {typed(t, "A1"), "A1"},
		"Enter of the number pad":    {append(typed(t, "A1"), press(keyKPEnter)...), "A1"},
		"digits of the number pad":   {append(append(append(press(79), press(75)...), press(82)...), enter...), "140"},
		"a tab behind":               {append(append(typed(t, "A1"), press(15)...), enter...), "A1"},
		"caps lock":                  {append(append(append(press(keyCapsLock), typed(t, "aB1-")...), press(keyCapsLock)...), enter...), "Ab1-"},
		"the right shift":            {append(held(keyRightShift, press(keyA)), enter...), "A"},
		"a key that repeats":         {append(append(event(eventKey, keyA, 1), append(event(eventKey, keyA, 2), event(eventKey, keyA, 0)...)...), enter...), "a"},
		"GS1, Ctrl and ]":            {append(append(typed(t, "]C1011"), held(keyLeftCtrl, press(27))...), append(typed(t, "10A"), enter...)...), "01110A"},
		"Ctrl and a letter":          {append(append(typed(t, "A"), held(keyRightCtrl, press(keyA))...), append(typed(t, "1"), enter...)...), ""},
		"Alt and digits":             {append(append(typed(t, "A"), held(keyLeftAlt, press(79))...), append(typed(t, "1"), enter...)...), ""},
		"a function key":             {append(append(typed(t, "A"), press(59)...), append(typed(t, "1"), enter...)...), ""},
		"an escape":                  {append(append(typed(t, "A"), press(1)...), append(typed(t, "1"), enter...)...), ""},
		"events that were lost":      {append(append(typed(t, "A"), event(eventSyn, synDropped, 0)...), append(append(event(eventKey, keyA, 1), event(eventSyn, 0, 0)...), append(typed(t, "1"), enter...)...)...), ""},
		"lost with the shift's up":   {append(append(event(eventKey, keyLeftShift, 1), event(eventSyn, synDropped, 0)...), append(event(eventSyn, 0, 0), enter...)...), ""},
		"Ctrl and J, as some end so": {append(typed(t, "A1"), held(keyLeftCtrl, press(36))...), "A1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t)
			far := d.plug(t)
			codes := make(chan string, 9)
			ended := make(chan error, 1)
			ctx, cancel := context.WithCancel(t.Context())
			go func() { ended <- Run(ctx, d.open, slog.New(slog.DiscardHandler), func(code string) { codes <- code }) }()
			next(t, d.grabbed)
			_, err := far.Write(c.events)
			require.NoError(t, err)
			if c.want != "" {
				require.Equal(t, c.want, next(t, codes))
			} else {
				// The next one comes, and comes alone.
				_, err := far.Write(append(typed(t, "next"), enter...))
				require.NoError(t, err)
				require.Equal(t, "next", next(t, codes))
			}
			cancel()
			require.NoError(t, next(t, ended))
			require.Empty(t, codes)
		})
	}
}

// TestKeyboardUnplugged: it is looked for until it is back, and grabbed again.
func TestKeyboardUnplugged(t *testing.T) {
	t.Parallel()
	d := newDevice(t)
	far := d.plug(t)
	codes := make(chan string, 9)
	go func() {
		_ = Run(t.Context(), d.open, slog.New(slog.DiscardHandler), func(code string) { codes <- code })
	}()
	next(t, d.grabbed)
	_, err := far.Write(append(typed(t, "C-1"), press(keyEnter)...))
	require.NoError(t, err)
	require.Equal(t, "C-1", next(t, codes))
	// Half a code, and the plug is pulled: the rest of it is not a code.
	_, err = far.Write(typed(t, "HALF"))
	require.NoError(t, err)
	require.NoError(t, os.Rename(d.path, d.path+".away"))
	require.NoError(t, far.Close())
	require.NoError(t, unix.Mkfifo(d.path, 0o600))
	far = d.plug(t)
	next(t, d.grabbed)
	_, err = far.Write(append(typed(t, "C-2"), press(keyEnter)...))
	require.NoError(t, err)
	require.Equal(t, "C-2", next(t, codes))
}

// TestAKeyboardThatAnotherProgramHas is not read: its codes would come in two places.
func TestAKeyboardThatAnotherProgramHas(t *testing.T) {
	t.Parallel()
	d := newDevice(t)
	_, err := openKeyboard(d.path, func(*os.File) error { return unix.EBUSY })
	require.ErrorContains(t, err, "cannot be had alone")
	_, err = openKeyboard(d.path, grab)
	require.Error(t, err, "what is no input device cannot be grabbed")
	require.False(t, errors.Is(err, unix.EBUSY))
	_, err = Open(hidPrefix + filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "is it plugged in")
}

func TestFind(t *testing.T) {
	t.Parallel()
	class := t.TempDir()
	add := func(name, vendor, product, capabilities string) {
		dir := filepath.Join(class, name, "device")
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "id"), 0o700))
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "capabilities"), 0o700))
		for file, text := range map[string]string{"id/vendor": vendor, "id/product": product, "capabilities/key": capabilities} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text+"\n"), 0o600))
		}
	}
	const keyboard = "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"
	add("event1", "046d", "c31c", keyboard)
	add("event2", "1eab", "1d06", "2000000 3878d801d001 1e000000000000 0") // its volume keys
	add("event3", "1eab", "1d06", keyboard)
	add("event4", "1eab", "1d06", "")
	path, err := find(class, "/dev/input", "1eab", "1d06")
	require.NoError(t, err)
	require.Equal(t, "/dev/input/event3", path)
	_, err = find(class, "/dev/input", "1eab", "ffff")
	require.ErrorContains(t, err, "there is no keyboard 1eab:ffff")
	add("event5", "1eab", "1d06", keyboard)
	_, err = find(class, "/dev/input", "1eab", "1d06")
	require.ErrorContains(t, err, "several keyboards", "which of two it is cannot be guessed")
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"serial:/dev/ttyS0?baud=9600", "tcp:192.0.2.7:5000", "hid:1EAB:1d06", "hid:/dev/input/by-id/usb-x-event-kbd"} {
		require.NoError(t, Check(name))
	}
	for _, name := range []string{"", "hid:", "hid:1eab", "hid:1eab:1d06:1", "hid:event3", "hid:12345:1234", "usb:1"} {
		require.Error(t, Check(name), name)
	}
}

// FuzzKeyboard: whatever a device sends, in whatever pieces, what comes out is fit for the core.
func FuzzKeyboard(f *testing.F) {
	f.Add(append(press(keyA), press(keyEnter)...))
	f.Add(append(event(eventSyn, synDropped, 0), press(keyCapsLock)...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var k keys
		d := decoder{now: time.Now, log: slog.New(slog.DiscardHandler)}
		for ; len(raw) >= eventSize; raw = raw[eventSize:] {
			e := raw[eventSize-8:]
			for _, code := range d.take(k.take(binary.NativeEndian.Uint16(e), binary.NativeEndian.Uint16(e[2:]), int32(binary.NativeEndian.Uint32(e[4:])))) {
				require.Equal(t, -1, strings.IndexFunc(code, func(r rune) bool { return r < ' ' || r > '~' }), "%q", code)
				require.LessOrEqual(t, len(code), maxCode)
			}
		}
	})
}
