package scan

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"cubby/agent/link"
)

// Module is a kind of scanner module that is set up by frames on its line.
type Module string

// The kinds. Their maker is Hangzhou Grow; the frames are one protocol, the zones differ.
const (
	GM65  Module = "gm65"
	GM812 Module = "gm812"
)

// Mode is when a module reads.
type Mode string

// The modes.
const (
	Continuous Mode = "continuous" // all the time
	Sensor     Mode = "sensor"     // when something comes before it
)

// Settings say what a module is to be like. No module: it is left as it is.
type Settings struct {
	Module Module `json:"module"`
	Mode   Mode   `json:"mode"` // empty: continuous
}

// Check tells what is wrong.
func (s Settings) Check() error {
	switch {
	case s.Module == "" && s.Mode != "":
		return errors.New("scanners: mode is of a module: say which")
	case s.Module != "" && zones(s.Module) == nil:
		return fmt.Errorf("scanners: module is %s or %s, not %q", GM65, GM812, s.Module)
	case s.Mode != "" && s.Mode != Continuous && s.Mode != Sensor:
		return fmt.Errorf("scanners: mode is %s or %s, not %q", Continuous, Sensor, s.Mode)
	}
	return nil
}

// zone is a byte of a module's settings, of which the bits of the mask are to be the value. Bits
// whose meaning is not known stay as they are.
type zone struct {
	address     uint16
	mask, value byte
}

const (
	modeBits = 0b11
	// zoneMode has the mode in its lowest bits: 00 by a key, 01 by a command, 10 continuous, 11
	// sensor.
	zoneMode = 0x0000
)

// zones are what a module is to have whatever its mode: of the GM65, setting codes off (a
// client's QR code must not set the scanner up) and their content not told (zone 0003), and CR
// behind each code (zone 0060, bits 6 and 5); of the GM812, CR behind each code (zone 000E).
// That the GM812 has a zone for setting codes is not known here.
func zones(m Module) []zone {
	switch m {
	case GM65:
		return []zone{{0x0003, 0b11, 0}, {0x0060, 0b11 << 5, 0}}
	case GM812:
		return []zone{{0x000e, 0xff, 0}}
	}
	return nil
}

// settingCodesStay says of which modules setting codes cannot be put out of force.
func settingCodesStay(m Module) bool { return m == GM812 }

func (s Settings) zones() []zone {
	mode := byte(0b10)
	if s.Mode == Sensor {
		mode = 0b11
	}
	return append([]zone{{zoneMode, modeBits, mode}}, zones(s.Module)...)
}

// Types of frames.
const (
	frameRead  = 0x07
	frameWrite = 0x08
	frameSave  = 0x09
)

// frame makes a frame: 7E 00, type, length, address, data, and the checksum over all from the
// type on.
func frame(kind byte, address uint16, data ...byte) []byte {
	f := []byte{0x7e, 0, kind, byte(len(data)), byte(address >> 8), byte(address)}
	f = append(f, data...)
	sum := crc(f[2:])
	return append(f, byte(sum>>8), byte(sum))
}

// crc is CRC-16/XMODEM: polynomial 1021, from 0.
func crc(b []byte) uint16 {
	var sum uint16
	for _, c := range b {
		sum ^= uint16(c) << 8
		for range 8 {
			if sum&0x8000 != 0 {
				sum = sum<<1 ^ 0x1021
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}

const (
	// answerWithin is how long a module may take; 400 ms is its own limit for a frame.
	answerWithin = 400 * time.Millisecond
	setupTries   = 2
	// answerSize is that of every answer here: 02 00 00 01, a byte, and the checksum.
	answerSize = 7
)

// cutAnswer takes an answer of one byte out of what came. Codes that were read meanwhile stand
// before or behind it, and stay.
func cutAnswer(came []byte) (value byte, rest []byte, ok bool) {
	head := []byte{2, 0, 0, 1}
	for at := 0; ; at++ {
		i := bytes.Index(came[at:], head)
		if i < 0 || at+i+answerSize > len(came) {
			return 0, came, false
		}
		at += i
		if sum := crc(came[at+1 : at+5]); came[at+5] == byte(sum>>8) && came[at+6] == byte(sum) {
			return came[at+4], slices.Concat(came[:at], came[at+answerSize:]), true
		}
	}
}

// module is a line to a scanner that is being set up. came is what it sent beside its answers.
type module struct {
	link.Port
	came []byte
}

var errUnanswered = errors.New("the module does not answer set-up frames")

// ask sends a frame and waits for its answer.
func (m *module) ask(f []byte) (byte, error) {
	for range setupTries {
		if _, err := m.Write(f); err != nil {
			return 0, err
		}
		until := time.Now().Add(answerWithin)
		for {
			left := time.Until(until)
			if left <= 0 {
				break
			}
			if err := m.SetReadTimeout(left); err != nil {
				return 0, err
			}
			var buffer [256]byte
			n, err := m.Port.Read(buffer[:])
			m.came = append(m.came, buffer[:n]...)
			if value, rest, ok := cutAnswer(m.came); ok {
				m.came = rest
				return value, nil
			}
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				return 0, err
			}
		}
	}
	return 0, errUnanswered
}

// setUp gives a module its settings. They are written to its flash only if they were others,
// which takes some ten thousand writes at most.
func (m *module) setUp(s Settings) error {
	changed := false
	for _, z := range s.zones() {
		is, err := m.ask(frame(frameRead, z.address, 1))
		if err != nil {
			return err
		}
		want := is&^z.mask | z.value
		if is == want {
			continue
		}
		changed = true
		if err := m.order(frame(frameWrite, z.address, want), z.address); err != nil {
			return err
		}
		if is, err = m.ask(frame(frameRead, z.address, 1)); err != nil {
			return err
		}
		if is != want {
			return fmt.Errorf("the module keeps %02X in zone %04X, where %02X was written", is, z.address, want)
		}
	}
	if changed {
		if err := m.order(frame(frameSave, 0, 0), 0); err != nil {
			return err
		}
	}
	if settingCodesStay(s.Module) {
		return errors.New("setting codes can still set this module up: put them out of force with its maker's code, and lock it")
	}
	return nil
}

func (m *module) order(f []byte, address uint16) error {
	answer, err := m.ask(f)
	if err == nil && answer != 0 {
		err = fmt.Errorf("the module refuses frame %02X for zone %04X with %02X", f[2], address, answer)
	}
	return err
}

// Read implements link.Port: what came during the set-up comes first.
func (m *module) Read(b []byte) (int, error) {
	if len(m.came) > 0 {
		n := copy(b, m.came)
		m.came = m.came[n:]
		return n, nil
	}
	return m.Port.Read(b)
}

// SetUp gives the scanner at a line its settings, and returns the line to read it by: codes that
// were read meanwhile are not lost. wrong tells what could not be set; the scanner is read all
// the same.
func SetUp(p link.Port, s Settings) (line link.Port, wrong error) {
	if s.Module == "" {
		return p, nil
	}
	m := &module{Port: p}
	wrong = m.setUp(s)
	return m, wrong
}
