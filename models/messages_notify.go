package models

import (
	"strconv"
	"time"
)

// WorkflowMessage sends a message apart from the life that brought it: again, after it was not
// delivered, or when an operator asks. The rule of messages_shipment.go holds for its name.
const WorkflowMessage = "message"

// MessageWorkflowID is the workflow id of a sending apart; each attempt count has its own.
func MessageWorkflowID(id NotificationID, attempts int) string {
	return "message-" + string(id) + "-" + strconv.Itoa(attempts)
}

// MessageInput starts a sending apart, no sooner than NotBefore.
type MessageInput struct {
	Notification NotificationID `json:"notification"`
	NotBefore    time.Time      `json:"not_before,omitzero"`
}
