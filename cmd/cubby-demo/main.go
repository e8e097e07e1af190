// Command cubby-demo shows and tries the product from outside: it starts what the product needs on one machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"cubby/cmd/cubby-demo/cuts"
	"cubby/cmd/cubby-demo/kill"
	"cubby/cmd/cubby-demo/measure"
	"cubby/cmd/cubby-demo/outages"
	"cubby/cmd/cubby-demo/restores"
	"cubby/cmd/cubby-demo/rig"
	supervisor "cubby/cmd/cubby-demo/run"
	"cubby/cmd/cubby-demo/scenes"
	"cubby/cmd/cubby-demo/soak"
)

// subcommand is one thing that cubby-demo does.
type subcommand struct {
	name, summary string
	run           func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

func subcommands() []subcommand {
	return []subcommand{
		{"run", "start the whole product on this machine; Ctrl-C stops it", supervisor.Run},
		{"rig", "start Postgres and Temporal on free ports, run a command with them, stop everything", rig.Exec},
		{"scenes", "play short scenes with the whole product, and judge them from outside", scenes.Main},
		{"kill", "kill the parts while lives are played, and judge that nothing is lost or doubled", kill.Main},
		{"soak", "run a list of long commands, go on when one fails, and print one table", soak.Main},
		{"cuts", "cut the power of cabinets at work and have their disks fail, and judge that nothing is lost", cuts.Main},
		{"outages", "take servers, database and lines away while people work, and judge that nothing is lost or doubled", outages.Main},
		{"restores", "put databases and cabinets' stores back while life goes on, and judge that both sides agree", restores.Main},
		{"measure", "measure doors and memory with the whole product, and print JSON", measure.Main},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	status := exitStatus(run(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		usage(stderr)
		return rig.ExitStatus(2)
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(stdout)
		return nil
	}
	for _, command := range subcommands() {
		if command.name == args[0] {
			return command.run(ctx, args[1:], stdout, stderr)
		}
	}
	fmt.Fprintf(stderr, "cubby-demo: no subcommand %q\n", args[0])
	usage(stderr)
	return rig.ExitStatus(2)
}

func usage(out io.Writer) {
	fmt.Fprintln(out, "usage: cubby-demo SUBCOMMAND [arguments]")
	for _, command := range subcommands() {
		fmt.Fprintf(out, "  %-8s %s\n", command.name, command.summary)
	}
}

// exitStatus prints an error, unless it is no more than the status of a command that has had its own say.
func exitStatus(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	var status rig.ExitStatus
	known := errors.As(err, &status)
	if !known || err.Error() != status.Error() {
		fmt.Fprintln(stderr, "cubby-demo:", err)
	}
	if !known {
		return 1
	}
	return int(status)
}
