package models

import "time"

// StaffID names a person of an operator's staff: "stf_…".
type StaffID string

// PrefixStaff begins the ids of staff.
const PrefixStaff = "stf"

// Staff is a person who works at the desk, for the organization that runs the network.
type Staff struct {
	ID           StaffID `gorm:"primaryKey"`
	Organization OrganizationID
	Login        string // lower case, unique
	Name         string
	Password     string // an argon2id hash in the PHC string format
	Language     string
	CreatedAt    time.Time
	DisabledAt   *time.Time
}

// TableName is the table of staff.
func (Staff) TableName() string { return "staff" }

// Actor is the person as one who makes requests.
func (s Staff) Actor() Actor {
	return Actor{Staff: s.ID, Organization: s.Organization, Kind: KindOperator, Scopes: []Scope{ScopeOperator}}
}

// longestLogin bounds a login's length.
const longestLogin = 64

// ValidLogin reports whether a login is 2 to 64 of a-z, 0-9, dot, hyphen, underscore and @.
func ValidLogin(login string) bool {
	if len(login) < 2 || len(login) > longestLogin {
		return false
	}
	for _, r := range login {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-', r == '_', r == '@':
		default:
			return false
		}
	}
	return true
}

// How long a session lasts: without a request, and in all.
const (
	SessionIdle = 30 * time.Minute
	SessionLife = 12 * time.Hour
)

// StaffSession is a signed-in browser. Only a SHA-256 of its token is kept.
type StaffSession struct {
	Hash      string `gorm:"primaryKey"`
	Staff     StaffID
	CreatedAt time.Time
	SeenAt    time.Time
}

// Alive reports whether the session may be used at the time.
func (s StaffSession) Alive(now time.Time) bool {
	return now.Before(s.SeenAt.Add(SessionIdle)) && now.Before(s.CreatedAt.Add(SessionLife))
}

// SignInTries counts the sign-ins that failed in a row, for a login or an address.
type SignInTries struct {
	Key    string `gorm:"primaryKey"`
	Failed int
	LastAt time.Time
}

// TableName is the table of tries.
func (SignInTries) TableName() string { return "sign_in_tries" }

// SignInKey is what tries are counted for: its key, and how many may fail before the next has
// to wait. Shared: others sign in with it too, so a success takes back its own try alone.
type SignInKey struct {
	Key    string
	Free   int
	Shared bool
}

// longestSignInWait bounds the delay, so that nobody can lock others out for long.
const longestSignInWait = time.Minute

// NotBefore is when the next try may be made: each that failed beyond the free ones doubles the
// wait, from a second up to a minute.
func (t SignInTries) NotBefore(free int) time.Time {
	if t.Failed < free {
		return t.LastAt
	}
	wait := longestSignInWait
	if over := t.Failed - free; over < 6 {
		wait = time.Second << over
	}
	return t.LastAt.Add(wait)
}
