// Command cubby is the server: the REST API, the gateway for cabinets and the workers of
// the life cycles, together in one process or apart, and the tools around them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // locations have time zones, and a small machine may know none
)

// command is one sub-command.
type command struct {
	name, usage, help string
	run               func(ctx context.Context, p program, args []string) error
}

func commands() []command {
	return []command{
		{"server", "server [--role api,gateway,worker]", "serve, until SIGINT or SIGTERM", runServer},
		{"migrate", "migrate", "bring the database's schema up to date", runMigrate},
		{"key create", "key create [--organization ID] [--organization-kind KIND] [--name NAME] [--scopes LIST] [--email ADDRESS] [--test] [--json]", "make an organization's API key; its secret is shown once", runKeyCreate},
		{"key master", "key master", "make the master key file, unless there is one", runKeyMaster},
		{"key sms", "key sms", "make the key file of phones' hashes, unless there is one", runKeySMS},
		{"key data", "key data", "make the data key file, unless there is one", runKeyData},
		{"key authority", "key authority [--dir DIR] [--hosts LIST]", "make the keys of cabinets' identity, those that are missing", runKeyAuthority},
		{"key gateway", "key gateway [--dir DIR] [--hosts LIST]", "renew the certificate that cabinets see", runKeyGateway},
		{"staff add", "staff add --login LOGIN [--name NAME] [--language en|ru] [--password-stdin] [--json]", "make a login for the desk; a password that is made is shown once", runStaffAdd},
		{"staff password", "staff password --login LOGIN [--password-stdin] [--json]", "set another password; the person's sessions end", runStaffPassword},
		{"staff disable", "staff disable --login LOGIN", "let somebody in no more; the person's sessions end", runStaffDisable},
		{"staff badge add", "staff badge add --badge CODE [--lockers LIST] [--valid-until TIME] [--pin-stdin] [--json]", "make a technician's badge for cabinets; a PIN that is made is shown once", runStaffBadgeAdd},
		{"staff badge suspend", "staff badge suspend --id ID", "let a technician's badge in nowhere any more; connected cabinets learn it at once", runStaffBadgeSuspend},
		{"staff badge resume", "staff badge resume --id ID", "end a suspension", runStaffBadgeResume},
		{"reconcile", "reconcile --since DURATION", "deliver starts and facts to Temporal again, after a restore", runReconcile},
		{"bench cabinet", "bench cabinet [--only doors,memory,intake] [--json]", "measure how soon a door is driven, an agent's memory in the gateway, and facts taken in a second", runBenchCabinet},
		{"bench growth", "bench growth [--small 10000] [--large 1000000] [--json]", "measure lists, searches and announcements with many shipments against few, on Postgres", runBenchGrowth},
		{"bench lifecycle", "bench lifecycle --db postgres|sqlite [--json]", "measure lives a second against a floor of empty bodies", runBenchLifecycle},
	}
}

// program is what a command may use of the world.
type program struct {
	config config
	log    *slog.Logger
	in     io.Reader
	out    io.Writer
	err    io.Writer
	fault  func(point string) error // in crash tests only
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cubby:", err)
		os.Exit(1)
	}
}

// run finds the command and runs it; a test may call it.
func run(ctx context.Context, args []string, getenv func(string) (string, bool), out, errOut io.Writer) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		usage(out)
		return nil
	}
	for _, c := range commands() {
		rest, ok := matches(c.name, args)
		if !ok {
			continue
		}
		conf, err := load(getenv)
		if err != nil {
			return err
		}
		var level slog.Level
		if err := level.UnmarshalText([]byte(conf.logLevel)); err != nil {
			return fmt.Errorf("CUBBY_LOG_LEVEL: %w", err)
		}
		log := slog.New(slog.NewJSONHandler(errOut, &slog.HandlerOptions{Level: level})).With("instance", conf.instance)
		return c.run(ctx, program{config: conf, log: log, in: os.Stdin, out: out, err: errOut}, rest)
	}
	usage(errOut)
	return fmt.Errorf("there is no command %q", args[0])
}

// matches tests a command's words and returns what follows them.
func matches(name string, args []string) ([]string, bool) {
	words := 1
	for _, r := range name {
		if r == ' ' {
			words++
		}
	}
	if len(args) < words {
		return nil, false
	}
	have := args[0]
	for _, w := range args[1:words] {
		have += " " + w
	}
	return args[words:], have == name
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "cubby runs networks of parcel lockers.\n\nCommands:")
	for _, c := range commands() {
		fmt.Fprintf(w, "  cubby %s\n        %s\n", c.usage, c.help)
	}
	printSettings(w)
}

// flags makes a flag set that prints the settings too.
func (p program) flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet("cubby "+name, flag.ContinueOnError)
	fs.SetOutput(p.err)
	fs.Usage = func() {
		fmt.Fprintf(p.err, "Usage of cubby %s:\n", name)
		fs.PrintDefaults()
		printSettings(p.err)
	}
	return fs
}
