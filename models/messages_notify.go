package models

import "time"

// WorkflowMessage sends a message apart from the life that brought it: again, after it was not
// delivered, or when an operator asks. The rule of messages_shipment.go holds for its name.
const WorkflowMessage = "message"

// MessageWorkflowID is the workflow id of a sending apart, for a cause: how many attempts there
// were before, or an id of its own where a person asked for it.
func MessageWorkflowID(id NotificationID, cause string) string {
	return "message-" + string(id) + "-" + cause
}

// MessageInput starts a sending apart, no sooner than NotBefore.
type MessageInput struct {
	Notification NotificationID `json:"notification"`
	NotBefore    time.Time      `json:"not_before,omitzero"`
}
