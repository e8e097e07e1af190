package models

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// PageToken is the secret in the address of a client's page: 128 bits of HKDF-SHA256(master,
// shipment and revision), as 26 characters of Crockford's base 32.
func PageToken(master []byte, s ShipmentID, rev int) (string, error) {
	raw, err := hkdf.Key(sha256.New, master, nil, fmt.Sprintf("cubby client page v1 %s#%d", s, rev), 16)
	if err != nil {
		return "", err
	}
	return base32([16]byte(raw)), nil
}

// ValidPageToken reports whether a token has the form that PageToken gives.
func ValidPageToken(token string) bool {
	return len(token) == 26 && strings.Trim(token, crockford) == ""
}

// PageHash is what is kept of a token, to find its page by: SHA-256, hex. The token has 128 bits
// of a key, so a fast hash is enough.
func PageHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// PagePath begins the path of a client's page; its token follows.
const PagePath = "/t/"

// ClientPage is what a client's page shows, but for the code: nothing of it is personal.
type ClientPage struct {
	Shipment Shipment
	Parcels  []Parcel
	Policy   Policy
	Extended int // how often storage was lengthened
	Locker   Locker
	Location Location
	// AwaySince is since when the cabinet cannot be reached, and storage time stands still; nil:
	// it can.
	AwaySince *time.Time
	// Replaced: the client was told of a newer address. Nothing else is set.
	Replaced bool
}

// MayExtend reports whether the client may lengthen the storage time.
func (p ClientPage) MayExtend() bool {
	_, ok := p.Shipment.State.Next(DoExtend)
	return ok && !p.Shipment.Frozen && p.Extended < p.Policy.Extensions
}

// ClientProblem is what a client says is wrong.
type ClientProblem string

// The problems that a client may choose from.
const (
	ProblemCellEmpty   ClientProblem = "cell_empty"
	ProblemDoor        ClientProblem = "door_did_not_open"
	ProblemWrongParcel ClientProblem = "wrong_or_damaged"
	ProblemOther       ClientProblem = "other"
)

// ClientProblems lists them in the order of the page.
func ClientProblems() []ClientProblem {
	return []ClientProblem{ProblemDoor, ProblemCellEmpty, ProblemWrongParcel, ProblemOther}
}

// LongestReport bounds a report's text, in characters.
const LongestReport = 500

// ClientReport is a problem that a client told. Text is in the client's words: it stays in its
// table, and is erased with the contact.
type ClientReport struct {
	ID        ReportID `gorm:"primaryKey"`
	Incident  IncidentID
	Shipment  ShipmentID
	Problem   ClientProblem
	Text      string
	CreatedAt time.Time
}
