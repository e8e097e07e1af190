package models

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CourierRole says what a person may do at a cabinet.
type CourierRole string

// The roles.
const (
	RoleCourier    CourierRole = "courier"
	RoleTechnician CourierRole = "technician"
)

// Courier is a person who loads and empties cabinets, or mends them.
type Courier struct {
	ID           CourierID `gorm:"primaryKey"`
	Organization OrganizationID
	Role         CourierRole
	Badge        string     // what the badge's code says; unique in the network
	PINHash      string     // see HashPIN
	Lockers      []LockerID `gorm:"serializer:json"` // empty: every locker
	ValidFrom    *time.Time
	ValidUntil   *time.Time
	Suspended    bool
	Test         bool  // of a test key: for test lockers alone
	Unannounced  bool  // may leave parcels that nobody announced
	Rev          int64 // from 1; each change raises it
	CreatedAt    time.Time
}

// Allowed reports whether the courier may log in at the locker at the time.
func (c Courier) Allowed(l LockerID, now time.Time) bool {
	if c.Suspended || c.ValidFrom != nil && now.Before(*c.ValidFrom) || c.ValidUntil != nil && !now.Before(*c.ValidUntil) {
		return false
	}
	if len(c.Lockers) == 0 {
		return true
	}
	for _, id := range c.Lockers {
		if id == l {
			return true
		}
	}
	return false
}

// CourierUpdate changes what is not nil of a courier.
type CourierUpdate struct {
	Badge, PINHash            *string
	Lockers                   []LockerID // empty, and not nil: every locker
	ValidFrom, ValidUntil     *time.Time
	NoValidFrom, NoValidUntil bool // the bound is taken away
	Unannounced               *bool
}

// Apply changes a courier; invalid_request where the validity would end before it begins.
func (u CourierUpdate) Apply(c *Courier) error {
	set(&c.Badge, u.Badge)
	set(&c.PINHash, u.PINHash)
	set(&c.Unannounced, u.Unannounced)
	if u.Lockers != nil {
		c.Lockers = slices.Compact(slices.Sorted(slices.Values(u.Lockers)))
	}
	if u.ValidFrom != nil || u.NoValidFrom {
		c.ValidFrom = u.ValidFrom
	}
	if u.ValidUntil != nil || u.NoValidUntil {
		c.ValidUntil = u.ValidUntil
	}
	var f Fields
	if c.ValidFrom != nil && c.ValidUntil != nil && !c.ValidUntil.After(*c.ValidFrom) {
		f.Add("/valid_until", "must be after valid_from")
	}
	return f.Err()
}

// CourierQuery narrows the list of couriers.
type CourierQuery struct {
	Page
	Organization OrganizationID // for operators; empty: all
	Role         CourierRole    // empty: every one
}

// pinRounds keeps one guess at some milliseconds on a cabinet's computer. A PIN is
// short whatever the hash; the limit of 5 wrong tries per badge is what protects it.
const pinRounds = 20_000

// HashPIN returns "pbkdf2-sha256$rounds$salt$hash" with a fresh 16-byte salt.
func HashPIN(pin string, rand io.Reader) (string, error) {
	salt := make([]byte, 16)
	if _, err := io.ReadFull(rand, salt); err != nil {
		return "", err
	}
	sum, err := pbkdf2.Key(sha256.New, pin, salt, pinRounds, 32)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("pbkdf2-sha256$%d$%s$%s", pinRounds, hex.EncodeToString(salt), hex.EncodeToString(sum)), nil
}

// CheckPIN reports whether the PIN belongs to a hash made by HashPIN.
func CheckPIN(hash, pin string) bool {
	part := strings.Split(hash, "$")
	if len(part) != 4 || part[0] != "pbkdf2-sha256" {
		return false
	}
	rounds, err := strconv.Atoi(part[1])
	if err != nil || rounds < 1 || rounds > 1_000_000 {
		return false
	}
	salt, err1 := hex.DecodeString(part[2])
	want, err2 := hex.DecodeString(part[3])
	if err1 != nil || err2 != nil || len(want) != 32 {
		return false
	}
	sum, err := pbkdf2.Key(sha256.New, pin, salt, rounds, len(want))
	return err == nil && subtle.ConstantTimeCompare(sum, want) == 1
}
