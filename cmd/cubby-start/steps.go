package main

import "os/exec"

// step is a part of the way from a clone to a running network.
type step struct {
	Name   string
	Usual  int    // seconds, when it was done before
	Cold   int    // seconds, on a machine with 2 cores that never did it
	Advice string // what to do when it fails
	args   []string
}

func (s step) command() *exec.Cmd { return exec.Command(s.args[0], s.args[1:]...) }

const builtStays = `Then type "make run" again: what is built already stays.`

func buildSteps() []step {
	return []step{
		{"Look for what is needed", 1, 60, "Do what the last lines say. " + builtStays, []string{"make", "deps"}},
		{
			"Fetch the browser libraries", 1, 20,
			"The npm registry has to be reachable: see whether this machine has network, or a proxy to be set. " + builtStays,
			[]string{"make", "web"},
		},
		{
			"Build server, cabinet and demo", 5, 150,
			"If modules could not be fetched, see whether the Go module proxy is reachable (go env GOPROXY). " + builtStays,
			[]string{"make", "bin/cubby", "bin/cubby-agent", "bin/cubby-demo"},
		},
		{
			"Build the real Temporal server", 1, 400,
			"It needs about 4 GB of memory and 5 GB of disk. If modules could not be fetched, see whether the Go module proxy is reachable. " + builtStays,
			[]string{"make", "bin/cubby-temporal"},
		},
	}
}

// demoStep is the last one: it does not end by itself.
func demoStep() step {
	return step{Name: "Start the network", Usual: 6, Cold: 20, Advice: `If a port is in use, stop what listens there. ` + builtStays}
}
