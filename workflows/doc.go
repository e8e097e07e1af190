// Package workflows holds the durable life cycles, one file each. Everything here is
// deterministic: time comes from workflow.Now, and every effect is an activity. What a
// life decides is pure code in models; a workflow waits, projects and schedules.
package workflows
