// Package checks holds tests alone: they judge the repository itself, its import rules first.
package checks
