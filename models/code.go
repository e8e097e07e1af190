package models

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// CabinetKey is the secret that a cabinet's pickup codes come from. It belongs to the
// cabinet, not to its computer, and survives a change of computer.
type CabinetKey [32]byte

// DeriveCabinetKey is HKDF-SHA256(master, locker and key version).
func DeriveCabinetKey(master []byte, l LockerID, version int) (CabinetKey, error) {
	var key CabinetKey
	raw, err := hkdf.Key(sha256.New, master, nil, fmt.Sprintf("cubby cabinet key v%d %s", version, l), len(key))
	if err != nil {
		return key, err
	}
	copy(key[:], raw)
	return key, nil
}

// CodeIssues is how many issues of a code a cabinet accepts at once: the current one
// and the next two, so that a re-issue reaches a cabinet without a network.
const CodeIssues = 3

// PickupCode is the code of a shipment's issue: 7 digits from HMAC-SHA256 and a Damm
// check digit, which catches every single wrong digit and every swap of neighbours.
// It is a string: leading zeros count.
func PickupCode(key CabinetKey, s ShipmentID, issue int) string {
	mac := hmac.New(sha256.New, key[:])
	fmt.Fprintf(mac, "%s#%d", s, issue)
	// 64 bits modulo 10^7: the bias is under 10^-12.
	n := binary.BigEndian.Uint64(mac.Sum(nil)) % 10_000_000
	digits := fmt.Sprintf("%07d", n)
	return digits + string(rune('0'+damm(digits)))
}

// SpacedCode makes the eight digits of a code easier to read and type: "1234 5678". The cabinet's
// pad ignores the gap.
func SpacedCode(code string) string {
	if len(code) == 8 {
		return code[:4] + " " + code[4:]
	}
	return code
}

// QRPrefix begins the text of every pickup QR.
const QRPrefix = "CUBBY:"

// PickupQR is the text of the QR with which a client collects a shipment's issue: QRPrefix and
// 128 bits of HMAC-SHA256, as 26 characters of Crockford's base 32 in capitals. All of it is in
// the QR's alphanumeric set. It tells nothing of the digits that PickupCode makes.
func PickupQR(key CabinetKey, s ShipmentID, issue int) string {
	mac := hmac.New(sha256.New, key[:])
	fmt.Fprintf(mac, "qr %s#%d", s, issue)
	return QRPrefix + strings.ToUpper(base32([16]byte(mac.Sum(nil))))
}

// ParsePickupQR reports whether a scanned text has the form of a pickup QR, and returns it as
// PickupQR writes it: some scanners are set to change the case.
func ParsePickupQR(text string) (qr string, ok bool) {
	qr = strings.ToUpper(text)
	secret, ok := strings.CutPrefix(qr, QRPrefix)
	return qr, ok && len(secret) == 26 && strings.Trim(strings.ToLower(secret), crockford) == ""
}

// ValidCode reports whether a typed code has 8 digits and the right check digit. A code
// that fails here is a typing mistake, not an attempt.
func ValidCode(code string) bool {
	if len(code) != 8 {
		return false
	}
	for _, c := range code {
		if c < '0' || c > '9' {
			return false
		}
	}
	return damm(code) == 0
}

// damm folds digits with the quasigroup of order 10 that H. Michael Damm published in
// his thesis (Marburg, 2004); a string with its check digit appended folds to 0.
func damm(digits string) int {
	table := [10][10]int{
		{0, 3, 1, 7, 5, 9, 8, 6, 4, 2},
		{7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
		{4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
		{1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
		{6, 1, 2, 3, 0, 4, 5, 9, 7, 8},
		{3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
		{5, 8, 6, 9, 7, 2, 0, 1, 3, 4},
		{8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
		{9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
		{2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
	}
	interim := 0
	for _, c := range digits {
		interim = table[interim][c-'0']
	}
	return interim
}

// ChooseIssue returns the lowest issue from `from` on whose code and next two collide
// with none of the taken codes, nor with each other.
func ChooseIssue(key CabinetKey, s ShipmentID, from int, taken map[string]bool) int {
	for issue := from; ; issue++ {
		seen := map[string]bool{}
		for i := range CodeIssues {
			code := PickupCode(key, s, issue+i)
			if taken[code] || seen[code] {
				break
			}
			seen[code] = true
		}
		if len(seen) == CodeIssues {
			return issue
		}
	}
}
