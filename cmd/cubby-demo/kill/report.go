package kill

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// report prints what was hit and what was seen.
func report(out io.Writer, e evidence, uncertain []repeat) {
	t := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
	fmt.Fprintln(t, "\nphase\t"+header(e.Parts)+"all")
	for _, p := range shown() {
		row(t, string(p), e, func(s shot) bool { return s.Phases[p] })
	}
	row(t, "kills", e, func(shot) bool { return true })
	_ = t.Flush() // a report that cannot be printed: nothing to do
	var took []time.Duration
	for _, l := range e.Lives {
		took = append(took, l.Took)
	}
	slices.Sort(took)
	if n := len(took); n > 0 {
		fmt.Fprintf(out, "\nlives: %d, from %.1f s to %.1f s, median %.1f s\n", n, took[0].Seconds(), took[n-1].Seconds(), took[n/2].Seconds())
	}
	fmt.Fprintf(out, "workflows: %d runs; messages: %d, of them %d uncertain repeats\n", len(e.Workflows), len(e.Mails), len(uncertain))
	for _, r := range uncertain {
		fmt.Fprintf(out, "uncertain: life %d, message %s at %s and at %s: kill %d of %s at %s\n",
			r.Life, r.MessageID, clock(r.At), clock(r.Again), r.Kill, e.Shots[r.Kill-1].Part, clock(e.Shots[r.Kill-1].At))
	}
}

func header(parts []string) string {
	line := ""
	for _, p := range parts {
		line += p + "\t"
	}
	return line
}

func row(out io.Writer, name string, e evidence, counts func(shot) bool) {
	line, all := name+"\t", 0
	for _, p := range e.Parts {
		n := 0
		for _, s := range e.Shots {
			if s.Part == p && counts(s) {
				n++
			}
		}
		line += fmt.Sprintf("%d\t", n)
		all += n
	}
	fmt.Fprintf(out, "%s%d\n", line, all)
}
