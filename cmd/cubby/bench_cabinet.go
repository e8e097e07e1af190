package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Parts of 'bench cabinet'.
const (
	benchDoors  = "doors"
	benchMemory = "memory"
	benchIntake = "intake"
)

// cabinetReport is what 'bench cabinet --json' prints. A part that was not asked for is left out.
type cabinetReport struct {
	*doorsReport
	*memoryReport
	*intakeReport
}

// doorsReport is from the last digit of a code to the frame on the lock board's line.
type doorsReport struct {
	Pickups      int     `json:"pickups"`
	CommitMS     float64 `json:"bare_commit_ms"`
	OfflineP50MS float64 `json:"offline_p50_ms"`
	OfflineP99MS float64 `json:"offline_p99_ms"`
	OfflineRatio float64 `json:"offline_commit_ratio"` // in bare commits
	OnlineP50MS  float64 `json:"online_p50_ms"`
	OnlineP99MS  float64 `json:"online_p99_ms"`
}

// memoryReport is what a connected agent costs the gateway's process.
type memoryReport struct {
	Agents      int       `json:"agents"`
	KiBPerAgent float64   `json:"kib_per_agent"`
	KiBRounds   []float64 `json:"kib_rounds"`
}

func runBenchCabinet(ctx context.Context, p program, args []string) error {
	flags := p.flags("bench cabinet")
	dsn := flags.String("postgres", os.Getenv("CUBBY_TEST_POSTGRES"), "a Postgres in which the run may make tables of its own (part intake)")
	demo := flags.String("demo", besideThis("cubby-demo"), "the program cubby-demo, which plays cabinets and people (parts doors and memory)")
	only := flags.String("only", strings.Join([]string{benchDoors, benchMemory, benchIntake}, ","), "what to measure")
	pickups := flags.Int("pickups", 60, "pickups with the network, and as many without (part doors)")
	agents := flags.Int("agents", 2000, "agents that are connected in the end (part memory)")
	cabinets := flags.Int("cabinets", 2000, "cabinets that send a batch in each round (part intake)")
	connections := flags.Int("connections", 4, "connections to the database (part intake)")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	parts := strings.Split(*only, ",")
	for _, part := range parts {
		if !slices.Contains([]string{benchDoors, benchMemory, benchIntake}, part) {
			return fmt.Errorf("bench: there is no part %q; there are doors, memory and intake", part)
		}
	}
	wantsIntake := slices.Contains(parts, benchIntake)
	switch {
	case wantsIntake && *dsn == "":
		return errors.New("bench: --postgres or CUBBY_TEST_POSTGRES is needed; 'make bench' starts one")
	case *cabinets < 1 || *cabinets > 20_000 || *connections < 1 || *connections > 64:
		return errors.New("bench: cabinets is from 1 to 20,000, connections from 1 to 64")
	}
	p.log = slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var report cabinetReport
	if wantsIntake {
		in, err := runIntake(ctx, p, *dsn, *cabinets, *connections)
		if err != nil {
			return err
		}
		report.intakeReport = &in
		parts = slices.DeleteFunc(parts, func(part string) bool { return part == benchIntake })
	}
	if len(parts) > 0 {
		raw, err := measured(ctx, p.err, *demo, "--only", strings.Join(parts, ","), "--pickups", fmt.Sprint(*pickups), "--many", fmt.Sprint(*agents))
		if err != nil {
			return err
		}
		if slices.Contains(parts, benchDoors) {
			report.doorsReport = &doorsReport{}
		}
		if slices.Contains(parts, benchMemory) {
			report.memoryReport = &memoryReport{}
		}
		if err := json.Unmarshal(raw, &report); err != nil {
			return fmt.Errorf("bench: what %s printed: %w", *demo, err)
		}
	}
	if *asJSON {
		return json.NewEncoder(p.out).Encode(report)
	}
	return report.print(p.out)
}

// measured has cubby-demo measure with the whole product, in processes of their own: this program holds no simulator.
func measured(ctx context.Context, stderr io.Writer, demo string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, demo, append([]string{"measure"}, args...)...)
	cmd.Stderr = stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it stops what it has started
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("bench: %s measure: %w", demo, err)
	}
	return out, nil
}

func (r cabinetReport) print(w io.Writer) (err error) {
	line := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format+"\n", args...)
		}
	}
	if d := r.doorsReport; d != nil {
		line("without network: p50 %.1f ms, p99 %.1f ms; a bare commit %.2f ms, ratio %.1f", d.OfflineP50MS, d.OfflineP99MS, d.CommitMS, d.OfflineRatio)
		line("with network: p50 %.1f ms, p99 %.1f ms", d.OnlineP50MS, d.OnlineP99MS)
	}
	if m := r.memoryReport; m != nil {
		line("%.0f KiB for each of %d agents", m.KiBPerAgent, m.Agents)
	}
	if i := r.intakeReport; i != nil {
		line("%.0f facts/s taken in, %.0f rows/s bare, ratio %.2f", i.FactsPerS, i.FloorPerS, i.Ratio)
	}
	return err
}

// besideThis is a program in this one's folder.
func besideThis(name string) string {
	self, err := os.Executable()
	if err != nil {
		return name
	}
	return filepath.Join(filepath.Dir(self), name)
}
