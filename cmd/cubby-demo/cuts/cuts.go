// Package cuts cuts the power of cabinets while parcels are brought and collected, and judges that nothing that was
// acknowledged is lost, that no cell is given twice, and that whatever was interrupted is explained.
//
// The product runs whole: server and Temporal, and for each cabinet the real agent on simulated boards. Each agent keeps
// its data on a disk that loses what was not synced (package lossy). A round plays one operation (a courier's deposit, a
// client's pickup, or a courier's look into cells in doubt), with the network or without. At a random moment, a moment
// after a step that can be seen from outside (such as a pulse on the boards' line), or at its nth write or sync, the agent
// is killed with -9, and its disk keeps all, a prefix, or a torn subset of what was not synced. What people do at the
// doors in the dark is chance too. Then the agent is started again on that disk, and judged:
//
//   - it starts, with the store that it had: the same epoch, and no fact that it had told of is missing;
//   - no cell that had no part in the operation has changed;
//   - what a screen had said is so: a parcel told "in cell n" is there, a pickup that was thanked for is over;
//   - a door whose pulse was seen on the line is not as if nothing had been: the operation goes on, has ended, or its cell
//     is in doubt;
//   - no door is driven for nobody, and none for a deposit into a cell with something inside, as the steel has it;
//   - a client whose pickup was cut off is asked what came of it at the code's next use, and the answer is taken.
//
// In other rounds the disk is full, or fails by chance, instead. Then no lock may be driven that is not known afterwards,
// the screen has to say that the locker is out of service, and it has to serve again by itself when the disk does; half
// of these rounds end in a cut while the disk fails. In the end every parcel is collected and every cell looked into, and
// server and cabinets have to agree: each parcel deposited once and picked up once, no incident left, all cells free.
//
//	cubby-demo cuts --cuts 40 --seed 7
//	cubby-demo cuts --planted unsynced_commit --agent bin/cubby-agent-mutants
//
// The second has the agents carry a bug (agent/mutant; the program is built with -tags mutants) and must fail. A seed
// repeats the choices, not the moments at which the machine does what it does.
//
// Without FUSE (/dev/fuse, and root or fusermount) the command says so and does nothing; with CI set it fails.
package cuts

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

	"cubby/cmd/cubby-demo/lossy"
	"cubby/cmd/cubby-demo/rig"
)

const (
	// envPlanted names the bug for an agent that is built with planted bugs.
	envPlanted = "CUBBY_PLANTED"
	limitFirst = 5 * time.Minute
	limitEach  = 3 * time.Second
)

// Main is the command.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := options{out: stdout}
	flags := flag.NewFlagSet("cuts", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.cuts, "cuts", 40, "power cuts to make; a quarter as many rounds with a failing disk are added")
	flags.Uint64Var(&o.seed, "seed", 0, "repeats the choices of an earlier run; 0: a new one")
	flags.StringVar(&o.bin, "bin", besideThis(), "the folder of cubby and cubby-temporal")
	flags.StringVar(&o.agent, "agent", "", "the cabinets' program, instead of the one in bin")
	flags.StringVar(&o.planted, "planted", "", "the bug that the cabinets' program is to have")
	flags.DurationVar(&o.limit, "limit", 0, "the longest that it may take; 0: enough for a slow machine")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return rig.ExitStatus(2)
	}
	if err := lossy.Available(); err != nil {
		fmt.Fprintf(stderr, "cuts: !!!!! SKIPPED: no file system that loses writes can be mounted (/dev/fuse, and root or fusermount): %v\n", err)
		if os.Getenv("CI") != "" {
			return rig.ExitStatus(1)
		}
		return nil
	}
	if err := os.Setenv(envPlanted, o.planted); err != nil { // for the agents, which inherit it
		return err
	}
	if o.limit == 0 {
		o.limit = limitFirst + time.Duration(o.cuts)*limitEach
	}
	for o.seed == 0 {
		o.seed = rand.Uint64()
	}
	fmt.Fprintf(stdout, "cuts: seed %d\n", o.seed)
	passed, err := o.judged(ctx)
	if err != nil {
		return err
	}
	if !passed {
		fmt.Fprintf(stdout, "cuts: failed, seed %d\n", o.seed)
		return rig.ExitStatus(1)
	}
	fmt.Fprintln(stdout, "cuts: passed")
	return nil
}

// judged runs everything in a folder of its own and prints the judgement. The folder stays when something is wrong, unless
// that was planted.
func (o options) judged(ctx context.Context) (passed bool, err error) {
	if o.dir, err = os.MkdirTemp("", "cubby-cuts-"); err != nil {
		return false, err
	}
	wrong, err := o.run(ctx)
	if err != nil {
		return false, fmt.Errorf("%w; logs are kept in %s", err, o.dir)
	}
	for _, w := range wrong {
		fmt.Fprintf(o.out, "cuts: WRONG: %s\n", w)
	}
	if len(wrong) > 0 && o.planted == "" {
		fmt.Fprintf(o.out, "cuts: logs and disks are kept in %s\n", o.dir)
		return false, nil
	}
	return len(wrong) == 0, os.RemoveAll(o.dir)
}

// besideThis is the folder of this program.
func besideThis() string {
	self, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(self)
}
