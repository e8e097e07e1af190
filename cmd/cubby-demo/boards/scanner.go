package boards

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// Scanner is a barcode scanner on a serial line.
type Scanner struct{ line *pty }

// NewScanner puts a scanner on a line at a path.
func NewScanner(path string) (*Scanner, error) {
	line, err := openPTY(path)
	return &Scanner{line}, err
}

// Scan reads a code out, followed by CR and LF.
func (s *Scanner) Scan(code string) error {
	_, err := s.line.master.Write([]byte(code + "\r\n"))
	return err
}

// Close takes the scanner away.
func (s *Scanner) Close() error { return s.line.close() }

// ScannerModule is a scanner that is set up by frames, as its maker's paper (Hangzhou Grow, GM65,
// section 8) has them.
type ScannerModule struct {
	*Scanner

	mu     sync.Mutex
	zones  map[uint16]byte
	flash  map[uint16]byte
	saves  int
	mute   bool
	reject bool
	before string // sent before an answer: a code that is read at that moment
	done   chan struct{}
}

// NewScannerModule puts a module on a line at a path, with what is in its flash.
func NewScannerModule(path string, flash map[uint16]byte) (*ScannerModule, error) {
	s, err := NewScanner(path)
	if err != nil {
		return nil, err
	}
	m := &ScannerModule{Scanner: s, zones: map[uint16]byte{}, flash: map[uint16]byte{}, done: make(chan struct{})}
	for at, b := range flash {
		m.zones[at], m.flash[at] = b, b
	}
	go m.serve()
	return m, nil
}

// Mute has it answer nothing.
func (m *ScannerModule) Mute(on bool) { m.set(func() { m.mute = on }) }

// Reject has it keep its zones whatever is written.
func (m *ScannerModule) Reject() { m.set(func() { m.reject = true }) }

// ReadsMeanwhile has it read a code before each answer.
func (m *ScannerModule) ReadsMeanwhile(code string) { m.set(func() { m.before = code }) }

func (m *ScannerModule) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// Flash is a byte of what survives its power, and how often it was written.
func (m *ScannerModule) Flash(at uint16) (b byte, saves int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.flash[at], m.saves
}

// Zone is a byte of its settings now.
func (m *ScannerModule) Zone(at uint16) byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.zones[at]
}

// Close takes the module away.
func (m *ScannerModule) Close() error {
	err := m.Scanner.Close()
	<-m.done
	return err
}

func (m *ScannerModule) serve() {
	defer close(m.done)
	var have []byte
	var buffer [256]byte
	for {
		n, err := m.line.master.Read(buffer[:])
		have = append(have, buffer[:n]...)
		for {
			rest, answer := m.frame(have)
			if rest == nil {
				break
			}
			have = rest
			if answer != nil {
				if _, err := m.line.master.Write(answer); err != nil {
					return
				}
			}
		}
		if err != nil && !errors.Is(err, syscall.EIO) {
			return
		}
		if errors.Is(err, os.ErrClosed) {
			return
		}
	}
}

// frame takes the first frame off what came; rest is nil while it is not whole.
func (m *ScannerModule) frame(have []byte) (rest, answer []byte) {
	for len(have) > 0 && have[0] != 0x7e {
		have = have[1:]
	}
	if len(have) < 8 {
		return nil, nil
	}
	kind, count, at := have[2], int(have[3]), uint16(have[4])<<8|uint16(have[5])
	data := count
	if kind == 7 { // how many bytes to read
		data = 1
	}
	if len(have) < 8+data {
		return nil, nil
	}
	whole := have[:8+data]
	rest = append([]byte{}, have[8+data:]...)
	sum := moduleSum(whole[2 : 6+data])
	given := uint16(whole[6+data])<<8 | uint16(whole[7+data])
	if given != sum && given != 0xabcd || whole[1] != 0 {
		return rest, nil // "if CRC wrong, no return data"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	value := []byte{0}
	switch kind {
	case 7:
		value = nil
		for i := range uint16(whole[6]) {
			value = append(value, m.zones[at+i])
		}
	case 8:
		for i, b := range whole[6 : 6+data] {
			if !m.reject {
				m.zones[at+uint16(i)] = b
			}
		}
	case 9:
		m.saves++
		for at, b := range m.zones {
			m.flash[at] = b
		}
	default:
		return rest, nil
	}
	if m.mute {
		return rest, nil
	}
	answer = append([]byte{2, 0, 0, byte(len(value))}, value...)
	check := moduleSum(answer[1:])
	answer = append(answer, byte(check>>8), byte(check))
	return rest, append([]byte(m.before), answer...)
}

// moduleSum is the checksum of the maker's paper.
func moduleSum(b []byte) uint16 {
	var sum uint32
	for _, c := range b {
		for i := 0x80; i != 0; i >>= 1 {
			sum <<= 1
			if sum&0x10000 != 0 {
				sum ^= 0x11021
			}
			if int(c)&i != 0 {
				sum ^= 0x1021
			}
		}
	}
	return uint16(sum)
}
