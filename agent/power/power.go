// Package power hears from a UPS by the protocol of the Network UPS Tools: lines of text over
// TCP, port 3493 (RFC 9271). It only asks; the UPS is nobody's to command from here.
package power

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	every       = 5 * time.Second
	callTimeout = 5 * time.Second
	retry       = 5 * time.Second
	// forgotten is after how long what a UPS said last counts no more: a cabinet with mains whose UPS died
	// while it said that its battery is low would open nothing for ever.
	forgotten = 3 * time.Minute
	maxLine     = 1 << 10
)

// Config is where the UPS is heard of.
type Config struct {
	Address  string `json:"address"` // host:port of upsd
	UPS      string `json:"ups"`     // its name there
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`
}

// Check tells what is wrong.
func (c Config) Check() error {
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		return fmt.Errorf("power: address: %w", err)
	}
	for _, word := range []string{c.UPS, c.User, c.Password} {
		if strings.ContainsAny(word, " \"\\\n\r\t") {
			return errors.New("power: ups, user and password are words without spaces or quotes")
		}
	}
	if c.UPS == "" {
		return errors.New("power: ups is missing: the name that upsd has for it")
	}
	return nil
}

// Status is how the cabinet is fed. Not Known: the UPS cannot be asked, and nothing follows
// from that, since a cabinet may have lost its UPS and yet have mains.
type Status struct {
	Known     bool   `json:"known"`
	OnBattery bool   `json:"on_battery"`
	Low       bool   `json:"low"`
	// Silent: it was not known for so long that what was known before counts no more.
	Silent bool `json:"silent,omitempty"`
	Error     string `json:"error,omitempty"`
}

// Run asks the UPS until the context ends, and tells each change.
func Run(ctx context.Context, c Config, log *slog.Logger, tell func(Status)) error {
	return run(ctx, c, timing{every, retry, forgotten}, log, tell)
}

type timing struct{ every, retry, forgotten time.Duration }

func run(ctx context.Context, c Config, at timing, log *slog.Logger, tell func(Status)) error {
	var told *Status
	known := time.Now()
	say := func(s Status) {
		if s.Known {
			known = time.Now()
		}
		s.Silent = time.Since(known) >= at.forgotten
		if told == nil || *told != s {
			told = &s
			tell(s)
		}
	}
	for ctx.Err() == nil {
		err := c.listen(ctx, at.every, say)
		if ctx.Err() != nil {
			break
		}
		log.Warn("the UPS cannot be asked; trying again", "error", err)
		say(Status{Error: err.Error()})
		wait(ctx, at.retry)
	}
	return nil
}

// listen asks over one connection until it fails.
func (c Config) listen(ctx context.Context, every time.Duration, say func(Status)) error {
	conn, err := (&net.Dialer{Timeout: callTimeout}).DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the protocol needs no good-bye
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	lines := bufio.NewReaderSize(conn, maxLine)
	call := func(words ...string) (string, error) {
		if err := conn.SetDeadline(time.Now().Add(callTimeout)); err != nil {
			return "", err
		}
		if _, err := fmt.Fprintf(conn, "%s\n", strings.Join(words, " ")); err != nil {
			return "", err
		}
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(line), "\r\n"), nil
	}
	for _, login := range [][]string{{"USERNAME", c.User}, {"PASSWORD", c.Password}} {
		if login[1] == "" {
			continue
		}
		if answer, err := call(login...); err != nil || answer != "OK" {
			return errors.Join(err, fmt.Errorf("power: upsd answers %s with %q", login[0], answer))
		}
	}
	for ctx.Err() == nil {
		answer, err := call("GET", "VAR", c.UPS, "ups.status")
		if err != nil {
			return err
		}
		status, err := parse(answer, c.UPS)
		if err != nil {
			// upsd is there, its UPS is not: ERR DATA-STALE, DRIVER-NOT-CONNECTED, UNKNOWN-UPS.
			say(Status{Error: err.Error()})
		} else {
			say(status)
		}
		wait(ctx, every)
	}
	return nil
}

// parse reads VAR <ups> ups.status "OL CHRG".
func parse(answer, ups string) (Status, error) {
	value, ok := strings.CutPrefix(answer, "VAR "+ups+" ups.status \"")
	if !ok || !strings.HasSuffix(value, `"`) {
		return Status{}, fmt.Errorf("power: upsd answers %q", answer)
	}
	flags := strings.Fields(strings.TrimSuffix(value, `"`))
	s := Status{Known: true, OnBattery: slices.Contains(flags, "OB"), Low: slices.Contains(flags, "LB")}
	s.Low = s.Low && s.OnBattery // a low battery that is being charged feeds nothing
	if !s.OnBattery && !slices.Contains(flags, "OL") {
		return Status{}, fmt.Errorf("power: the UPS is %q, neither on line nor on battery", value)
	}
	return s, nil
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
