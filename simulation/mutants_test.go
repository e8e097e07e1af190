//go:build mutants

package simulation_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"cubby/agent/mutant"
	"cubby/simulation"
)

const (
	// mutantSeeds and mutantDays bound the search for a planted bug.
	mutantSeeds = 120
	mutantDays  = 2
)

// TestMutants: each planted bug is caught by the simulation alone, and none is seen where
// none is.
func TestMutants(t *testing.T) {
	defer mutant.Switch("")
	fmt.Println("| planted bug | worlds until caught | how |\n|---|---|---|")
	for _, m := range chosen() {
		mutant.Switch(m)
		n, why := caughtAfter(t)
		if n == 0 {
			t.Errorf("%s is not caught in %d worlds of %d days", m, mutantSeeds, mutantDays)
			continue
		}
		fmt.Printf("| %s | %d | %s |\n", m, n, why)
	}
}

var only = flag.String("mutant", "", "plant this bug alone")

func chosen() []mutant.Mutant {
	if *only != "" {
		return []mutant.Mutant{mutant.Mutant(*only)}
	}
	return mutant.All()
}

// caughtAfter plays worlds, some at once, until one fails; 0: none does.
func caughtAfter(t *testing.T) (n int, why string) {
	const atOnce = 4
	for first := uint64(1); first <= mutantSeeds; first += atOnce {
		var seeds []uint64
		for i := range uint64(atOnce) {
			seeds = append(seeds, first+i)
		}
		for i, o := range play(seeds, mutantDays) {
			if o.err != nil {
				mutant.Switch("")
				if _, err := simulation.Run(o.seed, mutantDays); err != nil {
					t.Errorf("world %d fails without any bug planted: %v", o.seed, err)
				}
				line, _, _ := strings.Cut(o.err.Error(), "\n")
				return int(first) + i, line
			}
		}
	}
	return 0, ""
}
