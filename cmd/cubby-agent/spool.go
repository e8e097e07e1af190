package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/durable"
	"cubby/agent/host"
	"cubby/agent/link"
	"cubby/agent/lock"
	"cubby/models"
)

// spooled is a line of the spool: a cell that was opened while the program was dead, or did not serve;
// or a technician who accepted what was found of the wiring then.
type spooled struct {
	Cell     int              `json:"cell,omitempty"`
	AtMS     int64            `json:"at_ms"`
	Accepted models.CourierID `json:"wiring_accepted,omitempty"`
}

// openDirectly drives a lock without the program. The spool's line is durable first: the
// program journals it when it starts, also if nothing came of it.
func (c config) openDirectly(ctx context.Context, cell int) error {
	release, err := hold(c.lock())
	if err != nil {
		return err
	}
	defer release()
	for _, b := range c.Buses {
		bus, err := lock.NewBus(b.Boards, lock.Timing{}, func() (link.Port, error) { return link.Open(b.Port) }, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		if !bus.Has(cell) {
			continue
		}
		if err := c.spoolOpening(cell); err != nil {
			return err
		}
		return drive(ctx, bus, cell)
	}
	return lock.ErrNoBoard
}

// spoolOpening writes down that a cell is about to be opened, by either of its doors.
func (c config) spoolOpening(door int) error {
	cell, _ := lock.CellOf(door)
	return c.spoolLine(spooled{Cell: cell, AtMS: time.Now().UnixMilli()})
}

func (c config) spoolLine(s spooled) error {
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return durable.Append(c.spool(), append(line, '\n'))
}

// drive runs a bus for one pulse.
func drive(ctx context.Context, bus *lock.Bus, cell int) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	ended := make(chan error, 1)
	looked := make(chan struct{}, 1)
	go func() {
		ended <- bus.Run(ctx, func(lock.Event) {
			// Each board answers by now, or is known not to.
			if _, complete := bus.Doors(); complete {
				select {
				case looked <- struct{}{}:
				default:
				}
			}
		})
	}()
	var err error
	select {
	case <-looked:
		err = bus.Unlock(ctx, cell)
	case <-ctx.Done():
		err = ctx.Err()
	}
	cancel()
	return errors.Join(err, <-ended)
}

// takeSpool journals what was opened while the program was dead, and then removes the
// spool. A torn last line is of an opening that did not come to its pulse. A power cut
// between the two has it journalled twice, which says nothing new: its cell is in doubt
// already.
func takeSpool(ctx context.Context, c config, h *host.Host, log *slog.Logger) error {
	raw, err := os.ReadFile(c.spool())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, s := range parseSpool(raw, log) {
		var in cabinet.Input = cabinet.OpenedDirectly{Cell: s.Cell, AtMS: s.AtMS, Spooled: true}
		if s.Accepted != "" {
			in = cabinet.WiringAccepted{Technician: s.Accepted}
		}
		if err := h.Tell(ctx, in); err != nil {
			return err
		}
	}
	return durable.Remove(c.spool())
}

// parseSpool reads the lines that can be read.
func parseSpool(raw []byte, log *slog.Logger) []spooled {
	var all []spooled
	for line := range bytes.Lines(raw) {
		var s spooled
		if err := json.Unmarshal(line, &s); err != nil {
			log.Warn("a line of the spool cannot be read", "error", err)
			continue
		}
		all = append(all, s)
	}
	return all
}
