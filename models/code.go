package models

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
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

// CodeAlphabet is what a shipment's pickup codes are written in. It is chosen when the shipment
// becomes one of a cabinet, and stays: a policy that changes changes no code.
type CodeAlphabet string

// The alphabets. The zero value is digits.
const (
	CodeDigits CodeAlphabet = ""
	// CodeBase32 is Crockford's base 32, in capitals.
	CodeBase32 CodeAlphabet = "base32"
)

const (
	digitsLength = 8
	base32Length = 7
)

// Code is the code of a shipment's issue: HMAC-SHA256 with a check character, which catches every
// single wrong character and every swap of neighbours. In digits these are 7 digits and one to
// check them by Damm; in base 32 it is 6 characters and one. It is a string: leading zeros count.
func (a CodeAlphabet) Code(key CabinetKey, s ShipmentID, issue int) string {
	mac := hmac.New(sha256.New, key[:])
	if a == CodeBase32 {
		fmt.Fprintf(mac, "base32 %s#%d", s, issue)
		n := binary.BigEndian.Uint64(mac.Sum(nil))
		code := make([]byte, 0, base32Length)
		for i := range base32Length - 1 {
			code = append(code, crockfordCapitals[n>>(5*i)&31])
		}
		return string(append(code, crockfordCapitals[check32(string(code))]))
	}
	fmt.Fprintf(mac, "%s#%d", s, issue)
	// 64 bits modulo 10^7: the bias is under 10^-12.
	n := binary.BigEndian.Uint64(mac.Sum(nil)) % 10_000_000
	digits := fmt.Sprintf("%07d", n)
	return digits + string(rune('0'+damm(digits)))
}

// PickupCode is the code of a shipment's issue in digits.
func PickupCode(key CabinetKey, s ShipmentID, issue int) string {
	return CodeDigits.Code(key, s, issue)
}

// SpacedCode makes a code easier to read and type: "1234 5678", "ABC D2FG". The cabinet ignores
// the gap.
func SpacedCode(code string) string {
	if at := len(code) - 4; len(code) == digitsLength || len(code) == base32Length {
		return code[:at] + " " + code[at:]
	}
	return code
}

// forgiven are the characters that people type for others, which no code has, and what parts a
// code where it is read.
var forgiven = strings.NewReplacer("O", "0", "I", "1", "L", "1", " ", "", "-", "")

// ReadCode reads a code as people type it, small letters, O for 0, I or L for 1 and gaps
// included, and returns it as it was made. ok is false for what has the form of no code, and where
// the check character is wrong: a typing mistake, and no attempt. A code in base 32 has a letter;
// see ChooseIssue.
func ReadCode(typed string) (code string, in CodeAlphabet, ok bool) {
	code = forgiven.Replace(strings.ToUpper(typed))
	letters := strings.Trim(code, "0123456789") != ""
	switch {
	case len(code) == digitsLength && !letters:
		return code, CodeDigits, damm(code) == 0
	case len(code) == base32Length && letters && strings.Trim(code, crockfordCapitals) == "":
		return code, CodeBase32, check32(code) == 0
	}
	return "", "", false
}

// crockfordCapitals are the 32 characters of Crockford's base 32.
var crockfordCapitals = strings.ToUpper(crockford)

// check32 folds characters of base 32 with the quasigroup x*y = 2(x+y) over the field of 32
// elements (polynomial x^5+x^2+1), as M. Damm builds one for each power of two; 2 is neither 0
// nor 1, so that (c*x)*y is not (c*y)*x unless x is y. A string with its check character
// appended folds to 0.
func check32(code string) int {
	interim := 0
	for _, c := range code {
		interim = (interim ^ strings.IndexRune(crockfordCapitals, c)) << 1
		if interim > 31 {
			interim ^= 0b100101
		}
	}
	return interim
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

// cellPrefix begins what a sticker says that names a cell.
const cellPrefix = QRPrefix + "CELL:"

// CellLabel is what a sticker on a cell's door says to a scanner, as a Code 128 or a QR.
func CellLabel(cell int) string { return cellPrefix + strconv.Itoa(cell) }

// ParseCellLabel is the inverse, whatever the scanner does to the case.
func ParseCellLabel(text string) (cell int, ok bool) {
	number, ok := strings.CutPrefix(strings.ToUpper(text), cellPrefix)
	if !ok {
		return 0, false
	}
	cell, err := strconv.Atoi(number)
	return cell, err == nil && cell > 0 && CellLabel(cell) == strings.ToUpper(text)
}

// ValidCode reports whether a text can be read as a code.
func ValidCode(text string) bool {
	_, _, ok := ReadCode(text)
	return ok
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
// with none of the taken codes, nor with each other. A code in base 32 without a letter is none:
// where both alphabets are in use a pad tells them apart by that.
func (a CodeAlphabet) ChooseIssue(key CabinetKey, s ShipmentID, from int, taken map[string]bool) int {
	for issue := from; ; issue++ {
		seen := map[string]bool{}
		for i := range CodeIssues {
			code := a.Code(key, s, issue+i)
			if taken[code] || seen[code] || !ValidCode(code) {
				break
			}
			seen[code] = true
		}
		if len(seen) == CodeIssues {
			return issue
		}
	}
}
