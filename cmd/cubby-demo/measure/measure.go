// Package measure takes the times and sizes that only the whole product has: real agents on simulated boards, a real
// server, a real Temporal. "cubby bench cabinet" runs it as a process of its own.
package measure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cubby/cmd/cubby-demo/rig"
	"cubby/cmd/cubby-demo/stage"
)

// Parts of a report.
const (
	partDoors  = "doors"
	partMemory = "memory"
)

// limit is for everything; most of it is enrolling agents, of which the gateway takes 10 a second.
const limit = 20 * time.Minute

// report is what Main prints, as JSON. A part that was not asked for is left out.
type report struct {
	*doorsReport
	*memoryReport
}

// Main measures and prints one JSON object.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	flags.SetOutput(stderr)
	bin := flags.String("bin", besideThis(), "the folder of cubby, cubby-agent and cubby-temporal")
	only := flags.String("only", partDoors+","+partMemory, "what to measure")
	pickups := flags.Int("pickups", 60, "pickups with the network, and as many without; the cabinet has 64 cells")
	few := flags.Int("few", 100, "agents to begin with")
	many := flags.Int("many", 2000, "agents in the end")
	rounds := flags.Int("rounds", 3, "rounds of agents")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return rig.ExitStatus(2)
	}
	if *pickups < 1 || *pickups > 64 || *few < 1 || *many <= *few || *many > 10_000 || *rounds < 1 || *rounds > 9 {
		return errors.New("measure: pickups is from 1 to 64, few from 1, many above it and at most 10,000, rounds from 1 to 9")
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var r report
	for part := range strings.SplitSeq(*only, ",") {
		var err error
		switch part {
		case partDoors:
			r.doorsReport, err = onStage(ctx, stage.Options{Bin: *bin}, func(s *stage.Stage) (*doorsReport, error) {
				return doors(ctx, s, *pickups)
			})
		case partMemory:
			// The gateway has to be a process of its own, so the database is Postgres.
			options := stage.Options{Bin: *bin, Postgres: true, Env: []string{"CUBBY_OPS_PROFILE=on"}}
			r.memoryReport, err = onStage(ctx, options, func(s *stage.Stage) (*memoryReport, error) {
				return memory(ctx, s, *few, *many, *rounds, stderr)
			})
		default:
			err = fmt.Errorf("measure: there is no part %q; there are %s and %s", part, partDoors, partMemory)
		}
		if err != nil {
			return err
		}
	}
	return json.NewEncoder(stdout).Encode(r)
}

// onStage sets the product up in a folder of its own, measures, and takes everything down.
func onStage[R any](ctx context.Context, options stage.Options, measure func(*stage.Stage) (R, error)) (r R, err error) {
	if options.Dir, err = os.MkdirTemp("", "cubby-measure-"); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(options.Dir)) }()
	s, err := stage.Start(ctx, options)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	return measure(s)
}

// besideThis is the folder of this program.
func besideThis() string {
	self, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(self)
}

// quantile of values in any order; 0 when there are none.
func quantile[T cmp.Ordered](values []T, q float64) (v T) {
	if len(values) == 0 {
		return v
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1)+.5)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
