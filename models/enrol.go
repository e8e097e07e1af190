package models

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math/big"
	"net/url"
	"strings"
	"time"
)

// Times of a cabinet's identity.
const (
	ClaimLife = 72 * time.Hour
	// CertificateLife is short, because a computer renews by itself from day 15.
	CertificateLife = 45 * 24 * time.Hour
	// CertificateBackdate lets a computer whose clock is behind use its certificate at once.
	CertificateBackdate = 24 * time.Hour
	// CertificateGrace is how long after its end a certificate may still be renewed: a
	// cabinet may stand dark for a winter.
	CertificateGrace = 180 * 24 * time.Hour
)

// The codes of a refused enrolment.
const (
	CodeClaimUnknown       Code = "claim_unknown"
	CodeClaimUsed          Code = "claim_used"
	CodeClaimExpired       Code = "claim_expired"
	CodeKeyUsed            Code = "key_used"
	CodeCertificateUnknown Code = "certificate_unknown"
	CodeCertificateRevoked Code = "certificate_revoked"
	CodeCertificateExpired Code = "certificate_expired"
	// CodeCabinetCloned: two computers speak for one cabinet, and neither is heard.
	CodeCabinetCloned Code = "cabinet_cloned"
)

// Claim is a one-time code that makes a computer the computer of a cabinet. A cabinet has
// one at most; only the hash is kept.
type Claim struct {
	Locker    LockerID `gorm:"primaryKey"`
	Hash      string   // HashClaim
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
	UsedBy    string // the hash of the key that it was used for
}

// claimBytes makes a claim as hard to guess as a key.
const claimBytes = 16

// NewClaimCode makes a claim's code: 128 random bits in Crockford's base 32, in groups of
// four as people read them.
func NewClaimCode(rand io.Reader) (string, error) {
	var raw [claimBytes]byte
	if _, err := io.ReadFull(rand, raw[:]); err != nil {
		return "", err
	}
	var b strings.Builder
	n := new(big.Int).SetBytes(raw[:])
	for i := range claimDigits {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		digit := new(big.Int).Rsh(n, uint(5*(claimDigits-1-i)))
		b.WriteByte(crockford[digit.Int64()&31])
	}
	return strings.ToUpper(b.String()), nil
}

const claimDigits = (8*claimBytes + 4) / 5

// HashClaim is what is kept and looked up of a claim's code: SHA-256, hex. Case, spaces,
// hyphens and the letters that look like digits do not matter. ok is false for a text that
// is no code.
func HashClaim(code string) (hash string, ok bool) {
	if len(code) > 4*claimDigits {
		return "", false
	}
	plain := strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(code))
	if len(plain) != claimDigits || strings.Trim(plain, crockford) != "" {
		return "", false
	}
	sum := sha256.Sum256([]byte("cubby claim v1\n" + plain))
	return hex.EncodeToString(sum[:]), true
}

// Certificate is a certificate that was given to a cabinet's computer. A key gets one,
// ever.
type Certificate struct {
	Serial        string `gorm:"primaryKey"` // SerialText
	Locker        LockerID
	PublicKeyHash string
	NotAfter      time.Time
	DER           []byte `gorm:"column:der"`
	CreatedAt     time.Time
	RevokedAt     *time.Time
	Reason        string // why it was revoked
}

// RevokedReplaced is the reason of a revocation that nobody typed: another computer
// enrolled in the cabinet.
const RevokedReplaced = "replaced"

// LockerLink is how a cabinet is connected.
type LockerLink struct {
	Online   bool
	LastSeen *time.Time // nil: never
	// CertificateUntil is the end of its newest certificate; nil: it has none that counts.
	CertificateUntil *time.Time
	// HeldSince is since when no computer is taken for it, because two spoke for it; nil: it is
	// not held.
	HeldSince *time.Time
}

// GatewayLease is how long after its last beat a gateway's connections count.
const GatewayLease = 5 * time.Second

// SerialText is a certificate's serial number as tables and logs have it.
func SerialText(serial *big.Int) string { return serial.Text(16) }

// LockerURI is the name of a cabinet in its certificate.
func LockerURI(l LockerID) *url.URL {
	return &url.URL{Scheme: "spiffe", Host: "cubby", Path: lockerPath + string(l)}
}

const lockerPath = "/locker/"

// LockerOf reads a cabinet's name out of a certificate: it must be the only one.
func LockerOf(c *x509.Certificate) (LockerID, bool) {
	if len(c.URIs) != 1 {
		return "", false
	}
	id, ok := strings.CutPrefix(c.URIs[0].Path, lockerPath)
	l := LockerID(id)
	return l, ok && ValidID(PrefixLocker, id) && c.URIs[0].String() == LockerURI(l).String()
}

// maxCSR bounds a certificate request: one with a P-256 key has a few hundred bytes.
const maxCSR = 4 << 10

// CheckCSR reads a certificate request (PKCS#10, DER): its public key, which must be P-256,
// and the key's hash. The request's signature proves that the sender has the private half;
// nothing else in it is believed.
func CheckCSR(der []byte) (key *ecdsa.PublicKey, hash string, err error) {
	if len(der) > maxCSR {
		return nil, "", Errorf(CodeInvalid, "csr is over the limit of %d bytes", maxCSR)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, "", Wrap(CodeInvalid, err, "csr is not a PKCS#10 request in DER")
	}
	key, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, "", Errorf(CodeInvalid, "csr must have a P-256 key")
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, "", Wrap(CodeInvalid, err, "csr is not signed by its own key")
	}
	hash, err = PublicKeyHash(key)
	return key, hash, err
}

// PublicKeyHash names a key: the SHA-256 of its SubjectPublicKeyInfo, hex.
func PublicKeyHash(key *ecdsa.PublicKey) (string, error) {
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:]), nil
}
