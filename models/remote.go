package models

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// RemoteID names a request to open doors from afar: "rem_…".
type RemoteID string

// PrefixRemote begins the ids of requests to open doors from afar.
const PrefixRemote = "rem"

// Bounds of requests to open doors from afar.
const (
	// RemoteDoorsAlone is how many doors one person may have opened within RemoteCountsFor
	// at a locker; for more a second person must approve.
	RemoteDoorsAlone = 3
	RemoteCountsFor  = 10 * time.Minute
	// RemoteDoorsMost is the most that one request asks for: no cabinet opens more in an hour.
	RemoteDoorsMost = 12
	// RemoteStartsWithin is how long after the request, the approval or the door before it a door
	// may be driven: whoever asked still waits for it. RemoteApprovedWithin is how long a request
	// waits for a second person.
	RemoteStartsWithin   = time.Minute
	RemoteApprovedWithin = 15 * time.Minute
	// RemoteGrantLives is for how long a signed grant is good. A cabinet believes none that is
	// good for more than a minute.
	RemoteGrantLives = 30 * time.Second
	longestReason    = 500 // characters
)

// RemoteState is how far a request to open doors from afar has come.
type RemoteState string

// The states. The last three are final.
const (
	RemoteStateWaiting  RemoteState = "waiting_for_approval"
	RemoteStateOpening  RemoteState = "opening"
	RemoteStateDone     RemoteState = "done" // each door has its outcome
	RemoteStateRejected RemoteState = "rejected"
	RemoteStateExpired  RemoteState = "expired" // nobody approved it, or it could not begin in time
)

// RemoteStates lists them all.
func RemoteStates() []RemoteState {
	return []RemoteState{RemoteStateWaiting, RemoteStateOpening, RemoteStateDone, RemoteStateRejected, RemoteStateExpired}
}

// Why a door is not opened from afar, beside the reasons that cabinets give.
const (
	// RemoteNotConnected: its cabinet could not be reached, and nothing was sent to it.
	RemoteNotConnected = "not_connected"
	// RemoteNoCell: the locker has no such cell.
	RemoteNoCell = "cell"
	// RemoteTooLate: nobody waits at the door any more.
	RemoteTooLate = "expired"
	// RemoteOperatorLimit: the person has had as many openings signed in the last hour as one may.
	RemoteOperatorLimit = "operator_limit"
	// RemoteStopped: the signer has stopped, since more was asked of it than the network may have.
	RemoteStopped = "signer_stopped"
	// RemoteNotSigned: the signer does not answer.
	RemoteNotSigned = "not_signed"
)

// GateCell stands for the gate among the doors of a request.
const GateCell = 0

// NewRemote is a request to open doors from afar.
type NewRemote struct {
	Request
	IdempotencyKey string // empty: none
	Fingerprint    string
	Locker         LockerID
	Cells          []int  // none: the gate
	Purpose        string // one of RemotePurposes, or PurposeOpenGate without cells
	Reason         string // in the person's words
}

// Check returns invalid_request for a request that could never be carried out.
func (n NewRemote) Check() error {
	var f Fields
	gate := n.Purpose == PurposeOpenGate && len(n.Cells) == 0
	if (len(n.Cells) == 0 || len(n.Cells) > RemoteDoorsMost) && !gate {
		f.Add("/cells", "must name 1 to %d cells", RemoteDoorsMost)
	}
	for i, c := range n.Cells {
		if c < 1 {
			f.Add("/cells/"+strconv.Itoa(i), "must be the number of a cell")
		} else if slices.Contains(n.Cells[:i], c) {
			f.Add("/cells/"+strconv.Itoa(i), "is named twice")
		}
	}
	if !slices.Contains(RemotePurposes(), n.Purpose) && !gate {
		f.Add("/purpose", "must be one of %v", RemotePurposes())
	}
	if n.Reason == "" || utf8.RuneCountInString(n.Reason) > longestReason {
		f.Add("/reason", "must have 1 to %d characters", longestReason)
	}
	return f.Err()
}

// By names who asks, as the audit does.
func (r Request) By() string {
	switch {
	case r.Actor.Staff != "":
		return string(r.Actor.Staff)
	case r.Actor.Key != "":
		return string(r.Actor.Key)
	}
	return "system"
}

// RemoteOpening is the row of a request to open doors from afar.
type RemoteOpening struct {
	ID           RemoteID `gorm:"primaryKey"`
	Locker       LockerID
	Purpose      string // one of RemotePurposes, or PurposeOpenGate
	Reason       string
	RequestedBy  string // the id of the key or the person of staff
	Organization OrganizationID
	State        RemoteState
	// DecidedBy is who approved or rejected it; empty: nobody, or nobody had to.
	DecidedBy string
	DecidedAt *time.Time
	CreatedAt time.Time
	// NotAfter is when the first door must open by, or a second person must have approved.
	NotAfter  time.Time
	Rev       int64 // of what its workflow showed last
	UpdatedAt time.Time
	EndedAt   *time.Time
}

// TableName is the table of remote openings.
func (RemoteOpening) TableName() string { return "remote_openings" }

// RemoteDoor is one door of a request. A second attempt is an operation of its own, since a
// cabinet carries each operation out once.
type RemoteDoor struct {
	Opening   RemoteID `gorm:"primaryKey"`
	Cell      int      `gorm:"primaryKey"` // 0: the gate
	Operation OperationID
	Again     OperationID // empty for the gate, which a second pulse may shut
	Attempts  int         // grants that were signed
	Outcome   OpenOutcome // empty: not yet
	Reason    string
	// OpenedAt is when the cabinet saw the door open, by the cabinet's clock; nil: no fact of it
	// has come.
	OpenedAt  *time.Time
	FactEpoch int64
	FactSeq   int64
}

// TableName is the table of doors that are opened from afar.
func (RemoteDoor) TableName() string { return "remote_doors" }

// RemoteView is a request with its doors, in the order of cells.
type RemoteView struct {
	RemoteOpening
	LockerNumber string
	// RequestedName and DecidedName are what the key or the person is called; empty: nobody.
	RequestedName, DecidedName string
	Doors                      []RemoteDoor
}

// RemoteQuery narrows the list of requests, newest first; what is empty narrows nothing.
type RemoteQuery struct {
	Page
	Locker LockerID
	State  RemoteState
}

// Last is the operation of the last attempt; empty: there was none.
func (d RemoteDoor) Last() OperationID {
	switch {
	case d.Attempts > 1:
		return d.Again
	case d.Attempts == 1 || d.OpenedAt != nil:
		return d.Operation
	}
	return ""
}

// NotRunning is the error of a decision for a request without a workflow: it has ended, or the
// workflow is about to begin.
func (o RemoteOpening) NotRunning(cause error) error {
	if o.State == RemoteStateWaiting {
		return Wrap(CodeUnavailable, cause, "The request is about to begin. Please try again in a moment.")
	}
	return Wrap(CodeInvalidState, cause, "It waits for no approval.")
}
