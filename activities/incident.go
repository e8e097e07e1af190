package activities

import (
	"context"

	"cubby/models"
)

// Incident are the activities of incidents.
type Incident struct{ Store IncidentStore }

// MakeIncidentNotices makes the messages that tell the operators.
func (a *Incident) MakeIncidentNotices(ctx context.Context, in models.IncidentInput) (models.ProjectResult, error) {
	ids, err := a.Store.IncidentNotices(ctx, in.Incident)
	return models.ProjectResult{Notifications: ids}, failure(err)
}
