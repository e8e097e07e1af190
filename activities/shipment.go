package activities

import (
	"context"

	"cubby/models"
)

// Shipment are the activities that read and write lives.
type Shipment struct {
	Lives Lives
	Keys  Keyring
}

// LoadShipment sets the issue of the pickup code, if that is still to be done, and returns
// the life to go on with.
func (a *Shipment) LoadShipment(ctx context.Context, in models.LoadInput) (models.LoadResult, error) {
	err := a.Lives.AssignIssue(ctx, in.Shipment, func(l models.LockerID, open []models.Shipment) (int, error) {
		key, err := a.Keys.CabinetKey(l)
		if err != nil {
			return 0, err
		}
		taken := map[string]bool{}
		for _, s := range open {
			for i := range models.CodeIssues {
				taken[models.PickupCode(key, s.ID, s.Issue+i)] = true
			}
		}
		return models.ChooseIssue(key, in.Shipment, 1, taken), nil
	})
	if err != nil {
		return models.LoadResult{}, failure(err)
	}
	life, err := a.Lives.LoadLife(ctx, in.Shipment)
	return models.LoadResult{Life: life}, failure(err)
}

// ProjectShipment shows a life to the world.
func (a *Shipment) ProjectShipment(ctx context.Context, p models.Projection) (models.ProjectResult, error) {
	ids, err := a.Lives.Project(ctx, p)
	return models.ProjectResult{Notifications: ids}, failure(err)
}
