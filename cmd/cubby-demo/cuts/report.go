package cuts

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// report prints what was hit, a line a kind, and what came of it.
func report(out io.Writer, all []record, wrong int) {
	t := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
	fmt.Fprint(t, "\nkind\trounds\tcuts\tdeposit\tpickup\tlook\toffline\tin a commit\tunsynced changes\trefused\tout of service\tin doubt\tclient asked\n")
	for _, k := range kinds() {
		line(t, string(k), pick(all, func(r record) bool { return r.kind == k }))
	}
	line(t, "all", all)
	fmt.Fprint(t, "\nphase\trounds\tdeposit\tpickup\tlook\n")
	for _, p := range phases() {
		hit := pick(all, func(r record) bool { return r.phase == p })
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\n", p, len(hit), operationCount(hit, depositing), operationCount(hit, collecting), operationCount(hit, looking))
	}
	_ = t.Flush() // a report that cannot be printed: nothing to do
	var down []time.Duration
	for _, r := range all {
		if r.cut {
			down = append(down, r.down)
		}
	}
	slices.Sort(down)
	if n := len(down); n > 0 {
		fmt.Fprintf(out, "\ncuts: serving again after %d to %d ms, median %d ms\n", down[0].Milliseconds(), down[n-1].Milliseconds(), down[n/2].Milliseconds())
	}
	fmt.Fprintf(out, "cuts: wrong: %d\n", wrong)
}

func line(out io.Writer, name string, all []record) {
	changes, refused, doubted := 0, 0, 0
	for _, r := range all {
		changes += r.loss.Changes + r.loss.Names
		refused += r.refused
		doubted += max(0, r.doubted)
	}
	count := func(is func(record) bool) int { return len(pick(all, is)) }
	fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", name, len(all), count(func(r record) bool { return r.cut }),
		operationCount(all, depositing), operationCount(all, collecting), operationCount(all, looking),
		count(func(r record) bool { return r.offline }), count(func(r record) bool { return r.struck }), changes, refused,
		count(func(r record) bool { return r.out }), doubted, count(func(r record) bool { return r.asked }))
}

func operationCount(all []record, o operation) int {
	return len(pick(all, func(r record) bool { return r.operation == o }))
}

func pick(all []record, is func(record) bool) []record {
	var found []record
	for _, r := range all {
		if is(r) {
			found = append(found, r)
		}
	}
	return found
}
