//go:build !mutants

package mutant

// On is false.
func On(Mutant) bool { return false }
