package models

import "time"

// The names of remote openings; the rule of messages_shipment.go holds.
const (
	// WorkflowRemoteOpen carries a request to open doors from afar out.
	WorkflowRemoteOpen = "remote_open"
	// UpdateDecide has a second person approve or reject it.
	UpdateDecide = "decide"
	// QueueSigner is the task queue of the activity that signs grants: the processes on it hold
	// the budgets.
	QueueSigner = "signer"
)

// RemoteOpenWorkflowID is the workflow id of a request.
func RemoteOpenWorkflowID(id RemoteID) string { return "remote-open-" + string(id) }

// RemoteOpenInput starts a request. Second: it needs a second person's approval. The words that
// it was asked for with are in the database alone.
type RemoteOpenInput struct {
	Opening  RemoteID     `json:"opening"`
	Locker   LockerID     `json:"locker"`
	Purpose  string       `json:"purpose"`
	By       string       `json:"by"` // the id of the key or the person of staff
	Second   bool         `json:"second,omitempty"`
	NotAfter time.Time    `json:"not_after"`
	Doors    []RemoteCell `json:"doors"` // of a gate: GateCell alone
}

// RemoteCell is a door that is asked for, with the operation of each attempt.
type RemoteCell struct {
	Cell       int           `json:"cell"`
	Operations []OperationID `json:"operations"`
}

// DecideInput is the update by which a second person decides. Request is the id of the call.
type DecideInput struct {
	Request string `json:"request"`
	By      string `json:"by"`
	Approve bool   `json:"approve"`
}

// RemoteTargetInput asks where a cell, or the gate, is to be reached.
type RemoteTargetInput struct {
	Locker LockerID `json:"locker"`
	Cell   int      `json:"cell"`
}

// RemoteTarget says it: the queue of the gateway that holds the cabinet's stream, empty while
// there is none, and the cell's occupancy.
type RemoteTarget struct {
	Queue      string `json:"queue,omitempty"`
	Generation int64  `json:"generation"`
}

// SessionInput asks for the session that a cabinet has at a gateway.
type SessionInput struct {
	Locker LockerID `json:"locker"`
}

// LockerSession is that session, from the cabinet's hello: what a grant must name.
type LockerSession struct {
	Nonce string `json:"nonce"`
	Epoch int64  `json:"epoch"`
}

// SignRemoteInput asks for a grant. Its end is the signer's business.
type SignRemoteInput struct {
	Opening    RemoteID    `json:"opening"`
	By         string      `json:"by"`
	Locker     LockerID    `json:"locker"`
	Epoch      int64       `json:"epoch"`
	Nonce      string      `json:"nonce"`
	Cell       int         `json:"cell"`
	Generation int64       `json:"generation"`
	Purpose    string      `json:"purpose"`
	Operation  OperationID `json:"operation"`
}

// SignedRemote is a grant's exact bytes with their signature. Refused says why there is none:
// RemoteOperatorLimit or RemoteStopped.
type SignedRemote struct {
	Grant     []byte `json:"grant,omitempty"`
	Signer    string `json:"signer,omitempty"`
	Signature []byte `json:"signature,omitempty"`
	Refused   string `json:"refused,omitempty"`
}

// RemoteOpenCommand is the activity that has a cabinet open one door by a signed grant.
type RemoteOpenCommand struct {
	Open   OpenInput    `json:"open"`
	Signed SignedRemote `json:"signed"`
}

// RemoteProjection is what the world sees of a request. One whose Rev is not above the row's
// changes nothing.
type RemoteProjection struct {
	Opening   RemoteID       `json:"opening"`
	Rev       int64          `json:"rev"`
	State     RemoteState    `json:"state"`
	DecidedBy string         `json:"decided_by,omitempty"`
	Doors     []RemoteResult `json:"doors,omitempty"`
}

// RemoteResult is what came of a door.
type RemoteResult struct {
	Cell     int         `json:"cell"`
	Attempts int         `json:"attempts"`
	Outcome  OpenOutcome `json:"outcome"`
	Reason   string      `json:"reason,omitempty"`
}
