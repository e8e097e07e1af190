package activities

import (
	"context"

	"cubby/models"
)

// Closing are the activities that empty closed lockers.
type Closing struct{ Lockers ClosedLockers }

// CloseRound looks at what is left in a closed locker. It may be repeated.
func (a *Closing) CloseRound(ctx context.Context, in models.ClosingInput) (models.ClosingResult, error) {
	over, err := a.Lockers.CloseRound(ctx, in.Locker)
	return models.ClosingResult{Over: over}, failure(err)
}
