package api

import (
	"context"

	"cubby/models"
)

// The interfaces below are what the handlers need; models/store and worker implement
// them. Every method may also return internal errors, and unavailable when the database
// does not answer.

// Keys finds who a key belongs to.
type Keys interface {
	// Authenticate takes the SHA-256 (hex) of a key's secret. It returns unauthorized for
	// a key that is unknown, revoked or expired.
	Authenticate(ctx context.Context, hash string) (models.Actor, error)
	// CreateKey returns the key and its secret, which is shown once. It returns not_found
	// for an unknown organization.
	CreateKey(ctx context.Context, k models.NewKey) (models.APIKey, string, error)
	// RevokeKey ends a key at once. It returns not_found for an unknown one.
	RevokeKey(ctx context.Context, r models.Request, id models.KeyID) error
}

// Shipments holds announcements. A shipment that the actor's organization has no part in
// is not_found.
type Shipments interface {
	// CreateShipment makes shipment, parcels, contact, promise, outbox start, event, audit
	// and idempotency record in one transaction. replayed: the answer is that of an
	// earlier call with the same key. It returns unknown_locker, locker_not_accepting,
	// no_capacity (with details "nearby"), number_used, barcode_used, idempotency_key_reused.
	CreateShipment(ctx context.Context, n models.NewShipment) (v models.ShipmentView, replayed bool, err error)
	// ClaimKey takes an Idempotency-Key for a request that is made of several; it returns
	// idempotency_key_reused if another request had it.
	ClaimKey(ctx context.Context, o models.OrganizationID, key, fingerprint string) error
	// Shipment returns one shipment, or not_found.
	Shipment(ctx context.Context, a models.Actor, id models.ShipmentID) (models.ShipmentView, error)
	// Shipments returns a page and the cursor of the next, empty when nothing follows. It
	// returns invalid_request for a cursor of another list.
	Shipments(ctx context.Context, a models.Actor, q models.ShipmentQuery) (views []models.ShipmentView, next string, err error)
	// ShipmentEvents returns its events with a seq above after, in order, or not_found.
	ShipmentEvents(ctx context.Context, a models.Actor, id models.ShipmentID, after, limit int) ([]models.Event, error)
	// Audit records an act that the engine carries out.
	Audit(ctx context.Context, r models.Request, action, object, detail string) error
}

// Lockers lists cabinets.
type Lockers interface {
	// Lockers returns a page ordered by id.
	Lockers(ctx context.Context, p models.Page) ([]models.LockerView, error)
	// Locker returns one, or not_found.
	Locker(ctx context.Context, id models.LockerID) (models.LockerView, error)
	// Cells returns a locker's cells by number, or not_found.
	Cells(ctx context.Context, id models.LockerID) ([]models.CellView, error)
	// Worklist returns what lies in a locker, by cell, and what it expects, or not_found. An
	// organization sees its own shipments only.
	Worklist(ctx context.Context, a models.Actor, id models.LockerID) (models.Worklist, error)
	// Availability returns a line for each regime and size that the locker has, with the room
	// for a carrier, or not_found. An organization without limits may stand for any carrier.
	Availability(ctx context.Context, id models.LockerID, carrier models.OrganizationID) ([]models.Availability, error)
}

// Network is what an operator sets up. Creations are audited; a name or number in use is
// a conflict, an id that does not exist is not_found.
type Network interface {
	CreateOrganization(ctx context.Context, r models.Request, o models.Organization) (models.Organization, error)
	Organizations(ctx context.Context, p models.Page) ([]models.Organization, error)
	CreateLocation(ctx context.Context, r models.Request, l models.Location) (models.Location, error)
	Locations(ctx context.Context, p models.Page) ([]models.Location, error)
	// SetHours sets both; nil takes them away.
	SetHours(ctx context.Context, r models.Request, id models.LocationID, hours *models.Hours, quiet *models.QuietHours) (models.Location, error)
	// Policies lists the newest version of each, ordered by name.
	Policies(ctx context.Context, p models.Page) ([]models.Policy, error)
	// PutPolicy makes a policy or its next version; conflict when another was made meanwhile.
	PutPolicy(ctx context.Context, r models.Request, p models.Policy) (models.Policy, error)
	CreateModel(ctx context.Context, r models.Request, m models.CabinetModel) (models.CabinetModel, error)
	Models(ctx context.Context, p models.Page) ([]models.CabinetModel, error)
	// CreateLocker makes the locker, active, with its cells free, and its directory.
	CreateLocker(ctx context.Context, r models.Request, l models.Locker) (models.Locker, error)
	// ChangeLocker carries out an action on a locker, for a reason, and has its cabinet told;
	// invalid_state where its state does not allow it.
	ChangeLocker(ctx context.Context, r models.Request, id models.LockerID, c models.LockerChange) (models.Locker, error)
	// OrderCell wants something of a cell and has its cabinet told. It returns not_found, or
	// invalid_state and conflict for a check that cannot be of this cell.
	OrderCell(ctx context.Context, r models.Request, id models.LockerID, cell int, c models.CellChange) (models.CellView, error)
	// Limits returns what carriers may count on at a locker, in the order of carriers.
	Limits(ctx context.Context, id models.LockerID) ([]models.Limit, error)
	// PutLimits puts limits in the place of all that the locker has; invalid_request where its
	// cells do not allow them.
	PutLimits(ctx context.Context, r models.Request, id models.LockerID, limits []models.Limit) ([]models.Limit, error)
	// CreateCourier makes a courier and has the cabinets told. A badge in use is a conflict.
	CreateCourier(ctx context.Context, n models.NewCourier) (models.Courier, error)
	// SuspendCourier suspends a courier, or ends the suspension, and has the cabinets told.
	// One of another organization is not_found, unless an operator asks.
	SuspendCourier(ctx context.Context, r models.Request, id models.CourierID, suspended bool) (models.Courier, error)
}

// Incidents are what people should look at.
type Incidents interface {
	Incidents(ctx context.Context, q models.IncidentQuery) ([]models.Incident, error)
	// ResolveIncident closes one with a reason. It returns not_found, or invalid_state
	// when it is resolved already.
	ResolveIncident(ctx context.Context, r models.Request, id models.IncidentID, reason string) (models.Incident, error)
}

// Engine carries out actions on a shipment's life. Each answers once the new state is
// written. It returns unavailable while the engine cannot be reached, not_found for a life
// that it does not have, and invalid_state for an action that the state does not allow.
type Engine interface {
	CarrierEvent(ctx context.Context, id models.ShipmentID, in models.CarrierEventInput) (models.ActionResult, error)
	// The same request is the same action.
	Cancel(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	ReissueCode(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	Extend(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	Freeze(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	Unfreeze(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	// Reroute returns no_capacity, locker_not_accepting or unknown_locker besides, for the other locker.
	Reroute(ctx context.Context, id models.ShipmentID, in models.RerouteInput) (models.ActionResult, error)
}
