// Package outages takes parts of a whole system away while people work at its cabinets: two instances of each role on
// Postgres, killed, frozen and thawed; the database restarted; the lines to the cabinets bad in every way that networks
// know; servers whose clocks differ. It judges from outside that every door opened in time, that no lock was driven twice,
// that every fact arrived once, and that every shipment ended as it should.
package outages

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"cubby/cmd/cubby-demo/rig"
)

const (
	playLimit = 3 * time.Minute
	// brokenLimit is shorter: what a broken play waits for never comes.
	brokenLimit = 45 * time.Second
)

// EnvBreak names the play to break.
const EnvBreak = "BREAK"

// play is one of them. Its breakage is a sentence that says what BREAK does to it.
type play struct {
	name, breakage string
	// repeats: a message may come again under the same id, since whoever sends it may lose the answer.
	repeats bool
	run     func(ctx context.Context, w *world) (figure string, err error)
}

func all() []play {
	return []play{
		{"gateway-killed", "the other gateway is killed too", false, gatewayKilled},
		{"gateway-frozen", "a lock is driven past the screen", false, gatewayFrozen},
		{"worker-frozen", "the other worker is frozen too", true, workerFrozen},
		{"api-killed", "the other api is killed too", false, apiKilled},
		{"postgres-fast", "a fact is removed from the database", true, postgresFast},
		{"postgres-immediate", "a cabinet loses its power meanwhile", true, postgresImmediate},
		{"clocks-apart", "the clocks are not apart", true, clocksApart},
		{"line-slow", "the lines are cut and stay so", false, lineSlow},
		{"line-cuts", "the lines are cut and stay so", false, lineCuts},
		{"line-black-hole", "the lines are cut and stay so", false, lineBlackHole},
		{"line-half-open", "the lines are cut and stay so", false, lineHalfOpen},
		{"line-resets", "the lines are cut and stay so", false, lineResets},
	}
}

// choose returns the plays that are named, comma-separated; all of them if none is.
func choose(names string) ([]play, error) {
	if names == "" {
		return all(), nil
	}
	var chosen []play
	var known []string
	for _, p := range all() {
		known = append(known, p.name)
		if slices.Contains(strings.Split(names, ","), p.name) {
			chosen = append(chosen, p)
		}
	}
	for name := range strings.SplitSeq(names, ",") {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%q: there is no such play; there are %s", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

// options are what the command was asked for.
type options struct {
	bin, broken string
	seed        uint64
	long        bool
	plays       []play
}

// Main is the command: it plays the plays, one after another, until one fails, and prints a table.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := options{broken: os.Getenv(EnvBreak)}
	flags := flag.NewFlagSet("outages", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.bin, "bin", besideThis(), "the folder of cubby and cubby-temporal")
	flags.BoolVar(&o.long, "long", false, "what is frozen stays so for 90 seconds")
	flags.Uint64Var(&o.seed, "seed", 0, "repeats the random choices of an earlier run; 0: new ones")
	only := flags.String("only", "", "play these alone, comma-separated")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return rig.ExitStatus(2)
	}
	for o.seed == 0 {
		o.seed = rand.Uint64()
	}
	fmt.Fprintf(stdout, "outages: seed %d\n", o.seed)
	var err error
	if o.plays, err = choose(cmp.Or(o.broken, *only)); err != nil {
		return err
	}
	if err := o.run(ctx, stdout); err != nil {
		fmt.Fprintf(stdout, "outages: failed: %v\n", err)
		return rig.ExitStatus(1)
	}
	fmt.Fprintln(stdout, "outages: passed")
	return nil
}

func (o options) run(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "cubby-outages-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && o.broken == "" {
			fmt.Fprintln(out, "outages: logs are kept in", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	began := time.Now()
	w, err := setUp(ctx, o, dir, out)
	if err != nil {
		return err
	}
	stopped := false
	defer func() {
		if !stopped {
			err = errors.Join(err, w.stop())
		}
	}()
	w.say("the product runs, two instances of each role, %d cabinets (%.1f s)", len(w.streets), time.Since(began).Seconds())
	var rows []row
	for _, p := range o.plays {
		r, err := w.play(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		rows = append(rows, r)
	}
	facts, err := w.journalsAgree(ctx)
	if err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	stopped = true
	if err := w.stop(); err != nil {
		return err
	}
	print(out, rows)
	fmt.Fprintf(out, "outages: %d facts in the cabinets' own journals, each with the server once, by number and hash (%.0f s in all)\n",
		facts, time.Since(began).Seconds())
	return nil
}

// row is what a play has shown.
type row struct {
	play, figure       string
	lives              int
	pulses, facts      int
	slowest            time.Duration // from the scan or the code to the open door
	refused, broken    int           // announcements: answered 503, broken off
	repeats            int           // messages that came again under their id
	again              int           // codes that were typed before the cabinet had heard of them
	took               time.Duration
	deposited, fetched int // acts during the outage
	whole              int // lives that were brought and collected during it
}

func print(out io.Writer, rows []row) {
	t := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
	fmt.Fprintln(t, "\nplay\twhat was seen\tlives\tacts meanwhile\tslowest door\tpulses\tfacts\t503\tbroken off\trepeats\ttyped again\ttook")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d+%d\t%.1f s\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f s\n", r.play, r.figure, r.lives, r.deposited, r.fetched,
			r.slowest.Seconds(), r.pulses, r.facts, r.refused, r.broken, r.repeats, r.again, r.took.Seconds())
	}
	_ = t.Flush() // a table that cannot be printed: nothing to do
	fmt.Fprintln(out, "\nAll of it: every life ended picked up with its events once and in order; every lock was driven once for each"+
		"\noperation, cell and attempt; every fact is with the server once; no person at a screen met an error."+
		"\nActs meanwhile: deposits and pickups that began during the outage. Messages repeat under one id or not at all.")
}

// besideThis is the folder of this program.
func besideThis() string {
	self, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(self)
}
