// Package soak runs a list of long commands one after another, goes on when one fails, and prints one table in the end.
package soak

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"cubby/cmd/cubby-demo/rig"
)

const (
	// shownOfFailure is how much of a failed row's output is shown: the rest stands in its log.
	shownOfFailure = 4 << 10
	// endWithin is how long an interrupted command may take to stop what it has started.
	endWithin = 30 * time.Second
)

// row is one command. Its parameters stand in its environment, unless they do already.
type row struct {
	name       string
	parameters []string // NAME=value
	command    string   // for bash
}

// What became of a row.
const (
	passed      = "passed"
	failed      = "FAILED"
	interrupted = "INTERRUPTED"
	notRun      = "NOT RUN"
)

// outcome is a row that was to be run.
type outcome struct {
	row
	result string
	took   time.Duration
}

// parse reads rows, each on a line: a name, parameters, "--" and a command. An empty line or one that begins with #
// says nothing. Whatever the environment says of a parameter counts.
func parse(text string, lookup func(string) (string, bool)) ([]row, error) {
	var rows []row
	seen := map[string]bool{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		head, command, ok := strings.Cut(line, " -- ")
		fields := strings.Fields(head)
		if !ok || len(fields) == 0 || strings.TrimSpace(command) == "" {
			return nil, fmt.Errorf("soak: line %d is not: name PARAMETER=value -- command", n)
		}
		r := row{name: fields[0], command: strings.TrimSpace(command)}
		if seen[r.name] || filepath.Base(r.name) != r.name || strings.Contains(r.name, "=") {
			return nil, fmt.Errorf("soak: line %d: the name %q is used already, or is none", n, r.name)
		}
		seen[r.name] = true
		for _, p := range fields[1:] {
			name, _, ok := strings.Cut(p, "=")
			if !ok {
				return nil, fmt.Errorf("soak: line %d: %q is no PARAMETER=value", n, p)
			}
			if value, set := lookup(name); set {
				p = name + "=" + value
			}
			r.parameters = append(r.parameters, p)
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil, errors.New("soak: there is no row")
	}
	return rows, nil
}

// Main runs the rows of a file and prints the table. It fails if one of them did.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("rows", "", "the file with the rows: name PARAMETER=value -- command")
	logs := flags.String("logs", filepath.Join(".make", "soak"), "the folder of the rows' output")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return rig.ExitStatus(2)
	}
	raw, err := os.ReadFile(*file)
	if err != nil {
		return fmt.Errorf("soak: --rows: %w", err)
	}
	rows, err := parse(string(raw), os.LookupEnv)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*logs, 0o755); err != nil {
		return err
	}
	outcomes, err := runAll(ctx, rows, *logs, stdout)
	if err := errors.Join(err, table(stdout, outcomes)); err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.result != passed {
			fmt.Fprintln(stdout, "soak: failed")
			return rig.ExitStatus(1)
		}
	}
	fmt.Fprintln(stdout, "soak: passed")
	return nil
}

// runAll runs every row, whatever becomes of the others, until the context ends. An error is one of the logs.
func runAll(ctx context.Context, rows []row, logs string, stdout io.Writer) (all []outcome, err error) {
	for _, r := range rows {
		o := outcome{row: r, result: notRun}
		if ctx.Err() == nil && err == nil {
			began := time.Now()
			log := filepath.Join(logs, r.name+".log")
			fmt.Fprintf(stdout, "soak: %s %s: its output goes to %s\n", r.name, strings.Join(r.parameters, " "), log)
			o.result, err = r.run(ctx, log)
			o.took = time.Since(began)
			fmt.Fprintf(stdout, "soak: %s %s after %s\n", r.name, o.result, o.took.Round(time.Second))
			if o.result == failed {
				fmt.Fprintln(stdout, end(log))
			}
		}
		all = append(all, o)
	}
	return all, err
}

// run runs the command in a group of its own, so that all of it can be told to stop.
func (r row) run(ctx context.Context, log string) (result string, err error) {
	out, err := os.Create(log)
	if err != nil {
		return notRun, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", r.command)
	command.Env = append(os.Environ(), r.parameters...)
	command.Stdout, command.Stderr = out, out
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = endWithin
	ended := command.Run()
	switch {
	case ended == nil:
		return passed, nil
	case ctx.Err() != nil:
		return interrupted, nil
	}
	return failed, nil
}

// end is the last of a log.
func end(log string) string {
	raw, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	return strings.ToValidUTF8(string(raw[max(0, len(raw)-shownOfFailure):]), "")
}

func table(w io.Writer, all []outcome) error {
	t := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	fmt.Fprintln(t, "ROW\tPARAMETERS\tRESULT\tDURATION")
	for _, o := range all {
		parameters := strings.Join(o.parameters, " ")
		if parameters == "" {
			parameters = "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", o.name, parameters, o.result, o.took.Round(time.Second))
	}
	return t.Flush()
}
