package desk

import (
	"context"

	"cubby/models"
)

// The interfaces below are what the pages need; models/store and worker implement them. Every
// method may also return internal errors, and unavailable when the database does not answer.

// Staff is who may sign in.
type Staff interface {
	// TrySignIn counts a sign-in as failed before its password is looked at. It returns
	// too_many_requests, with the seconds to wait in the details as retry_after.
	TrySignIn(ctx context.Context, keys []models.SignInKey) error
	// StaffByLogin returns a person, or not_found.
	StaffByLogin(ctx context.Context, login string) (models.Staff, error)
	// SetStaffLanguage keeps the language that a person reads.
	SetStaffLanguage(ctx context.Context, id models.StaffID, language string) error
}

// Sessions are the signed-in browsers, by the SHA-256 (hex) of their token.
type Sessions interface {
	// SignIn opens a session and takes the tries of the keys back. It returns unauthorized for a
	// login that was changed since p was read.
	SignIn(ctx context.Context, r models.Request, p models.Staff, hash string, keys []models.SignInKey) error
	// StaffSession returns who is signed in, or unauthorized. seen: a person made the request.
	StaffSession(ctx context.Context, hash string, seen bool) (models.Staff, error)
	// SignOut ends a session.
	SignOut(ctx context.Context, r models.Request, hash string) error
}

// Lockers are the cabinets.
type Lockers interface {
	NetworkCounts(ctx context.Context) (models.NetworkCounts, error)
	// LockerSummaries returns a page ordered by id.
	LockerSummaries(ctx context.Context, q models.LockerSearch) ([]models.LockerSummary, error)
	// Locker returns one, or not_found.
	Locker(ctx context.Context, id models.LockerID) (models.LockerView, error)
	// ChangeLocker carries out an action, for a reason; invalid_state where it is not allowed.
	ChangeLocker(ctx context.Context, r models.Request, id models.LockerID, c models.LockerChange) (models.Locker, error)
	// LastFacts returns what a cabinet told last, the newest first.
	LastFacts(ctx context.Context, id models.LockerID, limit int) ([]models.StoredFact, error)
}

// Cells are what a cabinet is made of.
type Cells interface {
	// Cells returns a locker's cells by number, or not_found.
	Cells(ctx context.Context, id models.LockerID) ([]models.CellView, error)
	// OrderCell wants something of a cell, for a reason. It returns not_found, invalid_state
	// where the cell does not allow it, and conflict for an occupancy that is over.
	OrderCell(ctx context.Context, r models.Request, id models.LockerID, number int, c models.CellChange) (models.CellView, error)
}

// Shipments are what carriers announced.
type Shipments interface {
	// Shipments returns a page, the newest first, and the cursor of the next one.
	Shipments(ctx context.Context, a models.Actor, q models.ShipmentQuery) ([]models.ShipmentView, string, error)
	// Shipment returns one, or not_found.
	Shipment(ctx context.Context, a models.Actor, id models.ShipmentID) (models.ShipmentView, error)
	// Timeline tells a shipment's story in order.
	Timeline(ctx context.Context, a models.Actor, id models.ShipmentID) ([]models.TimelineLine, error)
	// MaskedContact returns a contact with most of it hidden; empty where it was erased.
	MaskedContact(ctx context.Context, a models.Actor, id models.ShipmentID) (models.Contact, error)
	// RevealContact returns the contact, and records that it did.
	RevealContact(ctx context.Context, r models.Request, id models.ShipmentID) (models.Contact, error)
	// Resend has a message sent again; invalid_state for one that did not fail, or has no address any more.
	Resend(ctx context.Context, r models.Request, id models.NotificationID) (models.NotificationView, error)
}

// Incidents are what people should look at.
type Incidents interface {
	Incidents(ctx context.Context, q models.IncidentQuery) ([]models.Incident, error)
	// Incident returns one, or not_found.
	Incident(ctx context.Context, id models.IncidentID) (models.Incident, error)
	// ResolveIncident closes one with a reason; invalid_state when it is resolved already.
	ResolveIncident(ctx context.Context, r models.Request, id models.IncidentID, reason string) (models.Incident, error)
	// ClientReports returns what clients wrote that an incident is about, and records that it did.
	ClientReports(ctx context.Context, r models.Request, id models.IncidentID) ([]models.ClientReport, error)
	// Audit records an act that the engine carries out.
	Audit(ctx context.Context, r models.Request, action, object, detail string) error
}

// Remotes are requests to open doors from afar.
type Remotes interface {
	// RequestRemote asks for doors to be opened and has a workflow carry it out. It returns
	// not_found for an unknown locker, and invalid_request for cells that it does not have.
	RequestRemote(ctx context.Context, n models.NewRemote) (models.RemoteView, error)
	// Remote returns one, or not_found.
	Remote(ctx context.Context, id models.RemoteID) (models.RemoteView, error)
	// MayApprove returns forbidden for who may not be the second person of a request, or not_found.
	MayApprove(ctx context.Context, r models.Request, id models.RemoteID) error
	// Remotes returns a page, the newest first.
	Remotes(ctx context.Context, q models.RemoteQuery) ([]models.RemoteView, error)
}

// Badges are who works at cabinets.
type Badges interface {
	// Couriers returns a page ordered by id.
	Couriers(ctx context.Context, a models.Actor, q models.CourierQuery) ([]models.Courier, error)
	// SuspendCourier lets a badge in nowhere any more, or again; not_found where there is none.
	SuspendCourier(ctx context.Context, r models.Request, id models.CourierID, suspended bool) (models.Courier, error)
}

// Enrolments are the computers that are, or want to be, cabinets.
type Enrolments interface {
	// Enrolments returns a page of those that somebody has to accept, the newest first.
	Enrolments(ctx context.Context, q models.EnrolmentQuery) ([]models.Enrolment, error)
	// DecideEnrolment accepts one that waits, or refuses it for a reason. It returns not_found,
	// or invalid_state for one that is decided.
	DecideEnrolment(ctx context.Context, r models.Request, id models.EnrolmentID, accept bool, reason string) (models.Enrolment, error)
	// ReleaseIdentity lets a held cabinet connect again; invalid_state for one that is not held.
	ReleaseIdentity(ctx context.Context, r models.Request, l models.LockerID, reason string) error
}

// Engine carries out actions on a shipment's life. The same request is the same action. Each
// answers once the new state is written; unavailable while the engine cannot be reached,
// not_found for a life that it does not have, invalid_state where the state does not allow it.
type Engine interface {
	Cancel(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	ReissueCode(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	Extend(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	Freeze(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	Unfreeze(ctx context.Context, id models.ShipmentID, in models.ActionInput) (models.ActionResult, error)
	// DecideRemote approves or rejects a request to open doors from afar. It returns forbidden to
	// who asked for it.
	DecideRemote(ctx context.Context, id models.RemoteID, in models.DecideInput) error
}
