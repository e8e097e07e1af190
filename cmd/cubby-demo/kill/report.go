package kill

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// report prints what was hit and what was seen.
func report(out io.Writer, e evidence, v verdict) {
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
	fmt.Fprintf(out, "workflows: %d runs\n", len(e.Workflows))
	states := map[string]int{}
	for _, rows := range e.Rows {
		for _, r := range rows {
			states[r.State]++
		}
	}
	fmt.Fprintf(out, "messages: %d mails and %d SMS, of them %d uncertain repeats; %d begun twice; the provider was asked %d times; %d sent, %d delivered\n",
		len(e.Mails), len(e.Texts), len(v.uncertain), len(v.begun), len(e.Questions), states["sent"], states["delivered"])
	events, posts := 0, 0
	for _, p := range e.Parties {
		events, posts = events+len(p.Feed), posts+len(p.Posts)
	}
	fmt.Fprintf(out, "webhooks: %d events to %d carriers in %d posts: %d after one that was not taken, %d after a kill\n",
		events, len(e.Parties), posts, v.retried, len(v.reposted))
	list(out, "uncertain", e, v.uncertain)
	list(out, "begun twice", e, v.begun)
	list(out, "posted again", e, v.reposted)
}

// list names repeats, each with its kill.
func list(out io.Writer, what string, e evidence, repeats []repeat) {
	for _, r := range repeats {
		fmt.Fprintf(out, "%s: %s, %s at %s and at %s: kill %d of %s at %s\n",
			what, r.Whose, r.What, clock(r.At), clock(r.Again), r.Kill, e.Shots[r.Kill-1].Part, clock(e.Shots[r.Kill-1].At))
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
