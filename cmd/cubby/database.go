package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cubby/models"
	"cubby/models/store"
)

// openStore opens the database of the settings.
func openStore(ctx context.Context, p program) (*store.Store, error) {
	if path, ok := strings.CutPrefix(p.config.databaseURL, "sqlite:"); ok {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, store.Options{
		URL: p.config.databaseURL, IDs: models.NewIDs(time.Now, rand.Reader),
		Now: time.Now, Rand: rand.Reader, Logger: p.log, Fault: p.fault,
	})
}

func closeStore(p program, s *store.Store) {
	if err := s.Close(); err != nil {
		p.log.Warn("the database did not close cleanly", "error", err)
	}
}

func runMigrate(ctx context.Context, p program, args []string) error {
	if err := p.flags("migrate").Parse(args); err != nil {
		return err
	}
	s, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	defer closeStore(p, s)
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "the schema is up to date")
	return nil
}

func runReconcile(ctx context.Context, p program, args []string) error {
	flags := p.flags("reconcile")
	since := flags.Duration("since", 0, "how far to go back, such as 2h; a day more than the restore lost does no harm")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *since <= 0 {
		return errors.New("reconcile: --since must say how far to go back, such as --since 2h")
	}
	s, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	defer closeStore(p, s)
	starts, signals, err := s.Reconcile(ctx, time.Now().Add(-*since))
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "queued again: %d starts, %d facts; the forwarder delivers them\n", starts, signals)
	return nil
}
