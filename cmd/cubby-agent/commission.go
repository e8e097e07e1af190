package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"cubby/agent/durable"
	"cubby/agent/link"
	"cubby/agent/lock"
	"cubby/agent/lock/commission"
)

// readEveryDoor is how long the first look at all boards may take.
const readEveryDoor = 5 * time.Second

// commissioning is what the command was asked for.
type commissioning struct {
	config
	again bool
	watch time.Duration
	shut  time.Duration
}

func runCommission(ctx context.Context, p program, args []string) error {
	var in commissioning
	accept := false
	c, err := p.typed("commission", args, func(f *flag.FlagSet) {
		f.BoolVar(&accept, "accept", false, "have the locks driven as they are found to be wired, without another word in the configuration")
		f.BoolVar(&in.again, "again", false, "forget what an earlier run found")
		f.DurationVar(&in.watch, "watch", 4*time.Second, "how long a door may take to move")
		f.DurationVar(&in.shut, "shut", 20*time.Second, "how long somebody may take to shut it")
	})
	if err != nil {
		return err
	}
	if in.config, err = c.wired(c.logger(p)); err != nil {
		in.config = c
		fmt.Fprintf(p.err, "%s\nMeanwhile the boards count as they are configured.\n", err)
	}
	if err := durable.MakeDir(c.Dir); err != nil {
		return err
	}
	release, err := hold(c.lock())
	if err != nil {
		return fmt.Errorf("locks are commissioned while the program does not run (systemctl stop cubby-agent): %w", err)
	}
	defer release()
	findings, err := in.session(ctx, func(now commission.Progress, kept error) {
		say(p, now)
		if kept != nil {
			fmt.Fprintf(p.err, "what was found cannot be kept: %s\n", kept)
		}
	})
	if len(findings) == 0 {
		return err
	}
	err = errors.Join(err, in.print(p, findings))
	if !accept {
		return err
	}
	if failed := in.accept(findings, "", p.time.Wall()); failed != nil {
		return errors.Join(err, fmt.Errorf("what was found is not accepted: %w", failed))
	}
	fmt.Fprintf(p.err, "accepted: the locks are driven so from the program's next start on (%s)\n", in.wiringFile())
	return err
}

func (in commissioning) file() string { return filepath.Join(in.Dir, "commission.json") }

// past is what an earlier run found.
func (in commissioning) past() (past []commission.Finding, err error) {
	raw, err := os.ReadFile(in.file())
	switch {
	case in.again || errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil:
		err = json.Unmarshal(raw, &past)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w (--again begins anew)", in.file(), err)
	}
	return past, nil
}

// keep writes what is found down: whoever goes on later begins from there.
func (in commissioning) keep(findings []commission.Finding) error {
	raw, err := json.MarshalIndent(findings, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(in.file(), append(raw, '\n'))
}

// session runs the lines and one session over all of their boards. told is called with what happens,
// and with what came of keeping it.
func (in commissioning) session(ctx context.Context, told func(now commission.Progress, kept error)) (findings []commission.Finding, err error) {
	past, err := in.past()
	if err != nil {
		return nil, err
	}
	var buses []commission.Bus
	var lines []*lock.Bus
	var boards []lock.Board
	for i, b := range in.Buses {
		bare := commission.Bare(in.tried(i))
		line, err := lock.NewBus(bare, lock.Timing{}, func() (link.Port, error) { return link.Open(b.Port) }, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		buses, lines, boards = append(buses, line), append(lines, line), append(boards, bare...)
	}
	s := commission.New(commission.Config{
		Boards: boards, Buses: buses, Past: past, Before: in.spoolFirst(),
		Timing: commission.Timing{Watch: in.watch, After: in.watch / 3, Close: in.shut},
		Progress: func(now commission.Progress) {
			var kept error
			if now.Found != nil {
				kept = in.keep(now.All)
			}
			told(now, kept)
		},
	})
	driven, stop := context.WithCancel(ctx)
	group, driven := errgroup.WithContext(driven)
	for _, line := range lines {
		group.Go(func() error { return line.Run(driven, s.Tell) })
	}
	awaitDoors(driven, lines)
	findings, err = s.Run(ctx)
	stop()
	return findings, errors.Join(err, group.Wait(), in.keep(findings))
}

// awaitDoors waits until every board was read or is known to be dead.
func awaitDoors(ctx context.Context, lines []*lock.Bus) {
	limit := time.NewTimer(readEveryDoor)
	defer limit.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for slices.ContainsFunc(lines, func(b *lock.Bus) bool { _, complete := b.Doors(); return !complete }) {
		select {
		case <-ctx.Done():
			return
		case <-limit.C:
			return
		case <-again.C:
		}
	}
}

// spoolFirst writes each opening down before the pulse, as openDirectly does, in a cabinet
// that has been in use: its program journals them. One that never ran has nothing to doubt.
func (in commissioning) spoolFirst() func(cell int) error {
	if _, err := os.Stat(in.store()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return in.spoolOpening
}

// say tells whoever stands at the cabinet.
func say(p program, now commission.Progress) {
	switch {
	case now.Found != nil:
		fmt.Fprintf(p.err, "%d of %d: board %s, channel %d: %s\n", now.Done, now.Total, now.Found.Board, now.Found.Channel, now.Found.Say())
	default:
		fmt.Fprintf(p.err, "shut the door of %s\n", strings.Trim(fmt.Sprint(now.Shut), "[]"))
	}
}

// print prints the doubtful, and the piece of the configuration that says how it is wired.
func (in commissioning) print(p program, findings []commission.Finding) error {
	piece := struct {
		Buses []bus `json:"buses"`
	}{}
	var doubtful []commission.Finding
	var without []int
	for i, proposal := range in.proposals(findings) {
		piece.Buses = append(piece.Buses, bus{in.Buses[i].Port, proposal.Boards})
		doubtful, without = append(doubtful, proposal.Doubtful()...), append(without, proposal.Without...)
	}
	if len(doubtful) > 0 {
		t := tabwriter.NewWriter(p.out, 2, 4, 2, ' ', 0)
		fmt.Fprintln(t, "BOARD\tCHANNEL\tCELL\tLOOK AT IT")
		for _, f := range doubtful {
			fmt.Fprintf(t, "%s\t%d\t%d\t%s\n", f.Board, f.Channel, f.Cell, f.Say())
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	if len(without) > 0 {
		fmt.Fprintf(p.out, "No channel is known to open these cells, and their own open others too: %v. They are unfitted until one does.\n", without)
	}
	raw, err := json.MarshalIndent(piece, "", "  ")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.out, "%s\n", raw); err != nil {
		return err
	}
	if len(doubtful) > 0 {
		return fmt.Errorf("%d of %d channels need a look; run it again to try those alone", len(doubtful), len(findings))
	}
	return nil
}
