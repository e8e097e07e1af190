// Command cubby-agent is the program of one cabinet: it drives its locks and scanner,
// serves its screen, and keeps serving without a network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"cubby/agent/host"
)

// version is set at the build: -ldflags "-X main.version=…".
var version = "dev"

// command is one sub-command.
type command struct {
	name, usage, help string
	run               func(ctx context.Context, p program, args []string) error
}

func commands() []command {
	return []command{
		{"run", "run --config FILE", "serve, until SIGINT or SIGTERM", runCabinet},
		{"enroll", "enroll --config FILE --claim CODE", "get this computer the cabinet's identity, with a claim that staff made", runEnroll},
		{"check", "check --config FILE [--speeds]", "look at every device and the line; 1 if something is wrong", runCheck},
		{"open", "open --config FILE --cell N", "open a cell past the screen, also while the program does not run", runOpen},
		{"relay", "relay --config FILE --output NAME", "try a siren or light for a moment, or take the power from a device for one", runRelay},
		{"commission", "commission --config FILE [--accept] [--again] [--watch 4s] [--shut 20s]", "find out how the locks are wired: drive one at a time, watch whose door moves, and print the boards' configuration; --accept has them driven so", runCommission},
		{"takeover", "takeover --config FILE --file CONTENTS.csv [--rest empty|doubtful] [--partial]", "take over a cabinet with parcels inside, from a list of its contents", runTakeover},
		{"version", "version", "print the version", func(_ context.Context, p program, _ []string) error {
			_, err := fmt.Fprintln(p.out, version)
			return err
		}},
	}
}

// program is what a command may use of the world.
type program struct {
	out, err io.Writer
	time     host.ClockSources
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], program{os.Stdout, os.Stderr, host.Computer})
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cubby-agent:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, p program) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		usage(p.out)
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, p, args[1:])
		}
	}
	usage(p.err)
	return fmt.Errorf("there is no command %q", args[0])
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "cubby-agent runs one parcel locker.\n\nCommands:")
	for _, c := range commands() {
		fmt.Fprintf(w, "  cubby-agent %s\n        %s\n", c.usage, c.help)
	}
	fmt.Fprint(w, configHelp)
}

// configured parses a command's flags, of which --config is always one. What was found of the wiring
// counts.
func (p program) configured(name string, args []string, more func(*flag.FlagSet)) (config, error) {
	c, err := p.typed(name, args, more)
	if err != nil {
		return c, err
	}
	return c.wired(c.logger(p))
}

// typed is the configuration as it is written.
func (p program) typed(name string, args []string, more func(*flag.FlagSet)) (config, error) {
	flags := flag.NewFlagSet("cubby-agent "+name, flag.ContinueOnError)
	flags.SetOutput(p.err)
	file := flags.String("config", "/etc/cubby/agent.json", "the configuration's file")
	if more != nil {
		more(flags)
	}
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	return readConfig(*file)
}
