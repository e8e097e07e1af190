// Command cubby-temporal is a complete Temporal server, with its web UI, in one
// process: for development, tests and demonstrations of Cubby. Production uses a
// real Temporal cluster.
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
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "cubby-temporal:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. The ready line on stdout is the only thing written
// there: scripts wait for it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	srv, err := start(ctx, opts)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "temporal: ready %s ui %s\n", srv.address, srv.uiAddress); err != nil {
		return errors.Join(fmt.Errorf("report readiness: %w", err), srv.stop())
	}
	<-ctx.Done()
	return srv.stop()
}
