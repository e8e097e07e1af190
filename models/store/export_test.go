package store

import (
	"context"

	"gorm.io/gorm"

	"cubby/models"
)

// MaxOpen is how many incidents are open about a cabinet, each for itself.
const MaxOpen = maxOpen

// Tables lists a value of every table's type.
func Tables() []any {
	return []any{
		models.Organization{}, models.APIKey{}, models.Location{}, models.CabinetModel{}, models.Locker{},
		models.StoredCell{}, models.StoredPolicy{}, models.Courier{}, models.Shipment{}, models.Parcel{},
		models.Contact{}, models.FormerContact{}, models.Promise{}, models.Event{}, models.Head{}, models.StoredFact{}, feedScope{}, models.FeedEvent{},
		models.DirectoryRow{}, models.OutboxRow{}, lease{}, connection{}, models.Notification{}, models.Incident{},
		models.AuditEntry{}, idempotencyRecord{}, models.Limit{}, models.Claim{}, models.Certificate{}, gatewayInstance{},
		outage{}, clientPage{}, sealedCode{}, models.ClientReport{}, models.CellOrder{}, models.Alias{}, models.SealedAccess{}, models.Route{},
		workerKey{}, scarceCells{}, models.Webhook{}, models.WebhookCursor{}, models.WebhookDelivery{},
		optOut{}, models.Template{}, models.RemoteOpening{}, models.RemoteDoor{}, models.Enrolment{},
		optOut{}, models.Template{}, storedScreen{}, foundSizes{},
		models.Staff{}, models.StaffSession{}, models.SignInTries{},
	}
}

// DB gives tests the tables themselves.
func (s *Store) DB() *gorm.DB { return s.write }

// Feed writes a network directory entry in a transaction and calls hold before it commits.
func (s *Store) Feed(ctx context.Context, key string, hold func()) error {
	return s.tx(ctx, "feed", func(t *tx) error {
		err := t.writeDirectory(models.ScopeNetwork, models.DirectoryRow{Kind: models.EntryPolicy, Key: key, Body: []byte("{}")})
		hold()
		return err
	})
}

// Plan says how SQLite reads a list of shipments.
func (s *Store) Plan(ctx context.Context, a models.Actor, q models.ShipmentQuery) []string {
	list, err := shipmentList(q)
	if err != nil {
		return []string{err.Error()}
	}
	statement, args := list.of(a, q.Limit)
	var steps []struct{ Detail string }
	if err := s.read.WithContext(ctx).Raw("EXPLAIN QUERY PLAN "+statement, args...).Scan(&steps).Error; err != nil {
		return []string{err.Error()}
	}
	plan := []string{}
	for _, step := range steps {
		plan = append(plan, step.Detail)
	}
	return plan
}

// ScreensBatch is how many cabinets are told of a screen at once.
const ScreensBatch = screensBatch
