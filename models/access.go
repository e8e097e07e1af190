package models

import "time"

// PurposeAccess is what access instructions are sealed for.
const PurposeAccess = "location access"

// Access tells couriers how to get to the lockers of a location. It is kept sealed.
type Access struct {
	GateCodes string `json:"gate_codes,omitempty"`
	KeyBox    string `json:"key_box,omitempty"`
	Intercom  string `json:"intercom,omitempty"`
	Steps     string `json:"steps,omitempty"`
}

// SealedAccess is its row, valid from and until, where those are set.
type SealedAccess struct {
	Location   LocationID `gorm:"primaryKey"`
	Sealed     []byte
	ValidFrom  *time.Time
	ValidUntil *time.Time
	UpdatedAt  time.Time
}

// TableName is the table of access instructions.
func (SealedAccess) TableName() string { return "location_access" }

// Valid reports whether the instructions are to be followed at the time.
func (a SealedAccess) Valid(now time.Time) bool {
	return (a.ValidFrom == nil || !now.Before(*a.ValidFrom)) && (a.ValidUntil == nil || now.Before(*a.ValidUntil))
}
