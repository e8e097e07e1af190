//go:build mutants

package mutant

// active is the one that is switched on, before anything is started.
var active Mutant

// Switch turns one mutant on, and the one before off; empty: none.
func Switch(m Mutant) { active = m }

// On reports whether the mutant is switched on.
func On(m Mutant) bool { return active == m }
