package models

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
)

// SignerKey is a public Ed25519 key whose signatures a cabinet believes. It learns them
// at enrolment; only workers hold the private halves.
type SignerKey struct {
	ID     string `json:"id"`
	Public []byte `json:"public"` // 32 bytes
}

// Signer signs grants and remote openings.
type Signer struct {
	ID  string
	Key ed25519.PrivateKey
}

// Public is the half that cabinets know.
func (s Signer) Public() SignerKey {
	return SignerKey{ID: s.ID, Public: s.Key.Public().(ed25519.PublicKey)}
}

// Granting reports whether entries of the kind widen what people may do at a cabinet, and
// so must be signed. An order about a cell is among them: whoever could clear the doubt of a
// cell with somebody's parcel in it would have the next one put on top, and given away with it.
func (k DirectoryKind) Granting() bool {
	return k == EntryCourier || k == EntryWithdrawal || k == EntryCell
}

// Grant is the signed part of a directory entry that grants. Of two with the same kind and
// key the higher Rev counts, whatever order they come in, so that an old grant cannot be
// played back over its withdrawal.
type Grant struct {
	Kind DirectoryKind
	Key  string
	Rev  int64 // from 1
	Body json.RawMessage
}

// SignedGrant is a grant with who signed it.
type SignedGrant struct {
	Grant
	Signer    string
	Signature []byte
}

// Row is the directory entry of the grant.
func (g SignedGrant) Row() DirectoryRow {
	return DirectoryRow{Kind: g.Kind, Key: g.Key, Body: g.Body, Rev: g.Rev, Signer: g.Signer, Signature: g.Signature}
}

// message is what is signed: the purpose, the kind, key and rev, each followed by a line
// feed, then the exact bytes of the body.
func (g Grant) message() []byte {
	return append(fmt.Appendf(nil, "cubby directory grant v1\n%s\n%s\n%d\n", g.Kind, g.Key, g.Rev), g.Body...)
}

func (s Signer) sign(message []byte) []byte { return ed25519.Sign(s.Key, message) }

// SignGrant signs a grant.
func (s Signer) SignGrant(g Grant) []byte { return s.sign(g.message()) }

// Sign returns the grant with its signature.
func (s Signer) Sign(g Grant) SignedGrant {
	return SignedGrant{Grant: g, Signer: s.ID, Signature: s.SignGrant(g)}
}

// VerifyGrant reports whether a trusted signer made the signature.
func VerifyGrant(trusted []SignerKey, signer string, g Grant, signature []byte) bool {
	return g.Kind.Granting() && verify(trusted, signer, g.message(), signature)
}

// Why a cell is opened from afar.
const (
	PurposeHelp       = "help"       // someone at the cabinet asked support
	PurposeService    = "service"    // someone repairs or cleans
	PurposeEvacuation = "evacuation" // everything has to get out
)

// PurposeOpenGate is of a grant that opens the gate of the cabinet's site, and no cell: its Cell and
// Generation are 0. It has budgets of its own, with the signer and at the cabinet.
const PurposeOpenGate = "open_gate"

// RemotePurposes lists what cells are opened for.
func RemotePurposes() []string { return []string{PurposeHelp, PurposeService, PurposeEvacuation} }

// RemoteGrant is what a remote opening allows: one pulse on one cell of one cabinet in one
// session, for one occupancy, until a time. It is signed anew for each attempt.
type RemoteGrant struct {
	Locker     LockerID    `json:"locker"`
	Epoch      int64       `json:"epoch"` // of the cabinet's journal
	Nonce      string      `json:"nonce"` // of the session, from the cabinet's hello
	Cell       int         `json:"cell"`
	Generation int64       `json:"generation"`
	Purpose    string      `json:"purpose"` // one of RemotePurposes, or PurposeOpenGate
	Operation  OperationID `json:"operation"`
	// NotAfterMS is Unix milliseconds by the server's clock. The cabinet counts on its own
	// uptime from the server's time in the session's first answer.
	NotAfterMS int64 `json:"not_after_ms"`
}

const remotePurpose = "cubby remote opening v1\n"

// SignRemote returns the grant's exact bytes and their signature.
func (s Signer) SignRemote(g RemoteGrant) (grant, signature []byte, err error) {
	if grant, err = json.Marshal(g); err != nil {
		return nil, nil, err
	}
	return grant, s.sign(append([]byte(remotePurpose), grant...)), nil
}

// VerifyRemote returns the grant if a trusted signer made the signature; forbidden
// otherwise.
func VerifyRemote(trusted []SignerKey, signer string, grant, signature []byte) (RemoteGrant, error) {
	var g RemoteGrant
	if !verify(trusted, signer, append([]byte(remotePurpose), grant...), signature) {
		return g, Errorf(CodeForbidden, "the signature is not of a trusted signer")
	}
	if err := json.Unmarshal(grant, &g); err != nil {
		return g, Wrap(CodeMalformedFrame, err, "the grant is not the object that is wanted")
	}
	return g, nil
}

func verify(trusted []SignerKey, signer string, message, signature []byte) bool {
	for _, t := range trusted {
		if t.ID == signer && len(t.Public) == ed25519.PublicKeySize {
			return ed25519.Verify(t.Public, message, signature)
		}
	}
	return false
}
