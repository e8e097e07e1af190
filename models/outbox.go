package models

import (
	"encoding/json"
	"strconv"
	"time"
)

// OutboxKind is what the forwarder does with a row.
type OutboxKind string

// The kinds. Signal starts the workflow where it is not running. Show has a shipment's life show
// again what it knows, whether it runs or has ended; one that the engine does not know is
// started.
const (
	OutboxStart  OutboxKind = "start"
	OutboxSignal OutboxKind = "signal"
	OutboxShow   OutboxKind = "show"
)

// OutboxRow is a message from the database to Temporal, written in the transaction whose
// effect it tells. Rows of one workflow are delivered in the order of ID, at least once.
type OutboxRow struct {
	ID         int64 `gorm:"primaryKey"`
	WorkflowID string
	Workflow   string // the workflow's type
	Kind       OutboxKind
	Signal     string          // the signal's name
	Input      json.RawMessage `gorm:"serializer:json"` // the workflow's input
	Payload    json.RawMessage `gorm:"serializer:json"` // the signal's argument
	CreatedAt  time.Time
}

// TableName is the table of the outbox.
func (OutboxRow) TableName() string { return "outbox" }

func itoa(n int) string { return strconv.Itoa(n) }
