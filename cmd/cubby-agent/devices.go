package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/host"
	"cubby/agent/kiosk"
	"cubby/agent/link"
	"cubby/agent/lock"
	"cubby/models"
)

const (
	// devicesEvery is how often a technician's screen is told how the devices stand.
	devicesEvery = time.Second
	// leastFree is how many bytes the disk has to have free for the journal to go on for long.
	leastFree = 200 << 20
)

// errRestart ends the program's parts because a technician wants them to begin anew.
var errRestart = errors.New("a technician has the program started anew")

// devices tell the technician before the screen how everything stands. While nobody is there
// nothing is told: it is for people to read, and nothing is decided by it.
type devices struct {
	config
	host     *host.Host
	scanners []*watched
	heard    *sensors
	browser  *kiosk.Kiosk
	restart  chan struct{}     // has a value once the program is to begin anew
	errors   map[string]string // the last of each device, by its key
	counts   *counts
	// commission has a value once the wiring of the locks is to be found.
	commission chan cabinet.Commission
}

// run tells them until the context ends, and ends with errRestart or a commissionWanted when that
// is asked for.
func (d *devices) run(ctx context.Context, log *slog.Logger) error {
	changed := d.host.Watch(ctx)
	tick := time.NewTicker(devicesEvery)
	defer tick.Stop()
	var told []cabinet.Device
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.restart:
			return errRestart
		case wanted := <-d.commission:
			return &commissionWanted{wanted, d.host.Site()}
		case <-changed:
		case <-tick.C:
			for _, in := range d.counts.due(d.counted(), time.Now()) {
				if err := d.host.Tell(ctx, in); err != nil && ctx.Err() == nil {
					log.Warn("how a device has worked was not taken", "device", in.Device, "error", err)
				}
			}
		}
		if !d.read() {
			continue
		}
		now := d.all()
		if slices.Equal(now, told) {
			continue
		}
		if err := d.host.Tell(ctx, cabinet.DevicesTold{Devices: now}); err != nil && ctx.Err() == nil {
			log.Warn("how the devices stand was not taken", "error", err)
			continue
		}
		told = now
	}
}

// read reports whether somebody reads it.
func (d *devices) read() bool {
	return slices.ContainsFunc([]models.Side{models.SideFront, models.SideBack}, func(side models.Side) bool {
		return strings.HasPrefix(string(d.host.View(side).Screen), "T")
	})
}

// begin has a device begin anew.
func (d *devices) begin(key string) {
	switch {
	case strings.HasPrefix(key, string(cabinet.DeviceProgram)):
		select {
		case d.restart <- struct{}{}:
		default: // it is asked for already
		}
	case strings.HasPrefix(key, string(cabinet.DeviceScreen)):
		d.browser.Restart()
	}
}

// findWiring has the wiring of the locks found.
func (d *devices) findWiring(wanted cabinet.Commission) {
	select {
	case d.commission <- wanted:
	default: // it is asked for already
	}
}

// all is how the devices stand now.
func (d *devices) all() []cabinet.Device {
	var all []cabinet.Device
	for _, bus := range d.host.Buses {
		for _, b := range bus.Boards() {
			all = append(all, boardDevice(b, d.Buses))
		}
	}
	for _, s := range statuses(d.scanners) {
		all = append(all, scannerDevice(s))
	}
	heard := d.heard.status()
	for _, c := range heard.Climates {
		all = append(all, cabinet.Device{
			Kind: cabinet.DeviceClimate, Name: strconv.Itoa(c.Module), Up: c.Known, Value: fmt.Sprintf("%.1f °C", float64(c.Tenths)/10), Error: c.Error,
		})
	}
	if p := heard.Power; p != nil {
		value := "~"
		if p.OnBattery {
			value = "battery"
		}
		all = append(all, cabinet.Device{Kind: cabinet.DevicePower, Up: p.Known && !p.OnBattery, Value: value, Error: p.Error})
	}
	shown := d.browser.Status()
	all = append(all, cabinet.Device{Kind: cabinet.DeviceScreen, Up: shown.Draws, Error: shown.Why, Restarts: shown.Runs}, d.disk(),
		cabinet.Device{Kind: cabinet.DeviceProgram, Up: true, Value: version, Restarts: true})
	for i := range all {
		if e := all[i].Error; e != "" {
			d.errors[all[i].Key()] = e
		}
		all[i].Error = d.errors[all[i].Key()]
	}
	return all
}

// boardDevice is a lock board, and how it is connected and wired.
func boardDevice(b lock.BoardStatus, buses []bus) cabinet.Device {
	device := cabinet.Device{Kind: cabinet.DeviceBoard, Name: b.Name, Up: b.Up, Value: milliseconds(b.Latency), Error: b.Why}
	for _, bus := range buses {
		for _, board := range bus.Boards {
			if board.Name == b.Name {
				device.Line, device.SetIsOpen, device.Inverted = lineOf(bus.Port), board.Feedback == lock.OpenWhenLocked, join(board.Inverted)
			}
		}
	}
	return device
}

// scannerDevice is a scanner. One that could not be set up is read all the same, and may take a setting
// code that somebody holds before it.
func scannerDevice(s scannerStatus) cabinet.Device {
	return cabinet.Device{
		Kind: cabinet.DeviceScanner, Name: port(s.Port), Up: s.Error == "", Line: lineOf(s.Port),
		Unset: s.SetUp != "", Error: cmp.Or(s.Error, s.SetUp),
	}
}

// join lists cells as people read them.
func join(cells []int) string {
	var all []string
	for _, n := range cells {
		all = append(all, strconv.Itoa(n))
	}
	return strings.Join(all, ", ")
}

// lineOf is a line's name and how it is driven.
func lineOf(of string) string {
	if _, serial := link.WithBaud(of, 0); !serial {
		return of
	}
	return fmt.Sprintf("%s, %d baud", port(of), cmp.Or(link.Baud(of), usualSpeed))
}

// disk is what the store lies on.
func (d *devices) disk() cabinet.Device {
	device := cabinet.Device{Kind: cabinet.DeviceDisk}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(d.Dir, &fs); err != nil {
		device.Error = err.Error()
		return device
	}
	free, all := fs.Bavail*uint64(fs.Bsize), fs.Blocks*uint64(fs.Bsize)
	device.Up, device.Value = free >= leastFree, fmt.Sprintf("%d / %d MB", free>>20, all>>20)
	return device
}

func milliseconds(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return strconv.FormatInt(max(d.Milliseconds(), 1), 10) + " ms"
}

// port is a line's name without where it lies and how it is driven.
func port(of string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(of, "serial:"), "?")
	return filepath.Base(name)
}
