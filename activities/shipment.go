package activities

import (
	"context"

	"cubby/models"
)

// Shipment are the activities that read and write lives.
type Shipment struct {
	Lives  Lives
	Keys   Keyring
	Signer models.Signer
}

// LoadShipment sets the issue of the pickup code, if that is still to be done, and returns
// the life to go on with.
func (a *Shipment) LoadShipment(ctx context.Context, in models.LoadInput) (models.LoadResult, error) {
	if _, err := a.nextIssue(ctx, in.Shipment, 0); err != nil {
		return models.LoadResult{}, failure(err)
	}
	life, err := a.Lives.LoadLife(ctx, in.Shipment)
	return models.LoadResult{Life: life}, failure(err)
}

// ReissueCode sets the next issue of the pickup code. It may be repeated: what is known to
// come after the issue that is asked about is returned.
func (a *Shipment) ReissueCode(ctx context.Context, in models.ReissueInput) (models.ReissueResult, error) {
	issue, err := a.nextIssue(ctx, in.Shipment, in.After)
	return models.ReissueResult{Issue: issue}, failure(err)
}

// nextIssue chooses an issue such that no code of it, or of the next two, is that of
// another shipment at the locker.
func (a *Shipment) nextIssue(ctx context.Context, id models.ShipmentID, after int) (int, error) {
	return a.Lives.NextIssue(ctx, id, after, func(of models.Shipment, open []models.Shipment) (int, error) {
		return a.chooseIssue(of, after, open)
	})
}

func (a *Shipment) chooseIssue(of models.Shipment, after int, open []models.Shipment) (int, error) {
	key, err := a.Keys.CabinetKey(of.Locker)
	if err != nil {
		return 0, err
	}
	taken := map[string]bool{}
	for _, s := range open {
		for i := range models.CodeIssues {
			taken[s.Codes.Code(key, s.ID, s.Issue+i)] = true
		}
	}
	return of.Codes.ChooseIssue(key, of.ID, after+1, taken), nil
}

// KeepRoom has another locker keep room for a shipment.
func (a *Shipment) KeepRoom(ctx context.Context, in models.PromiseInput) error {
	return failure(a.Lives.KeepRoom(ctx, in.Shipment, in.To))
}

// MoveShipment makes a shipment that of another locker, with a new code.
func (a *Shipment) MoveShipment(ctx context.Context, in models.MoveInput) (models.ReissueResult, error) {
	issue, err := a.Lives.MoveShipment(ctx, in.Shipment, in.To, in.After, func(moved models.Shipment, open []models.Shipment) (int, error) {
		return a.chooseIssue(moved, in.After, open)
	})
	return models.ReissueResult{Issue: issue}, failure(err)
}

// ProjectShipment shows a life to the world. What couriers may take out is signed here: the
// cabinets believe nobody else.
func (a *Shipment) ProjectShipment(ctx context.Context, p models.Projection) (models.ProjectResult, error) {
	if len(p.Notify) > 0 {
		// Before the message that has its address can leave.
		if err := a.Lives.OpenPage(ctx, p.Shipment, a.Keys.pageHash); err != nil {
			return models.ProjectResult{}, failure(err)
		}
	}
	res, err := a.Lives.Project(ctx, p, a.Signer.Sign)
	return res, failure(err)
}

// StorageClock tells how a shipment's storage clock stands.
func (a *Shipment) StorageClock(ctx context.Context, in models.ClockInput) (models.ClockResult, error) {
	res, err := a.Lives.StorageClock(ctx, in)
	return res, failure(err)
}
