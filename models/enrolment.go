package models

import (
	"encoding/hex"
	"strings"
	"time"
)

// Acceptance is who accepts a computer as a cabinet's.
type Acceptance string

// The ways.
const (
	// AcceptAutomatic: a claim is enough, and so is a certificate that ended within its grace.
	AcceptAutomatic Acceptance = "automatic"
	// AcceptOperator: somebody must accept the computer besides.
	AcceptOperator Acceptance = "operator"
)

// The codes of an enrolment that somebody has to accept.
const (
	CodeEnrolmentPending Code = "enrolment_pending"
	CodeEnrolmentRefused Code = "enrolment_refused"
)

// EnrolmentID names a computer that waits to be accepted: "enr_…".
type EnrolmentID string

// PrefixEnrolment begins the ids of enrolments.
const PrefixEnrolment = "enr"

// EnrolmentState is how far an enrolment has come.
type EnrolmentState string

// The states. One that is accepted gets its certificate when the computer asks again.
const (
	EnrolmentWaiting  EnrolmentState = "waiting"
	EnrolmentAccepted EnrolmentState = "accepted"
	EnrolmentRefused  EnrolmentState = "refused"
)

// EnrolmentStates lists them.
func EnrolmentStates() []EnrolmentState {
	return []EnrolmentState{EnrolmentWaiting, EnrolmentAccepted, EnrolmentRefused}
}

// EnrolmentsWaiting is how many computers may wait at one cabinet.
const EnrolmentsWaiting = 8

// Enrolment is a computer that asks to be a cabinet's and that somebody has to accept.
type Enrolment struct {
	ID            EnrolmentID `gorm:"primaryKey"`
	Locker        LockerID
	PublicKeyHash string
	// Serial is of the certificate that has ended; empty: it came with a claim.
	Serial     string
	Address    string // from which it asked last
	State      EnrolmentState
	CreatedAt  time.Time
	AskedAt    time.Time
	DecidedAt  *time.Time
	DecidedBy  string // the id of the key or the person of staff, or "system"
	Reason     string // why it was refused
	LockerName string `gorm:"-"` // the locker's number
}

// Fingerprint is what the computer shows of its key.
func (e Enrolment) Fingerprint() string { return Fingerprint(e.PublicKeyHash) }

// EnrolmentQuery selects enrolments.
type EnrolmentQuery struct {
	Page
	State  EnrolmentState // empty: any
	Locker LockerID       // empty: any
}

// EnrolmentAsk is what a computer asks a certificate with: a claim, or its certificate that
// has ended.
type EnrolmentAsk struct {
	ClaimHash string
	Locker    LockerID
	Serial    string
	KeyHash   string
	Address   string
}

// Fingerprint is a key's hash as people compare it: its first 60 bits in Crockford's base 32,
// in groups of four. It is empty for what is no hash.
func Fingerprint(keyHash string) string {
	raw, err := hex.DecodeString(keyHash)
	if err != nil || len(raw) < 8 {
		return ""
	}
	var n uint64
	for _, b := range raw[:8] {
		n = n<<8 | uint64(b)
	}
	var b strings.Builder
	for i := range 12 {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(crockford[n>>(59-5*i)&31])
	}
	return strings.ToUpper(b.String())
}
