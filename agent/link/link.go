// Package link opens the lines to a cabinet's devices: serial ports, and TCP for boards
// behind a transparent bridge. It alone knows the serial library.
package link

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.bug.st/serial"
)

// Port is an open line. Read returns os.ErrDeadlineExceeded when nothing came in time.
// Close ends a Read that waits.
type Port interface {
	io.ReadWriteCloser
	// SetReadTimeout bounds every later Read.
	SetReadTimeout(d time.Duration) error
	// ResetInput drops what came and was not read.
	ResetInput() error
}

// ErrSilent says that a line took a request, and that no answer came in time.
var ErrSilent = errors.New("link: no answer came in time")

// Exchange sends a request and reads until take finds its answer in all that has come since.
// It returns ErrSilent when there is none within the time; any other error is of the line.
func Exchange(port Port, request []byte, within time.Duration, take func(came []byte) bool) error {
	if err := port.ResetInput(); err != nil {
		return err
	}
	if n, err := port.Write(request); err != nil {
		return err
	} else if n < len(request) {
		return io.ErrShortWrite
	}
	until := time.Now().Add(within)
	var came []byte
	var buffer [128]byte
	for {
		left := time.Until(until)
		if left <= 0 {
			return ErrSilent
		}
		if err := port.SetReadTimeout(left); err != nil {
			return err
		}
		n, err := port.Read(buffer[:])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return ErrSilent
		}
		if err != nil {
			return err
		}
		if came = append(came, buffer[:n]...); take(came) {
			return nil
		}
	}
}

const (
	defaultBaud = 19200
	dialTimeout = 3 * time.Second
	// writeTimeout bounds a frame to a bridge that takes no more.
	writeTimeout = time.Second
)

// Open opens the line that a text names:
//
//	serial:/dev/ttyS0?baud=19200   8 data bits, no parity, 1 stop bit
//	tcp:192.0.2.7:5000             a transparent bridge
func Open(name string) (Port, error) {
	kind, rest, _ := strings.Cut(name, ":")
	switch kind {
	case "serial":
		return openSerial(rest)
	case "tcp":
		return openTCP(rest)
	}
	return nil, fmt.Errorf("link: %q names no line: write serial:/dev/…?baud=19200 or tcp:host:port", name)
}

// Check tells what is wrong with a line's name, without opening it.
func Check(name string) error {
	kind, rest, _ := strings.Cut(name, ":")
	switch kind {
	case "serial":
		_, _, err := parseSerial(rest)
		return err
	case "tcp":
		host, port, err := net.SplitHostPort(rest)
		if n, bad := strconv.Atoi(port); err == nil && (host == "" || bad != nil || n < 1 || n > 65535) {
			err = fmt.Errorf("link: %q is not host:port", rest)
		}
		return err
	}
	return fmt.Errorf("link: %q names no line: write serial:/dev/…?baud=19200 or tcp:host:port", name)
}

// Baud is the speed that a line's name states; 0: it states none.
func Baud(name string) int {
	_, query, _ := strings.Cut(name, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return 0
	}
	baud, _ := strconv.Atoi(values.Get("baud")) // Check tells what is none
	return baud
}

// WithBaud names the same serial line at another speed; ok: it is one.
func WithBaud(name string, baud int) (other string, ok bool) {
	rest, ok := strings.CutPrefix(name, "serial:")
	path, _, _ := strings.Cut(rest, "?")
	return fmt.Sprintf("serial:%s?baud=%d", path, baud), ok
}

func parseSerial(rest string) (path string, baud int, err error) {
	path, query, _ := strings.Cut(rest, "?")
	if path == "" {
		return "", 0, errors.New("link: serial: needs the path of a device")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", 0, fmt.Errorf("link: %q: %w", rest, err)
	}
	baud = defaultBaud
	if b := values.Get("baud"); b != "" {
		if baud, err = strconv.Atoi(b); err != nil || baud < 300 || baud > 4_000_000 {
			return "", 0, fmt.Errorf("link: %q is not a baud rate", b)
		}
	}
	return path, baud, nil
}

type serialPort struct{ serial.Port }

func openSerial(rest string) (Port, error) {
	path, baud, err := parseSerial(rest)
	if err != nil {
		return nil, err
	}
	// InitialStatusBits stays nil: lines without modem wires refuse them.
	p, err := serial.Open(path, &serial.Mode{BaudRate: baud, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit})
	if err != nil {
		return nil, fmt.Errorf("link: %s cannot be opened (does it exist, is the user in group dialout, does another program have it?): %w", path, err)
	}
	return &serialPort{p}, nil
}

// Read implements Port: the library returns nothing and no error when the time is over.
func (p *serialPort) Read(b []byte) (int, error) {
	n, err := p.Port.Read(b)
	if n == 0 && err == nil && len(b) > 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return n, err
}

// ResetInput implements Port.
func (p *serialPort) ResetInput() error { return p.ResetInputBuffer() }

type tcpPort struct {
	net.Conn
	timeout time.Duration
}

func openTCP(address string) (Port, error) {
	c, err := net.DialTimeout("tcp", address, dialTimeout)
	if err != nil {
		return nil, fmt.Errorf("link: the bridge at %s does not answer: %w", address, err)
	}
	return &tcpPort{Conn: c}, nil
}

// SetReadTimeout implements Port.
func (p *tcpPort) SetReadTimeout(d time.Duration) error {
	p.timeout = d
	return nil
}

// Read implements Port.
func (p *tcpPort) Read(b []byte) (int, error) {
	if p.timeout > 0 {
		if err := p.SetReadDeadline(time.Now().Add(p.timeout)); err != nil {
			return 0, err
		}
	}
	return p.Conn.Read(b)
}

// Write implements Port.
func (p *tcpPort) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// ResetInput implements Port: it reads what has come for a millisecond. One deadline for
// all of it: a far end that talks without end must not hold the bus.
func (p *tcpPort) ResetInput() error {
	if err := p.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return err
	}
	var drop [512]byte
	for {
		_, err := p.Conn.Read(drop[:])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
