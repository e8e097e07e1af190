//go:build mutants

package main

import (
	"os"

	"cubby/agent/mutant"
)

// envPlanted names the bug that a program built with planted bugs has.
const envPlanted = "CUBBY_PLANTED"

func init() { mutant.Switch(mutant.Mutant(os.Getenv(envPlanted))) }
