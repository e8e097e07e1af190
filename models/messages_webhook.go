package models

import "time"

// WorkflowWebhook posts what an endpoint is to be told; the rule of messages_shipment.go holds
// for these names. SignalWake tells it that there may be something to do.
const (
	WorkflowWebhook = "webhook"
	SignalWake      = "wake"
	// QueueWebhooks is the task queue of the activities that post: receivers that are slow keep no
	// slot from anything else.
	QueueWebhooks = "webhooks"
)

// WebhookWorkflowID is the workflow id of an endpoint.
func WebhookWorkflowID(w WebhookID) string { return "webhook-" + string(w) }

// WebhookInput starts the workflow of an endpoint.
type WebhookInput struct {
	Webhook WebhookID `json:"webhook"`
}

// PostResult says what is to be done after a round of posting. Over: the endpoint is gone, paused
// or disabled. Wait: until the next attempt; nothing to wait for if zero. More: there is something
// to post now.
type PostResult struct {
	Over bool          `json:"over,omitempty"`
	More bool          `json:"more,omitempty"`
	Wait time.Duration `json:"wait,omitempty"`
}
