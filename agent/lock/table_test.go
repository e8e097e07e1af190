package lock_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/hardware-conformance.md from what was measured")

// TestMain has more tests run side by side than there are processors: they wait for boards.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

const tableFile = "../../docs/hardware-conformance.md"

const tableHead = `# Lock boards: conformance

Each family of lock boards against each fault, as ` + "`go test -run TestConformance ./agent/lock`" + ` plays them: the
agent's own driver on a pseudo-terminal, against a simulated board that speaks the family's bytes.
[Adding a lock board](hardware.md) has the families, and how they are configured. This page is written by
` + "`go test -run TestConformance ./agent/lock -args -update`" + `, and the same test without ` + "`-update`" + ` demands that it is
what was found, times apart.

"yes": the demand is met. "-": it cannot happen to the family. "full scan" is how long one look at the whole board takes at
the family's own speed, with answers as slow as their bytes and no time to think: a lower bound.
`

// TestConformance plays every fault on every kind of board.
func TestConformance(t *testing.T) {
	var mu sync.Mutex
	results := map[string]map[string]string{}
	t.Run("all", func(t *testing.T) {
		for _, k := range kinds() {
			results[k.name] = map[string]string{}
			for _, f := range faults() {
				if f.play == nil {
					continue
				}
				if f.fits != nil && !f.fits(k) {
					results[k.name][f.name] = "-"
					continue
				}
				t.Run(k.name+"/"+f.name, func(t *testing.T) {
					t.Parallel()
					result := f.play(t, k)
					mu.Lock()
					defer mu.Unlock()
					results[k.name][f.name] = result
				})
			}
		}
	})
	for _, k := range kinds() { // one after another: times are measured
		t.Run("all/"+k.name+"/"+fullScan, func(t *testing.T) { results[k.name][fullScan] = scan(t, k) })
	}
	played := 0
	for _, k := range kinds() {
		for _, f := range faults() {
			result := results[k.name][f.name]
			if result == "" {
				return // a part of them was asked for, or one failed and has said so
			}
			if result != "-" {
				played++
			}
		}
	}
	table := tableHead + "\n" + render(results) + fmt.Sprintf("\n%d kinds of boards, %d cases.\n", len(kinds()), played)
	if *update {
		require.NoError(t, os.WriteFile(tableFile, []byte(table), 0o644))
	}
	written, err := os.ReadFile(tableFile)
	require.NoError(t, err)
	timeless := func(s string) string { return regexp.MustCompile(`\d+ ms`).ReplaceAllString(s, "… ms") }
	require.Equal(t, timeless(table), timeless(string(written)), "run it with -args -update")
}

// render lists faults down and boards across: there are more faults than fit across a page.
func render(results map[string]map[string]string) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, k := range kinds() {
		fmt.Fprintf(&b, " %s |", k.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(kinds())) + "\n")
	for _, f := range faults() {
		fmt.Fprintf(&b, "| %s |", f.name)
		for _, k := range kinds() {
			fmt.Fprintf(&b, " %s |", results[k.name][f.name])
		}
		b.WriteString("\n")
	}
	return b.String()
}
