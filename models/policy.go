package models

import "time"

// Proof is the evidence by which a pickup without sensors frees a cell.
type Proof string

// The proofs.
const (
	// ProofClosed: opened, closed, no objection, reopen window over.
	ProofClosed Proof = "closed"
	// ProofAnswered: the client confirmed "took everything".
	ProofAnswered Proof = "answered"
)

// Policy is one version of the rules that a shipment lives by. A shipment keeps the
// version that it was created with. Durations are in seconds on the wire.
type Policy struct {
	Name           string  `json:"name"`
	Version        int     `json:"version"`
	Storage        Seconds `json:"storage"`         // from "ready" to "expired"
	NeverDeposited Seconds `json:"never_deposited"` // from creation to "cancelled"
	PartialEnough  Seconds `json:"partial_enough"`  // from the first deposit to "ready" with some
	ReadyDelay     Seconds `json:"ready_delay"`     // from the last close to the message
	Objection      Seconds `json:"objection"`       // after a close, to say "not taken"
	Reopen         Seconds `json:"reopen"`          // the cell stays the client's after a pickup
	Proof          Proof   `json:"proof"`
}

// Seconds is a duration in whole seconds.
type Seconds int64

// Duration converts to a time.Duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// PolicyStandard and PolicyExpress name the ready-made policies.
const (
	PolicyStandard = "standard"
	PolicyExpress  = "express"
)

// ReadyMadePolicies are installed with the database.
func ReadyMadePolicies() []Policy {
	return []Policy{
		{Name: PolicyStandard, Version: 1, Storage: 72 * 3600, NeverDeposited: 7 * 24 * 3600, PartialEnough: 24 * 3600,
			ReadyDelay: 60, Objection: 8, Reopen: 180, Proof: ProofClosed},
		{Name: PolicyExpress, Version: 1, Storage: 180, NeverDeposited: 3600, PartialEnough: 30,
			ReadyDelay: 1, Objection: 1, Reopen: 5, Proof: ProofClosed},
	}
}

// StoredPolicy is a policy's row.
type StoredPolicy struct {
	Name      string `gorm:"primaryKey"`
	Version   int    `gorm:"primaryKey"`
	Body      Policy `gorm:"serializer:json"`
	CreatedAt time.Time
}

// TableName is the table of policies.
func (StoredPolicy) TableName() string { return "policies" }
