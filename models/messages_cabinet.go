package models

import "fmt"

// WorkflowEnroll gives a cabinet's computer its certificate and key; the rule of
// messages_shipment.go holds.
const WorkflowEnroll = "enroll"

// WorkflowGrant signs what a cabinet is told of a courier.
const WorkflowGrant = "grant"

// GrantWorkflowID is one workflow for each state of a courier.
func GrantWorkflowID(in GrantInput) string { return fmt.Sprintf("grant-%s-%d", in.Courier, in.Rev) }

// GrantInput names a courier, and the revision that asked. The activity signs the newest.
type GrantInput struct {
	Courier CourierID `json:"courier"`
	Rev     int64     `json:"rev"`
}

// WorkflowCellOrder signs what is wanted of a cell.
const WorkflowCellOrder = "cell_order"

// CellOrderWorkflowID is one workflow for each order about a cell.
func CellOrderWorkflowID(in CellOrderInput) string {
	return fmt.Sprintf("cell-order-%s-%d-%d", in.Locker, in.Cell, in.Rev)
}

// CellOrderInput names a cell, and the revision that asked. The activity signs the newest.
type CellOrderInput struct {
	Locker LockerID `json:"locker"`
	Cell   int      `json:"cell"`
	Rev    int64    `json:"rev"`
}

// EnrollInput asks for a certificate: by a claim, or by the certificate that is to be
// renewed. It names the claim by its hash, so the code itself is in no history.
type EnrollInput struct {
	ClaimHash string   `json:"claim_hash,omitempty"`
	Locker    LockerID `json:"locker,omitempty"` // renewal: whose certificate it came with
	Serial    string   `json:"serial,omitempty"` // renewal: that certificate
	CSR       []byte   `json:"csr"`
}

// EnrollResult is what the computer gets. Certificate is PEM, leaf first; Sealed is the
// cabinet's key, which opens on the computer alone. Trust says the same of signers and key, signed.
type EnrollResult struct {
	Locker      LockerID    `json:"locker"`
	Certificate string      `json:"certificate"`
	Signers     []SignerKey `json:"signers"`
	KeyVersion  int         `json:"key_version"`
	Sealed      []byte      `json:"sealed"`
	Trust       SignedTrust `json:"trust,omitzero"`
}
