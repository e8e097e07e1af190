// Package kill plays many lives of shipments at once while it kills the product's processes, and judges from outside
// that nothing was lost and nothing happened twice.
package kill

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"cubby/cmd/cubby-demo/rig"
)

// Main is the command: it plays the legs, one after another.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("kill", flag.ContinueOnError)
	flags.SetOutput(stderr)
	lives := flags.Int("lives", 60, "lives to play in each leg; more are played until every phase was hit")
	seed := flags.Uint64("seed", 0, "repeats the choices of an earlier run; 0: a new one")
	which := flags.String("leg", "both", "postgres, sqlite or both")
	bin := flags.String("bin", besideThis(), "the folder of cubby and cubby-temporal")
	limit := flags.Duration("limit", 10*time.Minute, "the longest that a leg may take")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return rig.ExitStatus(2)
	}
	chosen, err := legs(*which)
	if err != nil {
		return err
	}
	for *seed == 0 {
		*seed = rand.Uint64()
	}
	fmt.Fprintf(stdout, "kill: seed %d\n", *seed)
	passed := true
	for _, o := range chosen {
		o.lives, o.seed, o.bin, o.limit, o.out = *lives, *seed, *bin, *limit, stdout
		ok, err := o.judged(ctx)
		if err != nil {
			return err
		}
		passed = passed && ok
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if !passed {
		fmt.Fprintf(stdout, "kill: failed, seed %d\n", *seed)
		return rig.ExitStatus(1)
	}
	fmt.Fprintln(stdout, "kill: passed")
	return nil
}

// legs are those that were asked for.
func legs(which string) ([]legOptions, error) {
	postgres := legOptions{name: "postgres", postgres: true, quota: quota{each: 6, total: 30}}
	sqlite := legOptions{name: "sqlite", quota: quota{each: 8, total: 16}}
	switch which {
	case "postgres":
		return []legOptions{postgres}, nil
	case "sqlite":
		return []legOptions{sqlite}, nil
	case "both":
		return []legOptions{postgres, sqlite}, nil
	}
	return nil, fmt.Errorf("kill: --leg is postgres, sqlite or both, not %q", which)
}

// judged runs a leg in a folder of its own and prints the judgement. The folder stays when something is wrong.
func (o legOptions) judged(ctx context.Context) (passed bool, err error) {
	if o.dir, err = os.MkdirTemp("", "cubby-kill-"+o.name+"-"); err != nil {
		return false, err
	}
	wrong, err := o.run(ctx)
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	for _, w := range wrong {
		fmt.Fprintf(o.out, "kill: %s: WRONG: %s\n", o.name, w)
	}
	if len(wrong) > 0 {
		fmt.Fprintf(o.out, "kill: %s: failed; logs are kept in %s\n", o.name, o.dir)
		return false, nil
	}
	fmt.Fprintf(o.out, "kill: %s: nothing lost, nothing doubled\n", o.name)
	return true, os.RemoveAll(o.dir)
}

// besideThis is the folder of this program.
func besideThis() string {
	self, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(self)
}
