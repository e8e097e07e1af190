// Package climate reads the thermometers of a cabinet's modules: XY-MD02 and its clones, which
// speak Modbus RTU over RS-485 (9600 baud, 8N1, unit 1 as they come).
package climate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cubby/agent/link"
	"cubby/agent/modbus"
)

const (
	// every is how often a thermometer is read; more than once a second it heats itself.
	every = 10 * time.Second
	reply = 300 * time.Millisecond
	// settle is the silence between an answer and the next question, 4 ms at 9600 baud and
	// what an adapter adds.
	settle = 20 * time.Millisecond
	// misses is how many reads in a row may fail until a thermometer is taken to be silent.
	misses     = 3
	firstRetry = time.Second
	lastRetry  = 15 * time.Second
	// What no module ever is: the sensor is broken, or it is another register.
	coldest, hottest = -400, 800 // tenths of a degree
	register         = 1         // of the temperature, measured
	mostGraceS       = 3600
)

// Probe is a thermometer on a line.
type Probe struct {
	Module  int `json:"module"`            // that it hangs in
	Address int `json:"address,omitempty"` // 0: 1
	// Hundredths: the clone tells hundredths of a degree instead of tenths.
	Hundredths bool `json:"hundredths,omitempty"`
	// GraceS is for how many seconds the module may be out of its range, or silent, until that
	// counts: a small one warms sooner than a large one when a door stands open. 0: 300.
	GraceS int `json:"grace_s,omitempty"`
}

func (p Probe) unit() byte { return byte(max(p.Address, 1)) }

// Check tells what is wrong with the thermometers of a line.
func Check(probes []Probe) error {
	var errs []error
	units, modules := map[byte]bool{}, map[int]bool{}
	for _, p := range probes {
		if p.Module < 1 {
			errs = append(errs, errors.New("climate: module counts from 1, as in the cabinet's layout"))
		}
		if p.Address < 0 || p.Address > 247 {
			errs = append(errs, fmt.Errorf("climate: the thermometer of module %d: address is from 1 to 247", p.Module))
		}
		if p.GraceS < 0 || p.GraceS > mostGraceS {
			errs = append(errs, fmt.Errorf("climate: the thermometer of module %d: grace_s is from 0 to %d", p.Module, mostGraceS))
		}
		if units[p.unit()] || modules[p.Module] {
			errs = append(errs, fmt.Errorf("climate: the thermometer of module %d has the address or module of another one", p.Module))
		}
		units[p.unit()], modules[p.Module] = true, true
	}
	return errors.Join(errs...)
}

// Reading is what a thermometer tells: tenths of a degree Celsius, or that it is silent.
type Reading struct {
	Module int
	Tenths int
	Known  bool
}

// Status is a thermometer as it stands, for people on site.
type Status struct {
	Reading
	Reads int    `json:"reads"`
	Fails int    `json:"fails"`
	Error string `json:"error,omitempty"` // the last one
}

// Run reads the thermometers of a line until the context ends, and tells each reading.
func Run(ctx context.Context, dial func() (link.Port, error), probes []Probe, log *slog.Logger, tell func(Status)) error {
	l := &line{probes: make([]Status, len(probes)), missed: make([]int, len(probes)), every: every}
	return l.run(ctx, dial, probes, log, tell)
}

type line struct {
	probes []Status
	missed []int
	every  time.Duration
}

func (l *line) run(ctx context.Context, dial func() (link.Port, error), probes []Probe, log *slog.Logger, tell func(Status)) error {
	retry := firstRetry
	for ctx.Err() == nil {
		port, err := dial()
		if err == nil {
			retry = firstRetry
			stop := context.AfterFunc(ctx, func() { _ = port.Close() }) // ends a read that waits
			err = l.serve(ctx, port, probes, tell)
			stop()
			_ = port.Close() // it may be closed already
		}
		if ctx.Err() != nil {
			break
		}
		log.Warn("thermometers cannot be read; trying again", "error", err)
		for i, p := range probes {
			l.told(i, p, 0, err, tell)
		}
		wait(ctx, retry)
		retry = min(2*retry, lastRetry)
	}
	return nil
}

// serve reads in turns until the line fails.
func (l *line) serve(ctx context.Context, port link.Port, probes []Probe, tell func(Status)) error {
	for ctx.Err() == nil {
		for i, p := range probes {
			tenths, err := read(port, p)
			if err != nil && !errors.Is(err, errSilent) && !errors.Is(err, errAbsurd) && !errors.As(err, new(modbus.Exception)) {
				return err
			}
			l.told(i, p, tenths, err, tell)
			wait(ctx, settle)
		}
		wait(ctx, l.every)
	}
	return nil
}

// told counts a reading, and tells it: a failed one only once it is not the first in a row.
func (l *line) told(i int, p Probe, tenths int, err error, tell func(Status)) {
	s := &l.probes[i]
	s.Module = p.Module
	if err == nil {
		s.Reads++
		l.missed[i], s.Tenths, s.Known, s.Error = 0, tenths, true, ""
		tell(*s)
		return
	}
	s.Fails++
	s.Error = err.Error()
	if l.missed[i]++; l.missed[i] >= misses {
		s.Known = false
	}
	if !s.Known {
		tell(*s)
	}
}

var (
	errSilent = errors.New("climate: the thermometer does not answer")
	errAbsurd = errors.New("climate: the thermometer tells a temperature that cannot be: is it another model, or hundredths?")
)

// read asks one thermometer.
func read(port link.Port, p Probe) (tenths int, err error) {
	request := modbus.Request(p.unit(), modbus.ReadRegisters, register, 1)
	var answer modbus.Answer
	err = link.Exchange(port, request, reply, func(came []byte) (ok bool) {
		answer, ok = modbus.Find(request, came)
		return ok
	})
	if errors.Is(err, link.ErrSilent) {
		return 0, errSilent
	}
	if err != nil {
		return 0, err
	}
	if answer.Refused != nil {
		return 0, answer.Refused
	}
	tenths = int(int16(answer.Register(0)))
	if p.Hundredths {
		tenths /= 10
	}
	if tenths < coldest || tenths > hottest {
		return 0, errAbsurd
	}
	return tenths, nil
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
