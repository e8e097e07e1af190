package simulation_test

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/simulation"
)

var (
	seeds = flag.Int("seeds", 4, "how many worlds to play")
	days  = flag.Int("days", 2, "how many virtual days each lasts")
	seed  = flag.Uint64("seed", 0, "play this seed alone")
)

const (
	// leastHits of each fault in each phase, and enoughSeeds from which they are demanded.
	leastHits   = 10
	enoughSeeds = 60
	// leastOperations a cabinet-day.
	leastOperations = 100
)

type outcome struct {
	seed  uint64
	stats simulation.Stats
	err   error
}

// garbagePercent is how much garbage may gather: worlds make a lot of it and keep little.
const garbagePercent = 400

// play runs worlds on every core.
func play(seeds []uint64, days int) []outcome {
	defer debug.SetGCPercent(debug.SetGCPercent(garbagePercent))
	outcomes := make([]outcome, len(seeds))
	next := make(chan int)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range next {
				stats, err := simulation.Run(seeds[i], days)
				outcomes[i] = outcome{seeds[i], stats, err}
			}
		})
	}
	for i := range seeds {
		next <- i
	}
	close(next)
	group.Wait()
	return outcomes
}

func TestSimulate(t *testing.T) {
	var list []uint64
	for i := range *seeds {
		list = append(list, uint64(i)+1)
	}
	if *seed != 0 {
		list = []uint64{*seed}
	}
	operations, services, shared, hits := 0, 0, 0, map[simulation.Hit]int{}
	for _, o := range play(list, *days) {
		operations, services, shared = operations+o.stats.Operations, services+o.stats.Services, shared+o.stats.Shared
		for h, n := range o.stats.Hits {
			hits[h] += n
		}
		if o.err != nil {
			t.Errorf("seed %d: %v\nplay it again: go test ./simulation -run '^TestSimulate$' -args -seed %d -days %d", o.seed, o.err, o.seed, *days)
		}
	}
	fmt.Printf("simulation: %d seeds, %d virtual hours, %d operations, %d of them technicians' and %d beside another parcel, %s\n",
		len(list), len(list)**days*24, operations, services, shared, byKind(hits))
	if len(list) < enoughSeeds {
		fmt.Printf("simulation: NOT CHECKED with fewer than %d seeds: operations a cabinet-day, and each fault in each phase\n", enoughSeeds)
		return
	}
	if t.Failed() {
		return
	}
	perDay := operations / (len(list) * *days * simulation.Cabinets)
	require.GreaterOrEqual(t, perDay, leastOperations, "operations a cabinet-day")
	require.GreaterOrEqual(t, services, len(list)**days, "cells that technicians open")
	require.GreaterOrEqual(t, shared, len(list)**days, "parcels that are put in beside another")
	for _, h := range simulation.Required() {
		if hits[h] < leastHits {
			t.Errorf("%s while %s: %d times, want %d", h.Fault, h.Phase, hits[h], leastHits)
		}
	}
}

// byKind is "n faults by kind: kind n, kind n".
func byKind(hits map[simulation.Hit]int) string {
	kinds, total := map[simulation.Fault]int{}, 0
	for h, n := range hits {
		kinds[h.Fault] += n
		total += n
	}
	var parts []string
	for k, n := range kinds {
		parts = append(parts, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(parts)
	return fmt.Sprintf("%d faults by kind: %s", total, strings.Join(parts, ", "))
}
