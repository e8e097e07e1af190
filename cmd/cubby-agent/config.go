package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cubby/agent/climate"
	"cubby/agent/link"
	"cubby/agent/lock"
	"cubby/agent/power"
	"cubby/agent/relay"
	"cubby/agent/scan"
	"cubby/agent/screen"
	"cubby/models"
)

const configHelp = `
Configuration (JSON):
  dir         folder of the store and the identity
  server      https://host:port of the server's device listener
  server_ca   file with the server's authority, in PEM
  proxy       http://host:port of a forward proxy; empty: none
  screen      address of the screen, on this computer alone
  panel       {px_per_mm}: of the screen; 118 / 20 on a panel of 10.1" with 1280x800, which is
              what it is taken for, 81 / 20 on one of 21.5" with 1080x1920
  browser     [program, arguments…] that shows the screen: it is started, and started anew when
              its page hangs; empty: something else starts it
  socket      path of the unix socket for check, open and takeover
  log_level   debug, info, warn or error
  buses       [{port, boards: [{name, dialect, address, first_cell, channels, feedback, inverted, unfitted, locks,
                status_byte_order, pulse_ms, swapped, inputs, parcels}]}]; see docs/hardware.md
  scanners    [{port, side, module, mode}]; side is "back" for one at the back of a two-way cabinet; a
              module gm65 or gm812 is set up at each start, mode is continuous or sensor; see
              docs/hardware.md
  climates    [{port, probes: [{module, address, hundredths, grace_s}]}]: thermometers XY-MD02; grace_s is
              for how many seconds a module may be out of its range until it takes nothing in (300)
  relays      [{port, boards: [{name, dialect, address, outputs: [{name, relay, for_ms}], inputs: [{name, input, alarm}]}]}]:
              what hangs on relays beside the locks, and the contacts that watch over the cabinet; see docs/hardware.md
  power       {address, ups, user, password}: a UPS that upsd tells of
A port is serial:/dev/ttyS0?baud=19200 or tcp:host:port. A scanner's is also a keyboard,
hid:/dev/input/by-id/… or hid:vendor:product, whose keys then go nowhere else.

A scanner may send a symbology identifier (]C1) before a code and GS1 separators (FNC1) in
it: both are dropped. A code with any other control character is not taken.
`

// config is the configuration's file.
type config struct {
	Dir      string         `json:"dir"`
	Server   string         `json:"server"`
	ServerCA string         `json:"server_ca"`
	Proxy    string         `json:"proxy"`
	Screen   string         `json:"screen"`
	Panel    screen.Panel   `json:"panel"`
	Browser  []string       `json:"browser"`
	Socket   string         `json:"socket"`
	LogLevel string         `json:"log_level"`
	Buses    []bus          `json:"buses"`
	Scanners []scanner      `json:"scanners"`
	Climates []thermometers `json:"climates"`
	Relays   []relays       `json:"relays"`
	Power    *power.Config  `json:"power"`

	// wiring was found and accepted, and is laid over the boards; nil: they are as typed.
	wiring *wiring
	typed  []bus
}

type bus struct {
	Port   string       `json:"port"`
	Boards []lock.Board `json:"boards"`
}

// checkSpeed wants the port's speed said where the boards do not come with the usual one.
func (b bus) checkSpeed() error {
	if !strings.HasPrefix(b.Port, "serial:") || link.Baud(b.Port) != 0 {
		return nil
	}
	for _, board := range b.Boards {
		if speed := lock.Speed(board.Dialect); speed != 0 && speed != usualSpeed {
			return fmt.Errorf("the bus at %s: boards %s come with %d baud: write %s?baud=%d", b.Port, board.Dialect, speed, b.Port, speed)
		}
	}
	return nil
}

// sameLine reports whether two ports are one, at whatever speed.
func sameLine(a, b string) bool {
	a, _, _ = strings.Cut(a, "?")
	b, _, _ = strings.Cut(b, "?")
	return a == b
}

type scanner struct {
	Port string      `json:"port"`
	Side models.Side `json:"side"`
	scan.Settings
}

// usualSpeed is that of a port that states none.
const usualSpeed = 19200

// maxSocket is how long a unix socket's path may be on Linux.
const maxSocket = 107

// readConfig tells all that is wrong at once.
func readConfig(path string) (config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return config{}, fmt.Errorf("the configuration cannot be read (say where it is with --config): %w", err)
	}
	c, err := parseConfig(raw)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("%s:\n%w", path, err)
	}
	return c, nil
}

func parseConfig(raw []byte) (config, error) {
	c := config{Screen: "127.0.0.1:8070", Panel: screen.Panel{PxPerMM: 5.9}, LogLevel: "info"}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, err
	}
	if c.Socket == "" && c.Dir != "" {
		c.Socket = filepath.Join(c.Dir, "agent.sock")
	}
	return c, nil
}

func (c config) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Dir == "" {
		wrong("dir is missing")
	}
	if u, err := url.Parse(c.Server); err != nil || u.Scheme != "https" || u.Host == "" {
		wrong("server must be https://host:port")
	}
	if c.ServerCA == "" {
		wrong("server_ca is missing")
	}
	if host, _, err := net.SplitHostPort(c.Screen); err != nil {
		wrong("screen: %w", err)
	} else if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		wrong("screen must be an address of this computer alone, such as 127.0.0.1:8070")
	}
	if c.Panel.PxPerMM < 1 || c.Panel.PxPerMM > 40 {
		wrong("panel: px_per_mm is from 1 to 40")
	}
	if len(c.Socket) > maxSocket {
		wrong("socket: the path is longer than %d bytes", maxSocket)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		wrong("log_level: %w", err)
	}
	if len(c.Buses) == 0 {
		wrong("buses is empty: a cabinet has locks")
	}
	var boards []lock.Board
	for _, b := range c.Buses {
		if err := link.Check(b.Port); err != nil {
			errs = append(errs, err)
		}
		if len(b.Boards) == 0 {
			wrong("the bus at %s has no boards", b.Port)
		}
		errs = append(errs, lock.CheckLine(b.Boards), b.checkSpeed())
		boards = append(boards, b.Boards...)
	}
	errs = append(errs, lock.CheckBoards(boards))
	for _, t := range c.Climates {
		errs = append(errs, link.Check(t.Port), climate.Check(t.Probes))
	}
	var lines [][]relay.Board
	for _, r := range c.Relays {
		errs = append(errs, link.Check(r.Port))
		if slices.ContainsFunc(c.Buses, func(b bus) bool { return sameLine(b.Port, r.Port) }) {
			wrong("relays: %s is a line of lock boards: relays need one of their own", r.Port)
		}
		lines = append(lines, r.Boards)
	}
	errs = append(errs, relay.Check(lines...))
	if c.Power != nil {
		errs = append(errs, c.Power.Check())
	}
	for _, s := range c.Scanners {
		if s.Side != "" && s.Side != models.SideFront && s.Side != models.SideBack {
			wrong("scanners: side is front or back, not %q", s.Side)
		}
		errs = append(errs, scan.Check(s.Port), s.Check())
		if s.Module != "" && !strings.HasPrefix(s.Port, "serial:") && !strings.HasPrefix(s.Port, "tcp:") {
			wrong("scanners: module is of a scanner on a serial line, not of %s", s.Port)
		}
	}
	return errors.Join(errs...)
}

func (c config) store() string { return filepath.Join(c.Dir, "cabinet.db") }
func (c config) spool() string { return filepath.Join(c.Dir, "spool.jsonl") }
func (c config) lock() string  { return filepath.Join(c.Dir, "agent.lock") }
