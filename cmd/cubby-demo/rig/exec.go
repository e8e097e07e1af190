package rig

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// The environment variables that tell the command where the services are.
const (
	EnvPostgres        = "CUBBY_TEST_POSTGRES"
	EnvTemporalAddress = "CUBBY_TEMPORAL_ADDRESS"
	EnvTemporalBinary  = "CUBBY_TEST_TEMPORAL_BIN"
)

const (
	// startLimit is generous: a loaded machine starts a Temporal server ten times slower than a quiet one.
	startLimit = 2 * time.Minute
	// stopLimit is how long an interrupted command may take to end by itself.
	stopLimit = 20 * time.Second
)

// ExitStatus is the exit status of a command that did not succeed, or that of a wrong use of Exec (2).
type ExitStatus int

// Error implements error.
func (s ExitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Exec starts the services that args ask for, runs the command after "--" with their addresses in its environment, stops
// everything and returns the command's exit status as an ExitStatus. A done context interrupts the command first.
func Exec(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	asked, argv, err := parse(args, stderr)
	if err != nil {
		return err
	}
	services, err := startServices(ctx, asked, stderr)
	if err != nil {
		return err
	}
	err = command(ctx, argv, services.env, stdout, stderr)
	if stopErr := services.stop(); stopErr != nil {
		return errors.Join(err, stopErr)
	}
	return err
}

// request is what the flags of Exec ask for.
type request struct {
	postgres, temporal bool
	temporalOnPostgres bool
	fsync              bool
	temporalBinary     string
}

func parse(args []string, stderr io.Writer) (request, []string, error) {
	var asked request
	flags := flag.NewFlagSet("rig", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: cubby-demo rig [flags] -- command [arguments]")
		flags.PrintDefaults()
	}
	flags.BoolVar(&asked.postgres, "postgres", false, "start a private Postgres; its address is in "+EnvPostgres)
	flags.BoolVar(&asked.temporal, "temporal", false, "start a Temporal server; its address is in "+EnvTemporalAddress)
	flags.BoolVar(&asked.temporalOnPostgres, "temporal-on-postgres", false,
		"as --postgres --temporal, with Temporal's data in that Postgres too, as in production")
	flags.BoolVar(&asked.fsync, "fsync", true, "Postgres waits for the disk; false is faster, enough for tests")
	flags.StringVar(&asked.temporalBinary, "temporal-bin", defaultTemporalBinary(),
		"the cubby-temporal program, passed on in "+EnvTemporalBinary)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return request{}, nil, ExitStatus(0)
		}
		return request{}, nil, ExitStatus(2)
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return request{}, nil, ExitStatus(2)
	}
	if asked.temporalOnPostgres {
		asked.postgres, asked.temporal = true, true
	}
	return asked, flags.Args(), nil
}

// defaultTemporalBinary is what the environment names, or the program beside this one.
func defaultTemporalBinary() string {
	if path := os.Getenv(EnvTemporalBinary); path != "" {
		return path
	}
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Join(filepath.Dir(self), "cubby-temporal")
}

// services are what Exec has started.
type services struct {
	env   []string
	stops []func() error // in the order of starting
}

func startServices(ctx context.Context, asked request, stderr io.Writer) (_ *services, err error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	s := &services{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if binary, err := filepath.Abs(asked.temporalBinary); err == nil && isFile(binary) {
		s.env = append(s.env, EnvTemporalBinary+"="+binary)
	}
	var dsn string
	if asked.postgres {
		began := time.Now()
		postgres, err := StartPostgres(ctx, PostgresOptions{NoSync: !asked.fsync})
		if err != nil {
			return nil, err
		}
		s.stops = append(s.stops, postgres.Stop)
		s.env = append(s.env, EnvPostgres+"="+postgres.DSN)
		if asked.temporalOnPostgres {
			dsn = postgres.DSN
		}
		fmt.Fprintf(stderr, "rig: Postgres on %s in %.1f s\n", address(postgres.Port), time.Since(began).Seconds())
	}
	if asked.temporal {
		began := time.Now()
		temporal, err := StartTemporal(ctx, TemporalOptions{Binary: asked.temporalBinary, PostgresDSN: dsn})
		if err != nil {
			return nil, err
		}
		s.stops = append(s.stops, temporal.Stop)
		s.env = append(s.env, EnvTemporalAddress+"="+temporal.Address)
		fmt.Fprintf(stderr, "rig: Temporal on %s in %.1f s\n", temporal.Address, time.Since(began).Seconds())
	}
	return s, nil
}

func (s *services) stop() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	return errors.Join(errs...)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// command runs argv in a process group of its own, so that an interrupt reaches it and all it has started exactly once,
// and nothing of it is left when it ends. For the same reason it gets no input: a background group may not read the
// terminal.
func command(ctx context.Context, argv, env []string, stdout, stderr io.Writer) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error {
		killGroup(cmd.Process.Pid, syscall.SIGINT)
		return nil
	}
	cmd.WaitDelay = stopLimit
	waited, err := startPinned(cmd, 0)
	if err != nil {
		return err
	}
	err = <-waited
	killGroup(cmd.Process.Pid, syscall.SIGKILL)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: interrupted: %w", argv[0], ctx.Err())
	case errors.As(err, &exit):
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return ExitStatus(128 + int(status.Signal())) // as a shell reports it
		}
		return ExitStatus(exit.ExitCode())
	default:
		return err
	}
}
