// Package scan reads barcode and QR scanners: on a serial line, where a module is set up by
// frames first, or as a keyboard that the kernel gives to this program alone.
package scan

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"
	"unicode"
	"unicode/utf8"

	"cubby/agent/link"
)

const (
	// quiet ends a code whose scanner sends no line end.
	quiet = 100 * time.Millisecond
	// repeat is how long the same code is taken to be the same reading of a hand that
	// still holds it there.
	repeat  = 1500 * time.Millisecond
	maxCode = 300
	// idle is how long a read waits when nothing has begun; only the end of the context
	// is looked at then.
	idle       = 500 * time.Millisecond
	firstRetry = time.Second
	lastRetry  = 15 * time.Second
	// warnEvery keeps a line of noise, such as of a wrong baud rate, out of the log.
	warnEvery = time.Minute
	// groupSeparator stands in GS1 codes for FNC1.
	groupSeparator = 0x1d
)

// Run reads codes from a scanner until the context ends, and opens its line again whenever
// it fails.
func Run(ctx context.Context, dial func() (link.Port, error), log *slog.Logger, emit func(code string)) error {
	retry := firstRetry
	for ctx.Err() == nil {
		port, err := dial()
		if err == nil {
			retry = firstRetry
			stop := context.AfterFunc(ctx, func() { _ = port.Close() }) // ends a read that waits
			err = read(ctx, port, log, emit)
			stop()
			_ = port.Close() // it may be closed already
		}
		if ctx.Err() != nil {
			return nil
		}
		log.Warn("a scanner cannot be read; trying again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
		retry = min(2*retry, lastRetry)
	}
	return nil
}

func read(ctx context.Context, port link.Port, log *slog.Logger, emit func(string)) error {
	d := decoder{now: time.Now, log: log}
	var buffer [256]byte
	for ctx.Err() == nil {
		wait := idle
		if d.begun() {
			wait = quiet
		}
		if err := port.SetReadTimeout(wait); err != nil {
			return err
		}
		n, err := port.Read(buffer[:])
		for _, code := range d.take(buffer[:n]) {
			emit(code)
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if code, ok := d.silence(); ok {
				emit(code)
			}
		case err != nil:
			return err
		}
	}
	return io.EOF
}

// decoder makes codes of bytes. A code is 1 to maxCode bytes of UTF-8 without control
// characters; anything else is dropped whole, since a part of it may be another code.
type decoder struct {
	now    func() time.Time
	log    *slog.Logger
	have   []byte
	over   bool // longer than any code: dropped up to its end
	last   string
	lastAt time.Time
	warned time.Time
}

func (d *decoder) begun() bool { return len(d.have) > 0 || d.over }

// take adds bytes and returns the codes that ended.
func (d *decoder) take(b []byte) (codes []string) {
	for _, c := range b {
		if c == '\r' || c == '\n' {
			if code, ok := d.end(); ok {
				codes = append(codes, code)
			}
			continue
		}
		if len(d.have) >= maxCode {
			d.over, d.have = true, nil
		}
		if !d.over {
			d.have = append(d.have, c)
		}
	}
	return codes
}

// silence ends a code that has no line end.
func (d *decoder) silence() (string, bool) { return d.end() }

func (d *decoder) end() (string, bool) {
	raw, over := d.have, d.over
	d.have, d.over = nil, false
	if over {
		d.dropped("it is too long")
		return "", false
	}
	raw = bytes.TrimSpace(stripSeparators(stripAIM(stripAcknowledgement(raw))))
	if len(raw) == 0 {
		return "", false
	}
	if !utf8.Valid(raw) {
		d.dropped("it is not UTF-8")
		return "", false
	}
	if bytes.ContainsFunc(raw, unicode.IsControl) {
		d.dropped("it holds a control character")
		return "", false
	}
	code, now := string(raw), d.now()
	again := code == d.last && now.Sub(d.lastAt) < repeat
	d.last, d.lastAt = code, now
	return code, !again
}

// dropped warns, now and then. The code itself is not told: it may be a pickup code.
func (d *decoder) dropped(why string) {
	if now := d.now(); d.warned.IsZero() || now.Sub(d.warned) >= warnEvery {
		d.warned = now
		d.log.Warn("a scanned code is dropped", "reason", why)
	}
}

// stripAcknowledgement drops the scanner module's answer to a command (GM65 and GM812: 02 or
// 03, 00 00 01 00, and its checksum 33 31), which may come before a code.
func stripAcknowledgement(b []byte) []byte {
	const length = 7
	if len(b) >= length && (b[0] == 2 || b[0] == 3) && bytes.Equal(b[1:length], []byte{0, 0, 1, 0, 0x33, 0x31}) {
		return b[length:]
	}
	return b
}

// stripAIM drops a symbology identifier (ISO/IEC 15424): "]", a letter and a digit, as in
// "]C1" before a GS1-128 code. Scanners send one only if they are set to, and a label that
// itself begins so is not known; it goes once, and never if nothing follows it.
func stripAIM(b []byte) []byte {
	const length = 3
	if len(b) > length && b[0] == ']' && (b[1]|0x20) >= 'a' && (b[1]|0x20) <= 'z' && b[2] >= '0' && b[2] <= '9' {
		return b[length:]
	}
	return b
}

// stripSeparators drops the separators of a GS1 code: they end its elements of variable
// length and are no part of what stands printed below it, which is the barcode that a
// carrier announces.
func stripSeparators(b []byte) []byte { return bytes.ReplaceAll(b, []byte{groupSeparator}, nil) }
