package scan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"cubby/agent/link"
)

// hidPrefix begins the name of a scanner that is a keyboard.
const hidPrefix = "hid:"

// Where the kernel tells of input devices.
const (
	inputFolder = "/dev/input"
	inputClass  = "/sys/class/input"
)

// eviocgrab is EVIOCGRAB of linux/input.h: _IOW('E', 0x90, int).
const eviocgrab = 0x40044590

// Open opens the line to a scanner: one of package link, or a keyboard of the kernel:
//
//	hid:/dev/input/by-id/usb-…-event-kbd   that device
//	hid:1eab:1d06                          the only one with that vendor and product
//
// A keyboard is grabbed: its keys go nowhere else, neither to a console nor to the browser.
func Open(name string) (link.Port, error) {
	device, is := strings.CutPrefix(name, hidPrefix)
	if !is {
		return link.Open(name)
	}
	path := device
	if vendor, product, is := byNumber(device); is {
		var err error
		if path, err = find(inputClass, inputFolder, vendor, product); err != nil {
			return nil, err
		}
	}
	return openKeyboard(path, grab)
}

// Check tells what is wrong with a line's name, without opening it.
func Check(name string) error {
	device, is := strings.CutPrefix(name, hidPrefix)
	if !is {
		return link.Check(name)
	}
	if _, _, is := byNumber(device); is || filepath.IsAbs(device) {
		return nil
	}
	return fmt.Errorf("scan: %q names no keyboard: write hid:/dev/input/by-id/… or hid:vendor:product with four hex digits each", name)
}

var numbers = regexp.MustCompile(`^([0-9a-fA-F]{4}):([0-9a-fA-F]{4})$`)

func byNumber(device string) (vendor, product string, is bool) {
	m := numbers.FindStringSubmatch(device)
	if m == nil {
		return "", "", false
	}
	return strings.ToLower(m[1]), strings.ToLower(m[2]), true
}

// find looks for the only keyboard with a vendor and product. A scanner may have more input
// devices, such as for its volume keys: the one that is meant has letters.
func find(class, folder, vendor, product string) (string, error) {
	devices, err := filepath.Glob(filepath.Join(class, "event*"))
	if err != nil {
		return "", err
	}
	var found []string
	for _, d := range devices {
		says := func(file string) string {
			raw, _ := os.ReadFile(filepath.Join(d, "device", file)) // one that is gone is not it
			return strings.TrimSpace(string(raw))
		}
		if says("id/vendor") == vendor && says("id/product") == product && hasLetters(says("capabilities/key")) {
			found = append(found, filepath.Join(folder, filepath.Base(d)))
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("scan: there is no keyboard %s:%s", vendor, product)
	}
	slices.Sort(found)
	return "", fmt.Errorf("scan: several keyboards are %s:%s (%s): name one by its path in %s/by-id or by-path", vendor, product, strings.Join(found, ", "), folder)
}

// hasLetters reads a bitmap of keys as sysfs has it: words of hex digits, the lowest last.
func hasLetters(bitmap string) bool {
	words := strings.Fields(bitmap)
	if len(words) == 0 {
		return false
	}
	var lowest uint64
	_, err := fmt.Sscanf(words[len(words)-1], "%x", &lowest)
	return err == nil && lowest&(1<<keyA) != 0 && lowest&(1<<keyEnter) != 0
}

func grab(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = unix.IoctlSetInt(int(fd), eviocgrab, 1) }); err != nil {
		return err
	}
	return failed
}

// keyboard is a scanner's line whose bytes are made of key events.
type keyboard struct {
	file    *os.File
	timeout time.Duration
	keys    keys
	partial []byte // of an event
	made    []byte // bytes that were not read yet
}

// openKeyboard opens one and has it to itself, or does not read it at all: what it types must
// not reach another program.
func openKeyboard(path string, grab func(*os.File) error) (link.Port, error) {
	// Non-blocking, so that Close ends a Read that waits.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("scan: %s cannot be opened (is it plugged in, is the user in group input?): %w", path, err)
	}
	if err := grab(f); err != nil {
		return nil, errors.Join(fmt.Errorf("scan: %s cannot be had alone (does another program have it?): %w", path, err), f.Close())
	}
	return &keyboard{file: f}, nil
}

// Close implements link.Port. The kernel lets the device go with it.
func (k *keyboard) Close() error { return k.file.Close() }

// SetReadTimeout implements link.Port.
func (k *keyboard) SetReadTimeout(d time.Duration) error {
	k.timeout = d
	return nil
}

// Write implements link.Port: nothing is written to a keyboard.
func (k *keyboard) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

// ResetInput implements link.Port.
func (k *keyboard) ResetInput() error {
	k.made = nil
	return nil
}

// eventSize is that of struct input_event: a time of the kernel's word size, type, code, value.
const eventSize = int(unsafe.Sizeof(unix.Timeval{})) + 8

// Read implements link.Port.
func (k *keyboard) Read(b []byte) (int, error) {
	for len(k.made) == 0 {
		if k.timeout > 0 {
			if err := k.file.SetReadDeadline(time.Now().Add(k.timeout)); err != nil {
				return 0, err
			}
		}
		var buffer [64 * eventSize]byte
		n, err := k.file.Read(buffer[:])
		k.partial = append(k.partial, buffer[:n]...)
		for len(k.partial) >= eventSize {
			e := k.partial[eventSize-8 : eventSize]
			k.made = append(k.made, k.keys.take(binary.NativeEndian.Uint16(e), binary.NativeEndian.Uint16(e[2:]), int32(binary.NativeEndian.Uint32(e[4:])))...)
			k.partial = k.partial[eventSize:]
		}
		if err == nil && n == 0 {
			err = io.EOF
		}
		if err != nil && len(k.made) == 0 {
			return 0, err
		}
	}
	n := copy(b, k.made)
	k.made = k.made[n:]
	return n, nil
}
