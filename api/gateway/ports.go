package gateway

import (
	"context"
	"time"

	"cubby/models"
)

// Cabinets is what the gateway needs of the store.
type Cabinets interface {
	// Head returns how far a cabinet's journal was taken in (zero: nothing yet), or
	// not_found for a locker that does not exist.
	Head(ctx context.Context, l models.LockerID) (models.Head, error)
	// TakeIn stores the facts that are new, moves the head by compare-and-set, updates
	// cells and promises, opens incidents and writes the outbox rows, in one transaction.
	// It returns the new head; sequence_gap, journal_fork or malformed_frame refuse the
	// whole batch.
	TakeIn(ctx context.Context, l models.LockerID, facts []models.Fact) (models.Head, error)
	// Directory returns up to limit rows of the cabinet's scopes after the positions in
	// since (missing: 0), ordered by scope and position, and where the scopes stand after
	// them. more: there are further rows.
	Directory(ctx context.Context, l models.LockerID, since map[string]int64, limit int) (rows []models.DirectoryRow, cursor map[string]int64, more bool, err error)
	// Positions returns the position of every directory scope: one statement, polled.
	Positions(ctx context.Context) (map[string]int64, error)
	// DirectoryScopes lists the scopes that a cabinet reads.
	DirectoryScopes(ctx context.Context, l models.LockerID) ([]string, error)
	// Snapshot returns what the server believes of a cabinet, all of one moment: how far its
	// journal was taken in, its cells in order, and the parcels in them.
	Snapshot(ctx context.Context, l models.LockerID) (models.Head, []models.StoredCell, []models.Parcel, error)
	// ResendCode has the pickup code of what waits at a cabinet under a label or a shipment's
	// number sent to its client once more. It is no error if nothing does, or if it was sent
	// often enough.
	ResendCode(ctx context.Context, l models.LockerID, label string) error
	// LookUp finds what a label in a courier's hands is, of the courier's carrier. Nothing is found of
	// another's, nor for a courier who may not work at the cabinet.
	LookUp(ctx context.Context, l models.LockerID, c models.CourierID, label string) (models.LookedUp, error)
	// NearbyFor returns the nearest other lockers with room for what is still to come of a shipment
	// of the cabinet; not_found for one that the courier may not bring.
	NearbyFor(ctx context.Context, l models.LockerID, c models.CourierID, s models.ShipmentID) ([]models.NearbyLocker, error)
	// SendThere checks, and records, that a courier sends a shipment of the cabinet to another
	// locker; not_found for one that the courier may not bring, no_capacity for a locker that
	// NearbyFor does not offer.
	SendThere(ctx context.Context, l models.LockerID, c models.CourierID, s models.ShipmentID, to models.LockerID) error
	// CallBack has the support call the client of what lies at a cabinet, who names a session to
	// them; not_found if no phone is known.
	CallBack(ctx context.Context, l models.LockerID, s models.ShipmentID, session string) error
	// InventoryDiffers opens an incident, unless one is open.
	InventoryDiffers(ctx context.Context, l models.LockerID, evidence string) error

	// Connect records that the cabinet's stream is at this run of the instance and returns
	// n, one above the connection before: an older connection is fenced off. It returns
	// unavailable when the run has no lease, and cabinet_cloned for a cabinet that is held, or
	// is from now on because the boot of its computer had ended.
	Connect(ctx context.Context, l models.LockerID, instance, run, boot string) (n int64, err error)
	// Cloned holds a cabinet for which two computers speak at once, and opens an incident.
	Cloned(ctx context.Context, l models.LockerID, evidence string) error
	// ConnectedElsewhere returns the newest connection of each cabinet that connected at a time
	// or later, but not to this run of the instance.
	ConnectedElsewhere(ctx context.Context, instance, run string, since time.Time) (map[models.LockerID]int64, error)
	// Disconnect records that connection n ended, and when the cabinet was last seen on it.
	Disconnect(ctx context.Context, l models.LockerID, n int64, seen time.Time) error
	// JournalCurrent records whether all of a cabinet's journal is here, as its connection n
	// says.
	JournalCurrent(ctx context.Context, l models.LockerID, n int64, current bool) error
	// Beat renews the instance's lease for models.GatewayLease; the first beat of a run takes
	// it over from the run before. lost: it had run out, and the connections were ended. It
	// returns conflict when another run took over.
	Beat(ctx context.Context, instance, run string, first bool) (lost bool, err error)
	// Leave ends the run's lease and connections.
	Leave(ctx context.Context, instance, run string) error

	// CheckEnrolment reports whether a computer may have a certificate for a key, by a claim or
	// by its certificate that has ended. It returns claim_unknown, claim_used, claim_expired,
	// certificate_expired, enrolment_refused, or enrolment_pending after it has put the
	// computer on the list of those that somebody has to accept.
	CheckEnrolment(ctx context.Context, ask models.EnrolmentAsk) error
	// Trusted returns nil for a certificate that was given to the cabinet and not revoked,
	// else certificate_unknown or certificate_revoked; cabinet_cloned while it is held.
	Trusted(ctx context.Context, l models.LockerID, serial string) error
	// DistrustedSince lists the serials of certificates that were revoked at a time or later, or
	// whose cabinet is held since then.
	DistrustedSince(ctx context.Context, since time.Time) ([]string, error)
}

// Engine is what the gateway needs of the workflows.
type Engine interface {
	// Ask returns once the life has accepted, or invalid_state with the reason when it
	// refused. Any other error means that the cabinet decides by itself.
	Ask(ctx context.Context, s models.ShipmentID, in models.AskInput) error
	// Reroute has a shipment go to another locker: see api.Engine.
	Reroute(ctx context.Context, s models.ShipmentID, in models.RerouteInput) (models.ActionResult, error)
	// Enroll returns a certificate and the cabinet's key for a claim, or for a certificate
	// that is to be renewed. It returns one of the claim's and certificate's codes when it
	// may not be, invalid_request for a certificate request that is no good, unavailable
	// while the engine cannot be reached.
	Enroll(ctx context.Context, in models.EnrollInput) (models.EnrollResult, error)
	// Up reports whether the engine answered lately. It does not block.
	Up() bool
}
