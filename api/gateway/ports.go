package gateway

import (
	"context"

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
	// Connect records that the cabinet's stream is at this instance and returns n, one
	// above the connection before: an older connection is fenced off.
	Connect(ctx context.Context, l models.LockerID, instance string) (n int64, err error)
}

// Engine is what the gateway needs of the workflows.
type Engine interface {
	// Ask returns once the life has accepted, or invalid_state with the reason when it
	// refused. Any other error means that the cabinet decides by itself.
	Ask(ctx context.Context, s models.ShipmentID, in models.AskInput) error
	// Seal returns the cabinet's key, sealed to its computer. It returns invalid_request for
	// a key that is not a P-256 point, unavailable while the engine cannot be reached.
	Seal(ctx context.Context, in models.SealInput) (models.SealResult, error)
	// Up reports whether the engine answered lately. It does not block.
	Up() bool
}
