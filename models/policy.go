package models

import (
	"fmt"
	"slices"
	"time"
)

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
	// Reminders are sent so long before the end of storage, the earliest first.
	Reminders         []Seconds `json:"reminders,omitempty"`
	Extension         Seconds   `json:"extension,omitempty"`          // by which storage is lengthened
	Extensions        int       `json:"extensions,omitempty"`         // how often at most
	WithdrawalOverdue Seconds   `json:"withdrawal_overdue,omitempty"` // from "to be taken out" to telling that nobody came; 0: never
	ReturnedAfter     Seconds   `json:"returned_after,omitempty"`     // from the last parcel taken out to "returned"; 0: the carrier says so
	ReadyDelay        Seconds   `json:"ready_delay"`                  // from the last close to the message
	Objection         Seconds   `json:"objection"`                    // after a close, to say "not taken"
	Reopen            Seconds   `json:"reopen"`                       // the cell stays the client's after a pickup
	Proof             Proof     `json:"proof"`
	// DefaultSize is what a parcel is taken to be that was announced without a size; empty: the
	// courier is asked.
	DefaultSize Size `json:"default_size,omitempty"`
	// Codes are what pickup codes are written in. At a cabinet whose pad has digits alone they are
	// digits all the same.
	Codes CodeAlphabet `json:"codes,omitempty"`
	// ShareCells: parcels of one shipment may lie in one cell, where they fit.
	ShareCells bool `json:"share_cells,omitempty"`
	// Tell are the optional kinds of message that clients get.
	Tell []NoticeKind `json:"tell,omitempty"`
}

// Tells reports whether clients get an optional kind of message.
func (p Policy) Tells(k NoticeKind) bool { return slices.Contains(p.Tell, k) }

// Equal compares all of two policies. A cabinet does so at each step.
func (p Policy) Equal(o Policy) bool {
	return p.Name == o.Name && p.Version == o.Version && p.Storage == o.Storage && p.NeverDeposited == o.NeverDeposited &&
		p.PartialEnough == o.PartialEnough && slices.Equal(p.Reminders, o.Reminders) && p.Extension == o.Extension &&
		p.Extensions == o.Extensions && p.WithdrawalOverdue == o.WithdrawalOverdue && p.ReturnedAfter == o.ReturnedAfter &&
		p.ReadyDelay == o.ReadyDelay && p.Objection == o.Objection && p.Reopen == o.Reopen && p.Proof == o.Proof &&
		p.DefaultSize == o.DefaultSize && p.Codes == o.Codes && p.ShareCells == o.ShareCells && slices.Equal(p.Tell, o.Tell)
}

// Check adds what does not go together to fields.
func (p Policy) Check(fields *Fields) {
	for i, r := range p.Reminders {
		switch {
		case r >= p.Storage:
			fields.Add(fmt.Sprintf("/reminders/%d", i), "must be less than the storage time, %d s", p.Storage)
		case i > 0 && r >= p.Reminders[i-1]:
			fields.Add(fmt.Sprintf("/reminders/%d", i), "must be less than the one before")
		}
	}
	for i, k := range p.Tell {
		if !slices.Contains(OptionalKinds(), k) {
			fields.Add(fmt.Sprintf("/tell/%d", i), "is not an optional kind of message")
		}
	}
	if p.Extensions > 0 && p.Extension == 0 {
		fields.Add("/extension", "is needed where storage may be lengthened")
	}
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

const hour Seconds = 3600

// ReadyMadePolicies are installed with the database.
func ReadyMadePolicies() []Policy {
	return []Policy{
		{Name: PolicyStandard, Version: 1, Storage: 72 * hour, NeverDeposited: 7 * 24 * hour, PartialEnough: 24 * hour,
			Reminders: []Seconds{24 * hour, 3 * hour}, Extension: 24 * hour, Extensions: 2, WithdrawalOverdue: 48 * hour, ReturnedAfter: 14 * 24 * hour,
			ReadyDelay: 60, Objection: 8, Reopen: 180, Proof: ProofClosed},
		{Name: PolicyExpress, Version: 1, Storage: 180, NeverDeposited: hour, PartialEnough: 30,
			Reminders: []Seconds{120}, Extension: 60, Extensions: 2, WithdrawalOverdue: 300, ReturnedAfter: hour,
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
