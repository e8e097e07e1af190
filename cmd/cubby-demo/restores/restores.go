// Package restores puts databases and cabinets' stores back to earlier states while life goes on around them, with the
// whole product, and judges from outside that both sides agree afterwards, that nothing which a person was told is lost,
// and that what cannot be known is in doubt and named.
package restores

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"cubby/cmd/cubby-demo/rig"
	"cubby/cmd/cubby-demo/stage"
)

const (
	// playLimit is generous: a loaded machine starts the server's processes ten times slower than a quiet one.
	playLimit   = 4 * time.Minute
	brokenLimit = 90 * time.Second
)

// EnvBreak names the play to break.
const EnvBreak = "BREAK"

// play is one of them. Its breakage is a sentence that says what BREAK does to it.
type play struct {
	name, judged, breakage string
	act                    func(ctx context.Context, w *world) error
}

func all() []play {
	return []play{
		{
			"agent-image", "a cabinet's store is an old copy, with and without network at first",
			"nobody looks into the cells in doubt", agentImage,
		},
		{
			"new-computer", "a cabinet's store is gone; a new computer is enrolled",
			"nobody looks into the cells in doubt", newComputer,
		},
		{
			"server-database", "the server's database is put back, Temporal and the cabinets are ahead",
			"the lives are not reconciled", serverDatabase,
		},
		{
			"temporal-lost", "Temporal begins empty under shipments in every state",
			"the lives are not reconciled", temporalLost,
		},
	}
}

func choose(name string) ([]play, error) {
	if name == "" {
		return all(), nil
	}
	var names []string
	for _, p := range all() {
		if p.name == name {
			return []play{p}, nil
		}
		names = append(names, p.name)
	}
	return nil, fmt.Errorf("%q: there is no such play; there are %s", name, strings.Join(names, ", "))
}

// Main plays them, one after another, until one fails.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("restores", flag.ContinueOnError)
	flags.SetOutput(stderr)
	bin := flags.String("bin", besideThis(), "the folder of cubby and cubby-temporal")
	only := flags.String("only", "", "play this one alone")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return rig.ExitStatus(2)
	}
	broken := os.Getenv(EnvBreak)
	name, err := run(ctx, *bin, cmp.Or(broken, *only), broken, stdout)
	if err == nil {
		fmt.Fprintln(stdout, "restores: passed")
		return nil
	}
	fmt.Fprintf(stdout, "restores: failed: %s: %v\n", name, err)
	return rig.ExitStatus(1)
}

// run returns the name of what failed with the error.
func run(ctx context.Context, bin, only, broken string, stdout io.Writer) (name string, err error) {
	chosen, err := choose(only)
	if err != nil {
		return "restores", err
	}
	dir, err := os.MkdirTemp("", "cubby-restores-")
	if err != nil {
		return "start", err
	}
	defer func() {
		if err != nil && broken == "" {
			fmt.Fprintln(stdout, "restores: logs are kept in", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	began := time.Now()
	set, err := stage.Start(ctx, stage.Options{Dir: dir, Bin: bin, Postgres: true, TemporalApart: true})
	if err != nil {
		return "start", err
	}
	defer func() {
		if stopErr := set.Stop(); stopErr != nil && err == nil {
			name, err = "stop", stopErr
		}
	}()
	w, err := newWorld(ctx, set, dir, stdout)
	if err != nil {
		return "start", err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	fmt.Fprintf(stdout, "restores: the product runs (%.1f s)\n", time.Since(began).Seconds())
	for _, p := range chosen {
		if err := w.play(ctx, p, p.name == broken); err != nil {
			return p.name, err
		}
	}
	report(stdout, w.figures)
	return "", nil
}

// play plays one, and judges it.
func (w *world) play(ctx context.Context, p play, broken bool) error {
	limit := playLimit
	if broken {
		limit = brokenLimit
		fmt.Fprintf(w.out, "restores: %s: broken on purpose: %s\n", p.name, p.breakage)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	w.begin(p, broken)
	if err := p.act(ctx, w); err != nil {
		return err
	}
	w.figure.took = time.Since(began)
	w.figures = append(w.figures, w.figure)
	fmt.Fprintf(w.out, "restores: %s: ok (%.1f s)\n", p.name, w.figure.took.Seconds())
	return nil
}

// report prints what was judged.
func report(out io.Writer, figures []figure) {
	t := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
	fmt.Fprintln(t, "\nplay\tjudged\tshipments\tdoors\tinside\tdoubtful\tnamed\tchecked\ttold\ttold twice\ts")
	for _, f := range figures {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f\n", f.play, f.judged, f.shipments, f.doors, f.inside,
			f.doubtful, f.named, f.checked, f.told, f.toldTwice, f.took.Seconds())
	}
	_ = t.Flush() // a report that cannot be printed: nothing to do
}

// besideThis is the folder of this program.
func besideThis() string {
	self, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(self)
}
