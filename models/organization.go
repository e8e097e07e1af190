package models

import (
	"slices"
	"time"
)

// OrganizationKind is what an organization does in the network.
type OrganizationKind string

// The kinds of organization. A host is the site where a locker stands.
const (
	KindOperator OrganizationKind = "operator"
	KindCarrier  OrganizationKind = "carrier"
	KindShop     OrganizationKind = "shop"
	KindPartner  OrganizationKind = "partner"
	KindHost     OrganizationKind = "host"
)

// Valid reports whether k is one of the kinds.
func (k OrganizationKind) Valid() bool {
	switch k {
	case KindOperator, KindCarrier, KindShop, KindPartner, KindHost:
		return true
	}
	return false
}

// Organization is a party of the network.
type Organization struct {
	ID        OrganizationID `gorm:"primaryKey"`
	Name      string
	Kind      OrganizationKind
	Email     string // where it is written to: an operator of incidents, anybody of its webhooks; empty: nowhere
	Language  string // of what is written to it; empty: English
	CreatedAt time.Time
}

// OrganizationChange changes what is not nil.
type OrganizationChange struct{ Name, Email, Language *string }

// Apply changes an organization.
func (c OrganizationChange) Apply(o *Organization) {
	set(&o.Name, c.Name)
	set(&o.Email, c.Email)
	set(&o.Language, c.Language)
}

// Scope is one permission of an API key.
type Scope string

// The scopes. Operator implies every other one, in every organization.
const (
	ScopeShipments Scope = "shipments"
	ScopeCouriers  Scope = "couriers"
	ScopeCodes     Scope = "codes:read" // pickup codes
	ScopeWebhooks  Scope = "webhooks"   // feeds of events, and endpoints that they are posted to
	// ScopeMessages is for what clients are told: own texts, and what became of messages.
	ScopeMessages Scope = "messages"
	// ScopeRemote is for opening doors from afar. Keys of an operator alone have it.
	ScopeRemote   Scope = "remote:open"
	ScopeOperator Scope = "operator"
)

// Scopes are all of them.
func Scopes() []Scope {
	return []Scope{ScopeShipments, ScopeCouriers, ScopeCodes, ScopeWebhooks, ScopeMessages, ScopeRemote, ScopeOperator}
}

// Valid reports whether s is one of the scopes.
func (s Scope) Valid() bool {
	return slices.Contains(Scopes(), s)
}

// APIKey is a key of an organization. Only a SHA-256 of its secret is kept: the secret
// has 160 random bits, so a fast hash is enough.
type APIKey struct {
	ID           KeyID `gorm:"primaryKey"`
	Organization OrganizationID
	Name         string
	Hash         string
	Scopes       []Scope `gorm:"serializer:json"`
	Test         bool    // sees test lockers, and them alone
	CreatedAt    time.Time
	ExpiresAt    *time.Time
	RevokedAt    *time.Time
}

// Active reports whether the key may be used at the time.
func (k APIKey) Active(now time.Time) bool {
	return k.RevokedAt == nil && (k.ExpiresAt == nil || now.Before(*k.ExpiresAt))
}

// Actor is who makes a request: an organization through one of its keys, or a person of its
// staff.
type Actor struct {
	Key          KeyID
	Staff        StaffID // empty: a key acts
	Organization OrganizationID
	Kind         OrganizationKind
	Scopes       []Scope
	Test         bool // by a test key
}

// Client is the actor of what a client does on its page.
func Client() Actor { return Actor{Key: "client"} }

// Can reports whether the actor has the scope, by itself or as an operator. A host has none: it
// sees the state and the room of the lockers at its places, and nothing of what lies in them.
func (a Actor) Can(s Scope) bool {
	if a.Kind == KindHost {
		return false
	}
	for _, have := range a.Scopes {
		if have == s || have == ScopeOperator {
			return true
		}
	}
	return false
}

// Operator reports whether the actor runs the network.
func (a Actor) Operator() bool { return a.Can(ScopeOperator) }

// Sees reports whether the actor sees what is of test lockers, or what is not. An operator sees
// both.
func (a Actor) Sees(test bool) bool { return a.Operator() || a.Test == test }
