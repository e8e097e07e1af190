package rig

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const temporalNamespace = "cubby"

// TemporalOptions say where and how a Temporal server runs.
type TemporalOptions struct {
	// Binary is the cubby-temporal program.
	Binary string
	// DataDir keeps the data in SQLite. Empty without PostgresDSN: a new temporary folder, which Stop removes.
	DataDir string
	// PostgresDSN keeps the data in Postgres instead.
	PostgresDSN string
	// Port and UIPort are on 127.0.0.1. Port 0 takes a free one; UIPort 0 is no UI.
	Port, UIPort int
	// Namespace is "cubby" when empty.
	Namespace string
	// SearchAttributes are keyword attributes, created at the start; those that the product's workflows set when nil.
	SearchAttributes []string
	// ClockAhead is as in Spec.
	ClockAhead time.Duration
	// Retention is for how long finished workflows are kept; the program's own time when 0.
	Retention time.Duration
	// Log is the file for the server's output; empty: none is kept.
	Log string
}

// Temporal is a Temporal server on 127.0.0.1. Its ports stay the same over restarts.
type Temporal struct {
	*Process
	// Address is host:port of the frontend.
	Address string
	// UIAddress is host:port of the UI; empty without one.
	UIAddress string
	// Namespace is what was created in it.
	Namespace string

	temporary string // removed by Stop; empty when the folder is the caller's
}

// StartTemporal starts a server and returns when it is ready.
func StartTemporal(ctx context.Context, options TemporalOptions) (*Temporal, error) {
	if options.Binary == "" {
		return nil, errors.New("no path of the cubby-temporal program")
	}
	if options.DataDir != "" && options.PostgresDSN != "" {
		return nil, errors.New("a Temporal server keeps its data in a folder or in Postgres, not in both")
	}
	t := &Temporal{Namespace: options.Namespace}
	if t.Namespace == "" {
		t.Namespace = temporalNamespace
	}
	if options.SearchAttributes == nil {
		options.SearchAttributes = []string{"Number", "Locker", "Carrier", "State"}
	}
	if options.Port == 0 {
		ports, err := FreePorts(1)
		if err != nil {
			return nil, err
		}
		options.Port = ports[0]
	}
	t.Address = address(options.Port)
	if options.UIPort != 0 {
		t.UIAddress = address(options.UIPort)
	}
	if options.DataDir == "" && options.PostgresDSN == "" {
		dir, err := os.MkdirTemp("", "cubby-temporal-")
		if err != nil {
			return nil, err
		}
		t.temporary, options.DataDir = dir, filepath.Join(dir, "data")
	}
	t.Process = NewProcess(Spec{
		Name: "temporal",
		Path: options.Binary,
		Args: temporalArgs(options, t.Namespace),
		Log:  options.Log,

		ClockAhead: options.ClockAhead,
		ReadyLine:  func(line string) bool { return strings.HasPrefix(line, "temporal: ready ") },
	})
	if err := t.Start(ctx); err != nil {
		return nil, errors.Join(err, t.remove())
	}
	return t, nil
}

// Stop stops the server and removes a temporary folder: after it, one with a folder of the caller's can be started again.
func (t *Temporal) Stop() error {
	return errors.Join(t.Process.Stop(), t.remove())
}

func (t *Temporal) remove() error {
	if t.temporary == "" {
		return nil
	}
	return os.RemoveAll(t.temporary)
}

func temporalArgs(options TemporalOptions, namespace string) []string {
	args := []string{
		"--ip", loopback,
		"--port", strconv.Itoa(options.Port),
		"--ui-port", strconv.Itoa(options.UIPort),
		"--namespace", namespace,
		"--log-level", "warn",
	}
	if options.PostgresDSN != "" {
		args = append(args, "--postgres", options.PostgresDSN)
	} else {
		args = append(args, "--data", options.DataDir)
	}
	if options.Retention > 0 {
		args = append(args, "--retention", options.Retention.String())
	}
	for _, name := range options.SearchAttributes {
		args = append(args, "--search-attribute", name+"=Keyword")
	}
	return args
}
