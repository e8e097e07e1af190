package models

// The names of small workflows; the rule of messages_shipment.go holds.
const (
	// WorkflowRetention removes what is past its time, on the schedule ScheduleRetention.
	WorkflowRetention = "retention"
	ScheduleRetention = "retention-daily"
)

// PruneResult says how many rows were removed.
type PruneResult struct {
	Removed int `json:"removed"`
}
