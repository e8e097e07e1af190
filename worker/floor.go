package worker

import (
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"cubby/workflows"
)

// Names of the benchmark's floor, for the driver of the benchmark.
const (
	WorkflowFloor = workflows.WorkflowFloor
	UpdateFloor   = workflows.UpdateFloor
	SignalFloor   = workflows.SignalFloor
)

// FloorInput is the input of the floor's workflow.
type FloorInput = workflows.FloorInput

// Shape counts what a workflow makes Temporal do.
type Shape = workflows.Shape

// LifeShape is the shape of a life; the floor has the same.
func LifeShape() Shape { return workflows.LifeShape() }

// RegisterFloor adds the floor of the benchmark to the product's own workers, so that both
// run on the same queues. A server never calls it.
func RegisterFloor(lives, gateway sdk.Worker) {
	lives.RegisterWorkflowWithOptions(workflows.Floor, workflow.RegisterOptions{Name: workflows.WorkflowFloor})
	lives.RegisterActivity(&workflows.FloorActivities{})
	gateway.RegisterActivity(&workflows.FloorActivities{})
}
