package api

import (
	"context"
	"time"

	"cubby/api/codes"
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
	// EditShipment changes a shipment, all of the edit or nothing. It returns invalid_state,
	// no_capacity, or invalid_request for a contact or parcel that cannot be.
	EditShipment(ctx context.Context, e models.ShipmentEdit) error
	// EraseContact erases the contacts of a shipment; a second time changes nothing.
	EraseContact(ctx context.Context, r models.Request, id models.ShipmentID) error
	// ClaimKey takes an Idempotency-Key for a request that is made of several, or that the engine carries
	// out; it returns idempotency_key_reused if another request had it.
	ClaimKey(ctx context.Context, o models.OrganizationID, key, fingerprint string) error
	// Shipment returns one shipment, or not_found.
	Shipment(ctx context.Context, a models.Actor, id models.ShipmentID) (models.ShipmentView, error)
	// Shipments returns a page and the cursor of the next, empty when nothing follows. It
	// returns invalid_request for a cursor of another list.
	Shipments(ctx context.Context, a models.Actor, q models.ShipmentQuery) (views []models.ShipmentView, next string, err error)
	// Labels returns what stands on a shipment's parcels, or not_found.
	Labels(ctx context.Context, a models.Actor, id models.ShipmentID) ([]models.Label, error)
	// ShipmentEvents returns its events with a seq above after, in order, or not_found.
	ShipmentEvents(ctx context.Context, a models.Actor, id models.ShipmentID, after, limit int) ([]models.Event, error)
	// Audit records an act that the engine carries out.
	Audit(ctx context.Context, r models.Request, action, object, detail string) error
}

// Lockers lists cabinets.
type Lockers interface {
	// Lockers returns a page of those that the actor sees, ordered by id, or nearest first. It searches the actor's own aliases
	// alone, and returns invalid_request for a cursor that names no locker.
	Lockers(ctx context.Context, a models.Actor, q models.LockerQuery) ([]models.LockerView, error)
	// FindLocker returns the id of the locker that the actor names: by its id, its public number, or what its
	// organization, or for an operator the carrier, calls it, in this order. It returns unknown_locker.
	FindLocker(ctx context.Context, a models.Actor, carrier models.OrganizationID, name string) (models.LockerID, error)
	// Locker returns one, or not_found.
	Locker(ctx context.Context, id models.LockerID) (models.LockerView, error)
	// Cells returns a locker's cells by number, or not_found.
	Cells(ctx context.Context, id models.LockerID) ([]models.CellView, error)
	// Facts returns a page of what a cabinet told, newest first, or not_found.
	Facts(ctx context.Context, id models.LockerID, q models.FactQuery) ([]models.StoredFact, error)
	// Worklist returns what lies in a locker, by cell, and what it expects, or not_found. An
	// organization sees its own shipments only.
	Worklist(ctx context.Context, a models.Actor, id models.LockerID) (models.Worklist, error)
	// Availability returns a line for each regime and size that the locker has, with the room
	// for a carrier whose parcels are expected at a time, or not_found. An organization without
	// limits may stand for any carrier.
	Availability(ctx context.Context, id models.LockerID, carrier models.OrganizationID, at time.Time) ([]models.Availability, error)
}

// Network is what an operator sets up. Creations are audited; a name or number in use is
// a conflict, an id that does not exist is not_found.
type Network interface {
	CreateOrganization(ctx context.Context, r models.Request, o models.Organization) (models.Organization, error)
	// ChangeOrganization changes what is named of an organization, or returns not_found.
	ChangeOrganization(ctx context.Context, r models.Request, id models.OrganizationID, c models.OrganizationChange) (models.Organization, error)
	Organizations(ctx context.Context, p models.Page) ([]models.Organization, error)
	CreateLocation(ctx context.Context, r models.Request, l models.Location) (models.Location, error)
	Locations(ctx context.Context, p models.Page) ([]models.Location, error)
	// SetHours sets both; nil takes them away.
	SetHours(ctx context.Context, r models.Request, id models.LocationID, hours *models.Hours, quiet *models.QuietHours) (models.Location, error)
	// NetworkScreen returns the profile of the network's screens.
	NetworkScreen(ctx context.Context) (models.ScreenProfile, error)
	// PutNetworkScreen puts a profile in its place and has the cabinets told. Where it fails halfway,
	// the same again finishes it.
	PutNetworkScreen(ctx context.Context, r models.Request, p models.ScreenProfile) (models.ScreenProfile, error)
	// LockerScreen returns the profile of one locker's screen, or not_found.
	LockerScreen(ctx context.Context, id models.LockerID) (models.LockerScreen, error)
	// PutLockerScreen puts a profile in its place and has the cabinet told, or returns not_found.
	PutLockerScreen(ctx context.Context, r models.Request, id models.LockerID, p models.ScreenProfile) (models.LockerScreen, error)
	// ChangeLocation changes what is told of a location, or returns not_found.
	ChangeLocation(ctx context.Context, r models.Request, id models.LocationID, c models.LocationChange) (models.Location, error)
	// Policies lists the newest version of each, ordered by name.
	Policies(ctx context.Context, p models.Page) ([]models.Policy, error)
	// PutPolicy makes a policy or its next version; conflict when another was made meanwhile.
	PutPolicy(ctx context.Context, r models.Request, p models.Policy) (models.Policy, error)
	CreateModel(ctx context.Context, r models.Request, m models.CabinetModel) (models.CabinetModel, error)
	Models(ctx context.Context, p models.Page) ([]models.CabinetModel, error)
	// UpdateLocker changes what a locker is called and good for: conflict for a number in use.
	UpdateLocker(ctx context.Context, r models.Request, id models.LockerID, u models.LockerUpdate) (models.Locker, error)
	// SetAlias has a carrier call a locker so, or, empty, not so any more. It returns not_found, and
	// conflict for one that the carrier has for another locker, or that is another locker's number.
	SetAlias(ctx context.Context, r models.Request, a models.Alias) error
	// CreateLocker makes the locker, planned where it says so and else active, with its cells free, and its directory.
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
	// Couriers returns a page ordered by id: the actor's own, or of any organization an operator's.
	Couriers(ctx context.Context, a models.Actor, q models.CourierQuery) ([]models.Courier, error)
	// Courier returns one; that of another organization is not_found, unless an operator asks.
	Courier(ctx context.Context, a models.Actor, id models.CourierID) (models.Courier, error)
	// UpdateCourier changes one and has the cabinets told; conflict for a badge in use.
	UpdateCourier(ctx context.Context, r models.Request, id models.CourierID, u models.CourierUpdate) (models.Courier, error)
	// SuspendCourier suspends a courier, or ends the suspension, and has the cabinets told.
	// One of another organization is not_found, unless an operator asks.
	SuspendCourier(ctx context.Context, r models.Request, id models.CourierID, suspended bool) (models.Courier, error)
}

// Messages is what clients are told: own texts, and what became of messages.
type Messages interface {
	// Notifications returns a page, the newest first, of the actor's shipments.
	Notifications(ctx context.Context, q models.NotificationQuery) ([]models.NotificationView, error)
	// Resend has one sent again that failed or was not delivered. It returns not_found for one
	// that the actor may not see, invalid_state for one in another state or without an address.
	Resend(ctx context.Context, r models.Request, id models.NotificationID) (models.NotificationView, error)
	// Templates returns an organization's own texts; of "", the network's.
	Templates(ctx context.Context, of models.OrganizationID) ([]models.Template, error)
	// Template returns the organization's own text, or the network's, or not_found.
	Template(ctx context.Context, of models.OrganizationID, k models.NoticeKind, c models.Channel, language string) (models.Template, error)
	// PutTemplate returns not_found for an unknown organization.
	PutTemplate(ctx context.Context, r models.Request, t models.Template) (models.Template, error)
	DeleteTemplate(ctx context.Context, r models.Request, t models.Template) error
}

// Texts are the built-in ones.
type Texts interface {
	// BuiltIn returns invalid_request for a kind that has none.
	BuiltIn(k models.NoticeKind, c models.Channel, language string) (models.Template, error)
	// Preview fills a text in with an example.
	Preview(t models.Template) (models.TemplatePreview, error)
}

// Incidents are what people should look at.
type Incidents interface {
	Incidents(ctx context.Context, q models.IncidentQuery) ([]models.Incident, error)
	// ClientReports lists what clients told that an incident is about, and audits who read it.
	ClientReports(ctx context.Context, r models.Request, id models.IncidentID) ([]models.ClientReport, error)
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
	codes.Engine
	// DecideRemote approves or rejects a request to open doors from afar. It returns forbidden to
	// who asked for it himself.
	DecideRemote(ctx context.Context, id models.RemoteID, in models.DecideInput) error
	// Reroute returns no_capacity, locker_not_accepting or unknown_locker besides, for the other locker.
	Reroute(ctx context.Context, id models.ShipmentID, in models.RerouteInput) (models.ActionResult, error)
}

// Clocks are those of test lockers.
type Clocks interface {
	// AdvanceClock puts a locker's clock forward and returns by how much it was in all. It
	// returns not_found for a locker that is no test locker.
	AdvanceClock(ctx context.Context, r models.Request, id models.LockerID, by models.Seconds) (models.Seconds, error)
}

// Sandbox moves the cabinets of test lockers as people would. What a cabinet refuses is a
// conflict with what its screen says; one that does not serve is unavailable.
type Sandbox interface {
	Deposit(ctx context.Context, id models.LockerID, barcodes []string) error
	Pickup(ctx context.Context, id models.LockerID, code string) error
	Jam(ctx context.Context, id models.LockerID, cell int, jammed bool) error
	Offline(ctx context.Context, id models.LockerID, offline bool) error
}

// Events are feeds, and endpoints that they are posted to. An endpoint of another organization is
// not_found, unless an operator asks.
type Events interface {
	// Events returns a page of a feed; forbidden for one that the actor may not read, not_found for
	// that of another organization.
	Events(ctx context.Context, q models.EventQuery) ([]models.FeedEvent, error)
	// CreateWebhook returns the endpoint with its key, which is shown once, or empty where there is
	// none to show. It returns forbidden for the feed of operators, conflict for one too many, and
	// unavailable before a worker has ever started.
	CreateWebhook(ctx context.Context, r models.Request, w models.Webhook) (models.Webhook, models.WebhookKey, error)
	// Webhooks returns a page of an organization's; an operator's are all, or those of the named.
	Webhooks(ctx context.Context, a models.Actor, o models.OrganizationID, p models.Page) ([]models.Webhook, error)
	Webhook(ctx context.Context, a models.Actor, id models.WebhookID) (models.Webhook, error)
	ChangeWebhook(ctx context.Context, r models.Request, id models.WebhookID, c models.WebhookChange) (models.Webhook, error)
	RotateWebhook(ctx context.Context, r models.Request, id models.WebhookID) (models.Webhook, models.WebhookKey, error)
	DeleteWebhook(ctx context.Context, r models.Request, id models.WebhookID) error
	// TestWebhook returns the id of the test's event, or invalid_state.
	TestWebhook(ctx context.Context, r models.Request, id models.WebhookID) (models.EventID, error)
	// WebhookDeliveries returns a page of attempts, the newest first.
	WebhookDeliveries(ctx context.Context, a models.Actor, id models.WebhookID, p models.Page) ([]models.WebhookDelivery, error)
	// ReplayDelivery has the event of an attempt posted again.
	ReplayDelivery(ctx context.Context, r models.Request, id models.WebhookID, d models.DeliveryID) error
	// ReplayWebhook has an endpoint go on from elsewhere.
	ReplayWebhook(ctx context.Context, r models.Request, id models.WebhookID, to models.WebhookReplay) error
}
