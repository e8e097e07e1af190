package models

import (
	"strconv"
	"time"
)

// WorkflowClosing has a closed locker emptied and decommissioned; the rule of
// messages_shipment.go holds for its name.
const WorkflowClosing = "closing"

// ClosingWorkflowID is the workflow id of one closing of a locker.
func ClosingWorkflowID(l LockerID, at time.Time) string {
	return "closing-" + string(l) + "-" + strconv.FormatInt(at.UnixMilli(), 10)
}

// ClosingInput starts the closing of a locker.
type ClosingInput struct {
	Locker LockerID `json:"locker"`
}

// ClosingResult says whether nothing is left to do: the locker is decommissioned, or in use again.
type ClosingResult struct {
	Over bool `json:"over"`
}
