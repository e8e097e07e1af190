// Package protocol is the contract between a cabinet's agent and the server, version 1:
// the paths, the messages of the stream and the bodies of the other calls. Both sides
// import it; docs/protocol.md is written from it. Everything is JSON. A receiver ignores
// fields that it does not know and answers a message type that it does not know with an
// error.
package protocol

import (
	"encoding/json"
	"fmt"
	"time"

	"cubby/models"
)

// Version is the version that this build speaks; it accepts VersionMin to Version.
const (
	Version    = 1
	VersionMin = 1
)

// Paths of the device listener.
const (
	PathEnroll    = "/agent/v1/enroll"
	PathStream    = "/agent/v1/stream"
	PathJournal   = "/agent/v1/journal"
	PathDirectory = "/agent/v1/directory"
	PathSnapshot  = "/agent/v1/snapshot"
	PathRenew     = "/agent/v1/renew"
	PathRequests  = "/agent/v1/requests"
)

// Limits of a message, a batch and the times of principle 4.
const (
	MaxMessage      = 1 << 20 // bytes of one stream message
	MaxBatch        = 500     // facts in one journal call
	MaxBatchBytes   = 4 << 20 // bytes of one journal call
	AcceptTimeout   = 2 * time.Second
	CommandTimeout  = 3 * time.Second
	OpenTimeout     = 7 * time.Second // the agent answers not_opened by then
	PongTimeout     = 4 * time.Second // for one ping: with PingInterval, a silent line ends 8 s after its last pong
	PingInterval    = 4 * time.Second
	OpenInterval    = 300 * time.Millisecond // between two doors: a solenoid draws amps
	DoorsAtOnce     = 4
	DefaultValidFor = AcceptTimeout
)

// Type is the type of a stream message.
type Type string

// The types.
const (
	TypeHello            Type = "hello"             // up, first
	TypeContinueFrom     Type = "continue_from"     // down: the journal goes on after this seq
	TypeNewEpoch         Type = "new_epoch"         // down: start a new epoch; the journal cannot go on
	TypeCommand          Type = "command"           // down: open the cells of an operation
	TypeResult           Type = "result"            // up: what came of a command
	TypeHeartbeat        Type = "heartbeat"         // up
	TypeDirectoryChanged Type = "directory_changed" // down: fetch the directory
	TypeAsk              Type = "ask"               // up: does the server lead this operation?
	TypeAnswer           Type = "answer"            // down: to an ask
	TypeError            Type = "error"             // either way: a message was not understood
)

// Message is one frame of the stream.
type Message struct {
	Type Type            `json:"type"`
	Body json.RawMessage `json:"body"`
}

// Encode makes a frame.
func Encode(t Type, body any) ([]byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("protocol: %s has no JSON form: %w", t, err)
	}
	return json.Marshal(Message{Type: t, Body: raw})
}

// Decode reads a frame.
func Decode(frame []byte) (Message, error) {
	var m Message
	if len(frame) > MaxMessage {
		return m, models.Errorf(models.CodeMalformedFrame, "a message of %d bytes is over the limit of %d", len(frame), MaxMessage)
	}
	if err := json.Unmarshal(frame, &m); err != nil {
		return m, models.Wrap(models.CodeMalformedFrame, err, "a message is not JSON of the form {type, body}")
	}
	if m.Type == "" {
		return m, models.Errorf(models.CodeMalformedFrame, "a message has no type")
	}
	return m, nil
}

// Into decodes the body of a message.
func (m Message) Into(v any) error {
	if err := json.Unmarshal(m.Body, v); err != nil {
		return models.Wrap(models.CodeMalformedFrame, err, "the body of "+string(m.Type)+" does not have the form of its type")
	}
	return nil
}

// Hello is the first message of a stream. Epoch and Seq name the journal's last fact;
// Seq 0 with an empty hash: none yet.
type Hello struct {
	Agent  string              `json:"agent"` // version of the program
	Min    int                 `json:"protocol_min"`
	Max    int                 `json:"protocol_max"`
	Epoch  int64               `json:"epoch"`
	Seq    int64               `json:"last_seq"`
	Hash   string              `json:"last_hash"`
	Boot   string              `json:"boot"`
	Nonce  string              `json:"nonce"` // of this session
	Clock  models.ClockQuality `json:"clock"`
	NowMS  int64               `json:"now_ms"`
	Cursor Cursor              `json:"cursor"` // of the directory
}

// ContinueFrom answers a hello: the server has facts up to Seq of the cabinet's epoch.
type ContinueFrom struct {
	Protocol int   `json:"protocol"`
	Epoch    int64 `json:"epoch"`
	Seq      int64 `json:"seq"`
	NowMS    int64 `json:"now_ms"`
}

// NewEpoch answers a hello whose journal does not follow what the server has: begin
// Epoch with an inventory.
type NewEpoch struct {
	Protocol int    `json:"protocol"`
	Epoch    int64  `json:"epoch"`
	NowMS    int64  `json:"now_ms"`
	Reason   string `json:"reason"`
}

// Ask asks whether the server leads an operation. The gateway adds the deadline by its
// own clock: now + ValidForMS.
type Ask struct {
	Operation  models.OperationID   `json:"operation"`
	Kind       models.OperationKind `json:"kind"`
	Shipment   models.ShipmentID    `json:"shipment"`
	Cells      []models.OpenCell    `json:"cells"`
	ValidForMS int64                `json:"valid_for_ms"`
}

// Verdict is an answer's gist.
type Verdict string

// The verdicts.
const (
	Accepted      Verdict = "accepted"       // the server leads; a command follows
	Refused       Verdict = "refused"        // it may not be done; Reason says why
	DecideLocally Verdict = "decide_locally" // the server cannot lead now
)

// Answer answers an Ask.
type Answer struct {
	Operation models.OperationID `json:"operation"`
	Verdict   Verdict            `json:"verdict"`
	Reason    string             `json:"reason,omitempty"`
}

// Command has the cabinet open cells. ID pairs it with its result. Open names an operation
// that waits in its ledger; Remote, if it is there, begins one by its signed grant instead.
type Command struct {
	ID     string           `json:"id"`
	Open   models.OpenInput `json:"open"`
	Remote *RemoteOpening   `json:"remote,omitempty"`
}

// RemoteOpening is a signed models.RemoteGrant: its exact bytes, and who signed them.
type RemoteOpening struct {
	Grant     []byte `json:"grant"`
	Signer    string `json:"signer"`
	Signature []byte `json:"signature"`
}

// Result answers a Command with the operation's recorded state. Epoch and Seq name the
// fact that says the same, when there is one already.
type Result struct {
	ID        string             `json:"id"`
	Operation models.OperationID `json:"operation"`
	Result    models.OpenResult  `json:"result"`
	Epoch     int64              `json:"epoch,omitempty"`
	Seq       int64              `json:"seq,omitempty"`
}

// Heartbeat tells that the cabinet lives and what it holds. Digest is InventoryDigest
// of its cells.
type Heartbeat struct {
	Epoch  int64  `json:"epoch"`
	Seq    int64  `json:"last_seq"`
	Digest string `json:"inventory_digest"`
}

// DirectoryChanged names where the directory stands now.
type DirectoryChanged struct {
	Cursor Cursor `json:"cursor"`
}

// Problem is the body of an error message.
type Problem struct {
	Code   models.Code `json:"code"`
	Detail string      `json:"detail"`
}

// JournalRequest is the body of a journal call.
type JournalRequest struct {
	Facts []models.Fact `json:"facts"`
}

// JournalReply says up to which fact the journal is kept by the server.
type JournalReply struct {
	Epoch int64 `json:"epoch"`
	Seq   int64 `json:"seq"`
}

// RequestKind is what a screen asks of the server beside operations.
type RequestKind string

// The kinds.
const (
	// ResendCode has the pickup code sent once more to the client of what waits at the cabinet under
	// a number: a label, or the shipment's number.
	ResendCode RequestKind = "resend_code"
	// Lookup asks of a label that the cabinet does not know, in the hands of a courier.
	Lookup RequestKind = "lookup"
	// Nearby asks which other lockers could take a shipment for which there is no room here.
	Nearby RequestKind = "nearby"
	// SendThere has the shipment go to one of them.
	SendThere RequestKind = "send_there"
	// CallBack has the support call the client of a shipment.
	CallBack RequestKind = "call_back"
)

// RequestsAnHour is how many requests of the kind a cabinet makes in an hour, and a server heeds.
func (k RequestKind) RequestsAnHour() int {
	switch k {
	case ResendCode:
		return 3
	case CallBack:
		return 6
	}
	return 120 // a courier's, each for a parcel in their hands
}

// RequestTimeout is how long a screen waits for an answer.
const RequestTimeout = 10 * time.Second

// Request is the body of a request. ID is given back to the core with the answer; the server does
// not read it. Of ResendCode the answer is {}: whoever asks at a cabinet is not told
// whether something waits there.
type Request struct {
	ID       string            `json:"id,omitempty"`
	Kind     RequestKind       `json:"kind"`
	Label    string            `json:"label,omitempty"`
	Shipment models.ShipmentID `json:"shipment,omitempty"`
	Courier  models.CourierID  `json:"courier,omitempty"` // who asks, of Lookup, Nearby and SendThere
	To       models.LockerID   `json:"to,omitempty"`
	Session  string            `json:"session,omitempty"` // what the client names to the support
}

// Verdict of a request.
const (
	RequestHere      = "here"      // the parcel is for this cabinet, and its directory says so
	RequestElsewhere = "elsewhere" // it goes to another locker, at Place
	RequestUnknown   = "unknown"   // no parcel of the courier's carrier has the label
	RequestDone      = "done"
	RequestRefused   = "refused"
)

// RequestReply answers a request.
type RequestReply struct {
	Verdict string `json:"verdict,omitempty"`
	// Place is the number and address of a locker.
	Place string `json:"place,omitempty"`
	// Lockers have room for all that is still to come of a shipment, the nearest first.
	Lockers []models.NearbyLocker `json:"lockers,omitempty"`
}

// EnrollRequest asks for a certificate. Claim is the one-time code of an enrolment; a
// renewal has none, since the certificate that it comes with says who asks. CSR is a
// PKCS#10 request (DER) with a P-256 key, signed by it; its subject is not read.
type EnrollRequest struct {
	Claim string `json:"claim,omitempty"`
	CSR   []byte `json:"csr"`
}

// EnrollReply is what a cabinet's computer needs to be that cabinet. Certificate is the
// chain, leaf first, in PEM. Sealed is the cabinet's key for the CSR's key: HPKE (RFC 9180)
// with DHKEM(P-256), HKDF-SHA256 and AES-128-GCM; info "cubby cabinet key v1 <locker>". Trust says
// the same of signers and key, signed: at a renewal it alone is believed.
type EnrollReply struct {
	Locker      models.LockerID    `json:"locker"`
	Certificate string             `json:"certificate"`
	Signers     []models.SignerKey `json:"signers"`
	KeyVersion  int                `json:"key_version"`
	Sealed      []byte             `json:"sealed"`
	Trust       models.SignedTrust `json:"trust,omitzero"`
}
